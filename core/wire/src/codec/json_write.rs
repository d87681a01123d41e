//! JSON out.

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::codec::format_timestamp;
use crate::facts::{Kind, Schema, TimestampFormat};
use crate::shape::{Shape, Structure, Writer};

/// Writes one JSON text.
#[derive(Debug, Default)]
pub struct JsonWriter {
    pub out: Vec<u8>,
}

impl JsonWriter {
    fn text(&mut self, value: &str) {
        // Writing into a Vec cannot fail.
        serde_json::to_writer(&mut self.out, value).unwrap_or_default();
    }

    fn comma_unless(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.out.push(b',');
        }
    }
}

impl Writer for JsonWriter {
    fn structure(&mut self, from: &dyn Structure) {
        self.out.push(b'{');
        let mut first = true;
        let members = from.facts().members.iter().enumerate();
        for (index, member) in members.filter(|(_, m)| m.location.is_in_answers_body()) {
            let Some(value) = from.member(index).filter(|value| value.present()) else { continue };
            self.comma_unless(&mut first);
            self.text(member.wire_name);
            self.out.push(b':');
            value.write(self, member.schema);
        }
        self.out.push(b'}');
    }

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item: of, .. } = &schema.kind else { return };
        self.out.push(b'[');
        let mut first = true;
        for item in items {
            self.comma_unless(&mut first);
            item.write(self, of);
        }
        self.out.push(b']');
    }

    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { value: of, .. } = &schema.kind else { return };
        self.out.push(b'{');
        let mut first = true;
        for (key, value) in entries {
            self.comma_unless(&mut first);
            self.text(key);
            self.out.push(b':');
            value.write(self, of);
        }
        self.out.push(b'}');
    }

    fn boolean(&mut self, value: bool, _: &'static Schema) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn integer(&mut self, value: i64, _: &'static Schema) {
        serde_json::to_writer(&mut self.out, &value).unwrap_or_default();
    }

    fn double(&mut self, value: f64, _: &'static Schema) {
        match value {
            v if v.is_nan() => self.text("NaN"),
            v if v.is_infinite() => self.text(if v > 0.0 { "Infinity" } else { "-Infinity" }),
            v => serde_json::to_writer(&mut self.out, &v).unwrap_or_default(),
        }
    }

    fn string(&mut self, value: &str, _: &'static Schema) {
        self.text(value);
    }

    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        self.out.push(b'"');
        self.out.extend_from_slice(STANDARD.encode(value).as_bytes());
        self.out.push(b'"');
    }

    fn timestamp(&mut self, value: Timestamp, schema: &'static Schema) {
        match &schema.kind {
            Kind::Timestamp(Some(format)) if *format != TimestampFormat::EpochSeconds => {
                self.text(&format_timestamp(value, *format));
            }
            _ if value.as_ms() % 1000 == 0 => self.integer(value.as_seconds(), schema),
            _ => self.double(value.as_epoch_seconds(), schema),
        }
    }

    fn document(&mut self, value: &Value, _: &'static Schema) {
        serde_json::to_writer(&mut self.out, value).unwrap_or_default();
    }
}
