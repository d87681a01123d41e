//! The item codec and the key encoding on random values, and the limits of keys and sets.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::{collection, prelude::*};

use super::{item, schema};
use crate::{
    engine::{codec, key, key_condition::Range, number::Number},
    keys,
    model::{AttributeValue, KeyValue, PrimaryKey, TableId, item_size_bytes},
};

fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![(any::<bool>(), 0u128..10u128.pow(38), -130i16..=88), (any::<bool>(), 0u128..200, -3i16..=3),]
        .prop_filter_map("out of range", |(n, m, e)| Number::from_parts(n, m, e).ok())
}

fn blobs() -> impl Strategy<Value = Bytes> {
    collection::vec(prop_oneof![Just(0u8), Just(1), Just(0xff), any::<u8>()], 0..6).prop_map(Bytes::from)
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[\\x00-\\x02a-c]{0,4}", "\\PC{0,5}"]
}

fn values() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        texts().prop_map(AttributeValue::S),
        numbers().prop_map(AttributeValue::N),
        blobs().prop_map(AttributeValue::B),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null),
        collection::btree_set(texts(), 1..4).prop_map(AttributeValue::Ss),
        collection::btree_set(numbers(), 1..4).prop_map(AttributeValue::Ns),
        collection::btree_set(blobs(), 1..4).prop_map(AttributeValue::Bs),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
            collection::btree_map(texts(), inner, 0..4).prop_map(AttributeValue::M),
        ]
    })
}

fn key_values() -> impl Strategy<Value = KeyValue> {
    prop_oneof![texts().prop_map(KeyValue::S), numbers().prop_map(KeyValue::N), blobs().prop_map(KeyValue::B),]
}

/// Pairs of one type: only those are ever compared.
fn alike() -> impl Strategy<Value = (KeyValue, KeyValue, KeyValue)> {
    prop_oneof![
        (texts(), texts(), texts()).prop_map(|(a, b, c)| (KeyValue::S(a), KeyValue::S(b), KeyValue::S(c))),
        (numbers(), numbers(), numbers()).prop_map(|(a, b, c)| (KeyValue::N(a), KeyValue::N(b), KeyValue::N(c))),
        (blobs(), blobs(), blobs()).prop_map(|(a, b, c)| (KeyValue::B(a), KeyValue::B(b), KeyValue::B(c))),
    ]
}

const TABLE_ID: TableId = TableId([7; 16]);

fn key_of(hash: &KeyValue, range: &KeyValue) -> Vec<u8> {
    keys::item(TABLE_ID, &PrimaryKey { hash: hash.clone(), range: Some(range.clone()) })
}

proptest! {
    #[test]
    fn items_round_trip(item in collection::btree_map(texts(), values(), 0..6)) {
        prop_assert_eq!(codec::decode(&codec::encode(&item)), Ok(item));
    }

    #[test]
    fn broken_items_are_errors(item in collection::btree_map(texts(), values(), 0..4), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = codec::encode(&item);
        prop_assert!(codec::decode(&bytes[..bytes.len() - 1]).is_err());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = codec::decode(&bytes);
    }

    #[test]
    fn keys_round_trip(hash in key_values(), range in proptest::option::of(key_values())) {
        let key = PrimaryKey { hash, range };
        prop_assert_eq!(keys::decode_item(&keys::item(TABLE_ID, &key)), Ok((TABLE_ID, key)));
    }

    #[test]
    fn any_bytes_decode_or_fail(bytes in collection::vec(any::<u8>(), 0..64)) {
        let _ = keys::decode_item(&bytes);
        let _ = codec::decode(&bytes);
    }

    #[test]
    fn keys_keep_the_order((a, b, c) in alike(), (x, y, _) in alike()) {
        prop_assert_eq!(key_of(&c, &a).cmp(&key_of(&c, &b)), a.cmp(&b));
        if a != b {
            prop_assert_eq!(key_of(&a, &x).cmp(&key_of(&b, &y)), a.cmp(&b));
        }
    }

    #[test]
    fn ranges_hold_what_they_say((value, low, high) in alike(), hash in key_values(), other in key_values()) {
        let inside = |range: &Range<KeyValue>, hash_of_key: &KeyValue| {
            let bounds = keys::sort_range(TABLE_ID, &hash, range);
            let key = key_of(hash_of_key, &value);
            bounds.start <= key && key < bounds.end
        };
        let begins = match (&value, &low) {
            (KeyValue::S(value), KeyValue::S(start)) => value.starts_with(start.as_str()),
            (KeyValue::B(value), KeyValue::B(start)) => value.starts_with(start),
            _ => value == low,
        };
        for (range, expected) in [
            (Range::Equal(low.clone()), value == low),
            (Range::Less(low.clone()), value < low),
            (Range::LessEqual(low.clone()), value <= low),
            (Range::Greater(low.clone()), value > low),
            (Range::GreaterEqual(low.clone()), value >= low),
            (Range::Between(low.clone(), high.clone()), low <= value && value <= high),
            (Range::BeginsWith(low.clone()), begins),
        ] {
            prop_assert_eq!(inside(&range, &hash), expected, "{:?}", range);
            if other != hash {
                prop_assert!(!inside(&range, &other));
            }
        }
        let partition = keys::prefix_range(keys::partition(TABLE_ID, &hash));
        prop_assert!(partition.contains(&key_of(&hash, &value)));
        prop_assert!(other == hash || !partition.contains(&key_of(&other, &value)));
    }
}

#[test]
fn stored_bytes_stay_as_they_are() {
    let golden = item(r#"{"a": "x", "n": {"N": "-1.5"}, "l": [true, null], "s": {"SS": ["p"]}}"#);
    let bytes = b"\x01\x04\x01aS\x01x\x01lL\x021_\x01n-\x01\x0f\x01ss\x01\x01p";
    assert_eq!(codec::encode(&golden), bytes);
    assert_eq!(codec::decode(bytes), Ok(golden));
    let key = PrimaryKey { hash: KeyValue::S("a\0b".to_owned()), range: Some(KeyValue::N(Number::ZERO)) };
    assert_eq!(keys::item(TABLE_ID, &key)[17..], *b"Sa\x00\xffb\x00\x01N\x02");
}

#[test]
fn decode_refuses_nesting_without_end() {
    let mut bytes = vec![1, 1, 1, b'a'];
    bytes.extend([b'L', 1].repeat(100_000));
    assert_eq!(codec::decode(&bytes), Err(codec::DecodeError));
}

#[test]
fn item_sizes() {
    for (json, size) in [
        ("{}", 0),
        (r#"{"ab": "xyz"}"#, 5),
        (r#"{"a": "é"}"#, 3),
        (r#"{"a": 1}"#, 3),
        (r#"{"a": 100}"#, 3),
        (r#"{"a": 123}"#, 4),
        (r#"{"a": -123}"#, 5),
        (r#"{"a": true, "b": null}"#, 4),
        (r#"{"a": []}"#, 4),
        (r#"{"a": ["x", "y"]}"#, 8),
        (r#"{"a": {"k": "v"}}"#, 7),
        (r#"{"a": {"SS": ["xx", "y"]}}"#, 4),
    ] {
        assert_eq!(item_size_bytes(&item(json)), size, "{json}");
    }
}

#[test]
fn keys_of_items_and_requests() {
    let invalid = "One or more parameter values were invalid:";
    let long = format!(r#"{{"pk": "{}", "sk": 1}}"#, "x".repeat(2049));
    for (json, expected) in [
        (r#"{"sk": 1}"#, format!("{invalid} Missing the key pk in the item")),
        (r#"{"pk": "a"}"#, format!("{invalid} Missing the key sk in the item")),
        (r#"{"pk": 1, "sk": 1}"#, format!("{invalid} Type mismatch for key pk expected: S actual: N")),
        (r#"{"pk": "a", "sk": true}"#, format!("{invalid} Type mismatch for key sk expected: N actual: BOOL")),
        (r#"{"pk": "", "sk": 1}"#, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk".to_owned()),
        (&long, format!("{invalid} Size of hashkey has exceeded the maximum size limit of2048 bytes")),
    ] {
        assert_eq!(key::of_item(&schema(), &item(json)).unwrap_err().to_string(), expected);
    }
    let given = item(r#"{"pk": "a", "sk": 1}"#);
    let key = key::of_request(&schema(), &given).unwrap();
    assert_eq!(key, PrimaryKey { hash: KeyValue::S("a".to_owned()), range: Some(KeyValue::N(1.into())) });
    assert_eq!(key::to_item(&schema(), &key), given);
    for json in
        [r#"{"pk": "a"}"#, r#"{"pk": "a", "sk": "1"}"#, r#"{"pk": "a", "sk": 1, "x": 1}"#, r#"{"pk": "a", "x": 1}"#]
    {
        let error = key::of_request(&schema(), &item(json)).unwrap_err().to_string();
        assert_eq!(error, "The provided key element does not match the schema", "{json}");
    }
}

#[test]
fn sets_are_checked() {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let invalid = "One or more parameter values were invalid:";
    for (refused, expected) in [
        (AttributeValue::string_set(vec![]), format!("{invalid} An string set  may not be empty")),
        (AttributeValue::number_set::<&str>(&[]), format!("{invalid} An number set  may not be empty")),
        (AttributeValue::binary_set(vec![]), format!("{invalid} Binary sets should not be empty")),
        (
            AttributeValue::string_set(texts(&["a", "b", "a"])),
            format!("{invalid} Input collection [a, b, a] contains duplicates."),
        ),
        (AttributeValue::number_set(&["1", "1.0"]), "Input collection contains duplicates".to_owned()),
        (AttributeValue::number_set(&["1", "b"]), "The parameter cannot be converted to a numeric value: b".to_owned()),
        (
            AttributeValue::binary_set(vec![Bytes::from("a"), Bytes::from("a")]),
            format!("{invalid} Input collection [YQ==, YQ==]of type BS contains duplicates."),
        ),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
    assert!(AttributeValue::string_set(texts(&["", "a"])).is_ok());
    assert!(AttributeValue::binary_set(vec![Bytes::new()]).is_ok());
    assert_eq!(AttributeValue::L(vec![AttributeValue::M(BTreeMap::new())]).depth(), 2);
}
