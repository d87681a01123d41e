//! Single items.

use serde_json::{Value, json};

use super::kit::{call, denied, key, kit, show, with};

fn of(more: Value) -> Value {
    with(json!({ "TableName": "album" }), more)
}

#[tokio::test]
async fn what_is_put_is_got_until_deleted() {
    let kit = kit().await;
    let item = with(key("a", 1), json!({ "l": { "L": [{ "M": { "x": { "NS": ["1", "2"] } } }, { "NULL": true }] } }));
    assert_eq!(call(&kit, "PutItem", of(json!({ "Item": item }))).await, json!({}));
    assert_eq!(call(&kit, "GetItem", of(json!({ "Key": key("a", 1) }))).await, json!({ "Item": item }));
    let parts = of(
        json!({ "Key": key("a", 1), "ProjectionExpression": "l[0].#x, pk", "ExpressionAttributeNames": { "#x": "x" } }),
    );
    let shown = call(&kit, "GetItem", parts).await;
    assert_eq!(shown["Item"], json!({ "l": { "L": [{ "M": { "x": { "NS": ["1", "2"] } } }] }, "pk": { "S": "a" } }));
    let gone = call(&kit, "DeleteItem", of(json!({ "Key": key("a", 1), "ReturnValues": "ALL_OLD" }))).await;
    assert_eq!(gone, json!({ "Attributes": item }));
    assert_eq!(call(&kit, "GetItem", of(json!({ "Key": key("a", 1) }))).await, json!({}));
}

#[tokio::test]
async fn bad_requests_get_their_texts() {
    let kit = kit().await;
    let get = |key: Value| ("GetItem", of(json!({ "Key": key })));
    let put = |more: Value| ("PutItem", of(with(json!({ "Item": key("a", 1) }), more)));
    let value = |value: Value| put(json!({ "Item": with(key("a", 1), json!({ "x": value })) }));
    let deep = (0..32).fold(json!({ "S": "x" }), |inner, _| json!({ "L": [inner] }));
    for ((operation, document), expected) in [
        (get(json!({ "pk": { "S": "a" } })), "The provided key element does not match the schema"),
        (get(with(key("a", 1), json!({ "x": { "S": "" } }))), "The provided key element does not match the schema"),
        (get(json!({ "pk": { "S": "a" }, "sk": { "S": "1" } })), "The provided key element does not match the schema"),
        (put(json!({ "ReturnValues": "ALL_NEW" })), "ReturnValues can only be ALL_OLD or NONE"),
        (
            put(json!({ "ExpressionAttributeNames": { "#a": "a" } })),
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            put(json!({ "ExpressionAttributeValues": { ":a": { "S": "a" } } })),
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
        ),
        (
            put(json!({ "ConditionExpression": "x = :a", "ExpressionAttributeValues": { ":a": { "N": "no" } } })),
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: no for key :a",
        ),
        (put(json!({ "ConditionExpression": "" })), "Invalid ConditionExpression: The expression can not be empty;"),
        (value(json!({})), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            value(json!({ "M": { "y": { "S": "a", "BOOL": true } } })),
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        ),
        (
            value(deep),
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        ),
    ] {
        assert_eq!(show(&kit, operation, document).await, format!("ValidationException 400: {expected}"));
    }
    let answer = show(&kit, "PutItem", of(json!({ "Item": with(key("a", 1), json!({ "x": { "N": 1 } })) }))).await;
    assert_eq!(answer, "SerializationException 400: NUMBER_VALUE cannot be converted to String");
}

#[tokio::test]
async fn updates_show_what_is_asked_for() {
    let kit = kit().await;
    let update = |returned: &str, expression: &str, value: &str| {
        let values = json!({ ":v": { "N": value } });
        let document = json!({ "Key": key("a", 1), "UpdateExpression": expression, "ReturnValues": returned, "ExpressionAttributeValues": values });
        call(&kit, "UpdateItem", of(document))
    };
    let item = |n: &str| with(key("a", 1), json!({ "n": { "N": n } }));
    assert_eq!(update("ALL_OLD", "SET n = :v", "1").await, json!({}));
    assert_eq!(update("ALL_OLD", "ADD n :v", "1").await, json!({ "Attributes": item("1") }));
    assert_eq!(update("ALL_NEW", "ADD n :v", "1").await, json!({ "Attributes": item("3") }));
    assert_eq!(update("UPDATED_OLD", "ADD n :v", "1").await, json!({ "Attributes": { "n": { "N": "3" } } }));
    assert_eq!(update("UPDATED_NEW", "ADD n :v", "1").await, json!({ "Attributes": { "n": { "N": "5" } } }));
    assert_eq!(update("NONE", "ADD n :v", "1").await, json!({}));
    let grown = json!({ "Key": key("a", 1), "UpdateExpression": "SET x = :v", "ExpressionAttributeValues": { ":v": { "S": "x".repeat(410_000) } } });
    assert_eq!(
        show(&kit, "UpdateItem", of(grown)).await,
        "ValidationException 400: Item size to update has exceeded the maximum allowed size"
    );
    let whole = json!({ "Key": key("new", 1), "ReturnValues": "ALL_NEW" });
    assert_eq!(call(&kit, "UpdateItem", of(whole)).await, json!({ "Attributes": key("new", 1) }));
}

#[tokio::test]
async fn updates_that_only_take_away_begin_no_item() {
    let kit = kit().await;
    let set = json!({ ":s": { "SS": ["a"] } });
    for more in [
        json!({ "UpdateExpression": "REMOVE x, y" }),
        json!({ "UpdateExpression": "DELETE x :s", "ExpressionAttributeValues": set }),
        json!({ "UpdateExpression": "REMOVE y DELETE x :s", "ExpressionAttributeValues": set }),
    ] {
        let document = with(of(json!({ "Key": key("none", 1), "ReturnValues": "ALL_NEW" })), more);
        assert_eq!(call(&kit, "UpdateItem", document).await, json!({}));
        assert_eq!(call(&kit, "GetItem", of(json!({ "Key": key("none", 1) }))).await, json!({}));
    }
}

#[tokio::test]
async fn a_failed_condition_changes_nothing_and_shows_the_item_if_asked() {
    let kit = kit().await;
    call(&kit, "PutItem", of(json!({ "Item": key("a", 1) }))).await;
    let guarded =
        json!({ "ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD" });
    let item = with(key("a", 1), json!({ "x": { "S": "new" } }));
    for (operation, document) in [
        ("PutItem", json!({ "Item": item })),
        ("DeleteItem", json!({ "Key": key("a", 1) })),
        ("UpdateItem", json!({ "Key": key("a", 1), "UpdateExpression": "REMOVE x" })),
    ] {
        let document = of(with(document, guarded.clone()));
        let failure = kit.call("dynamodb", operation, document).await.unwrap_err();
        assert_eq!(failure.to_string(), "ConditionalCheckFailedException: The conditional request failed");
        assert_eq!(failure.members, [("Item", key("a", 1))]);
    }
    assert_eq!(call(&kit, "GetItem", of(json!({ "Key": key("a", 1) }))).await, json!({ "Item": key("a", 1) }));
}

#[tokio::test]
async fn items_demand_permissions() {
    let kit = kit().await;
    for operation in ["PutItem", "GetItem", "UpdateItem", "DeleteItem"] {
        let subject = if operation == "PutItem" { "Item" } else { "Key" };
        // A table may be named by its ARN.
        for name in ["album", "arn:aws:dynamodb:us-east-1:000000000000:table/album"] {
            let document = json!({ "TableName": name, subject: key("a", 1) });
            call(&kit, operation, document.clone()).await;
            let answer = denied(&kit, operation, document).await;
            let expected =
                format!("dynamodb:{operation} on resource: arn:aws:dynamodb:us-east-1:000000000000:table/album ");
            assert!(answer.starts_with("AccessDeniedException: ") && answer.contains(&expected), "{answer}");
        }
    }
    let elsewhere = json!({ "TableName": "arn:aws:dynamodb:eu-west-1:000000000000:table/album", "Key": key("a", 1) });
    assert_eq!(show(&kit, "GetItem", elsewhere).await, "ResourceNotFoundException 400: Requested resource not found");
}
