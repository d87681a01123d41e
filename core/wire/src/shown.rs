//! Values as AWS's validation texts show them: in the words of Java's collections.

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::facts::{Kind, Schema};
use crate::shape::{Shape, Structure, Writer};

/// Of a longer value texts show the beginning: a request may break a constraint with megabytes.
const SHOWN_BYTES_MAX: usize = 4096;

/// A value as a text.
pub(crate) fn shown(value: &dyn Shape, schema: &'static Schema) -> String {
    let mut text = Text::default();
    value.write(&mut text, schema);
    text.out
}

/// A list of values as a text.
pub(crate) fn shown_list(items: &[&dyn Shape], schema: &'static Schema) -> String {
    let mut text = Text::default();
    text.list(schema, &mut items.iter().copied());
    text.out
}

/// A map's entries as a text.
pub(crate) fn shown_map(entries: &[(&str, &dyn Shape)], schema: &'static Schema) -> String {
    let mut text = Text::default();
    text.map(schema, &mut entries.iter().copied());
    text.out
}

#[derive(Default)]
struct Text {
    out: String,
}

impl Text {
    fn push(&mut self, text: &str) {
        let room = SHOWN_BYTES_MAX.saturating_sub(self.out.len());
        self.out.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or(""));
    }

    fn is_full(&self) -> bool {
        SHOWN_BYTES_MAX <= self.out.len()
    }
}

impl Writer for Text {
    /// A structure shows its name: what AWS adds is where it was in memory.
    fn structure(&mut self, from: &dyn Structure) {
        self.push(from.facts().name);
    }

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item: of, .. } = &schema.kind else { return };
        self.push("[");
        for (index, item) in items.enumerate() {
            if self.is_full() {
                break;
            }
            self.push(if index == 0 { "" } else { ", " });
            item.write(self, of);
        }
        self.push("]");
    }

    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { value: of, .. } = &schema.kind else { return };
        self.push("{");
        for (index, (key, value)) in entries.enumerate() {
            if self.is_full() {
                break;
            }
            self.push(if index == 0 { "" } else { ", " });
            self.push(key);
            self.push("=");
            value.write(self, of);
        }
        self.push("}");
    }

    fn boolean(&mut self, value: bool, _: &'static Schema) {
        self.push(&value.to_string());
    }

    fn integer(&mut self, value: i64, _: &'static Schema) {
        self.push(&value.to_string());
    }

    /// Java writes a double's point in any case.
    fn double(&mut self, value: f64, _: &'static Schema) {
        self.push(&format!("{value:?}"));
    }

    fn string(&mut self, value: &str, _: &'static Schema) {
        self.push(value);
    }

    fn blob(&mut self, value: &Bytes, _: &'static Schema) {
        let length = value.len();
        self.push(&format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"));
    }

    fn timestamp(&mut self, value: Timestamp, _: &'static Schema) {
        self.push(&value.iso8601());
    }

    fn document(&mut self, value: &Value, _: &'static Schema) {
        self.push(&value.to_string());
    }
}
