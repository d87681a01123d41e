//! XML out: restXml and query answers.

use std::borrow::Cow;

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::codec::TextWriter;
use crate::facts::{Kind, Schema, TimestampFormat};
use crate::shape::{Shape, Structure, Writer};

/// Text for XML. Characters that XML 1.0 cannot carry are written as references: lenient readers still get them, as from S3.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    let escaped = quick_xml::escape::escape(text);
    let is_foreign =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if !escaped.contains(is_foreign) {
        return escaped;
    }
    let mut out = String::with_capacity(escaped.len() + 8);
    for c in escaped.chars() {
        match is_foreign(c) {
            true => out.push_str(&format!("&#x{:x};", u32::from(c))),
            false => out.push(c),
        }
    }
    out.into()
}

/// Writes the contents of elements; each value is written inside an element named by `name`.
pub struct XmlWriter {
    pub out: String,
    /// The name of the element that the next value opens.
    name: String,
    /// A namespace for the next element.
    namespace: &'static str,
    /// Attributes of the next element, ready to write.
    attributes: String,
    /// Timestamps keep their milliseconds (S3).
    milliseconds: bool,
}

impl XmlWriter {
    /// A writer whose next value is the element `name`.
    pub fn new(name: &str, namespace: &'static str) -> Self {
        let (out, attributes) = (String::new(), String::new());
        Self { out, name: name.to_owned(), namespace, attributes, milliseconds: false }
    }

    /// Writes `2026-11-24T00:25:04.000Z` where others write `2026-11-24T00:25:04Z`.
    pub fn with_milliseconds(mut self) -> Self {
        self.milliseconds = true;
        self
    }

    /// Names the element that the next value opens.
    pub fn element(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    fn open(&mut self) -> String {
        let name = self.name.clone();
        self.out.push('<');
        self.out.push_str(&name);
        if !self.namespace.is_empty() {
            self.out.push_str(" xmlns=\"");
            self.out.push_str(std::mem::take(&mut self.namespace));
            self.out.push('"');
        }
        self.out.push_str(&std::mem::take(&mut self.attributes));
        self.out.push('>');
        name
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn leaf(&mut self, text: &str) {
        let name = self.open();
        self.out.push_str(&escape(text));
        self.close(&name);
    }

    fn scalar(&mut self, write: impl FnOnce(&mut TextWriter)) {
        let mut text = TextWriter::new(TimestampFormat::Iso8601);
        write(&mut text);
        self.leaf(&text.out.unwrap_or_default());
    }

    fn attributes_of(&mut self, from: &dyn Structure) {
        for (index, member) in from.facts().members.iter().enumerate().filter(|(_, m)| m.attribute) {
            let Some(value) = from.member(index).filter(|value| value.present()) else { continue };
            let mut text = TextWriter::new(TimestampFormat::Iso8601);
            value.write(&mut text, member.schema);
            let text = text.out.unwrap_or_default();
            if let Some((prefix, _)) = member.wire_name.split_once(':') {
                self.attributes.push_str(&format!(" xmlns:{prefix}=\"http://www.w3.org/2001/XMLSchema-instance\""));
            }
            self.attributes.push_str(&format!(" {}=\"{}\"", member.wire_name, escape(&text)));
        }
    }
}

impl Writer for XmlWriter {
    fn structure(&mut self, from: &dyn Structure) {
        self.attributes_of(from);
        let name = self.open();
        let members = from.facts().members.iter().enumerate();
        for (index, member) in members.filter(|(_, m)| m.location.is_in_answers_body() && !m.attribute) {
            let Some(value) = from.member(index).filter(|value| value.present()) else { continue };
            self.element(member.wire_name);
            value.write(self, member.schema);
        }
        self.close(&name);
    }

    fn list(&mut self, schema: &'static Schema, items: &mut dyn Iterator<Item = &dyn Shape>) {
        let Kind::List { item_name, item: of, flattened } = &schema.kind else { return };
        if *flattened {
            let name = self.name.clone();
            for item in items {
                self.element(&name);
                item.write(self, of);
            }
            return;
        }
        let name = self.open();
        for item in items {
            self.element(item_name);
            item.write(self, of);
        }
        self.close(&name);
    }

    fn map(&mut self, schema: &'static Schema, entries: &mut dyn Iterator<Item = (&str, &dyn Shape)>) {
        let Kind::Map { key_name, value_name, value: of, flattened, .. } = &schema.kind else { return };
        let outer = if *flattened { None } else { Some(self.open()) };
        let entry = if *flattened { self.name.clone() } else { "entry".to_owned() };
        for (key, value) in entries {
            self.element(&entry);
            let opened = self.open();
            self.element(key_name);
            self.leaf(key);
            self.element(value_name);
            value.write(self, of);
            self.close(&opened);
        }
        if let Some(name) = outer {
            self.close(&name);
        }
    }

    fn boolean(&mut self, value: bool, schema: &'static Schema) {
        self.scalar(|text| text.boolean(value, schema));
    }
    fn integer(&mut self, value: i64, schema: &'static Schema) {
        self.scalar(|text| text.integer(value, schema));
    }
    fn double(&mut self, value: f64, schema: &'static Schema) {
        self.scalar(|text| text.double(value, schema));
    }
    fn string(&mut self, value: &str, _: &'static Schema) {
        self.leaf(value);
    }
    fn blob(&mut self, value: &Bytes, schema: &'static Schema) {
        self.scalar(|text| text.blob(value, schema));
    }
    fn timestamp(&mut self, value: Timestamp, schema: &'static Schema) {
        match &schema.kind {
            Kind::Timestamp(None | Some(TimestampFormat::Iso8601)) if self.milliseconds => {
                self.leaf(&value.iso8601_ms());
            }
            _ => self.scalar(|text| text.timestamp(value, schema)),
        }
    }
    fn document(&mut self, value: &Value, schema: &'static Schema) {
        self.scalar(|text| text.document(value, schema));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_written_as_a_reference() {
        assert_eq!(escape("a<b&\"'>"), "a&lt;b&amp;&quot;&apos;&gt;");
        assert_eq!(escape("\0\u{1}\u{1f}\u{ffff}é"), "&#x0;&#x1;&#x1f;&#xffff;é");
        assert_eq!(escape("a\rb"), "a&#13;b");
    }
}
