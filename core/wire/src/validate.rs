//! Model validation: every broken constraint of an input at once, in AWS's words.

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::facts::{Kind, Member, Schema};
use crate::pattern;
use crate::shape::{Shape, Step, Structure, Track, Violation, Writer};

/// Why an input is refused before its operation sees it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// Constraints of the model are broken. The text is AWS's.
    #[error("{0}")]
    Invalid(String),
    /// A value that we do not honour.
    #[error("{0}")]
    NotImplemented(String),
}

/// AWS reports at most this many violations in one text (observed).
const REPORTED_MAX: usize = 10;

/// Checks one input against its model, together with what the reader missed.
pub fn validate(input: &dyn Structure, missing: Vec<Violation>) -> Result<(), Rejection> {
    let mut validator = Validator { track: Track::default(), refused: None };
    validator.track.violations = missing;
    validator.structure(input);
    if let Some(refused) = validator.refused {
        return Err(Rejection::NotImplemented(refused));
    }
    let violations = validator.track.violations;
    match violations.len() {
        0 => Ok(()),
        count => Err(Rejection::Invalid(text(count, &violations))),
    }
}

fn text(count: usize, violations: &[Violation]) -> String {
    let each: Vec<String> = violations
        .iter()
        .take(REPORTED_MAX)
        .map(|Violation { value, path, constraint }| match value {
            Some(value) => format!("Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"),
            None => format!("Value null at '{path}' failed to satisfy constraint: {constraint}"),
        })
        .collect();
    let noun = if count == 1 { "error" } else { "errors" };
    format!("{count} validation {noun} detected: {}", each.join("; "))
}

/// Which constraints of its schema a text breaks.
pub fn check(value: &str, schema: &'static Schema) -> Vec<String> {
    let mut broken = Vec::new();
    let c = &schema.constraints;
    if !c.values.is_empty() && !c.values.contains(&value) {
        broken.push(format!("Member must satisfy enum value set: [{}]", c.values.join(", ")));
        return broken;
    }
    broken.extend(length(value.chars().count(), schema));
    if let Some(pattern) = c.pattern
        && !pattern::matches(pattern, value)
    {
        broken.push(format!("Member must satisfy regular expression pattern: {pattern}"));
    }
    broken
}

fn length(count: usize, schema: &'static Schema) -> Option<String> {
    let (count, c) = (count as u64, &schema.constraints);
    if count < c.length_min {
        Some(format!("Member must have length greater than or equal to {}", c.length_min))
    } else if c.length_max < count {
        Some(format!("Member must have length less than or equal to {}", c.length_max))
    } else {
        None
    }
}

/// A writer that writes nothing and judges everything it is shown.
struct Validator {
    track: Track,
    refused: Option<String>,
}

impl Validator {
    fn broken(&mut self, value: impl Into<String>, constraint: String) {
        if self.track.is_full() {
            return;
        }
        let path = self.track.path();
        self.track.violations.push(Violation { value: Some(value.into()), path, constraint });
    }

    fn honours(&mut self, member: &'static Member, value: &dyn Shape) {
        let mut shown = Shown::default();
        value.write(&mut shown, member.schema);
        // A value that is not AWS's either is for the validation to report.
        let enumerated = match &member.schema.kind {
            Kind::List { item, .. } => item.constraints.values,
            _ => member.schema.constraints.values,
        };
        let refused = |shown: &&String| {
            let shown = shown.as_str();
            !member.only.contains(&shown) && (enumerated.is_empty() || enumerated.contains(&shown))
        };
        if let Some(shown) = shown.0.iter().find(refused) {
            let path = self.track.model_path(member.name);
            let honoured = member.only.join(", ");
            self.refused.get_or_insert(format!("{path} = {shown} is not implemented; what is: {honoured}"));
        }
    }
}

impl Writer for Validator {
    fn structure(&mut self, from: &dyn Structure) {
        for (index, member) in from.facts().members.iter().enumerate() {
            let Some(value) = from.member(index).filter(|value| value.present()) else { continue };
            if !member.only.is_empty() {
                self.honours(member, value);
            }
            self.track.enter(Step::Member(member.name));
            // A required member that was not sent is reported already; its default is nobody's value.
            let path_missing = member.required && !self.track.violations.is_empty() && {
                let path = self.track.path();
                self.track.violations.iter().any(|v| v.value.is_none() && v.path == path)
            };
            if !path_missing {
                value.write(self, member.schema);
            }
            self.track.leave();
        }
    }

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item: of, .. } = &schema.kind else { return };
        let mut count = 0;
        for item in items {
            count += 1;
            self.track.enter(Step::Item(count));
            item.write(self, of);
            self.track.leave();
        }
        if let Some(constraint) = length(count, schema) {
            self.broken(if count == 0 { "[]".to_owned() } else { format!("[{count} elements]") }, constraint);
        }
    }

    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { key: key_schema, value: of, .. } = &schema.kind else { return };
        let mut count = 0;
        for (key, value) in entries {
            count += 1;
            for constraint in check(key, key_schema) {
                self.broken(key, format!("Map keys must satisfy constraint: [{constraint}]"));
            }
            self.track.enter(Step::entry(key));
            value.write(self, of);
            self.track.leave();
        }
        if let Some(constraint) = length(count, schema) {
            self.broken(if count == 0 { "{}".to_owned() } else { format!("{{{count} entries}}") }, constraint);
        }
    }

    fn boolean(&mut self, _: bool, _: &'static Schema) {}

    fn integer(&mut self, value: i64, schema: &'static Schema) {
        let c = &schema.constraints;
        if value < c.range_min {
            self.broken(value.to_string(), format!("Member must have value greater than or equal to {}", c.range_min));
        } else if c.range_max < value {
            self.broken(value.to_string(), format!("Member must have value less than or equal to {}", c.range_max));
        }
    }

    fn double(&mut self, value: f64, schema: &'static Schema) {
        self.integer(value as i64, schema);
    }

    fn string(&mut self, value: &str, schema: &'static Schema) {
        for constraint in check(value, schema) {
            self.broken(value, constraint);
        }
    }

    fn blob(&mut self, value: &Bytes, schema: &'static Schema) {
        if let Some(constraint) = length(value.len(), schema) {
            self.broken("java.nio.HeapByteBuffer", constraint);
        }
    }

    fn timestamp(&mut self, _: Timestamp, _: &'static Schema) {}

    fn document(&mut self, _: &Value, _: &'static Schema) {}
}

/// A writer that keeps the scalars it is shown, to compare them with the values that are honoured.
#[derive(Default)]
struct Shown(Vec<String>);

impl Writer for Shown {
    fn structure(&mut self, _: &dyn Structure) {}
    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        if let Kind::List { item: of, .. } = &schema.kind {
            items.for_each(|item| item.write(self, of));
        }
    }
    fn map(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {}
    fn boolean(&mut self, value: bool, _: &'static Schema) {
        self.0.push(value.to_string());
    }
    fn integer(&mut self, value: i64, _: &'static Schema) {
        self.0.push(value.to_string());
    }
    fn double(&mut self, value: f64, _: &'static Schema) {
        self.0.push(value.to_string());
    }
    fn string(&mut self, value: &str, _: &'static Schema) {
        self.0.push(value.to_owned());
    }
    fn blob(&mut self, _: &Bytes, _: &'static Schema) {}
    fn timestamp(&mut self, _: Timestamp, _: &'static Schema) {}
    fn document(&mut self, _: &Value, _: &'static Schema) {}
}
