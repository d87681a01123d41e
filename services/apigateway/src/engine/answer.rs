//! What a function's answer means as HTTP, in payload format 2.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, SET_COOKIE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::engine::event::HOP_BY_HOP;

/// The answer is none that the gateway understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// An object with a status code is a response; anything else is the body of a 200 (docs).
pub(crate) fn response(payload: &Bytes) -> Result<Response<Bytes>, Malformed> {
    let value: Value = serde_json::from_slice(payload).map_err(|_| Malformed)?;
    match value {
        Value::Object(answer) if answer.contains_key("statusCode") => explicit(&answer),
        Value::String(text) => Ok(inferred(Bytes::from(text))),
        _ => Ok(inferred(payload.clone())),
    }
}

fn inferred(body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn explicit(answer: &serde_json::Map<String, Value>) -> Result<Response<Bytes>, Malformed> {
    let mut response = Response::new(body(answer)?);
    *response.status_mut() = status(answer.get("statusCode"))?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    for (name, value) in object(answer.get("headers"))? {
        let name: HeaderName = name.parse().map_err(|_| Malformed)?;
        if let Some(text) = scalar(value)?.filter(|_| !is_ours(&name)) {
            headers.insert(name, text);
        }
    }
    for cookie in list(answer.get("cookies"))? {
        headers.extend(scalar(cookie)?.map(|cookie| (SET_COOKIE, cookie)));
    }
    Ok(response)
}

/// Length, time and connection are the gateway's to say, whatever the function thinks of them.
fn is_ours(name: &HeaderName) -> bool {
    [CONTENT_LENGTH, DATE].contains(name) || HOP_BY_HOP.contains(&name.as_str())
}

fn status(value: Option<&Value>) -> Result<StatusCode, Malformed> {
    let code = match value {
        // Some languages have but one kind of number.
        Some(Value::Number(number)) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let code = code.and_then(|code| u16::try_from(code).ok()).filter(|code| (200..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Malformed)
}

fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..1000.0).contains(&number)).then_some(number as u64)
}

fn body(answer: &serde_json::Map<String, Value>) -> Result<Bytes, Malformed> {
    let text = match answer.get("body") {
        None | Some(Value::Null) => return Ok(Bytes::new()),
        Some(Value::String(text)) => text,
        Some(_) => return Err(Malformed),
    };
    match answer.get("isBase64Encoded") {
        Some(Value::Bool(true)) => STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed),
        None | Some(Value::Null | Value::Bool(false)) => Ok(Bytes::from(text.clone())),
        Some(_) => Err(Malformed),
    }
}

fn object(value: Option<&Value>) -> Result<Vec<(&String, &Value)>, Malformed> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => Ok(map.iter().collect()),
        Some(_) => Err(Malformed),
    }
}

fn list(value: Option<&Value>) -> Result<&[Value], Malformed> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Malformed),
    }
}

/// A header's value; null is none.
fn scalar(value: &Value) -> Result<Option<HeaderValue>, Malformed> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(Malformed),
    };
    HeaderValue::from_bytes(text.as_bytes()).map(Some).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &str, wanted: &str) {
        let shown = match response(&Bytes::from(payload.to_owned())) {
            Ok(response) => {
                let headers = response.headers().iter().map(|(n, v)| format!("{n}={}", v.to_str().unwrap()));
                let body = String::from_utf8_lossy(response.body());
                format!("{} {} {body}", response.status().as_u16(), headers.collect::<Vec<_>>().join(" "))
            }
            Err(Malformed) => "malformed".into(),
        };
        assert_eq!(shown, wanted, "{payload}");
    }

    #[test]
    fn answers_become_responses() {
        check(r#"{"a": 1}"#, r#"200 content-type=application/json {"a": 1}"#);
        check(r#""hello""#, "200 content-type=application/json hello");
        check("[1]", "200 content-type=application/json [1]");
        check("null", "200 content-type=application/json null");
        check(r#"{"statusCode": 204}"#, "204 content-type=text/plain;charset=UTF-8 ");
        check(r#"{"statusCode": "201", "body": "x"}"#, "201 content-type=text/plain;charset=UTF-8 x");
        check(
            r#"{"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}"#,
            "200 content-type=text/plain;charset=UTF-8 hi",
        );
        check(r#"{"statusCode": 200.0}"#, "200 content-type=text/plain;charset=UTF-8 ");
        check(
            r#"{"statusCode": 200, "headers": {"Transfer-Encoding": "chunked", "connection": "close", "Keep-Alive": "1", "Upgrade": "h2c", "Date": "now", "x": "y"}}"#,
            "200 content-type=text/plain;charset=UTF-8 x=y ",
        );
        check(
            r#"{"statusCode": 302, "headers": {"Location": "/x", "Content-Type": "a/b", "N": 1, "Z": null, "content-length": "9"}, "cookies": ["a=1", "b=2"]}"#,
            "302 content-type=a/b location=/x n=1 set-cookie=a=1 set-cookie=b=2 ",
        );
    }

    #[test]
    fn what_cannot_be_understood_is_malformed() {
        for payload in [
            "",
            "{",
            r#"{"statusCode": "abc"}"#,
            r#"{"statusCode": 99}"#,
            r#"{"statusCode": 200.5}"#,
            r#"{"statusCode": -200}"#,
            r#"{"statusCode": null}"#,
            r#"{"statusCode": 200, "body": {"a": 1}}"#,
            r#"{"statusCode": 200, "body": "not base64!", "isBase64Encoded": true}"#,
            r#"{"statusCode": 200, "headers": {"a b": "c"}}"#,
            r#"{"statusCode": 200, "headers": {"a": "b\nc"}}"#,
            r#"{"statusCode": 200, "headers": [1]}"#,
            r#"{"statusCode": 200, "cookies": "a=1"}"#,
        ] {
            check(payload, "malformed");
        }
    }
}
