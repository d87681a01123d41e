//! Transactions.

use serde_json::{Value, json};
use service::testing::Kit;

use super::kit::{call, denied, key, kit, show, with};

fn put(pk: &str, more: Value) -> Value {
    json!({ "Put": with(json!({ "TableName": "album", "Item": key(pk, 1) }), more) })
}

fn on(verb: &str, pk: &str, more: Value) -> Value {
    json!({ verb: with(json!({ "TableName": "album", "Key": key(pk, 1) }), more) })
}

fn write(actions: &[Value]) -> Value {
    json!({ "TransactItems": actions })
}

async fn got(kit: &Kit, pk: &str) -> Value {
    call(kit, "GetItem", json!({ "TableName": "album", "Key": key(pk, 1) })).await["Item"].clone()
}

fn added() -> Value {
    json!({ "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": { ":one": { "N": "1" } } })
}

#[tokio::test]
async fn all_actions_are_done_together() {
    let kit = kit().await;
    call(&kit, "TransactWriteItems", write(&[put("gone", json!({})), put("there", json!({}))])).await;
    let exists = json!({ "ConditionExpression": "attribute_exists(pk)" });
    let actions = [
        put("new", json!({ "ConditionExpression": "attribute_not_exists(pk)" })),
        on("Update", "counter", added()),
        on("Delete", "gone", exists.clone()),
        on("ConditionCheck", "there", exists),
    ];
    let answer =
        call(&kit, "TransactWriteItems", with(write(&actions), json!({ "ReturnConsumedCapacity": "INDEXES" }))).await;
    let table = json!({ "CapacityUnits": 8.0, "WriteCapacityUnits": 8.0 });
    let consumed = with(json!({ "TableName": "album", "Table": table.clone() }), table);
    assert_eq!(answer, json!({ "ConsumedCapacity": [consumed] }));
    assert_eq!(got(&kit, "counter").await, with(key("counter", 1), json!({ "n": { "N": "1" } })));
    assert_eq!((got(&kit, "new").await, got(&kit, "gone").await), (key("new", 1), Value::Null));
}

#[tokio::test]
async fn a_refused_action_cancels_all_and_each_has_its_reason() {
    let kit = kit().await;
    call(&kit, "TransactWriteItems", write(&[put("there", json!({}))])).await;
    let absent = json!({ "ConditionExpression": "attribute_not_exists(pk)" });
    let shown = with(absent.clone(), json!({ "ReturnValuesOnConditionCheckFailure": "ALL_OLD" }));
    let actions = [
        put("new", absent.clone()),
        on("Delete", "there", shown),
        on("ConditionCheck", "none", json!({ "ConditionExpression": "attribute_exists(pk)" })),
        on("Update", "other", json!({ "UpdateExpression": "SET a = b" })),
    ];
    let failure = kit.call("dynamodb", "TransactWriteItems", write(&actions)).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons \
         [None, ConditionalCheckFailed, ConditionalCheckFailed, ValidationError]"
    );
    let message = "The conditional request failed";
    let missing = "The provided expression refers to an attribute that does not exist in the item";
    let reasons = json!([
        { "Code": "None" },
        { "Code": "ConditionalCheckFailed", "Message": message, "Item": key("there", 1) },
        { "Code": "ConditionalCheckFailed", "Message": message },
        { "Code": "ValidationError", "Message": missing },
    ]);
    assert_eq!(failure.members, [("CancellationReasons", reasons)]);
    assert_eq!((got(&kit, "new").await, got(&kit, "there").await), (Value::Null, key("there", 1)));
}

#[tokio::test]
async fn what_the_request_alone_tells_is_refused_before_the_rest() {
    let kit = kit().await;
    let item = |item: Value| json!({ "Put": { "TableName": "album", "Item": item } });
    let big = |pk: &str, bytes: usize| {
        put(pk, json!({ "Item": with(key(pk, 1), json!({ "x": { "S": "x".repeat(bytes) } })) }))
    };
    let reason = |code: &str| {
        format!(
            "TransactionCanceledException 400: Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]"
        )
    };
    let invalid = |text: &str| format!("ValidationException 400: {text}");
    let elsewhere = json!({ "Put": { "TableName": "absent", "Item": key("a", 1) } });
    let many: Vec<Value> = (0..12).map(|n| big(&n.to_string(), 400_000)).collect();
    for (actions, expected) in [
        (
            vec![],
            invalid(
                "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
        ),
        (vec![json!({})], invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
        (
            vec![put("a", json!({})), on("Delete", "a", json!({}))],
            invalid("Transaction request cannot include multiple operations on one item"),
        ),
        (vec![elsewhere.clone()], "ResourceNotFoundException 400: Requested resource not found".to_owned()),
        (
            vec![elsewhere, put("a", json!({ "ConditionExpression": "attribute_not_exists(" }))],
            invalid("Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"(\""),
        ),
        (vec![big("a", 410_000)], invalid("Item size has exceeded the maximum allowed size")),
        (many, invalid("Transaction payload size cannot exceed 4 MB")),
        (
            vec![item(json!({ "pk": { "S": "" }, "sk": { "N": "1" } }))],
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
            ),
        ),
        (
            vec![put("a", json!({})), item(json!({ "pk": { "N": "1" } })), item(json!({}))],
            reason("None, ValidationError, None"),
        ),
        (vec![on("Delete", "a", json!({ "Key": {} }))], reason("ValidationError")),
        (vec![on("Update", "a", json!({ "UpdateExpression": "REMOVE pk" }))], reason("ValidationError")),
    ] {
        assert_eq!(show(&kit, "TransactWriteItems", write(&actions)).await, expected);
    }
    assert_eq!(call(&kit, "Scan", json!({ "TableName": "album" })).await["Count"], json!(0));
}

#[tokio::test]
async fn a_token_makes_a_request_happen_once_in_ten_minutes() {
    let kit = kit().await;
    let request = |pk: &str| {
        let more = json!({ "ClientRequestToken": "token", "ReturnConsumedCapacity": "TOTAL" });
        with(write(&[on("Update", pk, added())]), more)
    };
    let first = call(&kit, "TransactWriteItems", request("a")).await;
    assert_eq!(first["ConsumedCapacity"][0]["WriteCapacityUnits"], json!(2.0));
    let again = call(&kit, "TransactWriteItems", request("a")).await;
    assert_eq!(again["ConsumedCapacity"][0]["ReadCapacityUnits"], json!(2.0));
    assert_eq!(got(&kit, "a").await["n"], json!({ "N": "1" }));
    let answer = show(&kit, "TransactWriteItems", request("b")).await;
    assert!(answer.starts_with("IdempotentParameterMismatchException 400: "), "{answer}");
    kit.clock.advance_ms(10 * 60 * 1000);
    call(&kit, "TransactWriteItems", request("b")).await;
    call(&kit, "TransactWriteItems", write(&[on("Update", "a", added())])).await;
    assert_eq!(
        (got(&kit, "a").await["n"].clone(), got(&kit, "b").await["n"].clone()),
        (json!({ "N": "2" }), json!({ "N": "1" }))
    );
}

#[tokio::test]
async fn a_cancelled_request_leaves_its_token_free() {
    let kit = kit().await;
    let request = |condition: &str| {
        let actions = [put("a", json!({ "ConditionExpression": condition }))];
        with(write(&actions), json!({ "ClientRequestToken": "token" }))
    };
    let answer = show(&kit, "TransactWriteItems", request("attribute_exists(pk)")).await;
    assert!(answer.starts_with("TransactionCanceledException"), "{answer}");
    call(&kit, "TransactWriteItems", request("attribute_not_exists(pk)")).await;
}

#[tokio::test]
async fn gets_are_answered_in_their_order() {
    let kit = kit().await;
    let item = with(key("a", 1), json!({ "x": { "S": "y" } }));
    call(&kit, "PutItem", json!({ "TableName": "album", "Item": item })).await;
    let gets = [on("Get", "none", json!({})), on("Get", "a", json!({ "ProjectionExpression": "x" }))];
    let request = json!({ "TransactItems": gets, "ReturnConsumedCapacity": "TOTAL" });
    let consumed = json!({ "TableName": "album", "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0 });
    let responses = json!([{}, { "Item": { "x": { "S": "y" } } }]);
    assert_eq!(
        call(&kit, "TransactGetItems", request).await,
        json!({ "Responses": responses, "ConsumedCapacity": [consumed] })
    );
    let get = |gets: &[Value]| json!({ "TransactItems": gets });
    let twice = show(&kit, "TransactGetItems", get(&[on("Get", "a", json!({})), on("Get", "a", json!({}))])).await;
    assert_eq!(twice, "ValidationException 400: Transaction request cannot include multiple operations on one item");
    let failure =
        kit.call("dynamodb", "TransactGetItems", get(&[on("Get", "a", json!({ "Key": {} }))])).await.unwrap_err();
    assert_eq!(failure.facts.code, "TransactionCanceledException");
    let text = "The provided key element does not match the schema";
    assert_eq!(failure.members, [("CancellationReasons", json!([{ "Code": "ValidationError", "Message": text }]))]);
}

#[tokio::test]
async fn each_action_demands_its_permission() {
    let kit = kit().await;
    let check = json!({ "ConditionExpression": "attribute_exists(pk)" });
    for (operation, action, permission) in [
        ("TransactWriteItems", put("a", json!({})), "PutItem"),
        ("TransactWriteItems", on("Update", "a", added()), "UpdateItem"),
        ("TransactWriteItems", on("Delete", "a", json!({})), "DeleteItem"),
        ("TransactWriteItems", on("ConditionCheck", "a", check), "ConditionCheckItem"),
        ("TransactGetItems", on("Get", "a", json!({})), "GetItem"),
    ] {
        let answer = denied(&kit, operation, json!({ "TransactItems": [action] })).await;
        let expected =
            format!("dynamodb:{permission} on resource: arn:aws:dynamodb:us-east-1:000000000000:table/album ");
        assert!(answer.starts_with("AccessDeniedException: ") && answer.contains(&expected), "{answer}");
    }
}
