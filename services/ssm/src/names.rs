//! How parameters are named: by path, by ARN, with a version or label behind.

use base::{Arn, Scope};
use service::Failure;

use crate::errors::Error;

/// Levels of a path (docs).
const LEVELS_MAX: usize = 15;

/// A name with the rest of the parameter's ARN (docs).
const ARN_BYTES_MAX: usize = 1011;

const PREFIXED: &str = "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";

const MISFORMED: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can \
    consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
    3 symbols .-_";

/// A parameter's name, with a slash in front: `/shop/db/host`.
///
/// A name of one level may be written without the slash: `a` and `/a` have one ARN, and are one parameter (observed).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl Name {
    /// A name as it is written.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let path = if text.starts_with('/') { text.to_owned() } else { format!("/{text}") };
        let is_level = |level: &str| !level.is_empty() && level.bytes().all(is_letter);
        match path.split('/').skip(1).all(is_level) && (text.starts_with('/') || !text.contains('/')) {
            true => Ok(Self(path)),
            false => Err(Error::invalid(MISFORMED)),
        }
    }

    /// The name of a parameter that is to be made; there are stricter rules for it.
    pub(crate) fn parse_new(text: &str, scope: &Scope) -> Result<Self, Error> {
        if text.contains('/') && !text.starts_with('/') {
            return Err(Error::invalid("Parameter name must be a fully qualified name"));
        }
        if text.ends_with('/') {
            return Err(Error::invalid("Parameter name must not end with slash."));
        }
        let bare = text.strip_prefix('/').unwrap_or(text);
        let begins = |word: &str| bare.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        match (begins("aws"), begins("ssm"), bare.contains('/')) {
            (true, _, true) => return Err(Error::Reserved(bare.to_owned())),
            (_, true, true) => return Err(Error::invalid(MISFORMED)),
            (true, _, false) | (_, true, false) => return Err(Error::invalid(PREFIXED)),
            (false, false, _) => (),
        }
        let name = Self::parse(text)?;
        if LEVELS_MAX < name.0.split('/').skip(1).count() {
            return Err(Error::TooManyLevels);
        }
        if ARN_BYTES_MAX < name.arn(scope).to_string().len() {
            let text = format!("Parameter name: with its ARN it can have at most {ARN_BYTES_MAX} characters.");
            return Err(Error::Invalid(text));
        }
        Ok(name)
    }

    /// A name that was parsed before.
    pub(crate) fn from_path(path: String) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        &self.0
    }

    pub(crate) fn arn(&self, scope: &Scope) -> Arn {
        scope.arn("ssm", &format!("parameter{}", self.0))
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
}

/// Which version of a parameter: the number or label behind the colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    Current,
    Version(u64),
    Label(String),
}

impl Selector {
    fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(number) => Self::Version(number),
            Err(_) => Self::Label(text.to_owned()),
        }
    }

    /// As answers show it: `:3`.
    pub(crate) fn shown(&self) -> Option<String> {
        match self {
            Self::Current => None,
            Self::Version(number) => Some(format!(":{number}")),
            Self::Label(label) => Some(format!(":{label}")),
        }
    }
}

/// What a request to read names: a parameter, by name or ARN, and a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub name: Name,
    /// As the request wrote it; none where it gave the ARN.
    pub written: Option<String>,
    pub selector: Selector,
}

impl Reference {
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let arn = Arn::is_arn(text).then(|| text.parse::<Arn>().map_err(|_| Error::invalid(MISFORMED))).transpose()?;
        let whole = match &arn {
            None => text,
            Some(arn) if arn.account != scope.account.as_str() || arn.region != scope.region.as_str() => {
                return Err(Error::ParameterNotFound);
            }
            Some(arn) if arn.service == "ssm" => {
                arn.resource.strip_prefix("parameter").ok_or(Error::ParameterNotFound)?
            }
            Some(_) => return Err(Error::ParameterNotFound),
        };
        let (name, selector) = match whole.split_once(':') {
            None => (whole, Selector::Current),
            Some((_, selector)) if selector.contains(':') => return Err(Error::ParameterNotFound),
            Some((name, selector)) => (name, Selector::parse(selector)),
        };
        if name.starts_with("/aws/") {
            return Err(Failure::not_implemented(format!("The public parameter {name}")).into());
        }
        let written = arn.is_none().then(|| name.to_owned());
        Ok(Self { name: Name::parse(name)?, written, selector })
    }
}

/// What permissions on a parameter are demanded on, however the request names it. The operation itself refuses what is no
/// name.
pub(crate) fn resource(scope: &Scope, text: &str) -> String {
    let arn: Option<Arn> = Arn::is_arn(text).then(|| text.parse().ok()).flatten();
    let (arn, whole) = match &arn {
        Some(arn) => (arn.clone(), arn.resource.strip_prefix("parameter/").unwrap_or(&arn.resource)),
        None => (scope.arn("ssm", ""), text.strip_prefix('/').unwrap_or(text)),
    };
    let name = whole.split_once(':').map_or(whole, |(name, _)| name);
    Arn { resource: format!("parameter/{name}"), ..arn }.to_string()
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    fn scope() -> Scope {
        Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT))
    }

    #[test]
    fn one_level_needs_no_slash() {
        assert_eq!(Name::parse("host").unwrap(), Name::parse("/host").unwrap());
        assert_eq!(Name::parse("/db/host").unwrap().path(), "/db/host");
        for text in ["", "/", "//a", "/a//b", "/a/", "a/b", "/a b", "/ä", "/a:b"] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn references_are_names_and_arns_with_selectors() {
        let scope = scope();
        let parse = |text: &str| Reference::parse(text, &scope).unwrap();
        let arn = parse("/db/host").name.arn(&scope).to_string();
        assert_eq!(parse("/db/host").written.as_deref(), Some("/db/host"));
        assert_eq!(parse(&arn), Reference { written: None, ..parse("/db/host") });
        assert_eq!(parse(&format!("{arn}:3")).selector, Selector::Version(3));
        assert_eq!(parse("host:live").selector, Selector::Label("live".into()));
        assert_eq!(parse("host:live").selector.shown().unwrap(), ":live");
        for text in ["host:1:2", &arn.replace("000000000000", "111111111111"), &arn.replace("ssm", "sqs")] {
            assert!(matches!(Reference::parse(text, &scope), Err(Error::ParameterNotFound)), "{text}");
        }
    }

    #[test]
    fn permissions_are_demanded_on_the_parameter() {
        let scope = scope();
        let arn = Name::parse("/db/host").unwrap().arn(&scope).to_string();
        for text in ["/db/host", "/db/host:3", &arn, &format!("{arn}:live")] {
            assert_eq!(resource(&scope, text), arn, "{text}");
        }
    }
}
