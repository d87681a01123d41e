//! Key conditions: what they ask for and what they refuse.

use super::{KeyCondition, KeyQuery, KeyValue, Range, placeholders, schema};
use crate::{
    engine::number::Number,
    model::{KeySchema, ScalarKind},
};

fn query_on(expression: &str, given: &str, schema: &KeySchema) -> Result<KeyQuery, String> {
    let mut placeholders = placeholders(given);
    let condition = KeyCondition::parse(expression, &mut placeholders).map_err(|error| error.to_string())?;
    placeholders.finish().map_err(|error| error.to_string())?;
    condition.conditions().and_then(|conditions| conditions.on(schema)).map_err(|error| error.to_string())
}

fn query(expression: &str, given: &str) -> Result<KeyQuery, String> {
    query_on(expression, given, &schema())
}

fn number(value: i32) -> KeyValue {
    KeyValue::N(value.to_string().parse::<Number>().unwrap())
}

#[test]
fn asks_for_ranges() {
    let given = r#"{":p": "x", ":a": 1, ":b": 2}"#;
    let one = r#"{":p": "x", ":a": 1}"#;
    for (expression, given, range) in [
        ("pk = :p", r#"{":p": "x"}"#, None),
        (":p = pk", r#"{":p": "x"}"#, None),
        ("(pk = :p)", r#"{":p": "x"}"#, None),
        ("pk = :p AND sk = :a", one, Some(Range::Equal(number(1)))),
        ("sk = :a and pk = :p", one, Some(Range::Equal(number(1)))),
        ("(pk = :p) AND (sk < :a)", one, Some(Range::Less(number(1)))),
        ("pk = :p AND sk <= :a", one, Some(Range::LessEqual(number(1)))),
        ("pk = :p AND sk > :a", one, Some(Range::Greater(number(1)))),
        ("pk = :p AND :a > sk", one, Some(Range::Less(number(1)))),
        ("pk = :p AND :a <= sk", one, Some(Range::GreaterEqual(number(1)))),
        ("pk = :p AND sk >= :a", one, Some(Range::GreaterEqual(number(1)))),
        ("pk = :p AND sk BETWEEN :a AND :b", given, Some(Range::Between(number(1), number(2)))),
        ("sk BETWEEN :a AND :b AND pk = :p", given, Some(Range::Between(number(1), number(2)))),
    ] {
        assert_eq!(query(expression, given), Ok(KeyQuery { hash: KeyValue::S("x".to_owned()), range }), "{expression}");
    }
    let mut texts = schema();
    texts.range.as_mut().unwrap().kind = ScalarKind::S;
    let found = query_on("pk = :p AND begins_with(sk, :s)", r#"{":p": "x", ":s": "a"}"#, &texts);
    assert_eq!(found.unwrap().range, Some(Range::BeginsWith(KeyValue::S("a".to_owned()))));
}

#[test]
fn refuses() {
    let one = r#"{":a": "x"}"#;
    let two = r#"{":a": "x", ":b": 1}"#;
    let operator = "Invalid operator used in KeyConditionExpression:";
    let condition = "Invalid condition in KeyConditionExpression:";
    let nested = "Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations";
    let nested_path =
        "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes";
    let twice = "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key";
    let unsupported = "Query key condition not supported";
    for (expression, given, expected) in [
        ("", "{}", "Invalid KeyConditionExpression: The expression can not be empty;"),
        ("pk = x y", "{}", r#"Invalid KeyConditionExpression: Syntax error; token: "y", near: "x y""#),
        (
            "name = :a",
            one,
            "Invalid KeyConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
        ),
        (
            "pk = :z",
            "{}",
            "Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; attribute value: :z",
        ),
        ("a > b and size(b) > c or a > c", "{}", &format!("{operator} OR")),
        ("a in (b, size(c), d)", "{}", &format!("{operator} IN")),
        ("attribute_exists(a)", "{}", &format!("{operator} attribute_exists")),
        ("attribute_not_exists(a)", "{}", &format!("{operator} attribute_not_exists")),
        ("attribute_type(a, :a)", r#"{":a": "S"}"#, &format!("{operator} attribute_type")),
        ("contains(a.d, b)", "{}", &format!("{operator} contains")),
        ("not a > b", "{}", &format!("{operator} NOT")),
        ("a <> b", "{}", &format!("{operator} <>")),
        (
            ":a between size(b) and size(a)",
            r#"{":a": "1"}"#,
            &format!("{condition} BETWEEN operator must have the key attribute as its first operand"),
        ),
        (
            "begins_with(:a, b)",
            one,
            &format!("{condition} begins_with operator must have the key attribute as its first operand"),
        ),
        ("size(b) > a AND a.b > b AND b > c", "{}", nested),
        ("a > size(b.d)", "{}", nested),
        ("a between size(b) and size(a)", "{}", nested),
        ("b > a.b", "{}", &format!("{condition} Multiple attribute names used in one condition")),
        ("b between c[1] and d", "{}", &format!("{condition} Multiple attribute names used in one condition")),
        ("a between b and size(a)", "{}", &format!("{condition} Multiple attribute names used in one condition")),
        ("begins_with(a, b)", "{}", &format!("{condition} Multiple attribute names used in one condition")),
        ("b.d > a AND c.d > e.f", "{}", nested_path),
        ("b[0] > a", "{}", nested_path),
        (":b > :a AND a < :b", two, &format!("{condition} No key attribute specified")),
        ("b > :a AND b < :a and c = :a and d = :a", one, twice),
        ("(a > :a and b > :a) and (b > :a and c > :a)", one, twice),
        (
            "a between :b and :a",
            two,
            "Invalid KeyConditionExpression: The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}",
        ),
        ("sk = :b", r#"{":b": 1}"#, "Query condition missed key schema element: pk"),
        ("oth = :a", one, "Query condition missed key schema element: pk"),
        ("pk = :a AND oth = :b", two, "Query condition missed key schema element: sk"),
        (
            "pk = :a AND sk = :b AND c = :b",
            two,
            "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
        ),
        ("pk > :a", one, unsupported),
        ("begins_with(pk, :a)", one, unsupported),
        ("pk BETWEEN :a AND :a", one, unsupported),
        (
            "pk = :b",
            r#"{":b": 1}"#,
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "pk = :a AND sk = :a",
            one,
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "pk = :e",
            r#"{":e": ""}"#,
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
        ("pk = :a", two, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"),
    ] {
        assert_eq!(query(expression, given), Err(expected.to_owned()), "{expression}");
    }
    let mut hash_only = schema();
    hash_only.range = None;
    assert_eq!(query_on("pk = :a AND sk = :b", two, &hash_only), Err(unsupported.to_owned()));
}
