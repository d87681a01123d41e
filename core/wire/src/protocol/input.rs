//! Requests in: the protocol's parts are gathered into the operation's input.

use http::HeaderMap;
use serde_json::Value;

use crate::codec::{CborReader, Items, JsonReader, Node, TextReader, TreeReader, TreeStyle};
use crate::facts::{Kind, Location, Member, Protocol, StructureFacts, TimestampFormat};
use crate::router::Route;
use crate::shape::{ReadError, Reader, Seen, Structure, Track, Violation};

/// The parts of a request that inputs are made of. A streamed body is not among them.
#[derive(Debug, Clone, Copy)]
pub struct HttpInput<'a> {
    /// The raw query string.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Fills an input from a request. Returns the required members that are missing, for validation to report.
pub fn read_input(
    route: &Route,
    into: &mut dyn Structure,
    request: &HttpInput<'_>,
) -> Result<Vec<Violation>, ReadError> {
    match route.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => read_json(into, request.body),
        Protocol::Query => {
            let form = if request.body.is_empty() { request.query.as_bytes() } else { request.body };
            let node = Node::from_query(form)?;
            let mut reader = TreeReader::new(&node, TreeStyle::Query);
            reader.structure(into)?;
            Ok(reader.track.violations)
        }
        Protocol::RestJson | Protocol::RestXml => read_rest(route, into, request),
        Protocol::RpcV2Cbor if request.body.is_empty() => {
            let mut track = Track::default();
            track.missing(into.facts(), &Seen::default());
            Ok(track.violations)
        }
        Protocol::RpcV2Cbor => {
            let mut reader = CborReader::new(request.body);
            reader.structure(into)?;
            reader.finish()?;
            Ok(reader.track.violations)
        }
    }
}

/// Fills an input from a document with the protocol's names (calls inside the server).
pub fn read_document(into: &mut dyn Structure, document: &Value) -> Result<Vec<Violation>, ReadError> {
    let mut at_body = Document { facts: into.facts(), document };
    at_body.read(into)
}

struct Document<'a> {
    facts: &'static StructureFacts,
    document: &'a Value,
}

impl Document<'_> {
    /// Members are named as in the model wherever the protocol would have put them.
    fn read(&mut self, into: &mut dyn Structure) -> Result<Vec<Violation>, ReadError> {
        let mut seen = Seen::default();
        let mut track = Track::default();
        for (index, member) in self.facts.members.iter().enumerate() {
            let value = self.document.get(member.name).or_else(|| self.document.get(member.wire_name));
            let Some(value) = value.filter(|v| !v.is_null()) else { continue };
            let text = value.to_string();
            let mut reader = JsonReader::new(text.as_bytes());
            if let Some(slot) = into.member_mut(index) {
                slot.read(&mut reader, member.schema)?;
                seen.add(index);
                track.violations.append(&mut reader.track.violations);
            }
        }
        let carried = |m: &&Member| self.document.get(m.name).or_else(|| self.document.get(m.wire_name)).is_some();
        if let Some(refused) = self.facts.refused.iter().find(carried) {
            return Err(ReadError::NotImplemented(refused.name.to_owned()));
        }
        track.missing(self.facts, &seen);
        Ok(track.violations)
    }
}

fn read_json(into: &mut dyn Structure, body: &[u8]) -> Result<Vec<Violation>, ReadError> {
    let body = if body.is_empty() { b"{}" } else { body };
    let mut reader = JsonReader::new(body);
    reader.structure(into)?;
    reader.finish()?;
    Ok(reader.track.violations)
}

fn read_rest(route: &Route, into: &mut dyn Structure, request: &HttpInput<'_>) -> Result<Vec<Violation>, ReadError> {
    let facts = into.facts();
    let mut seen = Seen::default();
    let query: Vec<(String, String)> = form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    refuse(facts, &query, request.headers)?;
    for (index, member) in facts.members.iter().enumerate() {
        let read = read_located(member, index, into, &mut seen, &query, route, request.headers);
        read.or_else(
            |error| if route.protocol == Protocol::RestXml { s3_located(member, &query, error) } else { Err(error) },
        )?;
    }

    let mut track = Track::default();
    match facts.payload() {
        Some((_, member)) if member.streaming => (),
        Some((index, member)) => {
            read_payload(route.protocol, member, index, into, &mut seen, &mut track, request.body)?;
            // S3 does not say which members of a document are missing.
            if route.protocol == Protocol::RestXml
                && (!track.violations.is_empty() || member.required && !seen.has(index))
            {
                return Err(not_the_schema());
            }
        }
        None if request.body.is_empty() => (),
        None if route.protocol == Protocol::RestJson => {
            let mut reader = JsonReader::new(request.body);
            reader.members(into, &mut seen)?;
            reader.finish()?;
            track = reader.track;
        }
        None if facts.members.iter().any(|m| m.location == Location::Body) => {
            let (_, node) = Node::from_xml(text(request.body)?)?;
            let mut reader = TreeReader::new(&node, TreeStyle::Xml);
            reader.members(into, &mut seen)?;
            track = reader.track;
        }
        None => (),
    }
    track.missing(facts, &seen);
    Ok(track.violations)
}

fn read_payload(
    protocol: Protocol,
    member: &'static Member,
    index: usize,
    into: &mut dyn Structure,
    seen: &mut Seen,
    track: &mut Track,
    body: &[u8],
) -> Result<(), ReadError> {
    let Some(slot) = into.member_mut(index).filter(|_| !body.is_empty()) else { return Ok(()) };
    match (&member.schema.kind, protocol) {
        (Kind::Blob | Kind::String, _) => slot.read(&mut Raw(body), member.schema)?,
        (_, Protocol::RestXml) => {
            let parsed = text(body).and_then(Node::from_xml).ok().filter(|(root, _)| root == member.root());
            let (_, node) = parsed.ok_or_else(not_the_schema)?;
            let mut reader = TreeReader::new(&node, TreeStyle::Xml);
            slot.read(&mut reader, member.schema).map_err(|error| match error {
                ReadError::Malformed(_) => not_the_schema(),
                other => other,
            })?;
            track.violations.append(&mut reader.track.violations);
        }
        _ => {
            let mut reader = JsonReader::new(body);
            slot.read(&mut reader, member.schema)?;
            track.violations.append(&mut reader.track.violations);
        }
    }
    seen.add(index);
    Ok(())
}

/// What S3 says of a document that is not well-formed, or not what the operation takes.
fn not_the_schema() -> ReadError {
    let text = "The XML you provided was not well-formed or did not validate against our published schema";
    ReadError::Malformed(text.into())
}

/// What S3 makes of a header or parameter that cannot be read: a date is as if it were not there (RFC 9110, 13.1.3), and so
/// is an empty number.
fn s3_located(member: &'static Member, query: &[(String, String)], error: ReadError) -> Result<(), ReadError> {
    let is_empty = || query.iter().any(|(name, value)| name == member.wire_name && value.is_empty());
    match (&member.schema.kind, member.location, &error) {
        (Kind::Timestamp(_), Location::Header, ReadError::Invalid(_)) => Ok(()),
        (Kind::Integer | Kind::Long, Location::QueryString, _) if is_empty() => Ok(()),
        (Kind::Integer | Kind::Long, Location::QueryString, ReadError::Invalid(_)) => {
            let text = format!("Provided {} not an integer or within integer range", member.wire_name);
            Err(ReadError::Invalid(text))
        }
        _ => Err(error),
    }
}

fn read_located(
    member: &'static Member,
    index: usize,
    into: &mut dyn Structure,
    seen: &mut Seen,
    query: &[(String, String)],
    route: &Route,
    headers: &HeaderMap,
) -> Result<(), ReadError> {
    let named = |name: &str| query.iter().filter(|(k, _)| k == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
    let (values, timestamp_default, items) = match member.location {
        Location::QueryString => (named(member.wire_name), TimestampFormat::Iso8601, Items::Whole),
        Location::Header => {
            let values = headers.get_all(member.wire_name).iter().filter_map(|v| v.to_str().ok());
            (values.collect(), TimestampFormat::HttpDate, Items::Commas)
        }
        Location::Uri => {
            let labels = route.labels.iter().filter(|(name, _)| *name == member.wire_name);
            (labels.map(|(_, value)| value.as_str()).collect(), TimestampFormat::Iso8601, Items::Whole)
        }
        Location::HeaderPrefix => {
            let found = headers.iter().filter_map(|(name, value)| {
                let key = name.as_str().get(member.wire_name.len()..)?;
                let prefix = name.as_str().get(..member.wire_name.len())?;
                let fits = prefix.eq_ignore_ascii_case(member.wire_name) && !key.is_empty();
                fits.then(|| (key.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            });
            return read_map(member, index, into, found.collect());
        }
        Location::QueryMap => return read_map(member, index, into, query.to_vec()),
        Location::Body | Location::StatusCode | Location::EventHeader => return Ok(()),
    };
    let Some(slot) = into.member_mut(index).filter(|_| !values.is_empty()) else { return Ok(()) };
    let read = slot.read(&mut TextReader { values, timestamp_default, items }, member.schema);
    // Outside the body a value that cannot be read is an invalid argument, not a malformed body.
    read.map_err(|error| match error {
        ReadError::Malformed(text) => ReadError::Invalid(text),
        other => other,
    })?;
    seen.add(index);
    Ok(())
}

fn read_map(
    member: &'static Member,
    index: usize,
    into: &mut dyn Structure,
    entries: Vec<(String, String)>,
) -> Result<(), ReadError> {
    let Some(slot) = into.member_mut(index).filter(|_| !entries.is_empty()) else { return Ok(()) };
    let Kind::Map { value: of, .. } = &member.schema.kind else { return Ok(()) };
    let lists = matches!(of.kind, Kind::List { .. });
    let mut map = serde_json::Map::new();
    for (key, text) in entries {
        match map.entry(key).or_insert_with(|| if lists { Value::Array(Vec::new()) } else { Value::Null }) {
            Value::Array(items) => items.push(Value::String(text)),
            first @ Value::Null => *first = Value::String(text),
            _ => (),
        }
    }
    let text = Value::Object(map).to_string();
    slot.read(&mut JsonReader::new(text.as_bytes()), member.schema)
}

fn refuse(facts: &'static StructureFacts, query: &[(String, String)], headers: &HeaderMap) -> Result<(), ReadError> {
    let carried = |m: &&Member| match m.location {
        Location::Header => headers.contains_key(m.wire_name),
        Location::HeaderPrefix => headers.keys().any(|name| name.as_str().starts_with(m.wire_name)),
        Location::QueryString => query.iter().any(|(name, _)| name == m.wire_name),
        _ => false,
    };
    let found = facts.refused.iter().find(carried);
    found.map_or(Ok(()), |member| Err(ReadError::NotImplemented(member.name.to_owned())))
}

fn text(body: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(body).map_err(|_| ReadError::Malformed("The body is not UTF-8".into()))
}

/// The body as it is: a payload of bytes or text.
struct Raw<'a>(&'a [u8]);

impl Reader for Raw<'_> {
    fn structure(&mut self, _: &mut dyn Structure) -> Result<(), ReadError> {
        Err(ReadError::Malformed("The body is not a structure".into()))
    }
    fn list(
        &mut self,
        _: &'static crate::Schema,
        _: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        Err(ReadError::Malformed("The body is not a list".into()))
    }
    fn map(
        &mut self,
        _: &'static crate::Schema,
        _: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        Err(ReadError::Malformed("The body is not a map".into()))
    }
    fn boolean(&mut self) -> Result<bool, ReadError> {
        Err(ReadError::Malformed("The body is not a boolean".into()))
    }
    fn integer(&mut self) -> Result<i64, ReadError> {
        Err(ReadError::Malformed("The body is not an integer".into()))
    }
    fn double(&mut self) -> Result<f64, ReadError> {
        Err(ReadError::Malformed("The body is not a number".into()))
    }
    fn string(&mut self) -> Result<String, ReadError> {
        Ok(text(self.0)?.to_owned())
    }
    fn blob(&mut self) -> Result<bytes::Bytes, ReadError> {
        Ok(bytes::Bytes::copy_from_slice(self.0))
    }
    fn timestamp(&mut self, _: &'static crate::Schema) -> Result<base::Timestamp, ReadError> {
        Err(ReadError::Malformed("The body is not a timestamp".into()))
    }
    fn document(&mut self) -> Result<Value, ReadError> {
        serde_json::from_slice(self.0).map_err(|e| ReadError::Malformed(e.to_string()))
    }
}
