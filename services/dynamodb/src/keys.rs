//! Key spaces: tables by scope and name, items by table and primary key, index entries by index and both keys. Encodings
//! keep the order of what they encode.

use std::ops::Range as ByteRange;

use base::Scope;
use bytes::Bytes;
use kv::Key;

use crate::{
    engine::{key_condition::Range, number::Number},
    model::{KeyValue, PrimaryKey, TableId},
};

/// What every key of the house starts with, in the store.
const TAG: &[u8] = b"dynamodb\0";
const TABLE: u8 = b't';
const ITEM: u8 = b'i';
const INDEX: u8 = b'x';
/// How far an index that is being created has come.
const PROGRESS: u8 = b'p';
const REQUEST_TOKEN: u8 = b'r';
const COUNTS: u8 = b'c';

/// What ends a text: below everything that can follow inside one.
const END: [u8; 2] = [0, 1];
/// A zero byte inside a text.
const ZERO: [u8; 2] = [0, 0xff];

const NEGATIVE: u8 = 1;
const NOUGHT: u8 = 2;
const POSITIVE: u8 = 3;
/// Added to a magnitude (-130 to 125) so that it is not negative.
const MAGNITUDE_BIAS: i64 = 1 << 14;

/// The bytes are not a key of this space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of this space")]
pub struct KeyDecodeError;

/// The log of deleted tables and indexes, whose rows are still to be swept: the table's id, then the index's number.
pub const DELETED: kv::LogId = kv::LogId::from_static("dynamodb\0deleted");

/// The log of indexes that are to be filled: the number, then the key of the table's record.
pub const CREATED: kv::LogId = kv::LogId::from_static("dynamodb\0created");

/// The timers of request tokens: the body is the key that is to go.
pub const TOKENS: kv::LogId = kv::LogId::from_static("dynamodb\0tokens");

/// A key of these spaces as the store has it.
pub fn row(key: &[u8]) -> Key {
    Key::new([TAG, key].concat())
}

/// Keys of these spaces as the store has them.
pub fn rows(keys: &ByteRange<Vec<u8>>) -> kv::Range {
    kv::Range::between(row(&keys.start), row(&keys.end))
}

/// The key as these spaces have it.
pub fn of_row(key: &Key) -> Result<&[u8], KeyDecodeError> {
    key.as_bytes().strip_prefix(TAG).ok_or(KeyDecodeError)
}

/// The key of a table's record.
pub fn table(scope: &Scope, name: &str) -> Vec<u8> {
    let mut key = tables(scope);
    put_text(&mut key, name.as_bytes());
    key
}

/// The table's name in its record's key.
pub fn decode_table(scope: &Scope, key: &[u8]) -> Result<String, KeyDecodeError> {
    let mut rest = key.strip_prefix(tables(scope).as_slice()).ok_or(KeyDecodeError)?;
    String::from_utf8(take_text(&mut rest)?).map_err(|_| KeyDecodeError)
}

/// What lies in the order of a key: the items of a table, or the entries of one of its indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    Items(TableId),
    Entries(TableId, u32),
}

impl From<TableId> for Space {
    fn from(table: TableId) -> Self {
        Self::Items(table)
    }
}

impl Space {
    /// The prefix of all of it.
    pub fn prefix(self) -> Vec<u8> {
        match self {
            Self::Items(table) => items(table),
            Self::Entries(table, number) => {
                let mut out = entries(table);
                out.extend_from_slice(&number.to_be_bytes());
                out
            }
        }
    }

    /// The values that a key in it is made of: those of the index's key, if it is one of an index, then the item's.
    pub fn values(self, key: &[u8]) -> Result<Vec<KeyValue>, KeyDecodeError> {
        let mut rest = key.strip_prefix(self.prefix().as_slice()).ok_or(KeyDecodeError)?;
        let mut values = Vec::new();
        while !rest.is_empty() {
            values.push(take_value(&mut rest)?);
        }
        Ok(values)
    }
}

/// The bytes of a key that stand for its partition: what a scan's segments are told apart by.
pub fn partition_bytes(space: Space, key: &[u8]) -> Result<&[u8], KeyDecodeError> {
    let values = key.strip_prefix(space.prefix().as_slice()).ok_or(KeyDecodeError)?;
    let mut rest = values;
    take_value(&mut rest)?;
    values.get(..values.len() - rest.len()).ok_or(KeyDecodeError)
}

/// The prefix of the records of all tables of all scopes.
pub fn all_tables() -> Vec<u8> {
    vec![TABLE]
}

/// The key of what was counted in a table.
pub fn counts(table: TableId) -> Vec<u8> {
    let mut key = vec![COUNTS];
    key.extend_from_slice(&table.0);
    key
}

/// The key of what was counted in an index.
pub fn index_counts(table: TableId, number: u32) -> Vec<u8> {
    let mut key = counts(table);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The key of how far an index that is being created has come.
pub fn progress(table: TableId, number: u32) -> Vec<u8> {
    let mut key = vec![PROGRESS];
    key.extend_from_slice(&table.0);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The prefix of the records of all tables of a scope, which lie in the order of their names.
pub fn tables(scope: &Scope) -> Vec<u8> {
    let mut key = vec![TABLE];
    put_text(&mut key, scope.account.as_str().as_bytes());
    put_text(&mut key, scope.region.as_str().as_bytes());
    key
}

/// The key of what is known of a request by its token.
pub fn request_token(scope: &Scope, token: &str) -> Vec<u8> {
    let mut key = vec![REQUEST_TOKEN];
    put_text(&mut key, scope.account.as_str().as_bytes());
    put_text(&mut key, scope.region.as_str().as_bytes());
    put_text(&mut key, token.as_bytes());
    key
}

/// The key of an item.
pub fn item(table: TableId, key: &PrimaryKey) -> Vec<u8> {
    let mut out = partition(Space::Items(table), &key.hash);
    if let Some(range) = &key.range {
        put_value(&mut out, range);
    }
    out
}

/// The prefix of all items of a table.
pub fn items(table: TableId) -> Vec<u8> {
    let mut out = vec![ITEM];
    out.extend_from_slice(&table.0);
    out
}

/// The prefix of all entries of all indexes of a table.
pub fn entries(table: TableId) -> Vec<u8> {
    let mut out = vec![INDEX];
    out.extend_from_slice(&table.0);
    out
}

/// The key of an item's entry in an index: several items may have one place.
pub fn entry(table: TableId, number: u32, place: &PrimaryKey, item: &PrimaryKey) -> Vec<u8> {
    let mut out = Space::Entries(table, number).prefix();
    for value in [Some(&place.hash), place.range.as_ref(), Some(&item.hash), item.range.as_ref()].into_iter().flatten()
    {
        put_value(&mut out, value);
    }
    out
}

/// The prefix of all of a partition, which lies in the order of sort keys.
pub fn partition(space: impl Into<Space>, hash: &KeyValue) -> Vec<u8> {
    let mut out = space.into().prefix();
    put_value(&mut out, hash);
    out
}

/// The keys, from inclusive to exclusive, of what in a partition has sort keys in the range.
pub fn sort_range(space: impl Into<Space>, hash: &KeyValue, range: &Range<KeyValue>) -> ByteRange<Vec<u8>> {
    let whole = prefix_range(partition(space, hash));
    let at = |value: &KeyValue| {
        let mut key = whole.start.clone();
        put_value(&mut key, value);
        key
    };
    // In an index, keys of items follow the sort key.
    let after = |value: &KeyValue| prefix_range(at(value)).end;
    match range {
        Range::Equal(value) => at(value)..after(value),
        Range::Less(value) => whole.start.clone()..at(value),
        Range::LessEqual(value) => whole.start.clone()..after(value),
        Range::Greater(value) => after(value)..whole.end,
        Range::GreaterEqual(value) => at(value)..whole.end,
        Range::Between(low, high) => at(low)..after(high),
        Range::BeginsWith(start) => {
            let mut key = at(start);
            if !matches!(start, KeyValue::N(_)) {
                key.truncate(key.len() - END.len());
            }
            prefix_range(key)
        }
    }
}

/// The keys, from inclusive to exclusive, that begin with the prefix.
pub fn prefix_range(prefix: Vec<u8>) -> ByteRange<Vec<u8>> {
    let mut end = prefix.clone();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            break;
        }
    }
    prefix..end
}

/// The table and primary key that `item` encoded.
pub fn decode_item(key: &[u8]) -> Result<(TableId, PrimaryKey), KeyDecodeError> {
    let rest = key.strip_prefix(&[ITEM]).ok_or(KeyDecodeError)?;
    let (table, mut rest) = rest.split_first_chunk::<16>().ok_or(KeyDecodeError)?;
    let hash = take_value(&mut rest)?;
    let range = if rest.is_empty() { None } else { Some(take_value(&mut rest)?) };
    if rest.is_empty() { Ok((TableId(*table), PrimaryKey { hash, range })) } else { Err(KeyDecodeError) }
}

fn put_value(out: &mut Vec<u8>, value: &KeyValue) {
    match value {
        KeyValue::S(text) => {
            out.push(b'S');
            put_text(out, text.as_bytes());
        }
        KeyValue::N(number) => {
            out.push(b'N');
            put_number(out, *number);
        }
        KeyValue::B(bytes) => {
            out.push(b'B');
            put_text(out, bytes);
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        if byte == 0 {
            out.extend_from_slice(&ZERO);
        } else {
            out.push(byte);
        }
    }
    out.extend_from_slice(&END);
}

/// Sign, magnitude, digits; all but the sign turned over in a negative number. Nought is its sign alone.
fn put_number(out: &mut Vec<u8>, number: Number) {
    let (negative, mantissa, _) = number.parts();
    if mantissa == 0 {
        return out.push(NOUGHT);
    }
    out.push(if negative { NEGATIVE } else { POSITIVE });
    let turn = if negative { 0xff } else { 0 };
    let magnitude = (number.magnitude() + MAGNITUDE_BIAS) as u16;
    let digits = number.scaled().to_be_bytes();
    out.extend(magnitude.to_be_bytes().into_iter().chain(digits).map(|byte| byte ^ turn));
}

fn take_value(rest: &mut &[u8]) -> Result<KeyValue, KeyDecodeError> {
    match take_byte(rest)? {
        b'S' => Ok(KeyValue::S(String::from_utf8(take_text(rest)?).map_err(|_| KeyDecodeError)?)),
        b'N' => Ok(KeyValue::N(take_number(rest)?)),
        b'B' => Ok(KeyValue::B(Bytes::from(take_text(rest)?))),
        _ => Err(KeyDecodeError),
    }
}

fn take_text(rest: &mut &[u8]) -> Result<Vec<u8>, KeyDecodeError> {
    let mut text = Vec::new();
    loop {
        match take_byte(rest)? {
            0 => match take_byte(rest)? {
                0xff => text.push(0),
                1 => return Ok(text),
                _ => return Err(KeyDecodeError),
            },
            byte => text.push(byte),
        }
    }
}

fn take_number(rest: &mut &[u8]) -> Result<Number, KeyDecodeError> {
    let (negative, turn) = match take_byte(rest)? {
        NOUGHT => return Ok(Number::ZERO),
        NEGATIVE => (true, 0xff),
        POSITIVE => (false, 0),
        _ => return Err(KeyDecodeError),
    };
    let (magnitude, after) = rest.split_first_chunk::<2>().ok_or(KeyDecodeError)?;
    let (digits, after) = after.split_first_chunk::<16>().ok_or(KeyDecodeError)?;
    *rest = after;
    let magnitude = i64::from(u16::from_be_bytes(magnitude.map(|byte| byte ^ turn))) - MAGNITUDE_BIAS;
    let digits = u128::from_be_bytes(digits.map(|byte| byte ^ turn));
    Number::from_scaled(negative, digits, magnitude).map_err(|_| KeyDecodeError)
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, KeyDecodeError> {
    let (first, after) = rest.split_first().ok_or(KeyDecodeError)?;
    *rest = after;
    Ok(*first)
}
