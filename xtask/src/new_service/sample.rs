//! The smallest request that a model takes, and the members it has.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::plan::Dialect;
use crate::codegen::names;

/// Texts that patterns of the models like.
const TEXTS: &[&str] = &[
    "example",
    "Example1",
    "/example",
    "00000000-0000-0000-0000-000000000000",
    "us-east-1:00000000-0000-0000-0000-000000000000",
    "us-east-1_example",
    "123456789012",
    "2026-11-24",
];

fn shape<'a>(model: &'a Value, name: &str) -> &'a Value {
    model.pointer(&format!("/shapes/{name}")).unwrap_or(&Value::Null)
}

fn target<'a>(model: &'a Value, structure: &str, member: &str) -> &'a str {
    let target = shape(model, structure).pointer(&format!("/members/{member}/shape"));
    target.and_then(Value::as_str).unwrap_or_default()
}

fn word<'a>(shape: &'a Value, name: &str) -> &'a str {
    shape.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The members that a structure must have.
pub fn required(model: &Value, structure: &str) -> Vec<String> {
    let list = shape(model, structure).get("required").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|member| Some(member.as_str()?.to_owned())).collect()
}

/// What a member is: `string`, `list`, ...
pub fn kind<'a>(model: &'a Value, structure: &str, member: &str) -> &'a str {
    word(shape(model, target(model, structure, member)), "type")
}

/// The table `[members]`: of inputs what is required, of the output nothing yet.
pub fn members(model: &Value, input: &str, output: Option<&str>) -> String {
    let mut lines = Vec::new();
    let (mut seen, mut pending) = (BTreeSet::new(), vec![input.to_owned()]);
    while let Some(name) = pending.pop().filter(|name| seen.insert(name.clone())) {
        let shape = shape(model, &name);
        for part in ["member", "key", "value"] {
            pending.extend(shape.pointer(&format!("/{part}/shape")).and_then(Value::as_str).map(str::to_owned));
        }
        if word(shape, "type") == "structure" {
            let required = required(model, &name);
            pending.extend(required.iter().map(|member| target(model, &name, member).to_owned()));
            let list: Vec<String> = required.iter().map(|member| format!("{member:?}")).collect();
            lines.push(format!("{name} = [{}]", list.join(", ")));
        }
    }
    lines.extend(output.map(|output| format!("{output} = []")));
    lines.join("\n")
}

/// The smallest request, as `service::testing::House` reads it.
pub fn request(model: &Value, operation: &Value, name: &str, dialect: Dialect) -> String {
    let input = operation.pointer("/input/shape").and_then(Value::as_str).unwrap_or_default();
    let mut document = match value(model, input, 0) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    match dialect {
        Dialect::Json => format!("{name} {}", Value::Object(document)),
        Dialect::Query => {
            let pairs = document.iter().map(|(key, value)| format!("&{key}={}", value.as_str().unwrap_or("1")));
            format!("Action={name}{}", pairs.collect::<String>())
        }
        Dialect::RestJson => {
            let http = operation.get("http").unwrap_or(&Value::Null);
            let mut uri = word(http, "requestUri").to_owned();
            for member in required(model, input) {
                let facts = shape(model, input).pointer(&format!("/members/{member}")).unwrap_or(&Value::Null);
                if let ("uri", Some(value)) = (word(facts, "location"), document.get(&member)) {
                    uri = uri.replace(&format!("{{{}}}", word(facts, "locationName")), value.as_str().unwrap_or("1"));
                    document.remove(&member);
                }
            }
            format!("{} {uri} {}", word(http, "method"), Value::Object(document)).replace(" {}", "")
        }
    }
}

/// The smallest value of a shape.
fn value(model: &Value, name: &str, depth: usize) -> Value {
    let shape = shape(model, name);
    let least = shape.get("min").and_then(Value::as_u64).unwrap_or(0);
    match word(shape, "type") {
        "structure" if depth < 8 => {
            let members = required(model, name);
            let members = members.into_iter().map(|member| {
                let value = value(model, target(model, name, &member), depth + 1);
                (member, value)
            });
            Value::Object(members.collect())
        }
        "list" if 0 < least => {
            json!([value(model, shape.pointer("/member/shape").and_then(Value::as_str).unwrap_or(""), depth + 1)])
        }
        "list" => json!([]),
        "string" => Value::from(text(shape)),
        "integer" | "long" | "float" | "double" => Value::from(least),
        "boolean" => Value::from(false),
        "timestamp" => Value::from(0),
        "blob" => Value::from(""),
        _ => json!({}),
    }
}

/// A text that fits: one of the enum, or one that the pattern likes.
fn text(shape: &Value) -> String {
    if let Some(first) = shape.pointer("/enum/0").and_then(Value::as_str) {
        return first.to_owned();
    }
    let bound = |name: &str| shape.get(name).and_then(Value::as_u64);
    let arn = ["arn", "aws", "service", "us-east-1", "000000000000", "example"].join(":");
    let url = "https://127.0.0.1/000000000000/example".to_owned();
    let texts = TEXTS.iter().map(|text| (*text).to_owned()).chain([arn, url]);
    let pattern = shape.get("pattern").and_then(Value::as_str).map(|pattern| format!("^(?:{pattern})$"));
    let pattern = pattern.and_then(|pattern| Regex::new(&pattern).ok());
    let fits = |text: &String| {
        let length = text.len() as u64;
        let long = bound("min").is_none_or(|min| min <= length) && bound("max").is_none_or(|max| length <= max);
        long && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
    };
    let padded = "example".repeat(1 + bound("min").unwrap_or(0) as usize / 7);
    texts.into_iter().find(fits).unwrap_or(padded)
}

/// A member's name as a field of its structure.
pub fn field(member: &str) -> String {
    names::field(member)
}
