//! CBOR in: a pull parser that fills structures directly (Smithy RPC v2).

use base::Timestamp;
use bytes::Bytes;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};
use serde_json::Value;

use crate::codec::{body_member, refused, refused_member, too_deep};
use crate::facts::Schema;
use crate::shape::{ReadError, Reader, Seen, Step, Structure, Track};

/// Reads one CBOR item. Nulls are members that are not there; lengths that a document promises are never reserved.
pub struct CborReader<'a> {
    decoder: Decoder<'a>,
    pub track: Track,
}

impl<'a> CborReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { decoder: Decoder::new(bytes), track: Track::default() }
    }

    /// Whether nothing is left.
    pub fn finish(&self) -> Result<(), ReadError> {
        match self.decoder.position() == self.decoder.input().len() {
            true => Ok(()),
            false => Err(ReadError::Malformed("There are bytes behind the CBOR item".into())),
        }
    }

    fn kind(&self) -> Result<Type, ReadError> {
        self.decoder.datatype().map_err(malformed)
    }

    /// Whether an array or map of this length, of which `read` items have been read, has another one.
    fn has_next(&mut self, length: Option<u64>, read: u64) -> Result<bool, ReadError> {
        if let Some(length) = length {
            return Ok(read < length);
        }
        let ends = self.kind()? == Type::Break;
        if ends {
            self.decoder.skip().map_err(malformed)?;
        }
        Ok(!ends)
    }

    /// Passes over a null.
    fn null(&mut self) -> Result<bool, ReadError> {
        let null = matches!(self.kind()?, Type::Null | Type::Undefined);
        if null {
            self.decoder.skip().map_err(malformed)?;
        }
        Ok(null)
    }

    fn length(&mut self, wanted: &str) -> Result<Option<u64>, ReadError> {
        match (self.kind()?, wanted) {
            (Type::Map | Type::MapIndef, "Structure" | "Map") => self.decoder.map().map_err(malformed),
            (Type::Array | Type::ArrayIndef, "List") => self.decoder.array().map_err(malformed),
            (kind, _) => Err(unexpected(kind, wanted)),
        }
    }

    fn text(&mut self) -> Result<String, ReadError> {
        match self.kind()? {
            Type::String => Ok(self.decoder.str().map_err(malformed)?.to_owned()),
            Type::StringIndef => {
                self.decoder.str_iter().map_err(malformed)?.collect::<Result<_, _>>().map_err(malformed)
            }
            kind => Err(unexpected(kind, "String")),
        }
    }

    fn member(&mut self, into: &mut dyn Structure, seen: &mut Seen) -> Result<(), ReadError> {
        let facts = into.facts();
        let key = self.text()?;
        if self.null()? {
            return Ok(());
        }
        if let Some(member) = refused_member(facts, &key) {
            return Err(refused(&self.track, member));
        }
        let known = body_member(facts, &key).and_then(|(index, member)| Some((index, member, into.member_mut(index)?)));
        let Some((index, member, value)) = known else { return self.decoder.skip().map_err(malformed) };
        self.track.enter(Step::Member(member.name));
        too_deep(&self.track)?;
        value.read(self, member.schema)?;
        seen.add(index);
        self.track.leave();
        Ok(())
    }
}

impl Reader for CborReader<'_> {
    fn structure(&mut self, into: &mut dyn Structure) -> Result<(), ReadError> {
        let mut seen = Seen::default();
        let (length, mut read) = (self.length("Structure")?, 0);
        while self.has_next(length, read)? {
            self.member(into, &mut seen)?;
            read += 1;
        }
        self.track.missing(into.facts(), &seen);
        Ok(())
    }

    fn list(
        &mut self,
        _: &'static Schema,
        item: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (length, mut read) = (self.length("List")?, 0);
        while self.has_next(length, read)? {
            read += 1;
            if self.null()? {
                return Err(ReadError::Malformed("A list may not hold null".into()));
            }
            self.track.enter(Step::Item(usize::try_from(read).unwrap_or(usize::MAX)));
            too_deep(&self.track)?;
            item(self)?;
            self.track.leave();
        }
        Ok(())
    }

    fn map(
        &mut self,
        _: &'static Schema,
        entry: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (length, mut read) = (self.length("Map")?, 0);
        while self.has_next(length, read)? {
            read += 1;
            let key = self.text()?;
            if self.null()? {
                continue;
            }
            self.track.enter(Step::entry(&key));
            too_deep(&self.track)?;
            entry(key, self)?;
            self.track.leave();
        }
        Ok(())
    }

    fn boolean(&mut self) -> Result<bool, ReadError> {
        match self.kind()? {
            Type::Bool => self.decoder.bool().map_err(malformed),
            kind => Err(unexpected(kind, "Boolean")),
        }
    }

    fn integer(&mut self) -> Result<i64, ReadError> {
        match self.kind()? {
            kind if is_integer(kind) => self.decoder.i64().map_err(malformed),
            Type::F16 | Type::F32 | Type::F64 => {
                let value = self.double()?;
                let whole = value.fract() == 0.0 && value.abs() < 9.0e15;
                let refused = || ReadError::Malformed(format!("{value} is not an integer of 64 bits"));
                whole.then_some(value as i64).ok_or_else(refused)
            }
            kind => Err(unexpected(kind, "Long")),
        }
    }

    fn double(&mut self) -> Result<f64, ReadError> {
        match self.kind()? {
            Type::F16 => self.decoder.f16().map(f64::from).map_err(malformed),
            Type::F32 => self.decoder.f32().map(f64::from).map_err(malformed),
            Type::F64 => self.decoder.f64().map_err(malformed),
            kind if is_integer(kind) => Ok(self.integer()? as f64),
            kind => Err(unexpected(kind, "Double")),
        }
    }

    fn string(&mut self) -> Result<String, ReadError> {
        self.text()
    }

    fn blob(&mut self) -> Result<Bytes, ReadError> {
        match self.kind()? {
            Type::Bytes => Ok(Bytes::copy_from_slice(self.decoder.bytes().map_err(malformed)?)),
            Type::BytesIndef => {
                let mut whole = Vec::new();
                for chunk in self.decoder.bytes_iter().map_err(malformed)? {
                    whole.extend_from_slice(chunk.map_err(malformed)?);
                }
                Ok(whole.into())
            }
            kind => Err(unexpected(kind, "Blob")),
        }
    }

    fn timestamp(&mut self, _: &'static Schema) -> Result<Timestamp, ReadError> {
        match self.kind()? {
            Type::Tag if self.decoder.tag().map_err(malformed)?.as_u64() == EPOCH_TAG => {
                Ok(Timestamp::from_epoch_seconds(self.double()?))
            }
            kind => Err(unexpected(kind, "Timestamp")),
        }
    }

    fn document(&mut self) -> Result<Value, ReadError> {
        Err(ReadError::Malformed("A document has no form in CBOR".into()))
    }
}

/// What marks a number as seconds since 1970 (RFC 8949, 3.4.2).
pub const EPOCH_TAG: u64 = 1;

fn is_integer(kind: Type) -> bool {
    use Type::{I8, I16, I32, I64, Int, U8, U16, U32, U64};
    matches!(kind, U8 | U16 | U32 | U64 | I8 | I16 | I32 | I64 | Int)
}

fn malformed(error: Error) -> ReadError {
    ReadError::Malformed(format!("The CBOR is not well-formed: {error}"))
}

fn unexpected(found: Type, wanted: &str) -> ReadError {
    ReadError::Malformed(format!("{found} cannot be converted to {wanted}"))
}
