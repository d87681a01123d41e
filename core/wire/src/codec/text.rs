//! Single values as text: headers, path labels, query parameters, XML elements.

use std::borrow::Cow;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::facts::{Kind, Schema, TimestampFormat};
use crate::shape::{ReadError, Reader, Shape, Structure, Writer};

/// Reads values from one text, or, for a list, from several.
pub struct TextReader<'a> {
    /// Headers and query parameters of one name, in order.
    pub values: Vec<&'a str>,
    pub timestamp_default: TimestampFormat,
    pub items: Items,
}

/// How the items of a list share texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    /// One text is one item (query parameters).
    Whole,
    /// A text holds items between commas; an item with commas or quotes in it is quoted (headers).
    Commas,
}

impl TextReader<'_> {
    fn text(&self) -> Result<&str, ReadError> {
        self.values.first().copied().ok_or_else(|| wrong("", "value"))
    }
}

impl Reader for TextReader<'_> {
    fn structure(&mut self, _: &mut dyn Structure) -> Result<(), ReadError> {
        Err(wrong(self.text()?, "structure"))
    }

    fn list(
        &mut self,
        schema: &'static Schema,
        item: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let Kind::List { item: of, .. } = &schema.kind else { return Ok(()) };
        let dates =
            matches!(of.kind, Kind::Timestamp(_)) && format_of(of, self.timestamp_default) == TimestampFormat::HttpDate;
        for value in &self.values {
            let parts = match self.items {
                Items::Whole => vec![Cow::Borrowed(*value)],
                Items::Commas if value.trim().is_empty() => Vec::new(),
                Items::Commas if dates => split_dates(value),
                Items::Commas => split_quoted(value),
            };
            for part in &parts {
                let timestamp_default = self.timestamp_default;
                item(&mut TextReader { values: vec![part.as_ref()], timestamp_default, items: Items::Whole })?;
            }
        }
        Ok(())
    }

    fn map(
        &mut self,
        _: &'static Schema,
        _: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        Err(wrong(self.text()?, "map"))
    }

    fn boolean(&mut self) -> Result<bool, ReadError> {
        match self.text()?.trim() {
            t if t.eq_ignore_ascii_case("true") => Ok(true),
            t if t.eq_ignore_ascii_case("false") => Ok(false),
            t => Err(wrong(t, "boolean")),
        }
    }

    fn integer(&mut self) -> Result<i64, ReadError> {
        let text = self.text()?.trim();
        text.parse().map_err(|_| wrong(text, "integer"))
    }

    fn double(&mut self) -> Result<f64, ReadError> {
        let text = self.text()?.trim();
        text.parse().map_err(|_| wrong(text, "number"))
    }

    fn string(&mut self) -> Result<String, ReadError> {
        Ok(self.text()?.to_owned())
    }

    fn blob(&mut self) -> Result<Bytes, ReadError> {
        let text = self.text()?.trim();
        Ok(STANDARD.decode(text).map_err(|_| wrong(text, "base64"))?.into())
    }

    fn timestamp(&mut self, schema: &'static Schema) -> Result<Timestamp, ReadError> {
        parse_timestamp(self.text()?.trim(), format_of(schema, self.timestamp_default))
    }

    fn document(&mut self) -> Result<Value, ReadError> {
        let text = self.text()?;
        let bytes = STANDARD.decode(text).map_err(|_| wrong(text, "base64 JSON"))?;
        serde_json::from_slice(&bytes).map_err(|e| ReadError::Malformed(e.to_string()))
    }
}

/// Items between commas. In one that starts with a quote, commas count up to the closing quote and `\\` escapes.
fn split_quoted(text: &str) -> Vec<Cow<'_, str>> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    loop {
        let (item, behind) = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside),
            None => {
                let (item, behind) = rest.split_once(',').map_or((rest, None), |(item, behind)| (item, Some(behind)));
                (Cow::Borrowed(item.trim()), behind)
            }
        };
        items.push(item);
        match behind {
            Some(behind) => rest = behind.trim_start(),
            None => return items,
        }
    }
}

/// The text up to the closing quote, and what stands behind the comma after it.
fn quoted(inside: &str) -> (Cow<'_, str>, Option<&str>) {
    let mut item = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                let behind = inside.get(at + 1..).and_then(|tail| tail.split_once(','));
                return (item.into(), behind.map(|(_, behind)| behind));
            }
            '\\' => item.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => item.push(letter),
        }
    }
    (item.into(), None)
}

/// Dates of HTTP have a comma of their own, behind the day of the week: every second comma parts two.
fn split_dates(text: &str) -> Vec<Cow<'_, str>> {
    let mut commas = text.match_indices(',').map(|(at, _)| at).skip(1).step_by(2);
    let mut items = Vec::new();
    let mut start = 0;
    loop {
        let end = commas.next().unwrap_or(text.len());
        items.push(Cow::Borrowed(text.get(start..end).unwrap_or("").trim()));
        if end == text.len() {
            return items;
        }
        start = end + 1;
    }
}

/// Writes a value as one text. A list is comma-separated; a structure or map writes nothing.
pub struct TextWriter {
    pub out: Option<String>,
    pub timestamp_default: TimestampFormat,
    in_list: bool,
}

impl TextWriter {
    pub fn new(timestamp_default: TimestampFormat) -> Self {
        Self { out: None, timestamp_default, in_list: false }
    }

    fn put(&mut self, text: String) {
        self.out = Some(match self.out.take() {
            Some(before) => format!("{before},{text}"),
            None => text,
        });
    }
}

impl Writer for TextWriter {
    fn structure(&mut self, _: &dyn Structure) {}

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item: of, .. } = &schema.kind else { return };
        self.in_list = true;
        for item in items {
            item.write(self, of);
        }
        self.in_list = false;
    }

    fn map(&mut self, _: &'static Schema, _: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {}

    fn boolean(&mut self, value: bool, _: &'static Schema) {
        self.put(value.to_string());
    }

    fn integer(&mut self, value: i64, _: &'static Schema) {
        self.put(value.to_string());
    }

    fn double(&mut self, value: f64, _: &'static Schema) {
        self.put(match value {
            v if v.is_nan() => "NaN".into(),
            v if v.is_infinite() => if v > 0.0 { "Infinity" } else { "-Infinity" }.into(),
            v => v.to_string(),
        });
    }

    fn string(&mut self, value: &str, _: &'static Schema) {
        if self.in_list && value.contains([',', '"']) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            return self.put(format!("\"{escaped}\""));
        }
        self.put(value.to_owned());
    }

    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        self.put(STANDARD.encode(value));
    }

    fn timestamp(&mut self, value: Timestamp, schema: &'static Schema) {
        self.put(format_timestamp(value, format_of(schema, self.timestamp_default)));
    }

    fn document(&mut self, value: &Value, _: &'static Schema) {
        self.put(STANDARD.encode(value.to_string()));
    }
}

fn format_of(schema: &'static Schema, default: TimestampFormat) -> TimestampFormat {
    match &schema.kind {
        Kind::Timestamp(Some(format)) => *format,
        _ => default,
    }
}

/// A timestamp in one of the wire's formats.
pub fn format_timestamp(value: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::EpochSeconds if value.as_ms() % 1000 == 0 => value.as_seconds().to_string(),
        TimestampFormat::EpochSeconds => value.as_epoch_seconds().to_string(),
        TimestampFormat::Iso8601 => value.iso8601(),
        TimestampFormat::HttpDate => value.http_date(),
    }
}

/// Reads a timestamp of the format, and of the other two, as AWS does.
pub fn parse_timestamp(text: &str, format: TimestampFormat) -> Result<Timestamp, ReadError> {
    let epoch = || text.parse().map(Timestamp::from_epoch_seconds).map_err(|_| ());
    let iso = || Timestamp::parse_iso8601(text).map_err(|_| ());
    let http = || Timestamp::parse_http_date(text).map_err(|_| ());
    let parsed = match format {
        TimestampFormat::EpochSeconds => epoch().or_else(|()| iso()),
        TimestampFormat::Iso8601 => iso().or_else(|()| epoch()).or_else(|()| http()),
        TimestampFormat::HttpDate => http().or_else(|()| iso()),
    };
    parsed.map_err(|()| wrong(text, "timestamp"))
}

fn wrong(text: &str, wanted: &str) -> ReadError {
    ReadError::Malformed(format!("'{text}' is not a {wanted}"))
}
