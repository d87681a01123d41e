//! CBOR out (Smithy RPC v2).

use base::Timestamp;
use bytes::Bytes;
use minicbor::Encoder;
use minicbor::data::Tag;
use serde_json::Value;

use crate::codec::cbor::EPOCH_TAG;
use crate::facts::{Kind, Schema};
use crate::shape::{Shape, Structure, Writer};

/// Writes one CBOR item.
pub struct CborWriter {
    out: Encoder<Vec<u8>>,
}

/// Writing into a Vec cannot fail.
macro_rules! put {
    ($out:expr) => {
        $out.map(|_| ()).unwrap_or_default()
    };
}

impl Default for CborWriter {
    fn default() -> Self {
        Self { out: Encoder::new(Vec::new()) }
    }
}

impl CborWriter {
    pub fn into_bytes(self) -> Vec<u8> {
        self.out.into_writer()
    }

    /// A JSON value as the CBOR that says the same.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => put!(self.out.null()),
            Value::Bool(value) => put!(self.out.bool(*value)),
            Value::Number(number) => match number.as_i64() {
                Some(value) => put!(self.out.i64(value)),
                None => put!(self.out.f64(number.as_f64().unwrap_or(f64::NAN))),
            },
            Value::String(text) => put!(self.out.str(text)),
            Value::Array(items) => {
                put!(self.out.array(items.len() as u64));
                items.iter().for_each(|item| self.value(item));
            }
            Value::Object(members) => {
                put!(self.out.map(members.len() as u64));
                for (name, value) in members {
                    put!(self.out.str(name));
                    self.value(value);
                }
            }
        }
    }
}

impl Writer for CborWriter {
    fn structure(&mut self, from: &dyn Structure) {
        put!(self.out.begin_map());
        let members = from.facts().members.iter().enumerate();
        for (index, member) in members.filter(|(_, m)| m.location.is_in_answers_body()) {
            let Some(value) = from.member(index).filter(|value| value.present()) else { continue };
            put!(self.out.str(member.wire_name));
            value.write(self, member.schema);
        }
        put!(self.out.end());
    }

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item: of, .. } = &schema.kind else { return };
        put!(self.out.begin_array());
        items.for_each(|item| item.write(self, of));
        put!(self.out.end());
    }

    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { value: of, .. } = &schema.kind else { return };
        put!(self.out.begin_map());
        for (key, value) in entries {
            put!(self.out.str(key));
            value.write(self, of);
        }
        put!(self.out.end());
    }

    fn boolean(&mut self, value: bool, _: &'static Schema) {
        put!(self.out.bool(value));
    }

    fn integer(&mut self, value: i64, _: &'static Schema) {
        put!(self.out.i64(value));
    }

    fn double(&mut self, value: f64, _: &'static Schema) {
        put!(self.out.f64(value));
    }

    fn string(&mut self, value: &str, _: &'static Schema) {
        put!(self.out.str(value));
    }

    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        put!(self.out.bytes(value));
    }

    fn timestamp(&mut self, value: Timestamp, _: &'static Schema) {
        put!(self.out.tag(Tag::new(EPOCH_TAG)));
        match value.as_ms() % 1000 {
            0 => put!(self.out.i64(value.as_seconds())),
            _ => put!(self.out.f64(value.as_epoch_seconds())),
        }
    }

    fn document(&mut self, value: &Value, _: &'static Schema) {
        self.value(value);
    }
}
