//! Time to live.

use serde_json::{Value, json};
use service::testing::Kit;

use super::kit::{call, denied, key, kit, show, with};

fn set(enabled: bool, attribute: &str) -> Value {
    json!({ "TableName": "album", "TimeToLiveSpecification": { "Enabled": enabled, "AttributeName": attribute } })
}

async fn described(kit: &Kit) -> Value {
    call(kit, "DescribeTimeToLive", json!({ "TableName": "album" })).await["TimeToLiveDescription"].clone()
}

#[tokio::test]
async fn it_is_enabled_once_all_items_are_in_order_and_disabled_at_once() {
    let kit = kit().await;
    assert_eq!(described(&kit).await, json!({ "TimeToLiveStatus": "DISABLED" }));
    let answer = call(&kit, "UpdateTimeToLive", set(true, "until")).await;
    assert_eq!(answer["TimeToLiveSpecification"], json!({ "Enabled": true, "AttributeName": "until" }));
    assert_eq!(described(&kit).await, json!({ "TimeToLiveStatus": "ENABLING", "AttributeName": "until" }));
    // No request meets the order in which items expire.
    let table = call(&kit, "DescribeTable", json!({ "TableName": "album" })).await["Table"].clone();
    assert_eq!((&table["TableStatus"], table.get("GlobalSecondaryIndexes")), (&json!("ACTIVE"), None));
    let item = with(key("a", 1), json!({ "until": { "S": "no number" } }));
    let put = json!({ "TableName": "album", "Item": item, "ReturnConsumedCapacity": "TOTAL" });
    assert_eq!(call(&kit, "PutItem", put.clone()).await["ConsumedCapacity"]["CapacityUnits"], 1.0);
    let number = with(put, json!({ "Item": with(key("a", 2), json!({ "until": { "N": "9999999999" } })) }));
    assert_eq!(call(&kit, "PutItem", number).await["ConsumedCapacity"]["CapacityUnits"], 1.0);
    dynamodb::start(&kit.platform).await.unwrap();
    while described(&kit).await["TimeToLiveStatus"] != "ENABLED" {
        tokio::task::yield_now().await;
    }
    call(&kit, "UpdateTimeToLive", set(false, "until")).await;
    assert_eq!(described(&kit).await, json!({ "TimeToLiveStatus": "DISABLED" }));
    let entries = async || {
        let mut tx = kit.platform.begin().await.unwrap();
        let range = kv::Range::prefix(kv::Key::from_static(b"dynamodb\0x"));
        tx.range(range, kv::Limit::PAGE, kv::Watch::Untracked).await.unwrap().rows.len()
    };
    while entries().await != 0 {
        tokio::task::yield_now().await;
    }
    kit.platform.tasks.shutdown().await;
    call(&kit, "UpdateTimeToLive", set(true, "other")).await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let kit = kit().await;
    let invalid = |text: &str| format!("ValidationException 400: {text}");
    let other = invalid("TimeToLive is active on a different AttributeName: current AttributeName is until");
    assert_eq!(show(&kit, "UpdateTimeToLive", set(false, "until")).await, invalid("TimeToLive is already disabled"));
    call(&kit, "UpdateTimeToLive", set(true, "until")).await;
    assert_eq!(show(&kit, "UpdateTimeToLive", set(true, "until")).await, invalid("TimeToLive is already enabled"));
    assert_eq!(show(&kit, "UpdateTimeToLive", set(true, "else")).await, other);
    assert_eq!(show(&kit, "UpdateTimeToLive", set(false, "else")).await, other);
    let none = with(set(true, "until"), json!({ "TableName": "none" }));
    assert_eq!(
        show(&kit, "UpdateTimeToLive", none).await,
        "ResourceNotFoundException 400: Requested resource not found: Table: none not found"
    );
    let answer = denied(&kit, "UpdateTimeToLive", set(true, "until")).await;
    assert!(answer.contains("dynamodb:UpdateTimeToLive on resource: arn:"), "{answer}");

    let definitions = json!([{ "AttributeName": "place", "AttributeType": "S" }]);
    let index = json!({
        "IndexName": "places", "KeySchema": [{ "AttributeName": "place", "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "ALL" },
    });
    let create = json!({
        "TableName": "album", "AttributeDefinitions": definitions,
        "GlobalSecondaryIndexUpdates": [{ "Create": index }],
    });
    call(&kit, "UpdateTable", create).await;
    assert_eq!(
        show(&kit, "UpdateTimeToLive", set(false, "until")).await,
        "ResourceInUseException 400: Attempt to change a resource which is still in use: Table is being updated: album"
    );
}
