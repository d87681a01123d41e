//! Tables.

use expect_test::expect;
use serde_json::json;

use super::kit::{album, call, denied, key, kit, show, with};

#[tokio::test]
async fn a_table_is_described_as_created() {
    let kit = kit().await;
    let table = call(&kit, "DescribeTable", json!({ "TableName": "album" })).await;
    expect![[r#"{"Table":{"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"}],"TableName":"album","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],"TableStatus":"ACTIVE","CreationDateTime":1795478400,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0},"TableSizeBytes":0,"ItemCount":0,"TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/album","TableId":"67ec8e65-a18d-ebbe-5e55-32fbeea293f8","BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1795478400},"DeletionProtectionEnabled":false}}"#]]
        .assert_eq(&table.to_string());
}

#[tokio::test]
async fn names_and_keys_are_checked() {
    let kit = kit().await;
    let define = |names: &[&str]| {
        let all: Vec<_> = names.iter().map(|n| json!({ "AttributeName": n, "AttributeType": "S" })).collect();
        json!({ "TableName": "other", "AttributeDefinitions": all })
    };
    for (change, expected) in [
        (json!({}), "ResourceInUseException 400: Table already exists: album"),
        (
            define(&["a"]),
            "ValidationException 400: One or more parameter values were invalid: Some index key attributes are not defined \
             in AttributeDefinitions. Keys: [pk, sk], AttributeDefinitions: [a]",
        ),
        (
            define(&["pk", "sk", "a"]),
            "ValidationException 400: One or more parameter values were invalid: Number of attributes in KeySchema does \
             not exactly match number of attributes defined in AttributeDefinitions",
        ),
        (
            define(&["pk", "sk", "pk"]),
            "ValidationException 400: One or more parameter values were invalid: Duplicate AttributeName in \
             AttributeDefinitions: pk",
        ),
        (
            json!({ "TableName": "other", "StreamSpecification": { "StreamEnabled": true } }),
            "NotImplemented 501: StreamSpecification.StreamEnabled = true is not implemented",
        ),
        (
            json!({ "TableName": "other", "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "pk", "KeyType": "RANGE" }] }),
            "ValidationException 400: Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            json!({ "TableName": "other", "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "HASH" }] }),
            "ValidationException 400: Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            json!({ "TableName": "other", "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 } }),
            "ValidationException 400: One or more parameter values were invalid: Neither ReadCapacityUnits nor \
             WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            json!({ "TableName": "other", "TableClass": "STANDARD_INFREQUENT_ACCESS" }),
            "NotImplemented 501: TableClass = STANDARD_INFREQUENT_ACCESS is not implemented",
        ),
        (json!({ "ResourcePolicy": "{}" }), "NotImplemented 501: The member ResourcePolicy"),
    ] {
        let answer = show(&kit, "CreateTable", with(album(), change)).await;
        assert!(answer.starts_with(expected), "{answer}\nwanted: {expected}");
    }
}

#[tokio::test]
async fn tables_say_since_when_they_are_paid_by_request() {
    let kit = kit().await;
    let off = json!({
        "TableName": "other",
        "StreamSpecification": { "StreamEnabled": false },
        "SSESpecification": { "Enabled": false },
    });
    let created = call(&kit, "CreateTable", with(album(), off)).await["TableDescription"].clone();
    let since = |table: &serde_json::Value| table["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"].clone();
    assert_eq!(since(&created), created["CreationDateTime"]);
    let update = |mode: &str, more: serde_json::Value| {
        let document = with(json!({ "TableName": "other", "BillingMode": mode }), more);
        call(&kit, "UpdateTable", document)
    };
    let throughput = json!({ "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 } });
    let provisioned = update("PROVISIONED", throughput).await["TableDescription"].clone();
    assert_eq!(provisioned["BillingModeSummary"], serde_json::Value::Null);
    kit.clock.advance_ms(60_000);
    let again = update("PAY_PER_REQUEST", json!({})).await["TableDescription"].clone();
    let passed = since(&again).as_f64().unwrap() - created["CreationDateTime"].as_f64().unwrap();
    assert!(59.0 < passed && passed < 61.0, "{passed}");
}

#[tokio::test]
async fn a_deleted_table_is_gone_and_its_name_is_free() {
    let kit = kit().await;
    call(&kit, "PutItem", json!({ "TableName": "album", "Item": key("a", 1) })).await;
    let answer = call(&kit, "DeleteTable", json!({ "TableName": "album" })).await;
    assert_eq!(answer["TableDescription"]["TableStatus"], "DELETING");
    for gone in ["KeySchema", "AttributeDefinitions", "CreationDateTime"] {
        assert_eq!(answer["TableDescription"][gone], serde_json::Value::Null, "{gone}");
    }
    for operation in ["DescribeTable", "DeleteTable", "DescribeTimeToLive"] {
        expect!["ResourceNotFoundException 400: Requested resource not found: Table: album not found"]
            .assert_eq(&show(&kit, operation, json!({ "TableName": "album" })).await);
    }
    expect!["ResourceNotFoundException 400: Requested resource not found"]
        .assert_eq(&show(&kit, "PutItem", json!({ "TableName": "album", "Item": key("a", 1) })).await);
    call(&kit, "CreateTable", album()).await;
    assert_eq!(call(&kit, "Scan", json!({ "TableName": "album" })).await["Count"], 0);
}

#[tokio::test]
async fn what_a_deleted_table_held_is_swept() {
    let kit = kit().await;
    for n in 0..5 {
        call(&kit, "PutItem", json!({ "TableName": "album", "Item": key("a", n) })).await;
    }
    let rows = async || {
        let mut tx = kit.platform.begin().await.unwrap();
        tx.range(kv::Range::all(), kv::Limit::PAGE, kv::Watch::Untracked).await.unwrap().rows.len()
    };
    assert_eq!(rows().await, 6);
    call(&kit, "DeleteTable", json!({ "TableName": "album" })).await;
    dynamodb::start(&kit.platform).await.unwrap();
    while rows().await != 0 {
        tokio::task::yield_now().await;
    }
    kit.platform.tasks.shutdown().await;
}

#[tokio::test]
async fn tables_are_listed_in_pages() {
    let kit = kit().await;
    for name in ["zoo", "bar", "bar.1"] {
        call(&kit, "CreateTable", with(album(), json!({ "TableName": name }))).await;
    }
    let list = |more| call(&kit, "ListTables", with(json!({ "Limit": 3 }), more));
    expect![[r#"{"TableNames":["album","bar","bar.1"],"LastEvaluatedTableName":"bar.1"}"#]]
        .assert_eq(&list(json!({})).await.to_string());
    expect![[r#"{"TableNames":["zoo"]}"#]]
        .assert_eq(&list(json!({ "ExclusiveStartTableName": "bar.1" })).await.to_string());
    expect![[r#"{"TableNames":["bar","bar.1","zoo"]}"#]]
        .assert_eq(&list(json!({ "ExclusiveStartTableName": "b-r" })).await.to_string());
}

#[tokio::test]
async fn payment_and_protection_change() {
    let kit = kit().await;
    let update = |more| show(&kit, "UpdateTable", with(json!({ "TableName": "album" }), more));
    assert!(update(json!({})).await.starts_with("ValidationException 400: At least one of"));
    let units = json!({ "ReadCapacityUnits": 3, "WriteCapacityUnits": 4 });
    assert!(update(json!({ "ProvisionedThroughput": units })).await.starts_with("ValidationException 400"));
    let changed = update(json!({ "BillingMode": "PROVISIONED", "ProvisionedThroughput": units })).await;
    assert!(changed.contains(r#""ReadCapacityUnits":3,"WriteCapacityUnits":4"#), "{changed}");
    update(json!({ "DeletionProtectionEnabled": true })).await;
    let refused = show(&kit, "DeleteTable", json!({ "TableName": "album" })).await;
    assert!(refused.starts_with("ValidationException 400: Resource cannot be deleted"), "{refused}");
    let ttl = call(&kit, "DescribeTimeToLive", json!({ "TableName": "album" })).await;
    assert_eq!(ttl["TimeToLiveDescription"]["TimeToLiveStatus"], "DISABLED");
}

#[tokio::test]
async fn tables_demand_permissions() {
    let kit = kit().await;
    let user = "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform:";
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/album";
    for operation in ["CreateTable", "DescribeTable", "UpdateTable", "DeleteTable", "DescribeTimeToLive"] {
        let document = if operation == "CreateTable" { album() } else { json!({ "TableName": "album" }) };
        let expected = format!("AccessDeniedException: {user} dynamodb:{operation} on resource: {arn}");
        let answer = denied(&kit, operation, document).await;
        assert!(answer.starts_with(&expected), "{answer}");
    }
    let tables = "arn:aws:dynamodb:us-east-1:000000000000:table/*";
    let answer = denied(&kit, "ListTables", json!({})).await;
    assert!(
        answer.starts_with(&format!("AccessDeniedException: {user} dynamodb:ListTables on resource: {tables}")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_table_that_is_not_there_is_not_found_by_any_operation() {
    let kit = kit().await;
    let (none, key) = (json!({ "TableName": "none" }), json!({ "pk": { "S": "a" }, "sk": { "N": "1" } }));
    let values = json!({ ":a": { "S": "a" } });
    let get = json!([{ "Get": { "TableName": "none", "Key": key } }]);
    for (operation, document) in [
        ("UpdateTable", with(none.clone(), json!({ "BillingMode": "PAY_PER_REQUEST" }))),
        ("UpdateItem", with(none.clone(), json!({ "Key": key }))),
        ("DeleteItem", with(none.clone(), json!({ "Key": key }))),
        (
            "Query",
            with(none.clone(), json!({ "KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": values })),
        ),
        ("Scan", none),
        ("BatchGetItem", json!({ "RequestItems": { "none": { "Keys": [key] } } })),
        ("TransactGetItems", json!({ "TransactItems": get })),
    ] {
        let answer = show(&kit, operation, document).await;
        assert!(
            answer.starts_with("ResourceNotFoundException 400: Requested resource not found"),
            "{operation} {answer}"
        );
    }
}
