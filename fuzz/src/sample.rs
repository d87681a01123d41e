//! A reader that reads from nowhere: it fills any input of any model, for seeds.

use base::Timestamp;
use bytes::Bytes;
use serde_json::{Value, json};
use wire::{Kind, ReadError, Reader, Schema, Structure};

use crate::random::Random;

/// Samples nest no deeper.
const DEPTH_MAX: usize = 5;
/// Names of AttributeValue's types: keys of maps with hand-written values.
const TYPES: &[&str] = &["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];

/// Invents values.
pub struct Sample<'r> {
    random: &'r mut Random,
    depth: usize,
}

impl<'r> Sample<'r> {
    pub fn new(random: &'r mut Random) -> Self {
        Self { random, depth: 0 }
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ReadError>) -> Result<T, ReadError> {
        if self.depth == DEPTH_MAX {
            return Err(ReadError::Malformed("deep enough".into()));
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }
}

impl Reader for Sample<'_> {
    fn structure(&mut self, into: &mut dyn Structure) -> Result<(), ReadError> {
        self.deeper(|sample| {
            for (index, member) in into.facts().members.iter().enumerate() {
                let wanted = member.required || sample.random.once_in(2);
                if let Some(slot) = into.member_mut(index).filter(|_| wanted) {
                    // What nests too deeply stays out.
                    let _ = slot.read(sample, member.schema);
                }
            }
            Ok(())
        })
    }

    fn list(
        &mut self,
        _: &'static Schema,
        item: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.deeper(|sample| (0..sample.random.below(3)).try_for_each(|_| item(sample)))
    }

    fn map(
        &mut self,
        schema: &'static Schema,
        entry: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let typed = matches!(&schema.kind, Kind::Map { value, .. } if value.name == "Content");
        self.deeper(|sample| {
            let key = if typed { sample.random.of(TYPES).copied().unwrap_or("S") } else { "key" };
            entry(key.to_owned(), sample)
        })
    }

    fn boolean(&mut self) -> Result<bool, ReadError> {
        Ok(true)
    }

    fn integer(&mut self) -> Result<i64, ReadError> {
        Ok(self.random.below(100) as i64)
    }

    fn double(&mut self) -> Result<f64, ReadError> {
        Ok(1.5)
    }

    fn string(&mut self) -> Result<String, ReadError> {
        // A number is fine wherever a text is.
        Ok(self.random.below(100).to_string())
    }

    fn blob(&mut self) -> Result<Bytes, ReadError> {
        Ok(Bytes::from_static(b"blob"))
    }

    fn timestamp(&mut self, _: &'static Schema) -> Result<Timestamp, ReadError> {
        Ok(Timestamp::from_ms(1_763_942_400_000))
    }

    fn document(&mut self) -> Result<Value, ReadError> {
        Ok(json!({ "a": [1, 1.5, null, true, "text"] }))
    }
}
