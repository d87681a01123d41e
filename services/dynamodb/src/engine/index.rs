//! Secondary indexes: what of an item is in one, and which items cannot be.

use std::borrow::Cow;

use crate::{
    engine::{
        key::{KeyError, check_hash_size, check_range_size, empty_kind, scalar},
        update::Update,
    },
    model::{AttributeValue, Index, Item, KeyAttribute, KeySchema, Kind, PrimaryKey, Projected, Table},
};

/// Why an item that an index would have is refused; the text is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    #[error(
        "One or more parameter values were invalid: Type mismatch for Index Key {key} Expected: {expected} Actual: \
         {actual} IndexName: {index}"
    )]
    Type { key: String, expected: Kind, actual: Kind, index: String },
    #[error(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The \
         AttributeValue for a key attribute cannot contain an empty {kind} value. IndexName: {index}, IndexKey: {key}"
    )]
    Empty { kind: &'static str, index: String, key: String },
    #[error("The update expression attempted to update the secondary index key to unsupported type")]
    UpdatedType,
    #[error(
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key to \
         a value that is not supported. The AttributeValue for a key attribute cannot contain an empty {kind} value. \
         IndexName: {index}, IndexKey: {key}"
    )]
    UpdatedEmpty { kind: &'static str, index: String, key: String },
    #[error(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: {0}"
    )]
    NotScalar(String),
    #[error(transparent)]
    Size(#[from] KeyError),
}

/// What an index has of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'i> {
    /// Where it lies; other items may lie there, too.
    pub place: PrimaryKey,
    /// The attributes that are projected.
    pub item: Cow<'i, Item>,
}

/// The item's entry. None where it lacks a key attribute of the index, or has a value there that no key can have: such
/// items can be older than the index.
pub fn entry<'i>(index: &Index, table: &KeySchema, item: &'i Item) -> Option<Entry<'i>> {
    let take = |key: &KeyAttribute| {
        let value = scalar(key, item.get(&key.name)?)?;
        empty_kind(&value).is_none().then_some(value)
    };
    let hash = take(&index.key_schema.hash)?;
    check_hash_size(&hash).ok()?;
    let range = match &index.key_schema.range {
        Some(key) => Some(take(key)?),
        None => None,
    };
    range.as_ref().map_or(Ok(()), check_range_size).ok()?;
    let item = match index.projected {
        Projected::All => Cow::Borrowed(item),
        Projected::KeysOnly | Projected::Include(_) => Cow::Owned(
            item.iter()
                .filter(|(name, _)| index.has(table, name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        ),
    };
    Some(Entry { place: PrimaryKey { hash, range }, item })
}

/// Refuses an item that is to be stored whole if what it has for an index's key cannot be one.
pub fn check_item(table: &Table, item: &Item) -> Result<(), IndexError> {
    for (index, key) in keys(table) {
        let Some(value) = item.get(&key.name) else { continue };
        check_type(index, key, value.kind())?;
        if let Some(kind) = empty(value) {
            return Err(IndexError::Empty { kind, index: index.name.clone(), key: key.name.clone() });
        }
        check_size(index, key, value)?;
    }
    Ok(())
}

/// Refuses an update for what it says of an index's key, whatever item it meets.
pub fn check_update(table: &Table, update: &Update) -> Result<(), IndexError> {
    for (index, key) in keys(table) {
        if update.goes_into(&key.name) {
            return Err(IndexError::NotScalar(key.name.clone()));
        }
        if let Some(kind) = update.kind_of(&key.name) {
            check_type(index, key, kind)?;
        }
    }
    Ok(())
}

/// Refuses an update for what it made of an index's key. What it left as it was may be older than the index.
pub fn check_updated(table: &Table, old: Option<&Item>, new: &Item) -> Result<(), IndexError> {
    for (index, key) in keys(table) {
        let Some(value) = new.get(&key.name) else { continue };
        if old.and_then(|old| old.get(&key.name)) == Some(value) {
            continue;
        }
        if value.kind() != key.kind.kind() {
            return Err(IndexError::UpdatedType);
        }
        if let Some(kind) = empty(value) {
            return Err(IndexError::UpdatedEmpty { kind, index: index.name.clone(), key: key.name.clone() });
        }
        check_size(index, key, value)?;
    }
    Ok(())
}

/// Refuses paths into key attributes of indexes.
pub fn check_paths<'n>(table: &Table, mut nested: impl Iterator<Item = &'n str>) -> Result<(), IndexError> {
    let key = nested.find(|name| table.indexes.iter().any(|index| index.key_schema.contains(name)));
    key.map_or(Ok(()), |name| Err(IndexError::NotScalar(name.to_owned())))
}

/// The key attributes of indexes that are not the table's own, which are checked as such.
fn keys(table: &Table) -> impl Iterator<Item = (&Index, &KeyAttribute)> {
    let all = table.indexes.iter().flat_map(|index| index.key_schema.attributes().map(move |key| (index, key)));
    all.filter(|(_, key)| !table.key_schema.contains(&key.name))
}

fn check_type(index: &Index, key: &KeyAttribute, actual: Kind) -> Result<(), IndexError> {
    let expected = key.kind.kind();
    if actual == expected {
        return Ok(());
    }
    Err(IndexError::Type { key: key.name.clone(), expected, actual, index: index.name.clone() })
}

fn check_size(index: &Index, key: &KeyAttribute, value: &AttributeValue) -> Result<(), IndexError> {
    let Some(value) = scalar(key, value) else { return Ok(()) };
    let is_hash = index.key_schema.hash.name == key.name;
    Ok(if is_hash { check_hash_size(&value) } else { check_range_size(&value) }?)
}

fn empty(value: &AttributeValue) -> Option<&'static str> {
    match value {
        AttributeValue::S(text) if text.is_empty() => Some("string"),
        AttributeValue::B(bytes) if bytes.is_empty() => Some("binary"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IndexKind, IndexState, KeyValue, ScalarKind};

    fn index(projected: Projected) -> Index {
        let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
        Index {
            name: "days".into(),
            number: 0,
            kind: IndexKind::Global { read_units: 0, write_units: 0 },
            key_schema: KeySchema { hash: attribute("a", ScalarKind::S), range: Some(attribute("b", ScalarKind::N)) },
            projected,
            state: IndexState::Active,
        }
    }

    #[test]
    fn only_items_with_the_whole_key_are_in_an_index_and_only_what_is_projected() {
        let table = KeySchema { hash: KeyAttribute { name: "pk".into(), kind: ScalarKind::S }, range: None };
        let text = |text: &str| AttributeValue::S(text.into());
        let whole = Item::from([
            ("pk".into(), text("p")),
            ("a".into(), text("x")),
            ("b".into(), AttributeValue::number("1").unwrap()),
            ("c".into(), text("c")),
            ("d".into(), text("d")),
        ]);
        for (projected, expected) in
            [(Projected::All, "abcdpk"), (Projected::KeysOnly, "abpk"), (Projected::Include(vec!["c".into()]), "abcpk")]
        {
            let found = index(projected);
            let found = entry(&found, &table, &whole).unwrap();
            assert_eq!(found.place.hash, KeyValue::S("x".into()));
            assert_eq!(found.item.keys().map(String::as_str).collect::<String>(), expected);
        }
        for (name, value) in [
            ("a", None),
            ("a", Some(text(""))),
            ("a", Some(AttributeValue::Null)),
            ("a", Some(text(&"x".repeat(2049)))),
            ("b", None),
            ("b", Some(text("1"))),
        ] {
            let mut item = whole.clone();
            item.remove(name);
            item.extend(value.map(|value| (name.to_owned(), value)));
            assert_eq!(entry(&index(Projected::All), &table, &item), None, "{name}");
        }
    }
}
