//! Streams of events out: each event, and the error that ends a stream, as a frame's message.

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::codec::eventstream::{HeaderValue, Message};
use crate::codec::{CborWriter, JsonWriter, XmlWriter};
use crate::facts::{Kind, Location, Member, Model, Protocol, Schema};
use crate::protocol::{ErrorBody, Rendered, write_error};
use crate::router::Route;
use crate::shape::{Shape, Structure, Writer};

/// What a stream begins with where headers cannot say it (RPC protocols): the output's members that are no stream.
pub fn initial_response(protocol: Protocol, output: &dyn Structure) -> Option<Message> {
    if protocol.is_rest() {
        return None;
    }
    let (content_type, payload) = document(protocol, "", output);
    Some(Message::event("initial-response", content_type, payload))
}

/// The event that a stream's union holds; `None` where it holds none.
pub fn write_event(protocol: Protocol, union: &dyn Structure) -> Option<Message> {
    let members = union.facts().members.iter().enumerate();
    let mut present =
        members.filter_map(|(index, member)| Some((member, union.member(index).filter(|m| m.present())?)));
    let (member, value) = present.next()?;
    let mut writer = EventWriter { protocol, member, message: None };
    value.write(&mut writer, member.schema);
    writer.message
}

/// The error that ends a stream: an exception where the stream's model lists it, else an error without a shape.
pub fn write_event_error(model: &Model, route: &Route, error: &ErrorBody<'_>) -> Message {
    let listed = route.operation.event_exceptions().unwrap_or_default();
    match listed.iter().find(|(_, shape)| *shape == error.facts.shape) {
        Some((member, _)) => {
            let Rendered { body, .. } = write_error(model, route.protocol, error);
            Message::exception(member, structured(route.protocol), body)
        }
        None => Message::error(error.facts.code, error.message),
    }
}

/// The content type of documents in events.
fn structured(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson => "application/json",
        Protocol::RestXml | Protocol::Query => "text/xml",
        Protocol::RpcV2Cbor => "application/cbor",
    }
}

fn document(protocol: Protocol, root: &'static str, from: &dyn Structure) -> (&'static str, Bytes) {
    let bytes = match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson => {
            let mut writer = JsonWriter::default();
            writer.structure(from);
            writer.out
        }
        Protocol::RestXml | Protocol::Query => {
            let mut writer = XmlWriter::new(root, "");
            writer.structure(from);
            writer.out.into_bytes()
        }
        Protocol::RpcV2Cbor => {
            let mut writer = CborWriter::default();
            writer.structure(from);
            writer.into_bytes()
        }
    };
    (structured(protocol), bytes.into())
}

macro_rules! ignores {
    ($($name:ident: $type:ty),*) => { $( fn $name(&mut self, _: $type, _: &'static Schema) {} )* };
}

/// Makes a message of the structure that it is shown.
struct EventWriter {
    protocol: Protocol,
    /// The member of the union that the event is.
    member: &'static Member,
    message: Option<Message>,
}

impl Writer for EventWriter {
    fn structure(&mut self, from: &dyn Structure) {
        let members = || from.facts().members.iter().enumerate();
        let payload = members().find(|(_, member)| member.payload);
        let mut message = match payload {
            Some((index, member)) => {
                let mut part = Part { protocol: self.protocol, member, content_type: "", bytes: Bytes::new() };
                if let Some(value) = from.member(index).filter(|value| value.present()) {
                    value.write(&mut part, member.schema);
                }
                Message::event(self.member.wire_name, part.content_type, part.bytes)
            }
            None if members().any(|(_, member)| member.location == Location::Body) => {
                let (content_type, bytes) = document(self.protocol, self.member.schema.name, from);
                Message::event(self.member.wire_name, content_type, bytes)
            }
            None => Message::event(self.member.wire_name, "", Bytes::new()),
        };
        for (index, member) in members().filter(|(_, member)| member.location == Location::EventHeader) {
            let Some(value) = from.member(index).filter(|value| value.present()) else { continue };
            let mut header = Header { value: None };
            value.write(&mut header, member.schema);
            message.headers.extend(header.value.map(|value| (member.wire_name.to_owned(), value)));
        }
        self.message = Some(message);
    }

    fn list(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = &dyn Shape>) {}
    fn map(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {}
    ignores!(boolean: bool, integer: i64, double: f64, string: &str, blob: &Bytes, timestamp: Timestamp, document: &Value);
}

/// An event's payload that one member is: bytes, text or a document.
struct Part {
    protocol: Protocol,
    member: &'static Member,
    content_type: &'static str,
    bytes: Bytes,
}

impl Writer for Part {
    fn structure(&mut self, from: &dyn Structure) {
        (self.content_type, self.bytes) = document(self.protocol, self.member.root(), from);
    }

    fn string(&mut self, value: &str, _: &'static Schema) {
        (self.content_type, self.bytes) = ("text/plain", Bytes::copy_from_slice(value.as_bytes()));
    }

    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        (self.content_type, self.bytes) = ("application/octet-stream", value.clone());
    }

    fn list(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = &dyn Shape>) {}
    fn map(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {}
    ignores!(boolean: bool, integer: i64, double: f64, timestamp: Timestamp, document: &Value);
}

/// A frame's header that one member is, in the format's own types.
struct Header {
    value: Option<HeaderValue>,
}

impl Writer for Header {
    fn boolean(&mut self, value: bool, _: &'static Schema) {
        self.value = Some(HeaderValue::Boolean(value));
    }

    fn integer(&mut self, value: i64, schema: &'static Schema) {
        let narrow = i32::try_from(value).ok().filter(|_| matches!(schema.kind, Kind::Integer));
        self.value = Some(narrow.map_or(HeaderValue::Long(value), HeaderValue::Integer));
    }

    fn string(&mut self, value: &str, _: &'static Schema) {
        self.value = Some(HeaderValue::String(value.to_owned()));
    }

    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        self.value = Some(HeaderValue::Bytes(value.clone()));
    }

    fn timestamp(&mut self, value: Timestamp, _: &'static Schema) {
        self.value = Some(HeaderValue::Timestamp(value));
    }

    fn structure(&mut self, _: &dyn Structure) {}
    fn list(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = &dyn Shape>) {}
    fn map(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {}
    ignores!(double: f64, document: &Value);
}
