//! restJson and restXml: a request line, headers, an empty line and a body, as HTTP has them.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use wire::codec::XmlWriter;
use wire::protocol::{HttpInput, read_input};
use wire::{Location, Protocol, Route, Router, Structure};

use super::operations::{OPERATIONS, Operation, samples};
use super::roundtrip;
use super::wire::json;
use crate::class::{self, Class};
use crate::seeds;

/// The routers of the houses that speak REST.
static ROUTERS: LazyLock<Vec<Router>> = LazyLock::new(|| {
    let mut models: Vec<_> = OPERATIONS.iter().map(|operation| operation.model).collect();
    models.dedup_by_key(|model| std::ptr::from_ref(*model));
    models.into_iter().filter(|model| model.protocol().is_rest()).map(Router::new).collect()
});

/// A request's parts.
pub struct Parts<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub headers: HeaderMap,
    pub body: &'a [u8],
}

/// A request as it might arrive. What HTTP itself refuses is left out.
pub fn request(data: &[u8]) -> Option<Parts<'_>> {
    let at = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) =
        at.map_or((data, &[][..]), |at| (data.get(..at).unwrap_or_default(), data.get(at + 2..).unwrap_or_default()));
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = std::str::from_utf8(lines.next()?).ok()?;
    let (method, target) = line.split_once(' ')?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let parsed = (HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value.trim_ascii()).ok()?);
        headers.append(parsed.0, parsed.1);
    }
    Some(Parts { method, target, headers, body })
}

pub fn rest_json(data: &[u8]) -> Class {
    decode(Protocol::RestJson, data)
}

pub fn rest_xml(data: &[u8]) -> Class {
    decode(Protocol::RestXml, data)
}

fn decode(protocol: Protocol, data: &[u8]) -> Class {
    let Some(Parts { method, target, headers, body }) = request(data) else { return class::of("no request") };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let has_header = |name: &str| headers.contains_key(name);
    let routes = ROUTERS.iter().filter_map(|router| router.rest(method, path, query, &has_header));
    let Some(route) = routes.into_iter().find(|route| route.protocol == protocol) else {
        return class::of("no operation");
    };
    let is_routed =
        |facts: &wire::OperationFacts| (facts.name, facts.http.uri) == (route.operation.name, route.operation.http.uri);
    let Some(operation) = OPERATIONS.iter().find(|one| is_routed(one.entry.facts)) else {
        return class::of(("not supported", route.operation.name));
    };
    read(operation, &route, &HttpInput { query, headers: &headers, body })
}

fn read(operation: &Operation, route: &Route, request: &HttpInput<'_>) -> Class {
    let mut input = (operation.entry.input)();
    match read_input(route, input.as_mut(), request) {
        Err(error) => class::of((route.operation.name, class::of_text(&error))),
        Ok(missing) => {
            let valid = wire::validate(input.as_ref(), missing);
            match route.protocol {
                Protocol::RestXml => roundtrip::xml(operation.entry.input, input.as_ref()),
                _ => roundtrip::json(operation.entry.input, input.as_ref()),
            }
            let said = valid.map_or_else(|rejection| class::of_text(&rejection), |()| 0);
            class::of((said, class::of_structure(input.as_ref())))
        }
    }
}

pub fn json_seeds() -> Vec<Vec<u8>> {
    let mut found = requests(Protocol::RestJson);
    found.extend(seeds::vectors(&["rest-json.json"]).into_iter().map(|body| on(b"POST /2015-03-31/functions", &body)));
    found
}

pub fn xml_seeds() -> Vec<Vec<u8>> {
    let mut found = requests(Protocol::RestXml);
    found.extend(seeds::vectors(&["rest-xml.json"]).into_iter().map(|body| on(b"POST /bucket?delete", &body)));
    found
}

fn on(line: &[u8], body: &[u8]) -> Vec<u8> {
    [line, b"\n\n", body].concat()
}

/// A request for each operation, its members where the model has them.
fn requests(protocol: Protocol) -> Vec<Vec<u8>> {
    let written = samples(|operation, input| {
        let http = operation.entry.facts.http;
        (operation.model.protocol() == protocol).then(|| written(protocol, http.method, http.uri, input))
    });
    // The bytes that choose an operation are not needed here: the request line does.
    written.into_iter().map(|seed| seed.get(2..).unwrap_or_default().to_vec()).collect()
}

fn written(protocol: Protocol, method: &str, uri: &str, input: &dyn Structure) -> Vec<u8> {
    let facts = input.facts();
    let mut target = uri.to_owned();
    let (mut headers, mut body) = (String::new(), json(input));
    for (index, member) in facts.members.iter().enumerate() {
        if !input.member(index).is_some_and(|value| value.present()) {
            continue;
        }
        match member.location {
            Location::Uri => {
                for label in [format!("{{{}}}", member.wire_name), format!("{{{}+}}", member.wire_name)] {
                    target = target.replace(&label, "name");
                }
            }
            Location::QueryString => {
                let mark = if target.contains('?') { '&' } else { '?' };
                target.push_str(&format!("{mark}{}=1", member.wire_name));
            }
            Location::Header => headers.push_str(&format!("\n{}: 1", member.wire_name)),
            Location::HeaderPrefix => headers.push_str(&format!("\n{}key: 1", member.wire_name)),
            Location::Body if member.payload => {
                body = input.member(index).map(|value| payload(protocol, member, value)).unwrap_or_default();
            }
            _ => (),
        }
    }
    format!("{method} {target}{headers}\n\n{}", String::from_utf8_lossy(&body)).into_bytes()
}

fn payload(protocol: Protocol, member: &'static wire::Member, value: &dyn wire::Shape) -> Vec<u8> {
    if protocol == Protocol::RestXml {
        let mut writer = XmlWriter::new(member.wire_name, "");
        value.write(&mut writer, member.schema);
        return writer.out.into_bytes();
    }
    let mut writer = wire::codec::JsonWriter::default();
    value.write(&mut writer, member.schema);
    writer.out
}
