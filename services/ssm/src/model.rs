//! Parameters and their versions as they are stored, and their rules.

use std::collections::BTreeMap;

use base::Timestamp;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::errors::Error;

/// Versions that are kept of one parameter (docs).
pub(crate) const VERSIONS_MAX: u64 = 100;

/// Labels of one version (docs).
const LABELS_MAX: usize = 10;

/// Tags of one parameter (docs).
const TAGS_MAX: usize = 50;

const STANDARD_BYTES_MAX: usize = 4 * 1024;
const ADVANCED_BYTES_MAX: usize = 8 * 1024;

/// A compiled pattern (128 KiB): what a client may make us hold.
const PATTERN_BYTES_MAX: usize = 128 * 1024;

/// A parameter as stored. Changing a field means a new variant and a test that reads the old bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ParameterRecord {
    V1(Parameter),
}

/// A parameter with its current version; the versions before it are records of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    /// As it was written when it was made.
    pub name: String,
    pub current: Version,
    /// Each label with the version it is on.
    pub labels: BTreeMap<String, u64>,
    pub tags: BTreeMap<String, String>,
}

/// A former version as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VersionRecord {
    V1(Version),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub number: u64,
    pub kind: Kind,
    /// Of a SecureString, what it is encrypted to, in base64.
    pub value: String,
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    pub tier: Tier,
    pub modified: Timestamp,
    /// The ARN of whoever put it.
    pub modified_by: String,
}

/// What AWS calls the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    String,
    StringList,
    SecureString,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tier {
    Standard,
    Advanced,
}

impl Parameter {
    /// The first version that is still there.
    pub(crate) fn oldest(&self) -> u64 {
        self.current.number.saturating_sub(VERSIONS_MAX - 1).max(1)
    }

    pub(crate) fn has_version(&self, number: u64) -> bool {
        (self.oldest()..=self.current.number).contains(&number)
    }

    pub(crate) fn labels_of(&self, version: u64) -> Vec<String> {
        self.labels.iter().filter(|(_, on)| **on == version).map(|(label, _)| label.clone()).collect()
    }

    /// Takes a new version; answers the one before. With the limit reached the oldest goes, unless it has a label.
    pub(crate) fn replace(&mut self, next: Version) -> Result<Version, Error> {
        let oldest = self.oldest();
        if VERSIONS_MAX < next.number && !self.labels_of(oldest).is_empty() {
            return Err(Error::OldestHasLabel { name: self.name.clone(), oldest });
        }
        Ok(std::mem::replace(&mut self.current, next))
    }

    /// Puts labels on a version, taking them from the others.
    pub(crate) fn label(&mut self, version: u64, labels: Vec<String>) -> Result<(), Error> {
        self.labels.extend(labels.into_iter().map(|label| (label, version)));
        if LABELS_MAX < self.labels_of(version).len() { Err(Error::TooManyLabels) } else { Ok(()) }
    }

    pub(crate) fn tag(&mut self, tags: impl IntoIterator<Item = (String, String)>) -> Result<(), Error> {
        self.tags.extend(tags);
        if TAGS_MAX < self.tags.len() { Err(Error::TooManyTags) } else { Ok(()) }
    }
}

/// Letters, digits, `.-_`; no digit, `aws` or `ssm` in front (docs).
pub(crate) fn is_label(text: &str) -> bool {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    letters && !text.starts_with(|c: char| c.is_ascii_digit()) && !begins("aws") && !begins("ssm")
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::String, Self::StringList, Self::SecureString];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }

    /// What a new version is: what the request says, which is what the version before was.
    pub(crate) fn choose(asked: Option<&str>, before: Option<Self>) -> Result<Self, Error> {
        let asked = asked.and_then(|asked| Self::ALL.into_iter().find(|kind| kind.as_str() == asked));
        match (asked, before) {
            (None, None) => Err(Error::invalid("A parameter type is required when you create a parameter.")),
            (Some(asked), Some(before)) if asked != before => Err(Error::TypeMismatch),
            (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        }
    }
}

impl Tier {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }

    /// The tier of a new version, and whether its value fits: an advanced parameter stays one (docs).
    pub(crate) fn choose(asked: Option<&str>, before: Option<Self>, value: &str) -> Result<Self, Error> {
        let tier = match (asked, before) {
            (Some("Standard"), Some(Self::Advanced)) => return Err(Error::invalid(DOWNGRADE)),
            (Some("Advanced"), _) | (_, Some(Self::Advanced)) => Self::Advanced,
            (Some("Intelligent-Tiering"), _) if STANDARD_BYTES_MAX < value.len() => Self::Advanced,
            _ => Self::Standard,
        };
        match tier {
            Self::Standard if STANDARD_BYTES_MAX < value.len() => Err(Error::invalid(STANDARD_FULL)),
            Self::Advanced if ADVANCED_BYTES_MAX < value.len() => Err(Error::invalid(ADVANCED_FULL)),
            tier => Ok(tier),
        }
    }
}

const STANDARD_FULL: &str = "Standard tier parameters support a maximum parameter value of 4096 characters. To create a \
    larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see \
    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html";

const ADVANCED_FULL: &str = "Advanced tier parameters support a maximum parameter value of 8192 characters.";

const DOWNGRADE: &str = "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
    advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate \
    it as a standard parameter.";

/// Whether the value is what the pattern allows, all of it; of a list, each item (docs).
pub(crate) fn check_pattern(pattern: &str, kind: Kind, value: &str) -> Result<(), Error> {
    let whole = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_BYTES_MAX).build();
    let whole: Regex = whole.map_err(|_| Error::InvalidAllowedPattern)?;
    let fits = match kind {
        Kind::StringList => value.split(',').all(|item| whole.is_match(item)),
        Kind::String | Kind::SecureString => whole.is_match(value),
    };
    if fits { Ok(()) } else { Err(Error::PatternMismatch(pattern.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64) -> Version {
        Version {
            number,
            kind: Kind::String,
            value: "a".into(),
            description: Some("first".into()),
            allowed_pattern: None,
            tier: Tier::Standard,
            modified: Timestamp::from_ms(1_795_478_400_000),
            modified_by: "somebody".into(),
        }
    }

    fn parameter(number: u64) -> Parameter {
        Parameter {
            name: "host".into(),
            current: version(number),
            labels: BTreeMap::from([("live".into(), 1)]),
            tags: BTreeMap::from([("team".into(), "shop".into())]),
        }
    }

    #[test]
    fn every_stored_version_is_read() {
        let ParameterRecord::V1(found) =
            serde_json::from_str(include_str!("../tests/golden/parameter_v1.json")).unwrap();
        assert_eq!(found, parameter(1));
        let VersionRecord::V1(found) = serde_json::from_str(include_str!("../tests/golden/version_v1.json")).unwrap();
        assert_eq!(found, version(1));
    }

    #[test]
    fn a_hundred_versions_are_kept_and_a_label_keeps_the_oldest() {
        let mut full = parameter(99);
        full.replace(version(100)).unwrap();
        assert_eq!((full.oldest(), full.has_version(1), full.has_version(101)), (1, true, false));
        assert!(matches!(full.replace(version(101)), Err(Error::OldestHasLabel { oldest: 1, .. })));
        full.label(2, vec!["live".into()]).unwrap();
        assert_eq!(full.replace(version(101)).unwrap().number, 100);
        assert_eq!((full.oldest(), full.has_version(1)), (2, false));
    }

    #[test]
    fn labels_have_rules() {
        for label in ["live", "v1.0-b_2", "A"] {
            assert!(is_label(label), "{label}");
        }
        for label in ["1live", "aws-live", "AWS", "Ssm1", "a b", "a/b", "ä"] {
            assert!(!is_label(label), "{label}");
        }
    }

    #[test]
    fn patterns_hold_for_the_whole_value() {
        assert!(check_pattern(r"\d{1,4}", Kind::String, "1234").is_ok());
        assert!(check_pattern(r"\d{1,4}", Kind::String, "10,000").is_err());
        assert!(check_pattern(r"\d{1,4}", Kind::StringList, "10,000").is_ok());
        assert!(check_pattern("a|b", Kind::String, "ab").is_err());
        for pattern in ["(", "(?=a)", &"a{1000}".repeat(1000)] {
            assert!(matches!(check_pattern(pattern, Kind::String, "a"), Err(Error::InvalidAllowedPattern)));
        }
    }
}
