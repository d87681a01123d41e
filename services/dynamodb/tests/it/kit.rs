//! A platform with one table to write to.

use kv::Store;
use kv_memory::Memory;
use serde_json::{Value, json};
use service::testing::Kit;

/// The kit with an empty table `album`: partition key `pk`, a string, and sort key `sk`, a number.
pub async fn kit() -> Kit {
    let kit = Kit::new(Store::new(Memory::default()), vec![dynamodb::service()]);
    call(&kit, "CreateTable", album()).await;
    kit
}

pub fn album() -> Value {
    json!({
        "TableName": "album",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "sk", "AttributeType": "N" }, { "AttributeName": "pk", "AttributeType": "S" }
        ],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "RANGE" }],
    })
}

pub fn key(pk: &str, sk: i64) -> Value {
    json!({ "pk": { "S": pk }, "sk": { "N": sk.to_string() } })
}

/// The document with these members added or replaced.
pub fn with(mut document: Value, more: Value) -> Value {
    if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    document
}

pub async fn call(kit: &Kit, operation: &str, document: Value) -> Value {
    kit.call("dynamodb", operation, document).await.unwrap()
}

pub async fn show(kit: &Kit, operation: &str, document: Value) -> String {
    kit.show("dynamodb", operation, document).await
}

/// The code of what a caller without any permission gets, and its text.
pub async fn denied(kit: &Kit, operation: &str, document: Value) -> String {
    let failure = kit.call_as(&Kit::nobody(), "dynamodb", operation, document).await.unwrap_err();
    format!("{}: {}", failure.facts.code, failure.message)
}
