//! Attribute values on the wire: `{"S": "text"}`, exactly one type in each.

use std::collections::BTreeMap;

use ::wire::{Constraints, Kind as WireKind, ReadError, Reader, Schema, Shape, Writer};
use bytes::Bytes;

use crate::engine::error::ExpressionError;
use crate::engine::number::Number;
use crate::model::{AttributeValue, Item, Kind, NESTING_MAX, ValueError};

/// The values of ExpressionAttributeValues by their placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpressionValues(pub BTreeMap<String, AttributeValue>);

static TEXT: Schema = Schema::new("String", WireKind::String);
static BLOB: Schema = Schema::new("Blob", WireKind::Blob);
static FLAG: Schema = Schema::new("Boolean", WireKind::Boolean);
static VALUE: Schema = Schema::new("AttributeValue", WireKind::Custom);
static TEXTS: Schema = list("StringSet", &TEXT);
static BLOBS: Schema = list("BinarySet", &BLOB);
static VALUES: Schema = list("List", &VALUE);
static NAMED: Schema = map(&VALUE);
static TYPED: Schema = map(&Schema { name: "Content", kind: WireKind::Custom, constraints: Constraints::NONE });

const fn list(name: &'static str, item: &'static Schema) -> Schema {
    Schema::new(name, WireKind::List { item_name: "member", item, flattened: false })
}

const fn map(value: &'static Schema) -> Schema {
    Schema::new("Map", WireKind::Map { key_name: "key", key: &TEXT, value_name: "value", value, flattened: false })
}

impl Shape for AttributeValue {
    fn read(&mut self, from: &mut dyn Reader, _: &'static Schema) -> Result<(), ReadError> {
        *self = read(from, 1)?;
        Ok(())
    }

    fn write(&self, to: &mut dyn Writer, _: &'static Schema) {
        let content = Content(self);
        to.map(&TYPED, &mut std::iter::once((self.kind().as_str(), &content as &dyn Shape)));
    }
}

impl Shape for ExpressionValues {
    fn read(&mut self, from: &mut dyn Reader, _: &'static Schema) -> Result<(), ReadError> {
        from.map(&NAMED, &mut |placeholder, reader| match read(reader, 1) {
            Ok(value) => {
                self.0.insert(placeholder, value);
                Ok(())
            }
            Err(ReadError::Invalid(text)) => Err(invalid(ExpressionError::InvalidValue(placeholder, text))),
            Err(error) => Err(error),
        })
    }

    fn write(&self, to: &mut dyn Writer, _: &'static Schema) {
        self.0.write(to, &NAMED);
    }
}

/// An item as JSON, for the errors that carry one.
pub(crate) fn item_document(item: &Item) -> serde_json::Value {
    let mut writer = ::wire::codec::JsonWriter::default();
    item.write(&mut writer, &NAMED);
    serde_json::from_slice(&writer.out).unwrap_or_default()
}

/// What stands behind the type.
struct Content<'v>(&'v AttributeValue);

impl Shape for Content<'_> {
    fn read(&mut self, _: &mut dyn Reader, _: &'static Schema) -> Result<(), ReadError> {
        Err(ReadError::Malformed("A value is read with its type".into()))
    }

    fn write(&self, to: &mut dyn Writer, _: &'static Schema) {
        match self.0 {
            AttributeValue::S(text) => to.string(text, &TEXT),
            AttributeValue::N(number) => to.string(&number.to_string(), &TEXT),
            AttributeValue::B(bytes) => to.blob(bytes, &BLOB),
            AttributeValue::Bool(flag) => to.boolean(*flag, &FLAG),
            AttributeValue::Null => to.boolean(true, &FLAG),
            AttributeValue::L(list) => list.write(to, &VALUES),
            AttributeValue::M(map) => map.write(to, &NAMED),
            AttributeValue::Ss(set) => to.list(&TEXTS, &mut set.iter().map(|text| text as &dyn Shape)),
            AttributeValue::Ns(set) => {
                let texts: Vec<String> = set.iter().map(Number::to_string).collect();
                texts.write(to, &TEXTS);
            }
            AttributeValue::Bs(set) => to.list(&BLOBS, &mut set.iter().map(|bytes| bytes as &dyn Shape)),
        }
    }
}

/// Reads one value; `depth` counts the levels down to it.
fn read(from: &mut dyn Reader, depth: usize) -> Result<AttributeValue, ReadError> {
    let mut found = None;
    from.map(&TYPED, &mut |name, reader| {
        let Some(kind) = Kind::parse(&name) else { return reader.document().map(drop) };
        match found.replace(content(kind, reader, depth)?) {
            None => Ok(()),
            Some(_) => Err(invalid(ValueError::ManyTypes)),
        }
    })?;
    found.ok_or_else(|| invalid(ValueError::NoType))
}

fn content(kind: Kind, from: &mut dyn Reader, depth: usize) -> Result<AttributeValue, ReadError> {
    if NESTING_MAX < depth {
        return Err(invalid(ValueError::Nesting));
    }
    Ok(match kind {
        Kind::S => AttributeValue::S(from.string()?),
        Kind::N => AttributeValue::number(&from.string()?).map_err(invalid)?,
        Kind::B => AttributeValue::B(from.blob()?),
        Kind::Bool => AttributeValue::Bool(from.boolean()?),
        Kind::Null if from.boolean()? => AttributeValue::Null,
        Kind::Null => return Err(invalid(ValueError::NullFalse)),
        Kind::L => {
            let mut values = Vec::new();
            from.list(&VALUES, &mut |reader| read(reader, depth + 1).map(|value| values.push(value)))?;
            AttributeValue::L(values)
        }
        Kind::M => {
            let mut values = BTreeMap::new();
            from.map(&NAMED, &mut |name, reader| {
                read(reader, depth + 1).map(|value| drop(values.insert(name, value)))
            })?;
            AttributeValue::M(values)
        }
        Kind::Ss => AttributeValue::string_set(members(from, &TEXTS)?).map_err(invalid)?,
        Kind::Ns => AttributeValue::number_set(&members::<String>(from, &TEXTS)?).map_err(invalid)?,
        Kind::Bs => AttributeValue::binary_set(members::<Bytes>(from, &BLOBS)?).map_err(invalid)?,
    })
}

fn members<T: Shape + Default>(from: &mut dyn Reader, schema: &'static Schema) -> Result<Vec<T>, ReadError> {
    let mut members = Vec::new();
    members.read(from, schema)?;
    Ok(members)
}

fn invalid(error: impl std::fmt::Display) -> ReadError {
    ReadError::Invalid(error.to_string())
}
