//! DynamoDB: expressions against an item, attribute values, items as they are stored.

use std::collections::BTreeMap;

use ::dynamodb::engine::codec;
use ::dynamodb::engine::condition::Condition;
use ::dynamodb::engine::error::ExpressionKind;
use ::dynamodb::engine::key_condition::KeyCondition;
use ::dynamodb::engine::placeholders::Placeholders;
use ::dynamodb::engine::projection::Projection;
use ::dynamodb::engine::update::Update;
use ::dynamodb::model::{AttributeValue, Item, KeyAttribute, KeySchema, NESTING_MAX, ScalarKind, item_size_bytes};
use ::wire::codec::{JsonReader, JsonWriter};
use ::wire::{Kind, Schema, Shape};

use crate::class::{self, Class};

static VALUE: Schema = Schema::new("AttributeValue", Kind::Custom);

/// The item that expressions are asked about.
const ITEM: &str = r##"{"M":{"id":{"S":"a"},"n":{"N":"10"},"b":{"B":"YWJj"},"t":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"S":"x"},{"N":"1"},{"L":[{"M":{"k":{"S":"v"}}}]}]},"m":{"M":{"x":{"N":"1"},"y":{"M":{"z":{"S":"deep"}}}}},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]}}}"##;

/// The first byte chooses the kind.
pub fn expression(data: &[u8]) -> Class {
    let Some((first, rest)) = data.split_first() else { return class::of("short") };
    let Ok(text) = std::str::from_utf8(rest) else { return class::of("not UTF-8") };
    let (Some(mut placeholders), Some(AttributeValue::M(item))) = (placeholders(), value(ITEM)) else { return 0 };
    let said = match first % 4 {
        0 => condition(text, &item, &mut placeholders),
        1 => update(text, item, &mut placeholders),
        2 => Projection::parse(text, &mut placeholders)
            .map(|projection| class::of(projection.project(&item).len()))
            .map_err(|error| class::of_text(&error)),
        _ => KeyCondition::parse(text, &mut placeholders)
            .and_then(KeyCondition::conditions)
            .and_then(|conditions| conditions.on(&key_schema()))
            .map(|query| class::of(query.range.is_some()))
            .map_err(|error| class::of_text(&error)),
    };
    class::of((first % 4, said))
}

fn condition(text: &str, item: &Item, placeholders: &mut Placeholders) -> Result<Class, Class> {
    let parsed = Condition::parse(ExpressionKind::Condition, text, placeholders);
    let condition = parsed.map_err(|error| class::of_text(&error))?;
    let holds = condition.holds(item);
    // AWS refuses redundant parentheses and too many operators, so not everything has a denial.
    if let Ok(denied) = Condition::parse(ExpressionKind::Condition, &format!("NOT ({text})"), placeholders) {
        assert_ne!(denied.holds(item), holds, "NOT turns it round");
    }
    Ok(class::of((holds, condition.roots().count().min(8))))
}

fn update(text: &str, mut item: Item, placeholders: &mut Placeholders) -> Result<Class, Class> {
    let update = Update::parse(text, placeholders).map_err(|error| class::of_text(&error))?;
    let before = item.clone();
    let applied = update.apply(&mut item);
    if let Err(error) = applied {
        assert!(item == before, "a refused update leaves the item as it was");
        return Err(class::of_text(&error));
    }
    stored(&item);
    Ok(class::of((item.len(), update.roots().len().min(8))))
}

/// A value in JSON goes round in JSON and in our own bytes.
pub fn attribute_value(data: &[u8]) -> Class {
    let mut value = AttributeValue::Null;
    let mut reader = JsonReader::new(data);
    let read = value.read(&mut reader, &VALUE).and_then(|()| reader.finish());
    if let Err(error) = read {
        return class::of_text(&error);
    }
    assert!(value.depth() <= NESTING_MAX, "nesting has a limit");
    let mut writer = JsonWriter::default();
    value.write(&mut writer, &VALUE);
    let mut again = AttributeValue::Null;
    let outcome = again.read(&mut JsonReader::new(&writer.out), &VALUE);
    assert!(outcome.is_ok() && again == value, "it goes round: {}", writer.out.escape_ascii());
    let (kind, depth) = (value.kind().as_str(), value.depth());
    stored(&Item::from([("a".to_owned(), value)]));
    class::of((kind, depth))
}

fn stored(item: &Item) {
    let bytes = codec::encode(item);
    assert_eq!(codec::decode(&bytes).as_ref(), Ok(item), "an item is stored as it is");
    assert!(0 < item_size_bytes(item) || item.is_empty());
}

/// Bytes that may be an item's.
pub fn stored_item(data: &[u8]) -> Class {
    let Ok(item) = codec::decode(data) else { return class::of(("not an item", data.first())) };
    stored(&item);
    class::of(item.values().map(|value| value.kind().as_str()).take(8).collect::<Vec<_>>())
}

pub fn item_seeds() -> Vec<Vec<u8>> {
    let Some(AttributeValue::M(item)) = value(ITEM) else { return Vec::new() };
    let singles = item.iter().map(|(name, value)| Item::from([(name.clone(), value.clone())]));
    singles.chain([item.clone(), Item::new()]).map(|item| codec::encode(&item)).collect()
}

fn value(json: &str) -> Option<AttributeValue> {
    let mut value = AttributeValue::Null;
    value.read(&mut JsonReader::new(json.as_bytes()), &VALUE).ok()?;
    Some(value)
}

fn placeholders() -> Option<Placeholders> {
    let names = [("#a", "id"), ("#m", "m"), ("#l", "l")].map(|(key, name)| (key.to_owned(), name.to_owned()));
    let values = [
        (":s", r#"{"S":"a"}"#),
        (":n", r#"{"N":"1"}"#),
        (":b", r#"{"B":"YQ=="}"#),
        (":l", r#"{"L":[{"S":"x"}]}"#),
        (":m", r#"{"M":{"k":{"S":"v"}}}"#),
        (":ss", r#"{"SS":["a"]}"#),
        (":ns", r#"{"NS":["1"]}"#),
        (":t", r#"{"BOOL":true}"#),
    ];
    let values: Option<BTreeMap<_, _>> =
        values.into_iter().map(|(key, json)| Some((key.to_owned(), value(json)?))).collect();
    Placeholders::new(Some(BTreeMap::from(names)), Some(values?)).ok()
}

fn key_schema() -> KeySchema {
    let hash = KeyAttribute { name: "id".into(), kind: ScalarKind::S };
    KeySchema { hash, range: Some(KeyAttribute { name: "n".into(), kind: ScalarKind::N }) }
}
