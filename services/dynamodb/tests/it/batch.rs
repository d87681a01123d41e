//! Batches.

use serde_json::{Value, json};

use super::kit::{call, denied, key, kit, show};

fn puts(count: i64) -> Vec<Value> {
    (0..count).map(|n| json!({ "PutRequest": { "Item": key("a", n) } })).collect()
}

#[tokio::test]
async fn a_batch_writes_and_reads() {
    let kit = kit().await;
    let written = json!({ "RequestItems": { "album": puts(25) }, "ReturnConsumedCapacity": "TOTAL" });
    assert_eq!(
        call(&kit, "BatchWriteItem", written).await,
        json!({ "UnprocessedItems": {}, "ConsumedCapacity": [{ "TableName": "album", "CapacityUnits": 25.0 }] })
    );
    call(&kit, "BatchWriteItem", json!({ "RequestItems": { "album": [{ "DeleteRequest": { "Key": key("a", 1) } }] } }))
        .await;
    let asked = json!({ "RequestItems": { "album": { "Keys": [key("a", 0), key("a", 1), key("a", 2)], "ProjectionExpression": "sk" } } });
    assert_eq!(
        call(&kit, "BatchGetItem", asked).await,
        json!({ "Responses": { "album": [{ "sk": { "N": "0" } }, { "sk": { "N": "2" } }] }, "UnprocessedKeys": {} })
    );
}

#[tokio::test]
async fn what_does_not_fit_an_answer_is_left_unprocessed() {
    let kit = kit().await;
    let keys: Vec<Value> = (0..60).map(|n| key("a", n)).collect();
    for key in &keys {
        let mut item = key.clone();
        item["fill"] = json!({ "S": "x".repeat(300_000) });
        call(&kit, "PutItem", json!({ "TableName": "album", "Item": item })).await;
    }
    let answer = call(&kit, "BatchGetItem", json!({ "RequestItems": { "album": { "Keys": keys } } })).await;
    let got = answer["Responses"]["album"].as_array().unwrap().len();
    assert_eq!(got, 55);
    assert_eq!(answer["UnprocessedKeys"]["album"]["Keys"], json!(keys[got..]));
}

#[tokio::test]
async fn bad_batches_write_nothing() {
    let kit = kit().await;
    let duplicates = "ValidationException 400: Provided list of item keys contains duplicates";
    let twice = [puts(2), puts(1)].concat();
    for (operation, requests, expected) in [
        ("BatchWriteItem", json!({ "album": puts(26) }), "ValidationException 400: "),
        ("BatchWriteItem", json!({ "album": twice }), duplicates),
        ("BatchWriteItem", json!({ "album": [{}] }), "ValidationException 400: Supplied WriteRequest is empty"),
        (
            "BatchWriteItem",
            json!({ "album": puts(1), "none": puts(1) }),
            "ResourceNotFoundException 400: Requested resource not found",
        ),
        ("BatchGetItem", json!({ "album": { "Keys": [key("a", 1), key("a", 1)] } }), duplicates),
        (
            "BatchGetItem",
            json!({ "album": { "Keys": [{ "pk": { "S": "a" } }] } }),
            "ValidationException 400: The provided key element does not match the schema",
        ),
    ] {
        let answer = show(&kit, operation, json!({ "RequestItems": requests })).await;
        assert!(answer.starts_with(expected), "{answer}\nwanted: {expected}");
    }
    assert_eq!(call(&kit, "Scan", json!({ "TableName": "album" })).await["Count"], 0);
    for (operation, of_album) in
        [("BatchWriteItem", json!(puts(1))), ("BatchGetItem", json!({ "Keys": [key("a", 1)] }))]
    {
        let answer = denied(&kit, operation, json!({ "RequestItems": { "album": of_album } })).await;
        assert!(answer.contains(&format!("perform: dynamodb:{operation} on resource: arn:")), "{answer}");
    }
}
