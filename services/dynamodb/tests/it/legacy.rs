//! The parameters that expressions have replaced.

use serde_json::{Value, json};
use service::testing::Kit;

use super::kit::{call, key, kit, show, with};

fn n(number: i64) -> Value {
    json!({ "N": number.to_string() })
}

fn on(more: Value) -> Value {
    with(json!({ "TableName": "album", "Key": key("a", 1) }), more)
}

async fn stored(kit: &Kit) -> Value {
    call(kit, "GetItem", on(json!({}))).await["Item"].clone()
}

async fn with_items() -> Kit {
    let kit = kit().await;
    for sk in 1..=4 {
        let more = json!({ "x": n(sk * 10), "tags": { "SS": [format!("t{sk}"), "all"] }, "name": { "S": format!("photo {sk}") } });
        call(&kit, "PutItem", json!({ "TableName": "album", "Item": with(key("a", sk), more) })).await;
    }
    call(&kit, "PutItem", json!({ "TableName": "album", "Item": key("a", 5) })).await;
    kit
}

fn sort_keys(answer: &Value) -> String {
    let keys = answer["Items"].as_array().unwrap().iter().map(|item| item["sk"]["N"].as_str().unwrap());
    keys.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn old_conditions_mean_what_expressions_mean() {
    let kit = with_items().await;
    let text = |text: &str| json!({ "S": text });
    for (operator, attribute, values, expected) in [
        ("EQ", "x", vec![n(20)], "2"),
        ("NE", "x", vec![n(20)], "1 3 4 5"),
        ("LT", "x", vec![n(20)], "1"),
        ("LE", "x", vec![n(20)], "1 2"),
        ("GT", "x", vec![n(20)], "3 4"),
        ("GE", "x", vec![n(20)], "2 3 4"),
        ("BETWEEN", "x", vec![n(15), n(30)], "2 3"),
        ("IN", "x", vec![n(10), n(40), n(50)], "1 4"),
        ("NULL", "x", vec![], "5"),
        ("NOT_NULL", "x", vec![], "1 2 3 4"),
        ("BEGINS_WITH", "name", vec![text("photo 3")], "3"),
        ("CONTAINS", "tags", vec![text("t4")], "4"),
        ("NOT_CONTAINS", "tags", vec![text("t4")], "1 2 3 5"),
    ] {
        let condition = json!({ attribute: { "ComparisonOperator": operator, "AttributeValueList": values } });
        let scan = json!({ "TableName": "album", "ScanFilter": condition });
        assert_eq!(sort_keys(&call(&kit, "Scan", scan).await), expected, "{operator}");
        let hash = json!({ "pk": { "ComparisonOperator": "EQ", "AttributeValueList": [text("a")] } });
        let query = json!({ "TableName": "album", "KeyConditions": hash, "QueryFilter": condition });
        assert_eq!(sort_keys(&call(&kit, "Query", query).await), expected, "{operator}");
    }
    let either = json!({
        "TableName": "album", "ConditionalOperator": "OR", "AttributesToGet": ["sk"],
        "ScanFilter": {
            "x": { "ComparisonOperator": "GT", "AttributeValueList": [n(30)] },
            "name": { "ComparisonOperator": "EQ", "AttributeValueList": [text("photo 1")] },
        },
    });
    assert_eq!(call(&kit, "Scan", either).await["Items"], json!([{ "sk": n(1) }, { "sk": n(4) }]));
}

#[tokio::test]
async fn old_key_conditions_select_ranges_also_beside_filter_expressions() {
    let kit = with_items().await;
    for (operator, values, expected) in [
        ("EQ", vec![n(2)], "2"),
        ("LT", vec![n(2)], "1"),
        ("LE", vec![n(2)], "1 2"),
        ("GT", vec![n(2)], "3 4 5"),
        ("GE", vec![n(2)], "2 3 4 5"),
        ("BETWEEN", vec![n(2), n(4)], "2 3 4"),
    ] {
        let query = json!({ "TableName": "album", "KeyConditions": {
            "pk": { "ComparisonOperator": "EQ", "AttributeValueList": [{ "S": "a" }] },
            "sk": { "ComparisonOperator": operator, "AttributeValueList": values },
        } });
        assert_eq!(sort_keys(&call(&kit, "Query", query.clone()).await), expected, "{operator}");
        let filtered = with(query, json!({ "FilterExpression": "attribute_not_exists(nothing)" }));
        assert_eq!(sort_keys(&call(&kit, "Query", filtered).await), expected, "{operator}");
    }
}

#[tokio::test]
async fn expected_guards_writes() {
    let kit = with_items().await;
    let failed = "ConditionalCheckFailedException 400: The conditional request failed";
    let x = |expected: Value| json!({ "Expected": { "x": expected } });
    for (expected, holds) in [
        (x(json!({ "Value": n(10) })), true),
        (x(json!({ "Value": n(10), "Exists": true })), true),
        (x(json!({ "Value": n(11) })), false),
        (x(json!({ "Exists": false })), false),
        (x(json!({ "ComparisonOperator": "GT", "Value": n(5) })), true),
        (x(json!({ "ComparisonOperator": "BETWEEN", "AttributeValueList": [n(11), n(12)] })), false),
        (x(json!({ "ComparisonOperator": "NOT_NULL" })), true),
        (
            json!({ "Expected": { "x": { "Value": n(11) }, "nothing": { "Exists": false } }, "ConditionalOperator": "OR" }),
            true,
        ),
        (json!({ "Expected": { "x": { "Value": n(11) }, "nothing": { "Exists": false } } }), false),
    ] {
        let same = json!({ "AttributeUpdates": { "x": { "Value": n(10) } } });
        let update = with(on(same), expected.clone());
        let put =
            with(json!({ "TableName": "album", "Item": with(key("a", 1), json!({ "x": n(10) })) }), expected.clone());
        for (operation, document) in [("UpdateItem", update), ("PutItem", put)] {
            let answer = show(&kit, operation, document).await;
            assert_eq!(answer != failed, holds, "{operation} {expected} {answer}");
        }
    }
    assert_eq!(show(&kit, "DeleteItem", on(x(json!({ "Value": n(11) })))).await, failed);
    call(&kit, "DeleteItem", on(x(json!({ "Value": n(10) })))).await;
    assert_eq!(stored(&kit).await, Value::Null);
}

#[tokio::test]
async fn attribute_updates_put_add_and_delete() {
    let kit = with_items().await;
    let list = |texts: &[&str]| json!({ "L": texts.iter().map(|text| json!({ "S": text })).collect::<Vec<_>>() });
    let updates = json!({
        "AttributeUpdates": {
            "x": { "Action": "ADD", "Value": n(5) },
            "tags": { "Action": "DELETE", "Value": { "SS": ["all"] } },
            "name": { "Action": "DELETE" },
            "new": { "Value": { "S": "put" } },
            "list": { "Action": "ADD", "Value": list(&["a"]) },
        },
        "ReturnValues": "UPDATED_NEW",
    });
    let new = json!({ "x": n(15), "tags": { "SS": ["t1"] }, "new": { "S": "put" }, "list": list(&["a"]) });
    assert_eq!(call(&kit, "UpdateItem", on(updates)).await["Attributes"], new);
    let more = json!({ "AttributeUpdates": { "list": { "Action": "ADD", "Value": list(&["b"]) } } });
    call(&kit, "UpdateItem", on(more)).await;
    assert_eq!(stored(&kit).await, with(key("a", 1), with(new, json!({ "list": list(&["a", "b"]) }))));
    let other = json!({ "TableName": "album", "Key": key("b", 1) });
    call(&kit, "UpdateItem", with(other.clone(), json!({ "AttributeUpdates": { "x": { "Action": "DELETE" } } }))).await;
    assert_eq!(call(&kit, "GetItem", other.clone()).await, json!({}));
    call(
        &kit,
        "UpdateItem",
        with(other.clone(), json!({ "AttributeUpdates": { "x": { "Action": "ADD", "Value": n(1) } } })),
    )
    .await;
    let got = call(&kit, "GetItem", with(other.clone(), json!({ "AttributesToGet": ["x", "nothing"] }))).await;
    assert_eq!(got, json!({ "Item": { "x": n(1) } }));
    let batch = json!({ "RequestItems": { "album": { "Keys": [other["Key"]], "AttributesToGet": ["x"] } } });
    assert_eq!(call(&kit, "BatchGetItem", batch).await["Responses"]["album"], json!([{ "x": n(1) }]));
}

#[tokio::test]
async fn old_parameters_are_refused_with_their_texts() {
    let kit = with_items().await;
    let invalid = |text: &str| format!("One or more parameter values were invalid: {text}");
    let update = |updates: Value| ("UpdateItem", on(json!({ "AttributeUpdates": updates })));
    let expected = |expected: Value| ("DeleteItem", on(json!({ "Expected": { "x": expected } })));
    let scan = |more: Value| ("Scan", with(json!({ "TableName": "album" }), more));
    let test =
        |operator: &str, values: Vec<Value>| json!({ "ComparisonOperator": operator, "AttributeValueList": values });
    let filter = |condition: Value| scan(json!({ "ScanFilter": { "x": condition } }));
    let query = |conditions: Value, more: Value| {
        ("Query", with(json!({ "TableName": "album", "KeyConditions": conditions }), more))
    };
    let hash = || test("EQ", vec![json!({ "S": "a" })]);
    let mixed = |old: &str, new: &str| {
        format!(
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{old}}} Expression parameters: {{{new}}}"
        )
    };
    for ((operation, document), text) in [
        (
            ("GetItem", on(json!({ "AttributesToGet": ["a"], "ProjectionExpression": "a" }))),
            mixed("AttributesToGet", "ProjectionExpression"),
        ),
        (
            ("UpdateItem", on(json!({
                "AttributeUpdates": {}, "Expected": {}, "UpdateExpression": "REMOVE a", "ConditionExpression": "a = b",
            }))),
            mixed("AttributeUpdates, Expected", "UpdateExpression, ConditionExpression"),
        ),
        (
            query(json!({ "pk": hash() }), json!({ "KeyConditionExpression": "pk = :a", "QueryFilter": {} })),
            mixed("QueryFilter, KeyConditions", "KeyConditionExpression"),
        ),
        (
            ("DeleteItem", on(json!({ "ConditionalOperator": "OR" }))),
            "ConditionalOperator cannot be used without Filter or Expected".into(),
        ),
        (
            scan(json!({ "ConditionalOperator": "OR", "ScanFilter": { "x": test("NULL", vec![]) } })),
            "ConditionalOperator can only be used when Filter or Expected has two or more elements".into(),
        ),
        (scan(json!({ "AttributesToGet": ["a", "b", "a"] })), invalid("Duplicate value in attribute name: a")),
        (
            scan(json!({ "AttributesToGet": ["a"], "Select": "COUNT" })),
            "Cannot specify the AttributesToGet when choosing to get only the Count".into(),
        ),
        (filter(test("EQ", vec![])), invalid("Invalid number of argument(s) for the EQ ComparisonOperator")),
        (filter(test("NULL", vec![n(1)])), invalid("Invalid number of argument(s) for the NULL ComparisonOperator")),
        (
            filter(test("LT", vec![json!({ "BOOL": true })])),
            invalid("ComparisonOperator LT is not valid for BOOL AttributeValue type"),
        ),
        (
            filter(test("IN", vec![n(1), json!({ "S": "a" })])),
            invalid("AttributeValues inside AttributeValueList must be of same type"),
        ),
        (
            filter(test("BETWEEN", vec![n(2), n(1)])),
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound".into(),
        ),
        (
            filter(json!({ "ComparisonOperator": "LIKE" })),
            "1 validation error detected: Value 'LIKE' at 'scanFilter.x.member.comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]".into(),
        ),
        (query(json!({}), json!({})), "Conditions can be of length 1 or 2 only".into()),
        (
            query(json!({ "pk": test("NE", vec![json!({ "S": "a" })]) }), json!({})),
            "Attempted conditional constraint is not an indexable operation".into(),
        ),
        (
            query(json!({ "pk": test("GT", vec![json!({ "S": "a" })]) }), json!({})),
            "Query key condition not supported".into(),
        ),
        (query(json!({ "sk": test("EQ", vec![n(1)]) }), json!({})), "Query condition missed key schema element: pk".into()),
        (
            query(json!({ "pk": hash() }), json!({ "QueryFilter": { "sk": test("EQ", vec![n(1)]) } })),
            "QueryFilter can only contain non-primary key attributes: Primary key attribute: sk".into(),
        ),
        (expected(json!({})), invalid("Value must be provided when Exists is null for Attribute: x")),
        (expected(json!({ "Exists": true })), invalid("Value must be provided when Exists is true for Attribute: x")),
        (
            expected(json!({ "Exists": false, "Value": n(1) })),
            invalid("Value cannot be used when Exists is false for Attribute: x"),
        ),
        (
            expected(json!({ "Exists": true, "ComparisonOperator": "NULL" })),
            invalid("Exists and ComparisonOperator cannot be used together for Attribute: x"),
        ),
        (
            expected(json!({ "Value": n(1), "AttributeValueList": [n(1)] })),
            invalid("Value and AttributeValueList cannot be used together for Attribute: x"),
        ),
        (
            expected(json!({ "AttributeValueList": [n(1)] })),
            invalid("AttributeValueList can only be used with a ComparisonOperator for Attribute: x"),
        ),
        (
            expected(json!({ "ComparisonOperator": "EQ" })),
            invalid("Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: x"),
        ),
        (
            update(json!({ "x": { "Action": "ADD" } })),
            invalid("Only DELETE action is allowed when no attribute value is specified"),
        ),
        (
            update(json!({ "x": { "Action": "DELETE", "Value": n(1) } })),
            invalid("DELETE action with value is not supported for the type N"),
        ),
        (
            update(json!({ "x": { "Action": "ADD", "Value": { "S": "a" } } })),
            invalid("ADD action is not supported for the type S"),
        ),
        (update(json!({ "name": { "Action": "ADD", "Value": n(1) } })), "Type mismatch for attribute to update".into()),
        (
            update(json!({ "pk": { "Value": { "S": "b" } } })),
            invalid("Cannot update attribute pk. This attribute is part of the key"),
        ),
    ] {
        assert_eq!(show(&kit, operation, document).await, format!("ValidationException 400: {text}"));
    }
}
