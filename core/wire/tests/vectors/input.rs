//! Requests of the "input" vectors, decoded, against their parameters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use wire::protocol::{HttpInput, read_input};
use wire::{Location, Protocol, ReadError, Route, Router, rpc_names};

use crate::compare::same;
use crate::model::{Made, make};
use crate::value::Dynamic;

/// A vector's request, taken apart as the edge does.
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    pub fn of(case: &Value) -> Self {
        let serialized = &case["serialized"];
        let uri = serialized["uri"].as_str().unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let mut headers = HeaderMap::new();
        for (name, value) in serialized["headers"].as_object().into_iter().flatten() {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
        }
        Self {
            method: serialized["method"].as_str().unwrap().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body(serialized, serialized["body"].as_str().unwrap_or("")),
        }
    }

    /// Routes and decodes the request.
    pub fn read(&self, made: &Made) -> Result<Dynamic, ReadError> {
        let route = self.route(made).ok_or_else(|| ReadError::Malformed("no operation is there".into()))?;
        let mut input = Dynamic::new(made.operation.shapes.unwrap().0);
        let request = HttpInput { query: &self.query, headers: &self.headers, body: &self.body };
        read_input(&route, &mut input, &request)?;
        Ok(input)
    }

    fn route(&self, made: &Made) -> Option<Route> {
        let router = Router::new(made.model);
        let protocol = made.model.protocol();
        match protocol {
            Protocol::RestJson | Protocol::RestXml => {
                router.rest(&self.method, &self.path, &self.query, &|name| self.headers.contains_key(name))
            }
            Protocol::AwsJson10 | Protocol::AwsJson11 => router.named(
                protocol,
                self.headers
                    .get("x-amz-target")
                    .map_or(made.operation.name, |target| target.to_str().unwrap_or("").rsplit('.').next().unwrap()),
            ),
            Protocol::RpcV2Cbor => rpc_names(&self.path).and_then(|(_, name)| router.named(protocol, name)),
            Protocol::Query => router.named(protocol, made.operation.name),
        }
    }
}

pub fn judge(suite: &Value, case: &Value) -> Result<(), String> {
    let made = make(suite, case);
    let read = Request::of(case).read(&made).map_err(|error| error.to_string())?.to_json();
    let empty = Value::Object(serde_json::Map::new());
    let params = case.get("params").filter(|params| !params.is_null()).unwrap_or(&empty);
    let read = without_map_of_all(&made, read, params);
    if same(&read, &sent(params, &read)) { Ok(()) } else { Err(format!("read {read}\n    of {params}")) }
}

/// The parameters that travel: no nulls, and no empty list or map that nothing on the wire stands for.
fn sent(params: &Value, read: &Value) -> Value {
    let Value::Object(members) = params else { return params.clone() };
    let empty = |v: &Value| v.as_array().is_some_and(Vec::is_empty) || v.as_object().is_some_and(|o| o.is_empty());
    let travels = |k: &str, v: &Value| !(v.is_null() || empty(v) && read.get(k).is_none());
    Value::Object(members.iter().filter(|(k, v)| travels(k, v)).map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// A server's map of query parameters holds all of them, a client's only those that no other member names.
fn without_map_of_all(made: &Made, mut read: Value, params: &Value) -> Value {
    let (facts, _) = made.operation.shapes.unwrap();
    for member in facts.members.iter().filter(|m| m.location == Location::QueryMap) {
        if params.get(member.name).is_none() {
            read.as_object_mut().unwrap().remove(member.name);
        }
    }
    read
}

/// CBOR stands in the vectors as base64.
pub fn body(message: &Value, text: &str) -> Vec<u8> {
    match message["headers"]["smithy-protocol"].as_str() {
        Some(_) => STANDARD.decode(text).unwrap(),
        None => text.as_bytes().to_vec(),
    }
}
