//! What the model says of a house that is to be made.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::sample;
use crate::codegen::names;

/// Everything the templates need to know.
#[derive(Debug)]
pub struct Plan {
    pub house: String,
    /// The service's full name.
    pub title: String,
    pub operation: String,
    /// In snake case.
    pub noun: String,
    pub input: String,
    pub output: String,
    /// Members that the operation's input must have, with the one that names the resource first.
    pub required: Vec<String>,
    /// Such as `ssm:GetParameter`.
    pub action: String,
    pub dialect: Dialect,
    /// The table `[members]` of support.toml.
    pub members: String,
    /// A request as tests write it.
    pub request: String,
}

/// How the service names its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Json,
    RestJson,
    Query,
}

pub fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    letters && name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-')
}

impl Plan {
    pub fn of(model: &Value, house: &str, operation: &str, noun: Option<&str>) -> anyhow::Result<Self> {
        let facts = model.pointer(&format!("/operations/{operation}"));
        let facts = facts.with_context(|| format!("the model has no operation {operation}"))?;
        let end = |name: &str| facts.pointer(&format!("/{name}/shape")).and_then(Value::as_str);
        let input = end("input").with_context(|| format!("{operation} has no input: begin with another one"))?;
        let output = end("output").map_or_else(|| format!("{operation}Nothing"), names::type_name);
        let mut required = sample::required(model, input);
        let is_name = |member: &String| sample::kind(model, input, member) == "string";
        let first = required.iter().position(is_name);
        let first =
            first.with_context(|| format!("{operation} demands no name of a resource: begin with another one"))?;
        required.swap(0, first);
        let signs_as = text(model, "signingName").or(text(model, "endpointPrefix")).unwrap_or(house);
        let dialect = match text(model, "protocol").unwrap_or_default() {
            "json" => Dialect::Json,
            "rest-json" => Dialect::RestJson,
            "query" => Dialect::Query,
            other => bail!("no template for a service that speaks {other:?}: copy a house that does"),
        };
        let noun = noun.map_or_else(|| noun_of(operation), |noun| Ok(names::snake(noun)))?;
        Ok(Self {
            house: house.to_owned(),
            title: text(model, "serviceFullName").unwrap_or(house).to_owned(),
            operation: operation.to_owned(),
            noun,
            input: names::type_name(input),
            output,
            required,
            action: format!("{signs_as}:{operation}"),
            dialect,
            members: sample::members(model, input, end("output")),
            request: sample::request(model, facts, operation, dialect),
        })
    }
}

fn text<'a>(model: &'a Value, name: &str) -> Option<&'a str> {
    model.pointer(&format!("/metadata/{name}")).and_then(Value::as_str)
}

/// `GetParameter`: `parameter`.
fn noun_of(operation: &str) -> anyhow::Result<String> {
    let words = names::snake(operation);
    let noun = words.split_once('_').map_or("", |(_, noun)| noun);
    ensure!(!noun.is_empty(), "{operation} does not say of what: say it with --noun");
    Ok(noun.to_owned())
}
