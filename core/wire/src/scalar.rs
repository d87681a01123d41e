//! `Shape` for the types that generated structures are made of.

use std::collections::BTreeMap;

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::facts::{Kind, Schema};
use crate::shape::{ReadError, Reader, Shape, Writer};

macro_rules! scalar {
    ($type:ty, $self:ident, $from:ident, $schema:ident, $read:expr, $to:ident, $write:expr) => {
        impl Shape for $type {
            #[allow(unused_variables)]
            fn read(&mut $self, $from: &mut dyn Reader, $schema: &'static Schema) -> Result<(), ReadError> {
                *$self = $read;
                Ok(())
            }
            fn write(&$self, $to: &mut dyn Writer, $schema: &'static Schema) {
                $write
            }
        }
    };
}

scalar!(bool, self, from, schema, from.boolean()?, to, to.boolean(*self, schema));
scalar!(i64, self, from, schema, from.integer()?, to, to.integer(*self, schema));
scalar!(i32, self, from, schema, narrow(from.integer()?)?, to, to.integer(i64::from(*self), schema));
scalar!(f64, self, from, schema, from.double()?, to, to.double(*self, schema));
scalar!(String, self, from, schema, from.string()?, to, to.string(self, schema));
scalar!(Bytes, self, from, schema, from.blob()?, to, to.blob(self, schema));
scalar!(Timestamp, self, from, schema, from.timestamp(schema)?, to, to.timestamp(*self, schema));
scalar!(Value, self, from, schema, from.document()?, to, to.document(self, schema));

fn narrow(value: i64) -> Result<i32, ReadError> {
    i32::try_from(value).map_err(|_| ReadError::Malformed(format!("Value out of range for an integer: {value}")))
}

impl<T: Shape + Default> Shape for Option<T> {
    fn read(&mut self, from: &mut dyn Reader, schema: &'static Schema) -> Result<(), ReadError> {
        let mut value = T::default();
        value.read(from, schema)?;
        *self = Some(value);
        Ok(())
    }
    fn write(&self, to: &mut dyn Writer, schema: &'static Schema) {
        if let Some(value) = self {
            value.write(to, schema);
        }
    }
    fn present(&self) -> bool {
        self.is_some()
    }
}

impl<T: Shape> Shape for Box<T> {
    fn read(&mut self, from: &mut dyn Reader, schema: &'static Schema) -> Result<(), ReadError> {
        self.as_mut().read(from, schema)
    }
    fn write(&self, to: &mut dyn Writer, schema: &'static Schema) {
        self.as_ref().write(to, schema);
    }
}

impl<T: Shape + Default> Shape for Vec<T> {
    fn read(&mut self, from: &mut dyn Reader, schema: &'static Schema) -> Result<(), ReadError> {
        let Kind::List { item, .. } = &schema.kind else { return Err(disagrees(schema)) };
        from.list(schema, &mut |reader| {
            let mut value = T::default();
            value.read(reader, item)?;
            self.push(value);
            Ok(())
        })
    }
    fn write(&self, to: &mut dyn Writer, schema: &'static Schema) {
        to.list(schema, &mut self.iter().map(|item| item as &dyn Shape));
    }
}

impl<T: Shape + Default> Shape for BTreeMap<String, T> {
    fn read(&mut self, from: &mut dyn Reader, schema: &'static Schema) -> Result<(), ReadError> {
        let Kind::Map { value: of, .. } = &schema.kind else { return Err(disagrees(schema)) };
        from.map(schema, &mut |key, reader| {
            let mut value = T::default();
            value.read(reader, of)?;
            self.insert(key, value);
            Ok(())
        })
    }
    fn write(&self, to: &mut dyn Writer, schema: &'static Schema) {
        to.map(schema, &mut self.iter().map(|(key, value)| (key.as_str(), value as &dyn Shape)));
    }
}

fn disagrees(schema: &'static Schema) -> ReadError {
    ReadError::Malformed(format!("{} is not of its model's kind", schema.name))
}
