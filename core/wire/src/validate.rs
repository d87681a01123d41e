//! Model validation: every broken constraint of an input at once, in AWS's words.

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::facts::{Kind, Member, Schema};
use crate::pattern;
use crate::shape::{Offence, Shape, Step, Structure, Track, Violation, Writer};
use crate::shown::{shown, shown_list, shown_map};

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
    let mut validator = Validator { track: Track::default(), refused: None, told: false };
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
        .map(|Violation { value, path, constraint }| {
            let value = match value {
                Offence::Shown(value) => format!(" '{value}'"),
                Offence::Hidden => String::new(),
                Offence::Missing => " null".to_owned(),
            };
            format!("Value{value} at '{path}' failed to satisfy constraint: {constraint}")
        })
        .collect();
    let noun = if count == 1 { "error" } else { "errors" };
    format!("{count} validation {noun} detected: {}", each.join("; "))
}

/// Which constraints of its schema a text breaks.
pub fn check(value: &str, schema: &'static Schema) -> Vec<String> {
    let c = &schema.constraints;
    if !c.values.is_empty() {
        let known = c.values.contains(&value);
        return if known { Vec::new() } else { vec![one_of(schema)] };
    }
    let fits = c.pattern.is_none_or(|pattern| pattern::matches(pattern, value));
    let pattern = c.pattern.filter(|_| !fits).map(matching);
    pattern.into_iter().chain(length(value.chars().count(), schema)).collect()
}

/// Every constraint of a schema, as texts about a list or a map name those of its elements.
fn all(schema: &'static Schema) -> Vec<String> {
    let c = &schema.constraints;
    if !c.values.is_empty() {
        let not_null = c.not_null.then(|| "Member must not be null".to_owned());
        return std::iter::once(one_of(schema)).chain(not_null).collect();
    }
    let mut constraints = Vec::new();
    constraints.extend((c.length_max < u64::MAX).then(|| at_most("length", c.length_max)));
    constraints.extend(c.length_min.map(|min| at_least("length", min)));
    constraints.extend((c.range_max < i64::MAX).then(|| at_most("value", bound(c.range_max, schema))));
    constraints.extend((i64::MIN < c.range_min).then(|| at_least("value", bound(c.range_min, schema))));
    constraints.extend(c.pattern.map(matching));
    constraints.extend(c.not_null.then(|| "Member must not be null".to_owned()));
    constraints
}

fn one_of(schema: &'static Schema) -> String {
    format!("Member must satisfy enum value set: [{}]", schema.constraints.values.join(", "))
}

fn matching(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn at_least(what: &str, bound: impl std::fmt::Display) -> String {
    format!("Member must have {what} greater than or equal to {bound}")
}

fn at_most(what: &str, bound: impl std::fmt::Display) -> String {
    format!("Member must have {what} less than or equal to {bound}")
}

fn length(count: usize, schema: &'static Schema) -> Option<String> {
    let (count, c) = (count as u64, &schema.constraints);
    match () {
        () if count < c.length_min.unwrap_or(0) => Some(at_least("length", c.length_min.unwrap_or(0))),
        () if c.length_max < count => Some(at_most("length", c.length_max)),
        () => None,
    }
}

/// A bound as a text, in Java's words for numbers of its kind.
fn bound(number: i64, schema: &'static Schema) -> String {
    if matches!(schema.kind, Kind::Double) { format!("{:?}", number as f64) } else { number.to_string() }
}

/// The bound that a number is beyond, if it is.
fn range<N: PartialOrd>(value: N, number: fn(i64) -> N, schema: &'static Schema) -> Option<String> {
    let c = &schema.constraints;
    match () {
        () if value < number(c.range_min) => Some(at_least("value", bound(c.range_min, schema))),
        () if number(c.range_max) < value => Some(at_most("value", bound(c.range_max, schema))),
        () => None,
    }
}

fn whole(value: i64, schema: &'static Schema) -> Option<String> {
    range(value, |number| number, schema)
}

fn fractional(value: f64, schema: &'static Schema) -> Option<String> {
    // Bounds that nobody set are those of whole numbers, which fractional ones may pass.
    let number = |number| match number {
        i64::MIN => f64::NEG_INFINITY,
        i64::MAX => f64::INFINITY,
        number => number as f64,
    };
    range(value, number, schema)
}

/// A writer that writes nothing and judges everything it is shown.
struct Validator {
    track: Track,
    refused: Option<String>,
    /// Whether what is written next is an element whose own length its list or map has judged.
    told: bool,
}

impl Validator {
    fn broken(&mut self, is_hidden: bool, value: impl FnOnce() -> String, constraint: String) {
        if self.track.is_full() {
            return;
        }
        let value = if is_hidden { Offence::Hidden } else { Offence::Shown(value()) };
        let path = self.track.path();
        self.track.violations.push(Violation { value, path, constraint });
    }

    /// A value that has no others inside.
    fn scalar(&mut self, schema: &'static Schema, value: &dyn Shape, constraints: impl IntoIterator<Item = String>) {
        for constraint in constraints {
            self.broken(schema.constraints.sensitive, || shown(value, schema), constraint);
        }
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
                self.track.violations.iter().any(|v| v.value == Offence::Missing && v.path == path)
            };
            if !path_missing {
                value.write(self, member.schema);
            }
            self.track.leave();
        }
    }

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item: of, .. } = &schema.kind else { return };
        let is_told = std::mem::take(&mut self.told);
        let items: Vec<&dyn Shape> = items.collect();
        let is_hidden = schema.constraints.sensitive || of.constraints.sensitive;
        let shown = || shown_list(&items, schema);
        if judged_by_parent(of) && items.iter().any(|item| breaks(*item, of)) {
            self.broken(is_hidden, shown, format!("Member must satisfy constraint: [{}]", all(of).join(", ")));
        }
        for (index, item) in items.iter().enumerate().filter(|_| holds_others(of)) {
            self.track.enter(Step::Item(index + 1));
            self.told = judged_by_parent(of);
            item.write(self, of);
            self.track.leave();
        }
        if let Some(constraint) = length(items.len(), schema).filter(|_| !is_told) {
            self.broken(is_hidden, shown, constraint);
        }
    }

    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { key, value: of, .. } = &schema.kind else { return };
        let is_told = std::mem::take(&mut self.told);
        let entries: Vec<(&str, &dyn Shape)> = entries.collect();
        let is_hidden = [schema, key, of].iter().any(|schema| schema.constraints.sensitive);
        let shown = || shown_map(&entries, schema);
        if entries.iter().any(|(name, _)| !check(name, key).is_empty()) {
            self.broken(is_hidden, shown, format!("Map keys must satisfy constraint: [{}]", all(key).join(", ")));
        }
        if judged_by_parent(of) && entries.iter().any(|(_, value)| breaks(*value, of)) {
            self.broken(is_hidden, shown, format!("Map value must satisfy constraint: [{}]", all(of).join(", ")));
        }
        for (name, value) in entries.iter().filter(|_| holds_others(of)) {
            self.track.enter(Step::entry(name));
            self.told = judged_by_parent(of);
            value.write(self, of);
            self.track.leave();
        }
        if let Some(constraint) = length(entries.len(), schema).filter(|_| !is_told) {
            self.broken(is_hidden, shown, constraint);
        }
    }

    fn boolean(&mut self, _: bool, _: &'static Schema) {}

    fn integer(&mut self, value: i64, schema: &'static Schema) {
        self.scalar(schema, &value, whole(value, schema));
    }

    fn double(&mut self, value: f64, schema: &'static Schema) {
        self.scalar(schema, &value, fractional(value, schema));
    }

    fn string(&mut self, value: &str, schema: &'static Schema) {
        let broken = check(value, schema);
        if !broken.is_empty() {
            self.scalar(schema, &value.to_owned(), broken);
        }
    }

    fn blob(&mut self, value: &Bytes, schema: &'static Schema) {
        self.scalar(schema, value, length(value.len(), schema));
    }

    fn timestamp(&mut self, _: Timestamp, _: &'static Schema) {}

    fn document(&mut self, _: &Value, _: &'static Schema) {}
}

/// Whether texts about such an element are about its list or map.
fn judged_by_parent(schema: &'static Schema) -> bool {
    !matches!(schema.kind, Kind::Structure | Kind::EventStream { .. } | Kind::Custom)
}

/// Whether there may be more to judge inside such an element.
fn holds_others(schema: &'static Schema) -> bool {
    !judged_by_parent(schema) || matches!(schema.kind, Kind::List { .. } | Kind::Map { .. })
}

/// Whether a value breaks a constraint of its own.
fn breaks(value: &dyn Shape, schema: &'static Schema) -> bool {
    let mut own = Own { broken: false };
    value.write(&mut own, schema);
    own.broken
}

/// A writer that judges the value that it is shown, and nothing inside it.
struct Own {
    broken: bool,
}

impl Writer for Own {
    fn structure(&mut self, _: &dyn Structure) {}
    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        self.broken = length(items.count(), schema).is_some();
    }
    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        self.broken = length(entries.count(), schema).is_some();
    }
    fn boolean(&mut self, _: bool, _: &'static Schema) {}
    fn integer(&mut self, value: i64, schema: &'static Schema) {
        self.broken = whole(value, schema).is_some();
    }
    fn double(&mut self, value: f64, schema: &'static Schema) {
        self.broken = fractional(value, schema).is_some();
    }
    fn string(&mut self, value: &str, schema: &'static Schema) {
        self.broken = !check(value, schema).is_empty();
    }
    fn blob(&mut self, value: &Bytes, schema: &'static Schema) {
        self.broken = length(value.len(), schema).is_some();
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
