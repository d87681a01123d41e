//! Filters of listings.

use crate::errors::Error;
use crate::model::{Kind, Parameter};
use crate::names::Name;
use crate::ops::value;
use crate::wire::{ParameterStringFilter, ParametersFilter};

/// What a listing chooses: parameters that every filter lets through.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters(Vec<Filter>);

#[derive(Debug, PartialEq, Eq)]
struct Filter {
    key: String,
    choice: Choice,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Equals,
    BeginsWith,
    Contains,
    OneLevel,
    Recursive,
}

/// Where a filter is used; each place has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Describe,
    ByPath,
}

impl Place {
    fn check(self, key: &str) -> Result<(), Error> {
        let valid = match self {
            Self::Describe if key == "Label" => "Path, Name, Type, KeyId, Tier",
            Self::ByPath if !["Type", "KeyId", "Label"].contains(&key) => "Type, KeyId",
            Self::Describe | Self::ByPath => return Ok(()),
        };
        let text = format!("The following filter key is not valid: {key}. Valid filter keys include: [{valid}].");
        Err(Error::InvalidFilterKey(text))
    }
}

impl Filters {
    /// The filters of a request; their keys are the model's.
    pub(crate) fn parse(filters: &[ParameterStringFilter], place: Place) -> Result<Self, Error> {
        let mut parsed: Vec<Filter> = Vec::new();
        for ParameterStringFilter { key, option, values } in filters {
            place.check(key)?;
            if parsed.iter().any(|other| other.key == *key) {
                return Err(Error::InvalidFilterKey(format!(
                    "The following filter is duplicated in the request: {key}. A request can contain only one occurrence \
                     of a specific filter."
                )));
            }
            let values = values.clone().unwrap_or_default();
            if values.is_empty() && !key.starts_with("tag:") {
                let text = format!("The following filter values are missing : null for filter key {key}.");
                return Err(Error::InvalidFilterValue(text));
            }
            let choice = Choice::parse(key, option.as_deref())?;
            let mut filter = Filter { key: key.clone(), choice, values };
            filter.check_values()?;
            parsed.push(filter);
        }
        Ok(Self(parsed))
    }

    /// The filters as they were before there were options: names by their beginning, all else whole.
    pub(crate) fn former(filters: &[ParametersFilter]) -> Self {
        let filter = |filter: &ParametersFilter| {
            let (key, values) = (filter.key.clone(), filter.values.clone());
            match key.as_str() {
                "Name" => {
                    Filter { key, choice: Choice::BeginsWith, values: values.iter().map(|n| with_slash(n)).collect() }
                }
                _ => Filter { key, choice: Choice::Equals, values },
            }
        };
        Self(filters.iter().map(filter).collect())
    }

    pub(crate) fn lets_through(&self, name: &Name, parameter: &Parameter) -> bool {
        self.0.iter().all(|filter| filter.lets_through(name, parameter))
    }

    /// What the path of every parameter that may pass begins with.
    pub(crate) fn prefix(&self) -> String {
        let prefix = |filter: &Filter| match (filter.key.as_str(), filter.choice, filter.values.as_slice()) {
            ("Name", Choice::Equals | Choice::BeginsWith, [only]) => Some(with_slash(only)),
            ("Path", _, [only]) => Some(below(only)),
            _ => None,
        };
        self.0.iter().filter_map(prefix).max_by_key(String::len).unwrap_or_default()
    }

    /// The version that a label filter means; none without one.
    pub(crate) fn labelled(&self, parameter: &Parameter) -> Option<(String, u64)> {
        let label = self.0.iter().find(|filter| filter.key == "Label")?;
        let on = label.values.iter().filter_map(|label| Some((label.clone(), *parameter.labels.get(label)?)));
        on.max_by_key(|(_, version)| *version)
    }
}

impl Choice {
    fn parse(key: &str, option: Option<&str>) -> Result<Self, Error> {
        let valid = match (key, option) {
            ("Path", None | Some("OneLevel")) => return Ok(Self::OneLevel),
            ("Path", Some("Recursive")) => return Ok(Self::Recursive),
            ("Path", _) => "Recursive, OneLevel",
            (_, None | Some("Equals")) => return Ok(Self::Equals),
            ("Label", _) => "Equals",
            (_, Some("BeginsWith")) => return Ok(Self::BeginsWith),
            ("Name", Some("Contains")) => return Ok(Self::Contains),
            _ => "BeginsWith, Equals",
        };
        let option = option.unwrap_or_default();
        let text = format!("The following filter option is not valid: {option}. Valid options include: [{valid}].");
        Err(Error::InvalidFilterOption(text))
    }

    fn fits(self, what: &str, value: &str) -> bool {
        match self {
            Self::Equals => what == value,
            Self::BeginsWith => what.starts_with(value),
            Self::Contains => what.contains(value),
            Self::OneLevel => what.strip_prefix(&below(value)).is_some_and(|rest| !rest.contains('/')),
            Self::Recursive => what.starts_with(&below(value)),
        }
    }
}

impl Filter {
    /// Checks values that are words of AWS's, or paths; names may be written without their slash.
    fn check_values(&mut self) -> Result<(), Error> {
        let valid = match self.key.as_str() {
            "Type" => Kind::ALL.map(Kind::as_str),
            "Tier" => ["Standard", "Advanced", "Intelligent-Tiering"],
            "Path" if self.values.iter().all(|path| is_path(path)) => return Ok(()),
            "Path" => return Err(Error::invalid(NO_PATH)),
            "Name" if self.choice != Choice::Contains => {
                self.values.iter_mut().for_each(|name| *name = with_slash(name));
                return Ok(());
            }
            _ => return Ok(()),
        };
        let Some(odd) = self.values.iter().find(|value| !valid.contains(&value.as_str())) else { return Ok(()) };
        let valid = valid.join(", ");
        let text = format!("The following filter value is not valid: {odd}. Valid values include: [{valid}].");
        Err(Error::InvalidFilterOption(text))
    }

    fn lets_through(&self, name: &Name, parameter: &Parameter) -> bool {
        let version = &parameter.current;
        let fits = |what: &str| self.values.iter().any(|value| self.choice.fits(what, value));
        match self.key.as_str() {
            "Name" | "Path" => fits(name.path()),
            "Type" => fits(version.kind.as_str()),
            "Tier" => fits(version.tier.as_str()),
            "DataType" => fits(value::DATA_TYPE),
            "KeyId" => value::key_id(version).is_some_and(|key| fits(&key)),
            "Label" => parameter.labels.keys().any(|label| fits(label)),
            key => {
                let tag = key.strip_prefix("tag:").and_then(|key| parameter.tags.get(key));
                tag.is_some_and(|tag| self.values.is_empty() || fits(tag))
            }
        }
    }
}

/// Whether it is a path as requests write it: `/`, `/a`, `/a/`; those of AWS are nobody's.
pub(crate) fn is_path(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('/') else { return false };
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let begins = |word: &str| inner.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    text == "/" || (Name::parse(&with_slash(inner)).is_ok() && !begins("aws") && !begins("ssm"))
}

const NO_PATH: &str = "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a \
    forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or \
    the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if \
    specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.";

/// What the names below a path begin with.
pub(crate) fn below(path: &str) -> String {
    format!("{}/", path.strip_suffix('/').unwrap_or(path))
}

fn with_slash(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("/{name}") }
}
