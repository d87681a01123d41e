//! Primary keys: taken from items and requests, and checked against a schema.

use crate::model::{
    AttributeValue, HASH_KEY_BYTES_MAX, Item, KeyAttribute, KeySchema, KeyValue, PrimaryKey, RANGE_KEY_BYTES_MAX,
};

/// Why a key is refused; the text is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("One or more parameter values were invalid: Missing the key {0} in the item")]
    Missing(String),
    #[error(
        "One or more parameter values were invalid: Type mismatch for key {name} expected: {expected} actual: {actual}"
    )]
    Type { name: String, expected: &'static str, actual: &'static str },
    #[error("The provided key element does not match the schema")]
    Schema,
    #[error(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
         {0} value. Key: {1}"
    )]
    Empty(&'static str, String),
    #[error(
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
    )]
    HashTooLong,
    #[error(
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of \
         1024 bytes"
    )]
    RangeTooLong,
}

/// The key of an item that is to be stored.
pub fn of_item(schema: &KeySchema, item: &Item) -> Result<PrimaryKey, KeyError> {
    let take = |key: &KeyAttribute| {
        let value = item.get(&key.name).ok_or_else(|| KeyError::Missing(key.name.clone()))?;
        scalar(key, value).ok_or_else(|| KeyError::Type {
            name: key.name.clone(),
            expected: key.kind.kind().as_str(),
            actual: value.kind().as_str(),
        })
    };
    let key = PrimaryKey { hash: take(&schema.hash)?, range: schema.range.as_ref().map(take).transpose()? };
    check(schema, &key)?;
    Ok(key)
}

/// The key that a request names: exactly the schema's attributes.
pub fn of_request(schema: &KeySchema, given: &Item) -> Result<PrimaryKey, KeyError> {
    if given.len() != schema.attributes().count() {
        return Err(KeyError::Schema);
    }
    let take = |key: &KeyAttribute| given.get(&key.name).and_then(|value| scalar(key, value)).ok_or(KeyError::Schema);
    let key = PrimaryKey { hash: take(&schema.hash)?, range: schema.range.as_ref().map(take).transpose()? };
    check(schema, &key)?;
    Ok(key)
}

/// The key as an item with nothing else.
pub fn to_item(schema: &KeySchema, key: &PrimaryKey) -> Item {
    let range = schema.range.as_ref().zip(key.range.as_ref());
    std::iter::once((&schema.hash, &key.hash))
        .chain(range)
        .map(|(attribute, value)| (attribute.name.clone(), value.clone().into()))
        .collect()
}

/// The value as a key value, where its type is the schema's.
pub(super) fn scalar(key: &KeyAttribute, value: &AttributeValue) -> Option<KeyValue> {
    if value.kind() != key.kind.kind() {
        return None;
    }
    match value {
        AttributeValue::S(text) => Some(KeyValue::S(text.clone())),
        AttributeValue::N(number) => Some(KeyValue::N(*number)),
        AttributeValue::B(bytes) => Some(KeyValue::B(bytes.clone())),
        _ => None,
    }
}

/// `string` or `binary`, where the value is an empty one.
pub(super) fn empty_kind(value: &KeyValue) -> Option<&'static str> {
    match value {
        KeyValue::S(text) if text.is_empty() => Some("string"),
        KeyValue::B(bytes) if bytes.is_empty() => Some("binary"),
        _ => None,
    }
}

fn check(schema: &KeySchema, key: &PrimaryKey) -> Result<(), KeyError> {
    for (attribute, value) in schema.attributes().zip(std::iter::once(&key.hash).chain(&key.range)) {
        if let Some(kind) = empty_kind(value) {
            return Err(KeyError::Empty(kind, attribute.name.clone()));
        }
    }
    check_hash_size(&key.hash)?;
    key.range.as_ref().map_or(Ok(()), check_range_size)
}

/// Refuses a partition key that is too long.
pub(super) fn check_hash_size(value: &KeyValue) -> Result<(), KeyError> {
    if HASH_KEY_BYTES_MAX < size_bytes(value) { Err(KeyError::HashTooLong) } else { Ok(()) }
}

/// Refuses a sort key that is too long.
pub(super) fn check_range_size(value: &KeyValue) -> Result<(), KeyError> {
    if RANGE_KEY_BYTES_MAX < size_bytes(value) { Err(KeyError::RangeTooLong) } else { Ok(()) }
}

fn size_bytes(value: &KeyValue) -> usize {
    match value {
        KeyValue::S(text) => text.len(),
        KeyValue::N(number) => number.size_bytes(),
        KeyValue::B(bytes) => bytes.len(),
    }
}
