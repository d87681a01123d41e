//! The condition keys of a request.

use std::collections::BTreeMap;

/// Condition keys with their values; keys compare without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key with one value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.0.insert(key.to_ascii_lowercase(), vec![value.into()]);
        self
    }

    /// Sets a key with many values, such as `aws:TagKeys`; with none, the key is there but empty.
    pub fn set_all(&mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) -> &mut Self {
        self.0.insert(key.to_ascii_lowercase(), values.into_iter().map(Into::into).collect());
        self
    }

    /// `set`, for building in one expression.
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.set(key, value);
        self
    }

    /// The values of a key; `None` when the request does not have it.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        match self.0.get(key) {
            Some(values) => Some(values),
            None => self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice),
        }
    }

    /// The value of a key that has exactly one: only such keys stand in for policy variables.
    pub(crate) fn single(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some([value]) => Some(value),
            _ => None,
        }
    }

    /// Every key, in lower case, with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}
