//! JSON in: a pull parser that fills structures directly.

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiter::{Jiter, JiterError, Peek};
use serde_json::Value;

use crate::codec::{body_member, parse_timestamp, refused, refused_member, too_deep};
use crate::facts::{Kind, Schema, TimestampFormat};
use crate::shape::{ReadError, Reader, Seen, Step, Structure, Track};

/// Reads one JSON text.
pub struct JsonReader<'a> {
    jiter: Jiter<'a>,
    pub track: Track,
}

impl<'a> JsonReader<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { jiter: Jiter::new(text), track: Track::default() }
    }

    /// Reads the members of one object and notes in `seen` which were there; what is required is the caller's to check.
    pub fn members(&mut self, into: &mut dyn Structure, seen: &mut Seen) -> Result<(), ReadError> {
        match self.jiter.peek().map_err(malformed)? {
            Peek::Object => (),
            peek => return Err(unexpected(peek, "Structure")),
        }
        let facts = into.facts();
        let mut key = self.jiter.known_object().map_err(malformed)?.map(|key| Field::of(facts, key));
        while let Some(field) = key {
            let peek = self.jiter.peek().map_err(malformed)?;
            match field {
                _ if peek == Peek::Null => self.jiter.next_null().map_err(malformed)?,
                Field::Known(index) => {
                    let Some(member) = facts.members.get(index) else { break };
                    self.track.enter(Step::Member(member.name));
                    too_deep(&self.track)?;
                    if let Some(value) = into.member_mut(index) {
                        value.read(self, member.schema)?;
                        seen.add(index);
                    }
                    self.track.leave();
                }
                Field::Refused(_) if self.is_empty(peek)? => (),
                Field::Refused(member) => return Err(refused(&self.track, member)),
                Field::Unknown => self.jiter.next_skip().map_err(malformed)?,
            }
            key = self.jiter.next_key().map_err(malformed)?.map(|key| Field::of(facts, key));
        }
        Ok(())
    }

    /// Whether the next value is an empty list or object, which asks for nothing; if so, it has been read. Deploy tools send
    /// such members for what is not asked for.
    fn is_empty(&mut self, peek: Peek) -> Result<bool, ReadError> {
        match peek {
            Peek::Array => Ok(self.jiter.known_array().map_err(malformed)?.is_none()),
            Peek::Object => Ok(self.jiter.known_object().map_err(malformed)?.is_none()),
            _ => Ok(false),
        }
    }

    /// Whether nothing but white space is left.
    pub fn finish(&mut self) -> Result<(), ReadError> {
        self.jiter.finish().map_err(malformed)
    }

    fn number(&mut self, wanted: &str) -> Result<&str, ReadError> {
        let peek = self.jiter.peek().map_err(malformed)?;
        if !peek.is_num() {
            return Err(unexpected(peek, wanted));
        }
        let bytes = self.jiter.known_number_bytes(peek).map_err(malformed)?;
        std::str::from_utf8(bytes).map_err(|_| ReadError::Malformed("not a number".into()))
    }
}

/// What a key of an object is to its structure.
enum Field {
    Known(usize),
    Refused(&'static crate::Member),
    Unknown,
}

impl Field {
    fn of(facts: &'static crate::StructureFacts, key: &str) -> Self {
        match (body_member(facts, key), refused_member(facts, key)) {
            (Some((index, _)), _) => Self::Known(index),
            (None, Some(member)) => Self::Refused(member),
            (None, None) => Self::Unknown,
        }
    }
}

impl Reader for JsonReader<'_> {
    fn structure(&mut self, into: &mut dyn Structure) -> Result<(), ReadError> {
        let mut seen = Seen::default();
        self.members(into, &mut seen)?;
        self.track.missing(into.facts(), &seen);
        Ok(())
    }

    fn list(
        &mut self,
        _: &'static Schema,
        item: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        match self.jiter.peek().map_err(malformed)? {
            Peek::Array => (),
            peek => return Err(unexpected(peek, "List")),
        }
        let mut next = self.jiter.known_array().map_err(malformed)?;
        let mut count = 0;
        while let Some(peek) = next {
            count += 1;
            if peek == Peek::Null {
                return Err(ReadError::Malformed("A list may not hold null".into()));
            }
            self.track.enter(Step::Item(count));
            too_deep(&self.track)?;
            item(self)?;
            self.track.leave();
            next = self.jiter.array_step().map_err(malformed)?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        _: &'static Schema,
        entry: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        match self.jiter.peek().map_err(malformed)? {
            Peek::Object => (),
            peek => return Err(unexpected(peek, "Map")),
        }
        let mut next = self.jiter.known_object().map_err(malformed)?.map(str::to_owned);
        while let Some(key) = next {
            match self.jiter.peek().map_err(malformed)? {
                Peek::Null => self.jiter.next_null().map_err(malformed)?,
                _ => {
                    self.track.enter(Step::entry(&key));
                    too_deep(&self.track)?;
                    entry(key, self)?;
                    self.track.leave();
                }
            }
            next = self.jiter.next_key().map_err(malformed)?.map(str::to_owned);
        }
        Ok(())
    }

    fn boolean(&mut self) -> Result<bool, ReadError> {
        match self.jiter.peek().map_err(malformed)? {
            peek @ (Peek::True | Peek::False) => self.jiter.known_bool(peek).map_err(malformed),
            peek => Err(unexpected(peek, "Boolean")),
        }
    }

    fn integer(&mut self) -> Result<i64, ReadError> {
        let text = self.number("Long")?;
        let whole = |value: f64| value.fract() == 0.0 && value.abs() < 9.0e15;
        let value = text.parse::<i64>().ok();
        value
            .or_else(|| text.parse::<f64>().ok().filter(|v| whole(*v)).map(|v| v as i64))
            .ok_or_else(|| ReadError::Malformed(format!("{text} is not an integer of 64 bits")))
    }

    fn double(&mut self) -> Result<f64, ReadError> {
        if self.jiter.peek().map_err(malformed)? == Peek::String {
            let text = self.jiter.known_str().map_err(malformed)?;
            return match text {
                "NaN" => Ok(f64::NAN),
                "Infinity" => Ok(f64::INFINITY),
                "-Infinity" => Ok(f64::NEG_INFINITY),
                _ => Err(unexpected(Peek::String, "Double")),
            };
        }
        let text = self.number("Double")?;
        text.parse().map_err(|_| ReadError::Malformed(format!("{text} is not a number")))
    }

    fn string(&mut self) -> Result<String, ReadError> {
        match self.jiter.peek().map_err(malformed)? {
            Peek::String => Ok(self.jiter.known_str().map_err(malformed)?.to_owned()),
            peek => Err(unexpected(peek, "String")),
        }
    }

    fn blob(&mut self) -> Result<Bytes, ReadError> {
        match self.jiter.peek().map_err(malformed)? {
            Peek::String => {
                let text = self.jiter.known_bytes().map_err(malformed)?;
                let bytes = STANDARD.decode(text);
                Ok(bytes.map_err(|_| ReadError::Malformed("A blob is not valid base64".into()))?.into())
            }
            peek => Err(unexpected(peek, "Blob")),
        }
    }

    fn timestamp(&mut self, schema: &'static Schema) -> Result<Timestamp, ReadError> {
        if self.jiter.peek().map_err(malformed)? == Peek::String {
            let text = self.string()?;
            let format = match &schema.kind {
                Kind::Timestamp(Some(format)) => *format,
                _ => TimestampFormat::Iso8601,
            };
            return parse_timestamp(&text, format);
        }
        Ok(Timestamp::from_epoch_seconds(self.double()?))
    }

    fn document(&mut self) -> Result<Value, ReadError> {
        let start = {
            self.jiter.peek().map_err(malformed)?;
            self.jiter.current_index()
        };
        self.jiter.next_skip().map_err(malformed)?;
        serde_json::from_slice(self.jiter.slice_to_current(start)).map_err(|e| ReadError::Malformed(e.to_string()))
    }
}

fn malformed(error: JiterError) -> ReadError {
    ReadError::Malformed(format!("{} at byte {}", error.error_type, error.index))
}

fn unexpected(peek: Peek, wanted: &str) -> ReadError {
    let found = match peek {
        Peek::Object => return ReadError::Malformed("Start of structure or map found where not expected.".into()),
        Peek::Array => return ReadError::Malformed("Unexpected list found where not expected.".into()),
        Peek::String => "STRING_VALUE",
        Peek::True => "TRUE_VALUE",
        Peek::False => "FALSE_VALUE",
        Peek::Null => "NULL_VALUE",
        peek if peek.is_num() => "NUMBER_VALUE",
        _ => "UNKNOWN_VALUE",
    };
    ReadError::Malformed(format!("{found} cannot be converted to {wanted}"))
}
