//! Answers out: an operation's output becomes status, headers and body.

use base::Timestamp;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::codec::{CborWriter, JsonWriter, TextWriter, XmlWriter};
use crate::facts::{Kind, Location, Member, Model, OperationFacts, Protocol, Schema, TimestampFormat};
use crate::router::Route;
use crate::shape::{Shape, Structure, Writer};

/// An answer, ready for HTTP. A streamed body is added by whoever streams it.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

const XML_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

impl Rendered {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn xml(status: u16, content_type: &'static str, xml: &str) -> Self {
        Self::new(status, content_type, format!("{XML_DECLARATION}{xml}"))
    }

    pub(crate) fn cbor(status: u16, writer: CborWriter) -> Self {
        let mut rendered = Self::new(status, "application/cbor", writer.into_bytes());
        rendered.set("smithy-protocol", "rpc-v2-cbor");
        rendered
    }

    /// Sets a header; a value that HTTP cannot carry is left out.
    pub fn set(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
            self.headers.insert(name, value);
        }
    }
}

/// Encodes an output in the protocol that the request spoke.
pub fn write_output(model: &Model, route: &Route, output: &dyn Structure, request_id: &str) -> Rendered {
    let operation = route.operation;
    if operation.event_exceptions().is_some() {
        return events(route, output);
    }
    match route.protocol {
        Protocol::AwsJson10 => Rendered::new(200, "application/x-amz-json-1.0", json(output)),
        Protocol::AwsJson11 => Rendered::new(200, "application/x-amz-json-1.1", json(output)),
        Protocol::Query => query(model, operation, output, request_id),
        Protocol::RestJson | Protocol::RestXml => rest(model, route, output),
        Protocol::RpcV2Cbor => {
            let mut writer = CborWriter::default();
            writer.structure(output);
            Rendered::cbor(200, writer)
        }
    }
}

/// The output as a document with the protocol's names (calls inside the server). Headers are members too.
pub fn write_document(output: &dyn Structure) -> Value {
    let mut document = serde_json::Map::new();
    for (index, member) in output.facts().members.iter().enumerate() {
        let Some(value) = output.member(index).filter(|value| value.present()) else { continue };
        let mut writer = JsonWriter::default();
        value.write(&mut writer, member.schema);
        let name = if member.location == Location::Body { member.wire_name } else { member.name };
        document.insert(name.to_owned(), serde_json::from_slice(&writer.out).unwrap_or_default());
    }
    Value::Object(document)
}

fn json(output: &dyn Structure) -> Vec<u8> {
    let mut writer = JsonWriter::default();
    writer.structure(output);
    writer.out
}

fn query(model: &Model, operation: &OperationFacts, output: &dyn Structure, request_id: &str) -> Rendered {
    let name = operation.name;
    let mut result = String::new();
    if !operation.result_wrapper.is_empty() {
        let mut writer = XmlWriter::new(operation.result_wrapper, "");
        writer.structure(output);
        result = writer.out;
    }
    let namespace = model.xml_namespace;
    let metadata = format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
    let xml = format!("<{name}Response xmlns=\"{namespace}\">{result}{metadata}</{name}Response>");
    Rendered::new(200, "text/xml", xml)
}

fn rest(model: &Model, route: &Route, output: &dyn Structure) -> Rendered {
    let (facts, operation) = (output.facts(), route.operation);
    let is_json = route.protocol == Protocol::RestJson;
    let mut rendered = match facts.payload() {
        Some((_, member)) if member.streaming => Rendered::new(200, "binary/octet-stream", Bytes::new()),
        Some((index, member)) => payload(model, route.protocol, member, output.member(index)),
        None if is_json => Rendered::new(200, "application/json", json(output)),
        None if facts.members.iter().any(|m| m.location.is_in_answers_body()) => {
            let mut writer = XmlWriter::new(operation.output_root, model.xml_namespace).with_milliseconds();
            writer.structure(output);
            Rendered::xml(200, "application/xml", &writer.out)
        }
        None => Rendered { status: 200, headers: HeaderMap::new(), body: Bytes::new() },
    };
    rendered.status = operation.http.status;
    located(&mut rendered, output);
    rendered
}

/// What stands before a stream of events. RPC protocols say the rest in its first event.
fn events(route: &Route, output: &dyn Structure) -> Rendered {
    let mut rendered = Rendered::new(route.operation.http.status, "application/vnd.amazon.eventstream", Bytes::new());
    match route.protocol {
        Protocol::RestJson | Protocol::RestXml => located(&mut rendered, output),
        Protocol::RpcV2Cbor => rendered.set("smithy-protocol", "rpc-v2-cbor"),
        _ => (),
    }
    rendered
}

/// Adds the members that travel in headers or as the status.
fn located(rendered: &mut Rendered, output: &dyn Structure) {
    for (index, member) in output.facts().members.iter().enumerate() {
        let Some(value) = output.member(index).filter(|value| value.present()) else { continue };
        match member.location {
            Location::StatusCode => {
                if let Some(Ok(status)) = header(value, member).map(|text| text.parse()) {
                    rendered.status = status;
                }
            }
            Location::Header => {
                if let Some(text) = header(value, member) {
                    rendered.set(member.wire_name, &text);
                }
            }
            Location::HeaderPrefix => {
                let mut entries = Entries::default();
                value.write(&mut entries, member.schema);
                for (key, text) in entries.0 {
                    rendered.set(&format!("{}{key}", member.wire_name), &text);
                }
            }
            _ => (),
        }
    }
    if rendered.status == 204 {
        rendered.headers.remove(http::header::CONTENT_TYPE);
        rendered.body = Bytes::new();
    }
}

fn payload(model: &Model, protocol: Protocol, member: &'static Member, value: Option<&dyn Shape>) -> Rendered {
    let is_json = protocol == Protocol::RestJson;
    let Some(value) = value.filter(|value| value.present()) else {
        return Rendered { status: 200, headers: HeaderMap::new(), body: Bytes::new() };
    };
    match &member.schema.kind {
        Kind::Blob | Kind::String => {
            let mut raw = RawWriter(Bytes::new());
            value.write(&mut raw, member.schema);
            let is_text = matches!(member.schema.kind, Kind::String);
            let content_type = match (is_json, is_text) {
                (_, true) => "text/plain",
                // What Lambda says of the payload that a function returned.
                (true, false) => "application/json",
                (false, false) => "application/octet-stream",
            };
            Rendered::new(200, content_type, raw.0)
        }
        _ if is_json => {
            let mut writer = JsonWriter::default();
            value.write(&mut writer, member.schema);
            Rendered::new(200, "application/json", writer.out)
        }
        _ => {
            let mut writer = XmlWriter::new(member.root(), model.xml_namespace).with_milliseconds();
            value.write(&mut writer, member.schema);
            Rendered::xml(200, "application/xml", &writer.out)
        }
    }
}

fn header(value: &dyn Shape, member: &'static Member) -> Option<String> {
    let mut writer = TextWriter::new(TimestampFormat::HttpDate);
    value.write(&mut writer, member.schema);
    writer.out
}

macro_rules! ignores {
    ($($name:ident: $type:ty),*) => { $( fn $name(&mut self, _: $type, _: &'static Schema) {} )* };
}

/// Collects a map of strings.
#[derive(Default)]
struct Entries(Vec<(String, String)>);

impl Writer for Entries {
    fn structure(&mut self, _: &dyn Structure) {}
    fn list(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = &dyn Shape>) {}
    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { value: of, .. } = &schema.kind else { return };
        for (key, value) in entries {
            let mut text = TextWriter::new(TimestampFormat::HttpDate);
            value.write(&mut text, of);
            self.0.push((key.to_owned(), text.out.unwrap_or_default()));
        }
    }
    ignores!(boolean: bool, integer: i64, double: f64, string: &str, blob: &Bytes, timestamp: Timestamp, document: &Value);
}

/// Keeps bytes or text as they are.
struct RawWriter(Bytes);

impl Writer for RawWriter {
    fn structure(&mut self, _: &dyn Structure) {}
    fn list(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = &dyn Shape>) {}
    fn map(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {}
    fn string(&mut self, value: &str, _: &'static Schema) {
        self.0 = Bytes::copy_from_slice(value.as_bytes());
    }
    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        self.0 = value.clone();
    }
    ignores!(boolean: bool, integer: i64, double: f64, timestamp: Timestamp, document: &Value);
}
