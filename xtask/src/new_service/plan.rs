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
    /// Such as `ssm::GetParameter(s.arn("ssm", &format!("parameter/{name}", name = i.name)))`.
    pub demand: String,
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
    /// `permissions` are IAM's facts of the service.
    pub fn of(
        model: &Value,
        permissions: &Value,
        house: &str,
        operation: &str,
        noun: Option<&str>,
    ) -> anyhow::Result<Self> {
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
        let dialect = match text(model, "protocol").unwrap_or_default() {
            "json" => Dialect::Json,
            "rest-json" => Dialect::RestJson,
            "query" => Dialect::Query,
            other => bail!("no template for a service that speaks {other:?}: copy a house that does"),
        };
        let noun = noun.map_or_else(|| noun_of(operation), |noun| Ok(names::snake(noun)))?;
        let demand = demand(permissions, operation, &names::field(required.first().map_or("", String::as_str)))?;
        Ok(Self {
            house: house.to_owned(),
            title: text(model, "serviceFullName").unwrap_or(house).to_owned(),
            operation: operation.to_owned(),
            noun,
            input: names::type_name(input),
            output,
            required,
            demand,
            dialect,
            members: sample::members(model, input, end("output")),
            request: sample::request(model, facts, operation, dialect),
        })
    }
}

fn text<'a>(model: &'a Value, name: &str) -> Option<&'a str> {
    model.pointer(&format!("/metadata/{name}")).and_then(Value::as_str)
}

/// What the operation demands: its own action, on the first type of resource that the action takes.
fn demand(permissions: &Value, operation: &str, name: &str) -> anyhow::Result<String> {
    let word = |pointer: &str| permissions.pointer(pointer).and_then(Value::as_str);
    let service = word("/service").unwrap_or_default();
    let action = permissions.pointer(&format!("/actions/{operation}"));
    let action =
        action.with_context(|| format!("IAM knows no action {service}:{operation}: begin with another one"))?;
    let kind = action.pointer("/resources/0").and_then(Value::as_str).unwrap_or_default();
    let path = format!("{}::{operation}", service.replace('-', "_"));
    let Some(format) = word(&format!("/resources/{kind}/arns/0")) else { return Ok(format!("{path}(\"*\")")) };
    let parts: Vec<&str> = format.splitn(6, ':').collect();
    let [_, _, service, region, account, resource] = parts.as_slice() else { bail!("{format} is no ARN") };
    let scope = match (region.is_empty(), account.is_empty()) {
        (false, _) => "s.arn",
        (true, false) => "s.scope.global_arn",
        (true, true) => "s.scope.bare_arn",
    };
    let (mut resource, mut named) = ((*resource).to_owned(), String::new());
    while let Some((before, after)) = resource.split_once("${").and_then(|(b, rest)| Some((b, rest.split_once('}')?.1)))
    {
        resource = format!("{before}\u{1}{after}");
        named = format!(", name = i.{name}");
    }
    let resource = resource.replace('\u{1}', "{name}");
    Ok(format!("{path}({scope}({service:?}, &format!({resource:?}{named})))"))
}

/// `GetParameter`: `parameter`.
fn noun_of(operation: &str) -> anyhow::Result<String> {
    let words = names::snake(operation);
    let noun = words.split_once('_').map_or("", |(_, noun)| noun);
    ensure!(!noun.is_empty(), "{operation} does not say of what: say it with --noun");
    Ok(noun.to_owned())
}
