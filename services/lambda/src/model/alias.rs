//! Aliases: names for versions, and how requests are divided over two of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::errors::Error;
use crate::model::Permission;
use crate::names::LATEST;

/// One version beside the alias's own (docs: RoutingConfig).
const ADDITIONAL_MAX: usize = 1;

/// A stored alias; versions of the form are told apart here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum AliasRecord {
    V1(Alias),
}

/// A name for a version of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub name: String,
    /// None: `$LATEST`.
    pub version: Option<u32>,
    pub description: String,
    /// Other versions, each with its share of the requests.
    pub weights: BTreeMap<u32, f64>,
    /// The statements of its resource policy, in the order they were added.
    pub permissions: Vec<Permission>,
    pub revision: String,
}

impl Alias {
    /// The version that serves a request; `chance` is in [0, 1).
    pub fn choose(&self, chance: f64) -> Option<u32> {
        let mut left = chance;
        for (version, weight) in &self.weights {
            if left < *weight {
                return Some(*version);
            }
            left -= weight;
        }
        self.version
    }

    /// Whether requests for this version may come by this alias.
    pub fn names(&self, version: u32) -> bool {
        self.version == Some(version) || self.weights.contains_key(&version)
    }

    /// Whether its routing can be.
    pub fn check(&self) -> Result<(), Error> {
        let text = match self.version {
            _ if self.weights.is_empty() => return Ok(()),
            _ if ADDITIONAL_MAX < self.weights.len() => {
                "Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned()
            }
            None => "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
            Some(own) if self.weights.contains_key(&own) => {
                format!(
                    "Invalid function version {own}. Function version {own} is already included in routing configuration."
                )
            }
            Some(_) => return Ok(()),
        };
        Err(Error::InvalidParameter(text))
    }
}

/// A version as requests name it: `$LATEST` or a number; none if it can be no version's.
pub(crate) fn parse_version(text: &str) -> Option<Option<u32>> {
    if text == LATEST { Some(None) } else { text.parse().ok().map(Some) }
}

/// A version as answers name it.
pub(crate) fn version_name(version: Option<u32>) -> String {
    version.map_or_else(|| LATEST.to_owned(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chance: f64, weight: f64, expected: u32) {
        let alias = Alias {
            name: "live".into(),
            version: Some(1),
            description: String::new(),
            weights: BTreeMap::from([(2, weight)]),
            permissions: Vec::new(),
            revision: String::new(),
        };
        assert_eq!(alias.choose(chance), Some(expected), "{chance} of {weight}");
        assert!(alias.check().is_ok());
    }

    #[test]
    fn requests_are_divided_by_weight() {
        check(0.0, 0.1, 2);
        check(0.0999, 0.1, 2);
        check(0.1, 0.1, 1);
        check(0.9999, 0.1, 1);
        check(0.9999, 1.0, 2);
        check(0.0, 0.0, 1);
    }

    #[test]
    fn an_aliass_record_stays_readable() {
        let stored = r#"{"V1":{"name":"live","version":3,"description":"d","weights":{"4":0.25},"permissions":[],"revision":"r"}}"#;
        let AliasRecord::V1(alias) = serde_json::from_str(stored).unwrap();
        assert_eq!((alias.version, alias.choose(0.2), alias.choose(0.25)), (Some(3), Some(4), Some(3)));
        assert_eq!(serde_json::to_string(&AliasRecord::V1(alias)).unwrap(), stored);
    }
}
