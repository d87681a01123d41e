//! Document paths with their names filled in.

use std::fmt;

use crate::model::{AttributeValue, Item};

/// A document path: an attribute, then steps into maps and lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub(super) root: String,
    pub(super) steps: Vec<Step>,
}

/// One step into a map or a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// How two paths get in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clash {
    Overlap,
    Conflict,
}

impl Path {
    /// A top-level attribute.
    pub fn attribute(name: &str) -> Self {
        Self { root: name.to_owned(), steps: Vec::new() }
    }

    /// The top-level attribute that it starts from.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// True where it goes into an attribute.
    pub fn is_nested(&self) -> bool {
        !self.steps.is_empty()
    }

    /// What lies there.
    pub fn find<'i>(&self, item: &'i Item) -> Option<&'i AttributeValue> {
        walk(item.get(&self.root)?, &self.steps)
    }

    /// The map or list that its last step goes into.
    pub(super) fn find_parent<'i>(&self, item: &'i Item) -> Option<&'i AttributeValue> {
        let (_, before) = self.steps.split_last()?;
        walk(item.get(&self.root)?, before)
    }

    pub(super) fn find_parent_mut<'i>(&self, item: &'i mut Item) -> Option<&'i mut AttributeValue> {
        let (_, before) = self.steps.split_last()?;
        before.iter().try_fold(item.get_mut(&self.root)?, |value, step| match (value, step) {
            (AttributeValue::M(map), Step::Key(key)) => map.get_mut(key),
            (AttributeValue::L(list), Step::Index(index)) => list.get_mut(*index),
            _ => None,
        })
    }

    /// Whether both cannot be in one update: one is the other's start, or they see a list and a map in one place.
    pub(super) fn clash(&self, other: &Self) -> Option<Clash> {
        if self.root != other.root {
            return None;
        }
        for pair in self.steps.iter().zip(&other.steps) {
            match pair {
                (a, b) if a == b => (),
                (Step::Key(_), Step::Key(_)) | (Step::Index(_), Step::Index(_)) => return None,
                _ => return Some(Clash::Conflict),
            }
        }
        Some(Clash::Overlap)
    }
}

fn walk<'i>(from: &'i AttributeValue, steps: &[Step]) -> Option<&'i AttributeValue> {
    steps.iter().try_fold(from, |value, step| match (value, step) {
        (AttributeValue::M(map), Step::Key(key)) => map.get(key),
        (AttributeValue::L(list), Step::Index(index)) => list.get(*index),
        _ => None,
    })
}

impl fmt::Display for Path {
    /// `[a, [0], b]`, as error texts write paths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.root)?;
        for step in &self.steps {
            match step {
                Step::Key(key) => write!(f, ", {key}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}
