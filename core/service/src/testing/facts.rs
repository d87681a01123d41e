//! IAM's facts: what a house demands is held against them in every test.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::{Demand, Failure};

/// Where the houses keep them: services/*/model/<prefix>.iam.json.
const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../services");

/// Refuses a demand of an unknown action, on a resource of a type that the action does not take, or with a condition key
/// that neither knows.
pub(crate) fn hold(demand: &Demand) -> Result<(), Failure> {
    let (prefix, name) = demand.action.split_once(':').unwrap_or_default();
    let Some(facts) = all().iter().find(|facts| facts["service"] == prefix) else {
        return Err(Failure::defect(format!("{}: no house has IAM's facts of it", demand.action)));
    };
    match fault(facts, entry(facts, "actions", name), demand) {
        Some(fault) => Err(Failure::defect(format!("{}: {fault}", demand.action))),
        None => Ok(()),
    }
}

fn all() -> &'static [Value] {
    static FACTS: OnceLock<Vec<Value>> = OnceLock::new();
    FACTS.get_or_init(|| {
        let houses = files(Path::new(SERVICES)).into_iter().map(|house| house.join("model"));
        let facts = houses.flat_map(|model| files(&model)).filter(|path| path.to_string_lossy().ends_with(".iam.json"));
        facts.filter_map(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok()).collect()
    })
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn fault(facts: &Value, action: &Value, demand: &Demand) -> Option<String> {
    if action.is_null() {
        return Some("IAM knows no such action".into());
    }
    let names: Vec<&str> = texts(&action["resources"]).collect();
    let types: Vec<&Value> = names.iter().map(|name| entry(facts, "resources", name)).collect();
    let is_taken = match types.as_slice() {
        [] => demand.resource == "*",
        types => types.iter().flat_map(|known| texts(&known["arns"])).any(|format| fits(format, &demand.resource)),
    };
    if !is_taken {
        return Some(format!("{} is none of the types of resource it takes: {names:?}", demand.resource));
    }
    let known: Vec<&str> = texts(&action["keys"]).chain(types.iter().flat_map(|known| texts(&known["keys"]))).collect();
    let given = demand.context.iter().map(|(key, _)| *key).chain(demand.tags.iter().map(|(key, _)| key.as_str()));
    let unknown = given.into_iter().find(|key| !known.iter().any(|known| is_key(known, key)))?;
    Some(format!("it does not know the condition key {unknown}, but {known:?}"))
}

fn entry<'a>(facts: &'a Value, table: &str, name: &str) -> &'a Value {
    facts.get(table).and_then(|table| table.get(name)).unwrap_or(&Value::Null)
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Names in formats that stand for text with slashes.
const SLASHED: &[&str] =
    &["Path", "ObjectName", "LogGroupName", "LogStreamName", "Parameter", "Secret", "RouteKey", "ARN"];

/// Whether an ARN has this format. What stands for `${Name}` has no slash, unless the name says so.
fn fits(format: &str, arn: &str) -> bool {
    let Some((fixed, rest)) = format.split_once("${") else { return format == arn };
    let Some(arn) = arn.strip_prefix(fixed) else { return false };
    let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
    let has_slashes = SLASHED.iter().any(|word| name.contains(word));
    let end = if has_slashes { arn.len() } else { arn.find('/').unwrap_or(arn.len()) };
    (0..=end).any(|at| arn.get(at..).is_some_and(|arn| fits(after, arn)))
}

/// Whether a key is this one; tags' keys end with the tag's own (`aws:RequestTag/${TagKey}`, `/<key>`).
fn is_key(known: &str, given: &str) -> bool {
    let stem = known.split(['$', '<']).next().unwrap_or_default();
    known.eq_ignore_ascii_case(given)
        || stem != known && given.to_ascii_lowercase().starts_with(&stem.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";

    #[test]
    fn arns_fit_their_formats() {
        assert!(fits(OBJECT, "arn:aws:s3:::photos/a/b:c"));
        assert!(
            !fits(OBJECT, "arn:aws:s3:::photos") && !fits(OBJECT, "arn:aws:sqs:us-east-1:1:q/x") && !fits(OBJECT, "*")
        );
        let cors = "arn:${Partition}:apigateway:${Region}::/apis/${ApiId}/cors";
        assert!(fits(cors, "arn:aws:apigateway:us-east-1::/apis/a/cors"));
        assert!(!fits(cors, "arn:aws:apigateway:us-east-1::/apis/a/cors/x"));
        assert!(!fits("arn:${Partition}:apigateway:${Region}::/apis", "arn:aws:apigateway:us-east-1::/apis/a"));
    }

    #[test]
    fn demands_are_held_against_what_iam_knows() {
        let object = "arn:aws:s3:::photos/a";
        assert!(hold(&Demand::new("s3:GetObject", object)).is_ok());
        assert!(hold(&Demand::new("s3:HeadObject", object)).is_err());
        assert!(hold(&Demand::new("s3:ListBucket", object)).is_err());
        assert!(hold(&Demand::new("s3:ListBucket", "arn:aws:s3:::photos").with("s3:prefix", "a")).is_ok());
        assert!(hold(&Demand::new("s3:GetObject", object).with("s3:prefix", "a")).is_err());
        let tagged =
            Demand::new("iam:TagRole", "arn:aws:iam::000000000000:role/r").with_tag("aws:RequestTag", "team", "a");
        assert!(hold(&tagged).is_ok());
    }
}
