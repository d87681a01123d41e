//! The event of payload format 2.0 that a function gets.

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Map, Value, json};

use crate::engine::routes::Parameters;

/// Headers of one connection: they end at the gateway.
pub(crate) const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What an event is made of.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub account: &'a str,
    pub api: &'a str,
    pub stage: &'a str,
    pub stage_variables: &'a std::collections::BTreeMap<String, String>,
    pub route_key: &'a str,
    pub parameters: &'a Parameters,
    pub method: &'a str,
    /// Decoded, with the stage's name where it is named.
    pub path: &'a str,
    /// As it came.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    pub source_ip: &'a str,
    /// What the client calls the server.
    pub domain: &'a str,
    pub domain_prefix: &'a str,
    pub request_id: &'a str,
    pub now: Timestamp,
}

/// Builds the event. Members without content are left out (observed).
pub(crate) fn build(request: &Request<'_>) -> Value {
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("version", json!("2.0"));
    set("routeKey", json!(request.route_key));
    set("rawPath", json!(request.path));
    set("rawQueryString", json!(request.query));
    let cookies = cookies(request.headers);
    if !cookies.is_empty() {
        set("cookies", json!(cookies));
    }
    set("headers", Value::Object(headers(request)));
    let query = query(request.query);
    if !query.is_empty() {
        set("queryStringParameters", Value::Object(query));
    }
    set("requestContext", context(request));
    if !request.parameters.is_empty() {
        set("pathParameters", json!(request.parameters));
    }
    if !request.stage_variables.is_empty() {
        set("stageVariables", json!(request.stage_variables));
    }
    let text = if is_text(request.headers) { std::str::from_utf8(request.body).ok() } else { None };
    let binary = text.is_none() && !request.body.is_empty();
    if !request.body.is_empty() {
        set("body", text.map_or_else(|| json!(STANDARD.encode(request.body)), |text| json!(text)));
    }
    set("isBase64Encoded", json!(binary));
    Value::Object(event)
}

fn context(request: &Request<'_>) -> Value {
    let agent = request.headers.get(http::header::USER_AGENT);
    json!({
        "accountId": request.account,
        "apiId": request.api,
        "domainName": request.domain,
        "domainPrefix": request.domain_prefix,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": agent.map_or_else(String::new, |agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
        },
        "requestId": request.request_id,
        "routeKey": request.route_key,
        "stage": request.stage,
        "time": request.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": request.now.as_ms(),
    })
}

/// Lower-case names; several values joined by commas; cookies are elsewhere.
fn headers(request: &Request<'_>) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in request.headers.keys() {
        if name == COOKIE || HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        let values = request.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        headers.insert(name.as_str().to_owned(), json!(values.collect::<Vec<_>>().join(",")));
    }
    let forwarded = headers.get("x-forwarded-for").and_then(Value::as_str);
    let forwarded = forwarded.map_or_else(|| request.source_ip.to_owned(), |by| format!("{by}, {}", request.source_ip));
    headers.insert("x-forwarded-for".into(), json!(forwarded));
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(|cookie| cookie.trim().to_owned()).filter(|c| !c.is_empty()).collect()
}

/// Decoded; several values joined by commas.
fn query(raw: &str) -> Map<String, Value> {
    let mut query: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
        let joined = match query.get(name.as_ref()).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        query.insert(name.into_owned(), json!(joined));
    }
    query
}

/// Bodies of these types are text; every other one, and one without a type, is base64, forms too (observed).
fn is_text(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use http::HeaderValue;

    use super::*;

    fn event(headers: &[(&'static str, &'static str)], query: &str, body: &[u8]) -> Value {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        build(&Request {
            account: "000000000000",
            api: "abc",
            stage: "dev",
            stage_variables: &[("v".to_owned(), "1".to_owned())].into(),
            route_key: "GET /a/{b}",
            parameters: &[("b".to_owned(), "c d".to_owned())].into(),
            method: "GET",
            path: "/dev/a/c d",
            query,
            headers: &map,
            body,
            source_ip: "10.0.0.1",
            domain: "abc.execute-api.localhost:4566",
            domain_prefix: "abc",
            request_id: "id",
            now: Timestamp::parse_iso8601("2026-11-24T00:25:04.120Z").unwrap(),
        })
    }

    #[test]
    fn an_event_says_all_of_the_request() {
        let headers = [
            ("Host", "h"),
            ("X-A", "1"),
            ("X-A", "2"),
            ("Cookie", "a=1; b=2"),
            ("Connection", "close"),
            ("User-Agent", "curl"),
        ];
        expect![[r#"{"version":"2.0","routeKey":"GET /a/{b}","rawPath":"/dev/a/c d","rawQueryString":"x=1&y=%20z&x=2&e","cookies":["a=1","b=2"],"headers":{"host":"h","x-a":"1,2","user-agent":"curl","x-forwarded-for":"10.0.0.1"},"queryStringParameters":{"x":"1,2","y":" z","e":""},"requestContext":{"accountId":"000000000000","apiId":"abc","domainName":"abc.execute-api.localhost:4566","domainPrefix":"abc","http":{"method":"GET","path":"/dev/a/c d","protocol":"HTTP/1.1","sourceIp":"10.0.0.1","userAgent":"curl"},"requestId":"id","routeKey":"GET /a/{b}","stage":"dev","time":"24/Nov/2026:00:25:04 +0000","timeEpoch":1795479904120},"pathParameters":{"b":"c d"},"stageVariables":{"v":"1"},"isBase64Encoded":false}"#]]
            .assert_eq(&event(&headers, "x=1&y=%20z&x=2&e", b"").to_string());
    }

    #[test]
    fn bodies_are_text_or_base64_by_their_type() {
        let check = |headers: &[(&'static str, &'static str)], body: &[u8], wanted: &str| {
            let event = event(headers, "", body);
            assert_eq!(json!([event["body"], event["isBase64Encoded"]]).to_string(), wanted, "{headers:?}");
        };
        check(&[("content-type", "application/json")], b"{}", r#"["{}",false]"#);
        check(&[("content-type", "Text/Plain; charset=utf-8")], b"a", r#"["a",false]"#);
        check(&[("content-type", "application/xml")], b"a", r#"["a",false]"#);
        check(&[("content-type", "application/x-www-form-urlencoded")], b"a=b", r#"["YT1i",true]"#);
        check(&[("content-type", "image/png")], b"\x89P", r#"["iVA=",true]"#);
        check(&[("content-type", "text/plain")], b"\xff", r#"["/w==",true]"#);
        check(&[], b"a", r#"["YQ==",true]"#);
        check(&[], b"", r#"[null,false]"#);
    }
}
