//! Results of the "output" vectors, encoded, against their responses.

use serde_json::Value;
use wire::protocol::{ErrorBody, Rendered, write_error, write_output};
use wire::{Location, Protocol};

use crate::compare::{Element, cbor, same};
use crate::input;
use crate::model::{self, Made, make};
use crate::value::Dynamic;

pub fn judge(suite: &Value, case: &Value) -> Result<(), String> {
    let made = make(suite, case);
    let rendered = if case.get("errorCode").is_some() { failure(suite, case, &made) } else { success(case, &made) };
    let response = &case["response"];
    if response["status_code"].as_u64() != Some(rendered.status.into()) {
        return Err(format!("status {}", rendered.status));
    }
    headers(&rendered, &response["headers"])?;
    let expected = response["body"].as_str().unwrap_or("");
    let is_document = !expected.trim().is_empty() && payload_is_document(case, &made);
    let body = String::from_utf8_lossy(&rendered.body);
    let agrees = match made.model.protocol() {
        Protocol::RpcV2Cbor => same(&plain(cbor(&rendered.body)), &plain(cbor(&input::body(response, expected)))),
        _ if !is_document => expected.trim().is_empty() && nothing(&body) || body == expected,
        Protocol::RestXml | Protocol::Query => Element::parse(&body) == Element::parse(expected),
        _ => {
            let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(|e| format!("{e}: {text}"));
            same(&plain(parse(&body)?), &plain(parse(expected)?))
        }
    };
    if agrees { Ok(()) } else { Err(format!("wrote {body}\n    for {expected}")) }
}

/// What a client reads as an empty answer.
fn nothing(body: &str) -> bool {
    let body = body.trim();
    let bookkeeping = |body: &str| Element::parse(body).is_some_and(|element| element.says_nothing());
    body.is_empty() || body == "{}" || body == r#"{"message":""}"# || bookkeeping(body)
}

/// An error's type without its namespace, which these models do not name.
fn plain(mut document: Value) -> Value {
    if let Some(Value::String(kind)) = document.get_mut("__type") {
        *kind = kind.rsplit('#').next().unwrap().to_owned();
    }
    document
}

fn success(case: &Value, made: &Made) -> Rendered {
    let (_, facts) = made.operation.shapes.unwrap();
    let output = Dynamic::from_json(facts, &case["result"]);
    write_output(made.model, &made.route(), &output, "foo-id")
}

fn failure(suite: &Value, case: &Value, made: &Made) -> Rendered {
    let shape = case["given"]["errors"][0]["shape"].as_str().unwrap();
    let (facts, members) = model::error(suite, shape);
    let error = Dynamic::from_json(members, &case["error"]);
    let message = case["errorMessage"].as_str().unwrap_or("");
    let body = wire::protocol::write_document(&error);
    let members: Vec<(&'static str, Value)> = members
        .members
        .iter()
        .filter(|m| !m.name.eq_ignore_ascii_case("message"))
        .map(|m| (if m.location == Location::Body { m.wire_name } else { m.name }, m))
        .filter_map(|(name, m)| Some((name, body.get(name).or_else(|| body.get(m.name))?.clone())))
        .collect();
    let error = ErrorBody { facts: &facts, message, members: &members, request_id: "foo-id", resource: "" };
    write_error(made.model, made.model.protocol(), &error)
}

/// A payload of bytes or text is compared as it is.
fn payload_is_document(case: &Value, made: &Made) -> bool {
    let (_, facts) = made.operation.shapes.unwrap();
    let payload = facts.payload().map(|(_, member)| &member.schema.kind);
    case.get("errorCode").is_some() || !matches!(payload, Some(wire::Kind::Blob | wire::Kind::String))
}

/// Headers that belong to the transport, to the request or to whoever names requests.
const NOT_THE_CODECS: &[&str] = &["content-length", "x-amz-target", "x-amzn-requestid"];

fn headers(rendered: &Rendered, expected: &Value) -> Result<(), String> {
    for (name, value) in expected.as_object().into_iter().flatten() {
        let name = name.to_lowercase();
        let untyped = name == "content-type" && rendered.body.is_empty();
        if NOT_THE_CODECS.contains(&name.as_str()) || untyped {
            continue;
        }
        let written = rendered.headers.get(&name).and_then(|v| v.to_str().ok()).unwrap_or("");
        let list = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
        if list(written) != list(value.as_str().unwrap()) {
            return Err(format!("header {name}: {written:?} for {value}"));
        }
    }
    Ok(())
}
