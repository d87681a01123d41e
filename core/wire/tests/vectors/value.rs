//! Structures and values of models that exist only at run time, behind the traits that generated types implement.

use std::any::Any;
use std::collections::BTreeMap;

use base::Timestamp;
use bytes::Bytes;
use serde_json::{Value, json};
use wire::{Kind, ReadError, Reader, Schema, Shape, Structure, StructureFacts, Writer};

use crate::model::facts_of;

/// A value, or none.
#[derive(Default)]
pub struct Slot(Option<Held>);

enum Held {
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(String),
    Blob(Bytes),
    Time(Timestamp),
    Document(Value),
    List(Vec<Slot>),
    Map(BTreeMap<String, Slot>),
    Structure(Dynamic),
}

/// A structure of a vector's model.
pub struct Dynamic {
    facts: &'static StructureFacts,
    slots: Vec<Slot>,
}

impl Dynamic {
    pub fn new(facts: &'static StructureFacts) -> Self {
        Self { facts, slots: facts.members.iter().map(|_| Slot::default()).collect() }
    }

    /// From the vector's notation: times are epoch seconds, blobs are text.
    pub fn from_json(facts: &'static StructureFacts, value: &Value) -> Self {
        let slot = |m: &wire::Member| Slot::from_json(m.schema, value.get(m.name).unwrap_or(&Value::Null));
        Self { facts, slots: facts.members.iter().map(slot).collect() }
    }

    pub fn to_json(&self) -> Value {
        let present = self.facts.members.iter().zip(&self.slots).filter(|(_, slot)| slot.0.is_some());
        Value::Object(present.map(|(member, slot)| (member.name.to_owned(), slot.to_json())).collect())
    }
}

impl Structure for Dynamic {
    fn facts(&self) -> &'static StructureFacts {
        self.facts
    }
    fn member(&self, index: usize) -> Option<&dyn Shape> {
        self.slots.get(index).map(|slot| slot as &dyn Shape)
    }
    fn member_mut(&mut self, index: usize) -> Option<&mut dyn Shape> {
        self.slots.get_mut(index).map(|slot| slot as &mut dyn Shape)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

impl Slot {
    pub fn from_json(schema: &'static Schema, value: &Value) -> Self {
        if value.is_null() {
            return Self(None);
        }
        Self(Some(match &schema.kind {
            Kind::Boolean => Held::Boolean(value.as_bool().unwrap()),
            Kind::Integer | Kind::Long => Held::Integer(value.as_i64().unwrap()),
            Kind::Double => Held::Double(value.as_f64().unwrap_or_else(|| match value.as_str().unwrap() {
                "NaN" => f64::NAN,
                "-Infinity" => f64::NEG_INFINITY,
                _ => f64::INFINITY,
            })),
            Kind::String => Held::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            Kind::Blob => Held::Blob(value.as_str().unwrap().to_owned().into()),
            Kind::Timestamp(_) => Held::Time(Timestamp::from_epoch_seconds(value.as_f64().unwrap())),
            Kind::Document | Kind::Custom => Held::Document(value.clone()),
            Kind::List { item, .. } => {
                Held::List(value.as_array().unwrap().iter().map(|v| Self::from_json(item, v)).collect())
            }
            Kind::Map { value: of, .. } => {
                let entries = value.as_object().unwrap().iter();
                Held::Map(entries.map(|(key, v)| (key.clone(), Self::from_json(of, v))).collect())
            }
            Kind::Structure | Kind::EventStream { .. } => Held::Structure(Dynamic::from_json(facts_of(schema), value)),
        }))
    }

    pub fn to_json(&self) -> Value {
        match &self.0 {
            None => Value::Null,
            Some(Held::Boolean(value)) => json!(value),
            Some(Held::Integer(value)) => json!(value),
            Some(Held::Double(value)) if value.is_nan() => json!("NaN"),
            Some(Held::Double(value)) if *value == f64::INFINITY => json!("Infinity"),
            Some(Held::Double(value)) if *value == f64::NEG_INFINITY => json!("-Infinity"),
            Some(Held::Double(value)) => json!(value),
            Some(Held::Text(value)) => json!(value),
            Some(Held::Blob(value)) => json!(String::from_utf8_lossy(value)),
            Some(Held::Time(value)) => json!(value.as_epoch_seconds()),
            Some(Held::Document(value)) => value.clone(),
            Some(Held::List(items)) => items.iter().map(Self::to_json).collect(),
            Some(Held::Map(entries)) => entries.iter().map(|(key, slot)| (key.clone(), slot.to_json())).collect(),
            Some(Held::Structure(value)) => value.to_json(),
        }
    }
}

impl Shape for Slot {
    fn read(&mut self, from: &mut dyn Reader, schema: &'static Schema) -> Result<(), ReadError> {
        self.0 = Some(match &schema.kind {
            Kind::Boolean => Held::Boolean(from.boolean()?),
            Kind::Integer => Held::Integer({
                let mut value = 0_i32;
                value.read(from, schema)?;
                value.into()
            }),
            Kind::Long => Held::Integer(from.integer()?),
            Kind::Double => Held::Double(from.double()?),
            Kind::String => Held::Text(from.string()?),
            Kind::Blob => Held::Blob(from.blob()?),
            Kind::Timestamp(_) => Held::Time(from.timestamp(schema)?),
            Kind::Document | Kind::Custom => Held::Document(from.document()?),
            Kind::List { .. } => {
                let mut items = Vec::<Slot>::new();
                items.read(from, schema)?;
                Held::List(items)
            }
            Kind::Map { .. } => {
                let mut entries = BTreeMap::<String, Slot>::new();
                entries.read(from, schema)?;
                Held::Map(entries)
            }
            Kind::Structure | Kind::EventStream { .. } => {
                let mut value = Dynamic::new(facts_of(schema));
                from.structure(&mut value)?;
                Held::Structure(value)
            }
        });
        Ok(())
    }

    fn write(&self, to: &mut dyn Writer, schema: &'static Schema) {
        match &self.0 {
            None => (),
            Some(Held::Boolean(value)) => to.boolean(*value, schema),
            Some(Held::Integer(value)) => to.integer(*value, schema),
            Some(Held::Double(value)) => to.double(*value, schema),
            Some(Held::Text(value)) => to.string(value, schema),
            Some(Held::Blob(value)) => to.blob(value, schema),
            Some(Held::Time(value)) => to.timestamp(*value, schema),
            Some(Held::Document(value)) => to.document(value, schema),
            Some(Held::List(items)) => items.write(to, schema),
            Some(Held::Map(entries)) => entries.write(to, schema),
            Some(Held::Structure(value)) => to.structure(value),
        }
    }

    fn present(&self) -> bool {
        self.0.is_some()
    }
}
