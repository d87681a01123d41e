//! Items to bytes and back: compact, and with a version in front.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{
    engine::number::Number,
    model::{AttributeValue, Item},
};

/// The first byte of what `encode` makes.
const VERSION: u8 = 1;
/// Levels that `decode` follows: what requests may nest, and room to spare.
const DEPTH_MAX: usize = 64;

const S: u8 = b'S';
const N: u8 = b'N';
const MINUS: u8 = b'-';
const B: u8 = b'B';
const TRUE: u8 = b'1';
const FALSE: u8 = b'0';
const NULL: u8 = b'_';
const L: u8 = b'L';
const M: u8 = b'M';
const SS: u8 = b's';
const NS: u8 = b'n';
const BS: u8 = b'b';

/// The bytes are not an item's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the bytes of an item")]
pub struct DecodeError;

/// An item as bytes.
pub fn encode(item: &Item) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_map(&mut out, item);
    out
}

/// The item that `encode` made the bytes from.
pub fn decode(bytes: &[u8]) -> Result<Item, DecodeError> {
    let mut reader = Reader { rest: bytes };
    if reader.byte()? != VERSION {
        return Err(DecodeError);
    }
    let item = reader.map(0)?;
    if reader.rest.is_empty() { Ok(item) } else { Err(DecodeError) }
}

fn put_value(out: &mut Vec<u8>, value: &AttributeValue) {
    match value {
        AttributeValue::S(text) => put_tagged(out, S, text.as_bytes()),
        AttributeValue::N(number) => put_number(out, *number),
        AttributeValue::B(bytes) => put_tagged(out, B, bytes),
        AttributeValue::Bool(true) => out.push(TRUE),
        AttributeValue::Bool(false) => out.push(FALSE),
        AttributeValue::Null => out.push(NULL),
        AttributeValue::L(list) => {
            put_head(out, L, list.len());
            list.iter().for_each(|value| put_value(out, value));
        }
        AttributeValue::M(map) => {
            out.push(M);
            put_map(out, map);
        }
        AttributeValue::Ss(set) => {
            put_head(out, SS, set.len());
            set.iter().for_each(|text| put_bytes(out, text.as_bytes()));
        }
        AttributeValue::Ns(set) => {
            put_head(out, NS, set.len());
            set.iter().for_each(|number| put_number(out, *number));
        }
        AttributeValue::Bs(set) => {
            put_head(out, BS, set.len());
            set.iter().for_each(|bytes| put_bytes(out, bytes));
        }
    }
}

fn put_map(out: &mut Vec<u8>, map: &BTreeMap<String, AttributeValue>) {
    put_varint(out, map.len() as u128);
    for (name, value) in map {
        put_bytes(out, name.as_bytes());
        put_value(out, value);
    }
}

/// Sign, zigzag exponent, mantissa.
fn put_number(out: &mut Vec<u8>, number: Number) {
    let (negative, mantissa, exponent) = number.parts();
    out.push(if negative { MINUS } else { N });
    let exponent = i32::from(exponent);
    put_varint(out, u128::from(((exponent << 1) ^ (exponent >> 31)).unsigned_abs()));
    put_varint(out, mantissa);
}

fn put_tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    put_bytes(out, bytes);
}

fn put_head(out: &mut Vec<u8>, tag: u8, count: usize) {
    out.push(tag);
    put_varint(out, count as u128);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u128);
    out.extend_from_slice(bytes);
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn put_varint(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn value(&mut self, depth: usize) -> Result<AttributeValue, DecodeError> {
        if DEPTH_MAX < depth {
            return Err(DecodeError);
        }
        Ok(match self.byte()? {
            S => AttributeValue::S(self.text()?),
            tag @ (N | MINUS) => AttributeValue::N(self.number(tag)?),
            B => AttributeValue::B(Bytes::copy_from_slice(self.bytes()?)),
            TRUE => AttributeValue::Bool(true),
            FALSE => AttributeValue::Bool(false),
            NULL => AttributeValue::Null,
            L => AttributeValue::L(self.many(|reader| reader.value(depth + 1))?),
            M => AttributeValue::M(self.map(depth + 1)?),
            SS => AttributeValue::Ss(self.set(Self::text)?),
            NS => AttributeValue::Ns(self.set(|reader| {
                let tag = reader.byte()?;
                reader.number(tag)
            })?),
            BS => AttributeValue::Bs(self.set(|reader| Ok(Bytes::copy_from_slice(reader.bytes()?)))?),
            _ => return Err(DecodeError),
        })
    }

    fn map(&mut self, depth: usize) -> Result<BTreeMap<String, AttributeValue>, DecodeError> {
        let pairs = self.many(|reader| Ok((reader.text()?, reader.value(depth)?)))?;
        Ok(pairs.into_iter().collect())
    }

    fn set<T: Ord>(&mut self, part: impl Fn(&mut Self) -> Result<T, DecodeError>) -> Result<BTreeSet<T>, DecodeError> {
        Ok(self.many(part)?.into_iter().collect())
    }

    fn many<T>(&mut self, part: impl Fn(&mut Self) -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
        let count = self.length()?;
        // Each part takes a byte at least, so a count beyond the bytes left is a lie, and no memory is set aside for it.
        if self.rest.len() < count {
            return Err(DecodeError);
        }
        (0..count).map(|_| part(self)).collect()
    }

    fn number(&mut self, tag: u8) -> Result<Number, DecodeError> {
        if tag != N && tag != MINUS {
            return Err(DecodeError);
        }
        let zigzag = i32::try_from(self.varint()?).map_err(|_| DecodeError)?;
        let exponent = i16::try_from((zigzag >> 1) ^ -(zigzag & 1)).map_err(|_| DecodeError)?;
        let mantissa = self.varint()?;
        Number::from_parts(tag == MINUS, mantissa, exponent).map_err(|_| DecodeError)
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| DecodeError)
    }

    fn bytes(&mut self) -> Result<&'b [u8], DecodeError> {
        let length = self.length()?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError)?;
        self.rest = rest;
        Ok(taken)
    }

    fn length(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.varint()?).map_err(|_| DecodeError)
    }

    fn varint(&mut self) -> Result<u128, DecodeError> {
        let mut value = 0u128;
        let mut shift = 0u32;
        loop {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            if shift > 126 || (shift == 126 && bits > 3) {
                return Err(DecodeError);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError)?;
        self.rest = rest;
        Ok(*first)
    }
}
