//! What one house's tests lack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::record::Record;
use crate::codegen::names::constant;
use crate::codegen::source::{self, Source};

/// `tests/coverage.toml`: what cannot be tested, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    except: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// Names; with a star at its end, all that begin so.
    operations: Vec<String>,
    /// As a gap says it: `success`, `denied`, `page`, or an error's code.
    lacks: String,
    reason: String,
}

/// An error of the model.
struct Fault<'a> {
    shape: &'a str,
    code: &'a str,
    is_ours: bool,
}

/// The name of a house's package.
pub fn package(house: &Path) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
    }
    let manifest: Manifest = toml::from_str(&std::fs::read_to_string(house.join("Cargo.toml"))?)?;
    Ok(manifest.package.name)
}

/// The gaps of a house, a line for each operation that has some, and how many operations it has.
pub fn gaps(house: &Path, record: &Record) -> anyhow::Result<(Vec<String>, usize)> {
    let sources = sources(&house.join("src"))?;
    let (mut lacking, mut count) = (BTreeSet::new(), 0);
    for model in source::load(house)? {
        count += model.support.operations.len();
        for operation in &model.support.operations {
            for lacks in of_operation(&model, operation, &sources, record)? {
                lacking.insert((operation.clone(), lacks));
            }
        }
        let id = model.metadata("serviceId");
        for fault in faults(&model).iter().filter(|fault| !fault.is_ours && names(&sources, fault.shape)) {
            if !record.has(id, None, fault.code) {
                lacking.insert(("any operation".to_owned(), fault.code.to_owned()));
            }
        }
    }
    let mut gaps = Vec::new();
    for Exception { operations, lacks, reason } in exceptions(house)? {
        ensure!(!reason.trim().is_empty(), "tests/coverage.toml: {lacks}: an exception needs its reason");
        for operation in operations {
            let named = |name: &str| match operation.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == operation,
            };
            let before = lacking.len();
            lacking.retain(|(name, what)| !(*what == lacks && named(name)));
            if lacking.len() == before {
                gaps.push(format!(
                    "{operation}: {lacks} is tested, or needs no test; remove it from tests/coverage.toml"
                ));
            }
        }
    }
    let mut by_operation: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (operation, lacks) in lacking {
        by_operation.entry(operation).or_default().push(lacks);
    }
    gaps.extend(
        by_operation.into_iter().map(|(operation, lacks)| format!("{operation}: no test of {}", lacks.join(", "))),
    );
    Ok((gaps, count))
}

fn exceptions(house: &Path) -> anyhow::Result<Vec<Exception>> {
    let path = house.join("tests/coverage.toml");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(Vec::new()) };
    let exceptions: Exceptions = toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(exceptions.except)
}

fn of_operation(model: &Source, name: &str, sources: &str, record: &Record) -> anyhow::Result<Vec<String>> {
    let id = model.metadata("serviceId");
    let operation = model.operation(name)?;
    let mut lacks = Vec::new();
    let mut want = |is_there: bool, what: &str| {
        if !is_there {
            lacks.push(what.to_owned());
        }
    };
    want(record.has(id, Some(name), "ok"), "success");
    want(record.has(id, Some(name), "denied"), "denied");
    if let Some(tokens) = tokens(model, operation) {
        want(record.has_with(id, name, &tokens), "page");
    }
    let declared = operation.get("errors").and_then(Value::as_array).into_iter().flatten();
    let declared: BTreeSet<&str> = declared.filter_map(|error| error.get("shape")?.as_str()).collect();
    for fault in faults(model).iter().filter(|fault| declared.contains(fault.shape)) {
        if !fault.is_ours && names(sources, fault.shape) {
            want(record.has(id, Some(name), fault.code), fault.code);
        }
    }
    Ok(lacks)
}

/// What turns pages where botocore has no paginator, as with GetLogEvents, whose pages never end.
const TOKENS: &[&str] = &["NextToken", "nextToken", "Marker"];

/// The names, as requests write them, of the member that turns an operation's pages, if it is honoured.
fn tokens(model: &Source, operation: &Value) -> Option<Vec<String>> {
    let input = operation.pointer("/input/shape")?.as_str()?;
    let shape = model.shape(input).ok()?;
    let listed = operation.pointer("/pagination/input_token").and_then(Value::as_str);
    let is_there = |member: &&&str| shape.pointer(&format!("/members/{member}")).is_some();
    let member = listed.or_else(|| TOKENS.iter().find(is_there).copied())?;
    let wire = shape.pointer(&format!("/members/{member}/locationName")).and_then(Value::as_str);
    let named = [member, wire.unwrap_or(member)].map(str::to_owned);
    model.honours(input, member).then(|| named.to_vec())
}

fn faults(model: &Source) -> Vec<Fault<'_>> {
    let shapes = model.model.get("shapes").and_then(Value::as_object).into_iter().flatten();
    let errors = shapes.filter(|(_, shape)| shape.get("exception").is_some() || shape.get("error").is_some());
    errors
        .map(|(shape, facts)| Fault {
            shape,
            code: facts.pointer("/error/code").and_then(Value::as_str).unwrap_or(shape),
            is_ours: match facts.pointer("/error/httpStatusCode").and_then(Value::as_u64) {
                Some(status) => 500 <= status,
                None => facts.get("fault").and_then(Value::as_bool).unwrap_or(false),
            },
        })
        .collect()
}

/// Whether the house's sources name the error's constant.
fn names(sources: &str, shape: &str) -> bool {
    let name = format!("::{}", constant(shape));
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    sources.match_indices(&name).any(|(at, _)| !sources.get(at + name.len()..).is_some_and(goes_on))
}

/// The written sources of a house as one text, without their tests.
fn sources(folder: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("wire" | "wire.rs") => (),
            _ if path.is_dir() => text += &sources(&path)?,
            _ => text += std::fs::read_to_string(&path)?.split("#[cfg(test)]").next().unwrap_or_default(),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_of_errors_count() {
        assert!(names("Error::Gone => errors::NO_SUCH_KEY,", "NoSuchKey"));
        assert!(!names("Error::Gone => errors::NO_SUCH_KEY_PAIR, NO_SUCH_KEY", "NoSuchKey"));
    }

    #[test]
    fn without_tests_everything_is_missed() {
        let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/logs");
        let (gaps, count) = gaps(&logs, &Record::default()).unwrap();
        let of = |operation: &str| gaps.iter().find(|gap| gap.starts_with(operation)).map(String::as_str);
        let wanted =
            "GetLogEvents: no test of InvalidParameterException, ResourceNotFoundException, denied, page, success";
        assert_eq!(of("GetLogEvents"), Some(wanted));
        assert!(of("DeleteLogGroup").is_some_and(|gap| !gap.contains("page")));
        assert!(of("any operation").is_some_and(|gap| gap.contains("TooManyTagsException")));
        assert_eq!(gaps.len(), count + 1, "each operation, and any of them");
    }
}
