//! Bodies in the protocols whose requests are all body: the first two bytes choose the operation.

use http::HeaderMap;
use serde_json::Value;
use wire::codec::{CborWriter, JsonWriter};
use wire::protocol::{HttpInput, read_input};
use wire::{Protocol, Route, Structure, Writer};

use super::operations::{chosen, samples};
use super::roundtrip;
use crate::class::{self, Class};
use crate::seeds;

pub fn aws_json(data: &[u8]) -> Class {
    let Some((class, empty, input)) = decode(Protocol::AwsJson11, data) else { return class::of("short") };
    input.inspect(|input| roundtrip::json(empty, input.as_ref()));
    class
}

pub fn query(data: &[u8]) -> Class {
    let Some((class, empty, input)) = decode(Protocol::Query, data) else { return class::of("short") };
    input.inspect(|input| roundtrip::json(empty, input.as_ref()));
    class
}

pub fn rpc_v2_cbor(data: &[u8]) -> Class {
    let Some((class, empty, input)) = decode(Protocol::RpcV2Cbor, data) else { return class::of("short") };
    input.inspect(|input| roundtrip::cbor(empty, input.as_ref()));
    class
}

type Decoded = (Class, fn() -> Box<dyn Structure>, Option<Box<dyn Structure>>);

fn decode(protocol: Protocol, data: &[u8]) -> Option<Decoded> {
    let (operation, body) = chosen(data)?;
    let empty = operation.entry.input;
    let mut input = empty();
    let route = Route { operation: operation.entry.facts, protocol, labels: Vec::new() };
    let headers = HeaderMap::new();
    let read = read_input(&route, input.as_mut(), &HttpInput { query: "", headers: &headers, body });
    let name = operation.entry.facts.name;
    Some(match read {
        Err(error) => (class::of((name, class::of_text(&error))), empty, None),
        Ok(missing) => {
            let valid = wire::validate(input.as_ref(), missing);
            let said = valid.map_or_else(|rejection| class::of_text(&rejection), |()| 0);
            (class::of((said, class::of_structure(input.as_ref()))), empty, Some(input))
        }
    })
}

pub fn json_seeds() -> Vec<Vec<u8>> {
    let mut found = samples(|_, input| Some(json(input)));
    found.extend(seeds::vectors(&["json.json", "json_1_0.json"]).into_iter().map(any_operation));
    found
}

pub fn query_seeds() -> Vec<Vec<u8>> {
    let mut found = samples(|_, input| {
        let document: Value = serde_json::from_slice(&json(input)).ok()?;
        let mut form = String::new();
        flatten(&document, "", &mut form);
        Some(form.into_bytes())
    });
    found.extend(seeds::vectors(&["query.json"]).into_iter().map(any_operation));
    found
}

pub fn cbor_seeds() -> Vec<Vec<u8>> {
    let mut found = samples(|_, input| {
        let mut writer = CborWriter::default();
        writer.structure(input);
        Some(writer.into_bytes())
    });
    found.extend(seeds::vectors(&["smithy-rpc-v2-cbor.json"]).into_iter().map(any_operation));
    found
}

/// A body's JSON form.
pub fn json(input: &dyn Structure) -> Vec<u8> {
    let mut writer = JsonWriter::default();
    writer.structure(input);
    writer.out
}

/// A body of nobody's operation: the first one will do.
fn any_operation(body: Vec<u8>) -> Vec<u8> {
    [[0, 0].as_slice(), &body].concat()
}

/// A document as query parameters.
fn flatten(value: &Value, path: &str, form: &mut String) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| flatten(value, &below(name), form)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            flatten(item, &below(&format!("member.{}", at + 1)), form);
        }),
        Value::String(text) => form.push_str(&format!("{path}={text}&")),
        other => form.push_str(&format!("{path}={other}&")),
    }
}
