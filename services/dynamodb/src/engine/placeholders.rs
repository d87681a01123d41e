//! ExpressionAttributeNames and ExpressionAttributeValues, and which of them the expressions used.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        ast::{RawPath, RawStep},
        error::{ExpressionError, Problem},
        path::{Path, Step},
    },
    model::{AttributeValue, NESTING_MAX},
};

const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";
/// Longest placeholder, in bytes (docs).
const PLACEHOLDER_BYTES_MAX: usize = 255;

/// The placeholders of one request. All its expressions are parsed against one of these; then `finish` refuses what
/// no expression used.
#[derive(Debug, Default)]
pub struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, AttributeValue>,
    used_names: BTreeSet<String>,
    used_values: BTreeSet<String>,
}

impl Placeholders {
    /// From the request's maps; a map that is present but empty is refused, and so is a malformed placeholder.
    pub fn new(
        names: Option<BTreeMap<String, String>>,
        values: Option<BTreeMap<String, AttributeValue>>,
    ) -> Result<Self, ExpressionError> {
        if let Some(names) = &names {
            check_keys(NAMES, '#', names)?;
            if let Some((key, _)) = names.iter().find(|(_, name)| name.is_empty()) {
                return Err(ExpressionError::EmptyName(key.clone()));
            }
        }
        if let Some(values) = &values {
            check_keys(VALUES, ':', values)?;
        }
        let (names, values) = (names.unwrap_or_default(), values.unwrap_or_default());
        Ok(Self { names, values, ..Self::default() })
    }

    /// Refuses names and values that no expression used.
    pub fn finish(self) -> Result<(), ExpressionError> {
        let unused = unused(self.names.keys(), &self.used_names);
        if !unused.is_empty() {
            return Err(ExpressionError::Unused(NAMES, in_java_order(&unused, self.names.len())));
        }
        let unused = self::unused(self.values.keys(), &self.used_values);
        if !unused.is_empty() {
            return Err(ExpressionError::Unused(VALUES, in_java_order(&unused, self.values.len())));
        }
        Ok(())
    }

    pub(super) fn value(&mut self, placeholder: &str) -> Result<AttributeValue, Problem> {
        let value = self.values.get(placeholder);
        let value = value.ok_or_else(|| Problem::UndefinedValue(placeholder.to_owned()))?.clone();
        self.used_values.insert(placeholder.to_owned());
        Ok(value)
    }

    /// Fills in a path's names. `screen` has seen it, so its indexes are numbers in range.
    pub(super) fn path(&mut self, raw: &RawPath<'_>) -> Result<Path, Problem> {
        if NESTING_MAX < raw.0.len() {
            return Err(Problem::Nesting(raw.0.len()));
        }
        let mut steps = raw.0.iter().map(|step| self.step(step)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let root = match steps.next() {
            Some(Step::Key(root)) => root,
            _ => String::new(),
        };
        Ok(Path { root, steps: steps.collect() })
    }

    /// Fails where a name in the path is not defined, without taking it for used.
    pub(super) fn defined(&self, raw: &RawPath<'_>) -> Result<(), Problem> {
        raw.0.iter().try_for_each(|step| match step {
            RawStep::Placeholder(name) if !self.names.contains_key(*name) => {
                Err(Problem::UndefinedName((*name).to_owned()))
            }
            _ => Ok(()),
        })
    }

    fn step(&mut self, raw: &RawStep<'_>) -> Result<Step, Problem> {
        match raw {
            RawStep::Name(name) => Ok(Step::Key((*name).to_owned())),
            RawStep::Index(index) => {
                index.parse().map(Step::Index).map_err(|_| Problem::IndexRange((*index).to_owned()))
            }
            RawStep::Placeholder(placeholder) => {
                let name = self.names.get(*placeholder);
                let name = name.ok_or_else(|| Problem::UndefinedName((*placeholder).to_owned()))?.clone();
                self.used_names.insert((*placeholder).to_owned());
                Ok(Step::Key(name))
            }
        }
    }
}

fn check_keys<T>(map_name: &'static str, sigil: char, map: &BTreeMap<String, T>) -> Result<(), ExpressionError> {
    if map.is_empty() {
        return Err(ExpressionError::EmptyMap(map_name));
    }
    for key in map.keys() {
        if PLACEHOLDER_BYTES_MAX < key.len() {
            return Err(ExpressionError::PlaceholderTooLong(map_name));
        }
        let rest = key.strip_prefix(sigil).unwrap_or_default();
        if rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(ExpressionError::PlaceholderSyntax(map_name, key.clone()));
        }
    }
    Ok(())
}

fn unused<'a>(keys: impl Iterator<Item = &'a String>, used: &BTreeSet<String>) -> Vec<&'a str> {
    keys.filter(|key| !used.contains(*key)).map(String::as_str).collect()
}

/// AWS lists unused placeholders in the order of a Java HashSet that was made from all of them (observed).
fn in_java_order(keys: &[&str], total: usize) -> String {
    let slots = (total * 4 / 3 + 1).max(16).next_power_of_two() as u32;
    let slot = |key: &str| {
        let hash = key.bytes().fold(0u32, |hash, b| hash.wrapping_mul(31).wrapping_add(u32::from(b)));
        (hash ^ (hash >> 16)) & (slots - 1)
    };
    let mut keys = keys.to_vec();
    keys.sort_by_key(|key| slot(key));
    keys.join(", ")
}
