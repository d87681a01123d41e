//! Which shapes the supported operations need, through the members we honour.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, ensure};
use serde_json::Value;

use super::source::{Members, Source};

/// Shapes in use, by name; and the structures among them that contain themselves.
#[derive(Debug, Default)]
pub struct Reached {
    pub shapes: BTreeSet<String>,
    pub recursive: BTreeSet<String>,
}

/// Follows the supported operations' inputs and outputs. Every structure met must be listed in `support.toml`.
pub fn reach(source: &Source) -> anyhow::Result<Reached> {
    let mut reached = Reached::default();
    let mut unlisted = Vec::new();
    let mut pending: Vec<String> = Vec::new();
    for name in &source.support.operations {
        let operation = source.operation(name)?;
        let ends = ["input", "output"].iter().filter_map(|end| operation.get(end)?.get("shape")?.as_str());
        pending.extend(ends.map(str::to_owned));
    }
    while let Some(name) = pending.pop() {
        if !reached.shapes.insert(name.clone()) {
            continue;
        }
        let shape = source.shape(&name)?;
        if is_structure(shape) && !source.support.members.contains_key(&name) {
            let all = member_names(shape).iter().map(|m| format!("\"{m}\"")).collect::<Vec<_>>().join(", ");
            unlisted.push(format!("{name} = [{all}]"));
        }
        pending.extend(targets(source, &name, shape));
    }
    if !unlisted.is_empty() {
        bail!(
            "support.toml lists no [members] of these structures in use; all their members are:\n{}",
            unlisted.join("\n")
        );
    }
    check_lists(source, &reached)?;
    let graph: BTreeMap<&String, Vec<String>> =
        reached.shapes.iter().filter_map(|name| Some((name, direct(source, name, source.shape(name).ok()?)))).collect();
    reached.recursive = reached.shapes.iter().filter(|name| returns(&graph, name)).cloned().collect();
    Ok(reached)
}

fn check_lists(source: &Source, reached: &Reached) -> anyhow::Result<()> {
    for (name, members) in &source.support.members {
        ensure!(reached.shapes.contains(name), "[members] {name}: no supported operation uses it");
        let known = member_names(source.shape(name)?);
        match members {
            Members::Word(word) => ensure!(word == "all", "[members] {name}: a list, or \"all\""),
            Members::List(list) => {
                for member in list {
                    ensure!(known.contains(member), "[members] {name}: no member {member}");
                }
            }
        }
    }
    for path in source.support.only.keys() {
        let known = path.split_once('.').is_some_and(|(shape, member)| source.honours(shape, member));
        ensure!(known, "[only] {path}: not an honoured member");
    }
    Ok(())
}

/// The shapes that a shape's honoured members, items, keys and values are of.
pub fn targets(source: &Source, name: &str, shape: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(members) = shape.get("members").and_then(Value::as_object) {
        if shape.get("rustType").is_some() {
            return found;
        }
        let exceptions = exceptions(source, shape);
        let is_exception = |member: &String| exceptions.iter().any(|(exception, _)| exception == member);
        let honoured = members.iter().filter(|(member, _)| source.honours(name, member) && !is_exception(member));
        found.extend(honoured.filter_map(|(_, m)| shape_of(m)));
    }
    for part in ["member", "key", "value"] {
        found.extend(shape.get(part).and_then(shape_of));
    }
    found
}

/// Structures that a structure holds directly, without a list or map between.
fn direct(source: &Source, name: &str, shape: &Value) -> Vec<String> {
    if !is_structure(shape) {
        return Vec::new();
    }
    let is_direct = |target: &String| source.shape(target).is_ok_and(is_structure);
    targets(source, name, shape).into_iter().filter(is_direct).collect()
}

fn returns(graph: &BTreeMap<&String, Vec<String>>, start: &String) -> bool {
    let mut seen = BTreeSet::new();
    let mut pending: Vec<&String> = graph.get(start).into_iter().flatten().collect();
    while let Some(name) = pending.pop() {
        if name == start {
            return true;
        }
        if seen.insert(name) {
            pending.extend(graph.get(name).into_iter().flatten());
        }
    }
    false
}

pub fn is_structure(shape: &Value) -> bool {
    shape.get("type").and_then(Value::as_str) == Some("structure")
        && shape.get("rustType").is_none()
        && !shape.get("document").and_then(Value::as_bool).unwrap_or(false)
}

/// Whether the shape's members are the events of a stream.
pub fn is_event_stream(shape: &Value) -> bool {
    shape.get("eventstream").and_then(Value::as_bool).unwrap_or(false)
}

/// The members of a stream of events that are errors, each with its shape.
pub fn exceptions(source: &Source, shape: &Value) -> Vec<(String, String)> {
    let members = shape.get("members").and_then(Value::as_object).filter(|_| is_event_stream(shape));
    let members = members.into_iter().flatten().filter_map(|(name, member)| Some((name.clone(), shape_of(member)?)));
    let is_error = |shape: &String| source.shape(shape).is_ok_and(|s| s.get("exception").is_some());
    members.filter(|(_, shape)| is_error(shape)).collect()
}

pub fn shape_of(reference: &Value) -> Option<String> {
    reference.get("shape")?.as_str().map(str::to_owned)
}

pub fn member_names(shape: &Value) -> Vec<String> {
    let members = shape.get("members").and_then(Value::as_object);
    members.map(|m| m.keys().cloned().collect()).unwrap_or_default()
}
