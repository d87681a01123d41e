//! How values meet codecs: `Shape` over `&mut dyn Reader` and `&mut dyn Writer`, so that nothing is generic over formats.

use std::any::Any;

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::facts::{Schema, StructureFacts};

/// A value of the wire: it fills itself from a reader and shows itself to a writer.
pub trait Shape: Send + Sync {
    fn read(&mut self, from: &mut dyn Reader, schema: &'static Schema) -> Result<(), ReadError>;
    fn write(&self, to: &mut dyn Writer, schema: &'static Schema);
    /// False for a `None`: the member is left out.
    fn present(&self) -> bool {
        true
    }
}

/// A structure of a model, as its table of members.
pub trait Structure: Any + Send + Sync {
    fn facts(&self) -> &'static StructureFacts;
    /// The member at this index of `facts().members`; `None` for a streamed one.
    fn member(&self, index: usize) -> Option<&dyn Shape>;
    fn member_mut(&mut self, index: usize) -> Option<&mut dyn Shape>;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// Takes a value out of a format. One call reads one value.
pub trait Reader {
    fn structure(&mut self, into: &mut dyn Structure) -> Result<(), ReadError>;
    fn list(
        &mut self,
        schema: &'static Schema,
        item: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError>;
    fn map(
        &mut self,
        schema: &'static Schema,
        entry: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError>;
    fn boolean(&mut self) -> Result<bool, ReadError>;
    fn integer(&mut self) -> Result<i64, ReadError>;
    fn double(&mut self) -> Result<f64, ReadError>;
    fn string(&mut self) -> Result<String, ReadError>;
    fn blob(&mut self) -> Result<Bytes, ReadError>;
    fn timestamp(&mut self, schema: &'static Schema) -> Result<Timestamp, ReadError>;
    fn document(&mut self) -> Result<Value, ReadError>;
}

/// Puts a value into a format. One call writes one value.
pub trait Writer {
    fn structure(&mut self, from: &dyn Structure);
    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>);
    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>);
    fn boolean(&mut self, value: bool, schema: &'static Schema);
    fn integer(&mut self, value: i64, schema: &'static Schema);
    fn double(&mut self, value: f64, schema: &'static Schema);
    fn string(&mut self, value: &str, schema: &'static Schema);
    fn blob(&mut self, value: &Bytes, schema: &'static Schema);
    fn timestamp(&mut self, value: Timestamp, schema: &'static Schema);
    fn document(&mut self, value: &Value, schema: &'static Schema);
}

/// Why a request could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not of the format, or a value is of the wrong type. The text is for the client.
    #[error("{0}")]
    Malformed(String),
    /// A request names a member (by path) that we do not honour.
    #[error("{0} is not implemented")]
    NotImplemented(String),
    /// A hand-written type refuses the value. The text is AWS's, of the service's validation error.
    #[error("{0}")]
    Invalid(String),
}

/// One broken constraint, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub value: Offence,
    /// The path of member names, as AWS writes it.
    pub path: String,
    pub constraint: String,
}

/// What breaks a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offence {
    /// A member that is not there.
    Missing,
    /// A value that texts may repeat.
    Shown(String),
    /// One that they may not.
    Hidden,
}

/// Where a reader is, and which required members it missed on the way.
#[derive(Debug, Default)]
pub struct Track {
    steps: Vec<Step>,
    pub violations: Vec<Violation>,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Member(&'static str),
    /// The n-th element, from 1 as AWS counts.
    Item(usize),
    /// The value of a map's entry.
    Entry(String),
}

/// More violations than AWS reports are not kept: a request can break constraints by the hundred thousand.
const VIOLATIONS_MAX: usize = 32;

/// Of a longer key of a map, paths show the beginning.
const KEY_SHOWN_BYTES_MAX: usize = 256;

impl Step {
    pub(crate) fn entry(key: &str) -> Self {
        Self::Entry(key.get(..key.floor_char_boundary(KEY_SHOWN_BYTES_MAX)).unwrap_or("").to_owned())
    }
}

impl Track {
    /// Whether enough is known to be wrong.
    pub(crate) fn is_full(&self) -> bool {
        self.violations.len() >= VIOLATIONS_MAX
    }

    pub(crate) fn enter(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(crate) fn leave(&mut self) {
        self.steps.pop();
    }

    /// How deep the value being read is nested.
    pub fn depth(&self) -> usize {
        self.steps.len()
    }

    /// The path as AWS writes it: member names with a small first letter, `.`-joined, `.1.member` for list items.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for step in &self.steps {
            match step {
                Step::Member(name) => {
                    dot(&mut out);
                    let mut letters = name.chars();
                    out.extend(letters.next().map(|c| c.to_ascii_lowercase()));
                    out.push_str(letters.as_str());
                }
                Step::Item(n) => {
                    dot(&mut out);
                    out.push_str(&format!("{n}.member"));
                }
                Step::Entry(key) => {
                    dot(&mut out);
                    out.push_str(&format!("{key}.member"));
                }
            }
        }
        out
    }

    /// The path with the model's own spelling, for errors of ours.
    pub fn model_path(&self, last: &str) -> String {
        let names = self.steps.iter().filter_map(|step| match step {
            Step::Member(name) => Some(*name),
            _ => None,
        });
        names.chain([last]).collect::<Vec<_>>().join(".")
    }

    /// Notes required members that were not seen.
    pub fn missing(&mut self, facts: &'static StructureFacts, seen: &Seen) {
        let required = facts.members.iter().enumerate().filter(|(_, m)| m.required && !m.streaming);
        for (index, member) in required {
            if !seen.has(index) && !self.is_full() {
                self.enter(Step::Member(member.name));
                let path = self.path();
                self.violations.push(Violation {
                    value: Offence::Missing,
                    path,
                    constraint: "Member must not be null".into(),
                });
                self.leave();
            }
        }
    }
}

fn dot(out: &mut String) {
    if !out.is_empty() {
        out.push('.');
    }
}

/// Which members of a structure were seen. Models have fewer than 256.
#[derive(Debug, Default, Clone, Copy)]
pub struct Seen([u64; 4]);

impl Seen {
    pub fn add(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub fn has(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }
}
