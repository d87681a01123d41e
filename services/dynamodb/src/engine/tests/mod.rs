//! Tables of literal cases, written in short JSON: text is S, a number N, and `{"SS":[..]}` and its like are sets.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value as Json;

use super::{
    condition::Condition,
    error::ExpressionKind,
    key_condition::{KeyCondition, KeyQuery, Range},
    placeholders::Placeholders,
    projection::Projection,
    update::Update,
};
use crate::model::{AttributeValue, Item, KeyAttribute, KeySchema, KeyValue, ScalarKind};

mod bytes_and_keys;
mod condition_errors;
mod conditions;
mod key_conditions;
mod projections;
mod update_errors;
mod updates;

fn value(json: &Json) -> AttributeValue {
    let texts = |list: &Json| -> Vec<String> {
        list.as_array().unwrap().iter().map(|member| member.as_str().unwrap().to_owned()).collect()
    };
    match json {
        Json::String(text) => AttributeValue::S(text.clone()),
        Json::Number(number) => AttributeValue::number(&number.to_string()).unwrap(),
        Json::Bool(flag) => AttributeValue::Bool(*flag),
        Json::Null => AttributeValue::Null,
        Json::Array(list) => AttributeValue::L(list.iter().map(value).collect()),
        Json::Object(map) => match map.iter().next().map(|(key, inner)| (key.as_str(), inner)) {
            Some(("SS", list)) => AttributeValue::string_set(texts(list)).unwrap(),
            Some(("NS", list)) => AttributeValue::number_set(&texts(list)).unwrap(),
            Some(("BS", list)) => {
                AttributeValue::binary_set(texts(list).into_iter().map(Bytes::from).collect()).unwrap()
            }
            Some(("B", text)) => AttributeValue::B(Bytes::from(text.as_str().unwrap().to_owned())),
            Some(("N", text)) => AttributeValue::number(text.as_str().unwrap()).unwrap(),
            _ => AttributeValue::M(map.iter().map(|(name, inner)| (name.clone(), value(inner))).collect()),
        },
    }
}

fn item(json: &str) -> Item {
    match value(&serde_json::from_str(json).unwrap()) {
        AttributeValue::M(map) => map,
        other => panic!("not an item: {other:?}"),
    }
}

/// `#x` in the JSON is a name, `:x` a value.
fn placeholders(json: &str) -> Placeholders {
    let (mut names, mut values) = (BTreeMap::new(), BTreeMap::new());
    for (key, inner) in serde_json::from_str::<BTreeMap<String, Json>>(json).unwrap() {
        if key.starts_with('#') {
            names.insert(key, inner.as_str().unwrap().to_owned());
        } else {
            values.insert(key, value(&inner));
        }
    }
    let some = |map: BTreeMap<_, _>| if map.is_empty() { None } else { Some(map) };
    Placeholders::new(some(names), if values.is_empty() { None } else { Some(values) }).unwrap()
}

/// `true`, `false`, or the error's text.
fn holds(expression: &str, given: &str, on: &str) -> String {
    let mut placeholders = placeholders(given);
    let condition = match Condition::parse(ExpressionKind::Condition, expression, &mut placeholders) {
        Ok(condition) => condition,
        Err(error) => return error.to_string(),
    };
    match placeholders.finish() {
        Ok(()) => condition.holds(&item(on)).to_string(),
        Err(error) => error.to_string(),
    }
}

/// The item after the update, or the error's text.
fn updated(expression: &str, given: &str, on: &str) -> Result<Item, String> {
    let mut placeholders = placeholders(given);
    let update = Update::parse(expression, &mut placeholders).map_err(|error| error.to_string())?;
    placeholders.finish().map_err(|error| error.to_string())?;
    let before = item(on);
    let mut after = before.clone();
    match update.apply(&mut after) {
        Ok(()) => Ok(after),
        Err(error) => {
            assert_eq!(after, before, "a failed update changed the item: {expression}");
            Err(error.to_string())
        }
    }
}

fn schema() -> KeySchema {
    KeySchema {
        hash: KeyAttribute { name: "pk".to_owned(), kind: ScalarKind::S },
        range: Some(KeyAttribute { name: "sk".to_owned(), kind: ScalarKind::N }),
    }
}

#[test]
fn reserved_words_are_sorted() {
    use super::reserved::is_reserved;
    for word in ["ABORT", "abort", "Status", "ZONE", "name", "ttl", "Uuid", "_x", "pk"] {
        assert_eq!(is_reserved(word), !matches!(word, "_x" | "pk"), "{word}");
    }
}
