//! Secondary indexes.

use expect_test::expect;
use serde_json::{Value, json};
use service::testing::Kit;

use super::kit::{album, call, denied, key, kit, show, with};

/// A table with a local index by taken, a global one by place, and a global one by owner that has keys only.
fn indexed() -> Value {
    let attribute = |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
    let key = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
    with(
        album(),
        json!({
            "TableName": "indexed",
            "AttributeDefinitions": [
                attribute("pk", "S"), attribute("sk", "N"), attribute("taken", "S"), attribute("place", "S"), attribute("owner", "S"),
            ],
            "LocalSecondaryIndexes": [
                { "IndexName": "days", "KeySchema": key("pk", "taken"), "Projection": { "ProjectionType": "KEYS_ONLY" } },
            ],
            "GlobalSecondaryIndexes": [
                { "IndexName": "places", "KeySchema": key("place", "taken"), "Projection": { "ProjectionType": "ALL" } },
                {
                    "IndexName": "owners", "KeySchema": [{ "AttributeName": "owner", "KeyType": "HASH" }],
                    "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"] },
                },
            ],
        }),
    )
}

async fn with_indexes() -> Kit {
    let kit = kit().await;
    call(&kit, "CreateTable", indexed()).await;
    kit
}

fn photo(pk: &str, sk: i64, taken: &str, place: &str) -> Value {
    with(key(pk, sk), json!({ "taken": { "S": taken }, "place": { "S": place }, "note": { "S": "n" } }))
}

async fn put(kit: &Kit, item: Value) {
    call(kit, "PutItem", json!({ "TableName": "indexed", "Item": item })).await;
}

fn query(index: &str, condition: &str, values: Value) -> Value {
    json!({
        "TableName": "indexed", "IndexName": index,
        "KeyConditionExpression": condition, "ExpressionAttributeValues": values,
    })
}

fn at(place: &str) -> Value {
    query("places", "place = :p", json!({ ":p": { "S": place } }))
}

/// `pk` and `sk` of what was found.
fn found(answer: &Value) -> String {
    let one = |item: &Value| format!("{}{}", item["pk"]["S"].as_str().unwrap(), item["sk"]["N"].as_str().unwrap());
    answer["Items"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_table_says_what_its_indexes_are() {
    let kit = with_indexes().await;
    let table = call(&kit, "DescribeTable", json!({ "TableName": "indexed" })).await["Table"].clone();
    let names: Vec<&str> = table["AttributeDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["AttributeName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["pk", "sk", "taken", "place", "owner"]);
    expect![[r#"[{"IndexName":"days","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"taken","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"},"IndexSizeBytes":0,"ItemCount":0,"IndexArn":"arn:aws:dynamodb:us-east-1:000000000000:table/indexed/index/days"}]"#]]
        .assert_eq(&table["LocalSecondaryIndexes"].to_string());
    expect![[r#"{"IndexName":"owners","KeySchema":[{"AttributeName":"owner","KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["title"]},"IndexStatus":"ACTIVE","ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0},"IndexSizeBytes":0,"ItemCount":0,"IndexArn":"arn:aws:dynamodb:us-east-1:000000000000:table/indexed/index/owners"}"#]]
        .assert_eq(&table["GlobalSecondaryIndexes"][1].to_string());
}

#[tokio::test]
async fn indexes_follow_every_kind_of_write() {
    let kit = with_indexes().await;
    put(&kit, photo("a", 1, "d2", "rome")).await;
    put(&kit, photo("b", 1, "d1", "rome")).await;
    put(&kit, key("c", 1)).await;
    assert_eq!(found(&call(&kit, "Query", at("rome")).await), "b1 a1");
    assert_eq!(call(&kit, "Scan", json!({ "TableName": "indexed", "IndexName": "days" })).await["Count"], 2);

    let update = |expression: &str, values: Value| {
        let more = if values == json!({}) { json!({}) } else { json!({ "ExpressionAttributeValues": values }) };
        with(json!({ "TableName": "indexed", "Key": key("a", 1), "UpdateExpression": expression }), more)
    };
    call(&kit, "UpdateItem", update("SET place = :p", json!({ ":p": { "S": "oslo" } }))).await;
    assert_eq!(found(&call(&kit, "Query", at("rome")).await), "b1");
    assert_eq!(call(&kit, "Query", at("oslo")).await["Items"], json!([photo("a", 1, "d2", "oslo")]));
    call(&kit, "UpdateItem", update("REMOVE place", json!({}))).await;
    assert_eq!(call(&kit, "Query", at("oslo")).await["Count"], 0);

    let write = json!({ "RequestItems": { "indexed": [
        { "PutRequest": { "Item": photo("d", 1, "d3", "rome") } }, { "DeleteRequest": { "Key": key("b", 1) } },
    ] } });
    call(&kit, "BatchWriteItem", write).await;
    assert_eq!(found(&call(&kit, "Query", at("rome")).await), "d1");

    let put_again = json!({ "Put": { "TableName": "indexed", "Item": photo("e", 1, "d0", "rome") } });
    let delete = json!({ "Delete": { "TableName": "indexed", "Key": key("d", 1) } });
    let move_a = json!({ "Update": update("SET place = :p", json!({ ":p": { "S": "rome" } })) });
    call(&kit, "TransactWriteItems", json!({ "TransactItems": [put_again, delete, move_a] })).await;
    assert_eq!(found(&call(&kit, "Query", at("rome")).await), "e1 a1");

    call(&kit, "DeleteItem", json!({ "TableName": "indexed", "Key": key("e", 1) })).await;
    assert_eq!(found(&call(&kit, "Query", at("rome")).await), "a1");
}

#[tokio::test]
async fn an_index_is_walked_in_pages_both_ways() {
    let kit = with_indexes().await;
    for n in 0..6 {
        // Two of each taken: what shares a place is in the order of the items' own keys.
        put(&kit, photo(&format!("p{n}"), n, &format!("d{}", n / 2), "rome")).await;
    }
    for (forward, expected) in [(true, "p00 p11 p22 p33 p44 p55"), (false, "p55 p44 p33 p22 p11 p00")] {
        let (mut seen, mut start) = (Vec::new(), json!({}));
        loop {
            let more = with(start, json!({ "Limit": 1, "ScanIndexForward": forward }));
            let page = call(&kit, "Query", with(at("rome"), more)).await;
            seen.push(found(&page));
            match page.get("LastEvaluatedKey") {
                Some(last) => start = json!({ "ExclusiveStartKey": last }),
                None => break,
            }
        }
        assert_eq!(seen.join(" ").trim_end(), expected);
    }
    let first = call(&kit, "Query", with(at("rome"), json!({ "Limit": 1 }))).await;
    assert_eq!(
        first["LastEvaluatedKey"],
        with(key("p0", 0), json!({ "taken": { "S": "d0" }, "place": { "S": "rome" } }))
    );
    let some = query(
        "places",
        "place = :p AND taken BETWEEN :a AND :b",
        json!({
            ":p": { "S": "rome" }, ":a": { "S": "d1" }, ":b": { "S": "d2" },
        }),
    );
    assert_eq!(found(&call(&kit, "Query", some).await), "p22 p33 p44 p55");
    let mut seen = Vec::new();
    for segment in 0..3 {
        let scan = json!({ "TableName": "indexed", "IndexName": "days", "Segment": segment, "TotalSegments": 3 });
        seen.extend(call(&kit, "Scan", scan).await["Items"].as_array().unwrap().clone());
    }
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn a_local_index_fetches_what_it_has_not() {
    let kit = with_indexes().await;
    put(&kit, photo("a", 1, "d1", "rome")).await;
    let days = |more| with(query("days", "pk = :p", json!({ ":p": { "S": "a" } })), more);
    let projected = with(key("a", 1), json!({ "taken": { "S": "d1" } }));
    let counted = json!({ "ReturnConsumedCapacity": "INDEXES", "ConsistentRead": true });
    let answer = call(&kit, "Query", days(counted.clone())).await;
    assert_eq!(answer["Items"], json!([projected]));
    expect![[r#"{"TableName":"indexed","CapacityUnits":1.0,"Table":{"CapacityUnits":0.0},"LocalSecondaryIndexes":{"days":{"CapacityUnits":1.0}}}"#]]
        .assert_eq(&answer["ConsumedCapacity"].to_string());
    let all = call(&kit, "Query", days(with(counted, json!({ "Select": "ALL_ATTRIBUTES" })))).await;
    assert_eq!(all["Items"], json!([photo("a", 1, "d1", "rome")]));
    assert_eq!(all["ConsumedCapacity"]["CapacityUnits"], 2.0);
    let note = call(&kit, "Query", days(json!({ "ProjectionExpression": "note" }))).await;
    assert_eq!(note["Items"], json!([{ "note": { "S": "n" } }]));
    let filter = json!({
        "FilterExpression": "note = :n",
        "ExpressionAttributeValues": { ":p": { "S": "a" }, ":n": { "S": "n" } },
    });
    assert_eq!(call(&kit, "Query", days(filter)).await["Count"], 1);
}

#[tokio::test]
async fn a_page_of_fetched_items_is_bounded() {
    let kit = with_indexes().await;
    for start in (0..1025).step_by(25) {
        let put = |n: i64| json!({ "PutRequest": { "Item": photo("a", n, &format!("d{n:04}"), "rome") } });
        let requests: Vec<Value> = (start..start + 25).map(put).collect();
        call(&kit, "BatchWriteItem", json!({ "RequestItems": { "indexed": requests } })).await;
    }
    let all = query("days", "pk = :p", json!({ ":p": { "S": "a" } }));
    let all = with(all, json!({ "ProjectionExpression": "note" }));
    let first = call(&kit, "Query", all.clone()).await;
    assert_eq!(first["Count"], 1000);
    let start = json!({ "ExclusiveStartKey": first["LastEvaluatedKey"] });
    let second = call(&kit, "Query", with(all, start)).await;
    assert_eq!((&second["Count"], second.get("LastEvaluatedKey")), (&json!(25), None));
}

#[tokio::test]
async fn writes_say_what_they_consume_of_each_index_and_what_their_collection_is() {
    let kit = with_indexes().await;
    let asked = json!({ "ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE" });
    let put = |item| with(json!({ "TableName": "indexed", "Item": item }), asked.clone());
    let answer = call(&kit, "PutItem", put(photo("a", 1, "d1", "rome"))).await;
    expect![[r#"{"ConsumedCapacity":{"TableName":"indexed","CapacityUnits":3.0,"Table":{"CapacityUnits":1.0},"LocalSecondaryIndexes":{"days":{"CapacityUnits":1.0}},"GlobalSecondaryIndexes":{"places":{"CapacityUnits":1.0}}},"ItemCollectionMetrics":{"ItemCollectionKey":{"pk":{"S":"a"}},"SizeEstimateRangeGB":[0.0,1.0]}}"#]]
        .assert_eq(&answer.to_string());
    // The same again changes no index; elsewhere costs taking away and putting.
    let again = call(&kit, "PutItem", put(photo("a", 1, "d1", "rome"))).await;
    assert_eq!(again["ConsumedCapacity"]["CapacityUnits"], 1.0);
    let moved = call(&kit, "PutItem", put(photo("a", 1, "d1", "oslo"))).await;
    assert_eq!(moved["ConsumedCapacity"]["GlobalSecondaryIndexes"], json!({ "places": { "CapacityUnits": 2.0 } }));
    let batch = json!({ "RequestItems": { "indexed": [{ "DeleteRequest": { "Key": key("a", 1) } }] } });
    let batch = call(&kit, "BatchWriteItem", with(batch, asked.clone())).await;
    assert_eq!(batch["ConsumedCapacity"][0]["CapacityUnits"], 3.0);
    assert_eq!(batch["ItemCollectionMetrics"]["indexed"][0]["ItemCollectionKey"], json!({ "pk": { "S": "a" } }));
    let transaction = json!({ "TransactItems": [
        { "Put": { "TableName": "indexed", "Item": photo("b", 1, "d1", "rome") } },
        { "ConditionCheck": { "TableName": "indexed", "Key": key("c", 1), "ConditionExpression": "attribute_not_exists(pk)" } },
    ] });
    let transaction = call(&kit, "TransactWriteItems", with(transaction, asked)).await;
    assert_eq!(transaction["ConsumedCapacity"][0]["WriteCapacityUnits"], 8.0);
    assert_eq!(transaction["ItemCollectionMetrics"]["indexed"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_an_index_key_is_refused() {
    let kit = with_indexes().await;
    put(&kit, photo("a", 1, "d1", "rome")).await;
    let mismatch = "One or more parameter values were invalid: Type mismatch for Index Key place Expected: S Actual: N IndexName: places";
    let empty = "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: places, IndexKey: place";
    let item = |place: Value| with(key("a", 1), json!({ "place": place }));
    let put = |place: Value| json!({ "TableName": "indexed", "Item": item(place) });
    let update = |expression: &str, values: Value| {
        json!({
            "TableName": "indexed", "Key": key("a", 1), "UpdateExpression": expression, "ExpressionAttributeValues": values,
        })
    };
    let batch = json!({ "RequestItems": { "indexed": [{ "PutRequest": { "Item": item(json!({ "N": "1" })) } }] } });
    let one = json!({ ":v": { "N": "1" } });
    for (operation, document, expected) in [
        ("PutItem", put(json!({ "N": "1" })), mismatch),
        ("PutItem", put(json!({ "S": "" })), empty),
        (
            "PutItem",
            put(json!({ "S": "x".repeat(2049) })),
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        ("BatchWriteItem", batch, mismatch),
        ("UpdateItem", update("SET place = :v", one.clone()), mismatch),
        ("UpdateItem", update("ADD place :v", one.clone()), mismatch),
        (
            "UpdateItem",
            update("SET place = if_not_exists(nothing, :v)", one.clone()),
            "The update expression attempted to update the secondary index key to unsupported type",
        ),
        (
            "UpdateItem",
            update("SET place = :v", json!({ ":v": { "S": "" } })),
            "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: places, IndexKey: place",
        ),
        (
            "UpdateItem",
            update("SET place.x = :v", one),
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: place",
        ),
    ] {
        assert_eq!(show(&kit, operation, document).await, format!("ValidationException 400: {expected}"));
    }
    let action = json!({ "TransactItems": [{ "Put": put(json!({ "N": "1" })) }] });
    let cancelled = show(&kit, "TransactWriteItems", action).await;
    assert!(cancelled.ends_with("[ValidationError]"), "{cancelled}");
    assert_eq!(found(&call(&kit, "Query", at("rome")).await), "a1");
}

#[tokio::test]
async fn bad_questions_to_indexes_get_their_texts() {
    let kit = with_indexes().await;
    let owners = |more| {
        with(
            query("owners", "#o = :o", json!({ ":o": { "S": "x" } })),
            with(json!({ "ExpressionAttributeNames": { "#o": "owner" } }), more),
        )
    };
    let start = |more| json!({ "ExclusiveStartKey": with(key("a", 1), more) });
    let full = |place: &str| start(json!({ "place": { "S": place }, "taken": { "S": "d" } }));
    for (document, expected) in [
        (query("none", "pk = :p", json!({ ":p": { "S": "a" } })), "The table does not have the specified index: none"),
        (
            with(at("rome"), json!({ "ConsistentRead": true })),
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            owners(json!({ "Select": "ALL_ATTRIBUTES" })),
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index owners because its projection type is not ALL",
        ),
        (
            owners(json!({ "ProjectionExpression": "title, note" })),
            "One or more parameter values were invalid: Global secondary index owners does not project [note]",
        ),
        (
            with(at("rome"), json!({ "FilterExpression": "attribute_exists(taken)" })),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: taken",
        ),
        (query("places", "pk = :p", json!({ ":p": { "S": "a" } })), "Query condition missed key schema element: place"),
        (with(at("rome"), start(json!({ "place": { "S": "rome" } }))), "The provided starting key is invalid"),
        (
            with(at("rome"), full("oslo")),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            with(
                query("places", "place = :p AND taken > :d", json!({ ":p": { "S": "rome" }, ":d": { "S": "e" } })),
                full("rome"),
            ),
            "The provided starting key does not match the range key predicate",
        ),
        (
            owners(json!({ "ProjectionExpression": "title", "Select": "ALL_PROJECTED_ATTRIBUTES" })),
            "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES",
        ),
    ] {
        assert_eq!(show(&kit, "Query", document).await, format!("ValidationException 400: {expected}"));
    }
    let scan = json!({ "TableName": "indexed", "Select": "ALL_PROJECTED_ATTRIBUTES" });
    assert_eq!(
        show(&kit, "Scan", scan).await,
        "ValidationException 400: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    );
    for (operation, document) in
        [("Query", at("rome")), ("Scan", json!({ "TableName": "indexed", "IndexName": "places" }))]
    {
        let answer = denied(&kit, operation, document).await;
        let resource = "on resource: arn:aws:dynamodb:us-east-1:000000000000:table/indexed/index/places ";
        assert!(answer.contains(&format!("dynamodb:{operation} {resource}")), "{answer}");
    }
}

#[tokio::test]
async fn definitions_of_indexes_are_checked() {
    let kit = kit().await;
    let local =
        |more: Value| json!({ "LocalSecondaryIndexes": [with(indexed()["LocalSecondaryIndexes"][0].clone(), more)] });
    let global =
        |more: Value| json!({ "GlobalSecondaryIndexes": [with(indexed()["GlobalSecondaryIndexes"][0].clone(), more)] });
    let key = |names: &[&str]| {
        let roles = ["HASH", "RANGE"];
        let parts: Vec<Value> =
            names.iter().zip(roles).map(|(n, r)| json!({ "AttributeName": n, "KeyType": r })).collect();
        json!({ "KeySchema": parts })
    };
    let places = indexed()["GlobalSecondaryIndexes"][0].clone();
    let many: Vec<Value> = (0..21).map(|n| with(places.clone(), json!({ "IndexName": format!("i{n:03}") }))).collect();
    let six: Vec<Value> = (0..6)
        .map(|n| with(indexed()["LocalSecondaryIndexes"][0].clone(), json!({ "IndexName": format!("i{n:03}") })))
        .collect();
    let wide: Vec<Value> = (0..6)
        .map(|n| {
            let names: Vec<String> = (0..20).map(|m| format!("a{n}{m}")).collect();
            let projection = json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": names });
            with(places.clone(), json!({ "IndexName": format!("i{n:03}"), "Projection": projection }))
        })
        .collect();
    let units = json!({ "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 });
    for (change, expected) in [
        (json!({ "LocalSecondaryIndexes": [] }), "List of LocalSecondaryIndexes is empty"),
        (json!({ "GlobalSecondaryIndexes": [] }), "List of GlobalSecondaryIndexes is empty"),
        (
            json!({ "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }] }),
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ),
        (local(key(&["pk"])), "Index KeySchema does not have a range key for index: days"),
        (
            local(key(&["taken", "pk"])),
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: days. index hash key: taken, table hash key: pk",
        ),
        (
            global(key(&["none"])),
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [none], AttributeDefinitions: [pk, sk, taken, place, owner]",
        ),
        (global(json!({ "Projection": {} })), "Unknown ProjectionType: null"),
        (
            global(json!({ "Projection": { "ProjectionType": "ALL", "NonKeyAttributes": ["a"] } })),
            "ProjectionType is ALL, but NonKeyAttributes is specified",
        ),
        (
            global(json!({ "Projection": { "ProjectionType": "INCLUDE" } })),
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (global(json!({ "IndexName": "days" })), "Duplicate index name: days"),
        (
            global(json!({ "ProvisionedThroughput": units })),
            "ProvisionedThroughput should not be specified for index: places when BillingMode is PAY_PER_REQUEST",
        ),
        (
            json!({ "BillingMode": "PROVISIONED", "ProvisionedThroughput": units }),
            "ProvisionedThroughput must be specified for index: places",
        ),
        (json!({ "LocalSecondaryIndexes": six }), "Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
        (json!({ "GlobalSecondaryIndexes": many }), "GlobalSecondaryIndex count exceeds the per-table limit of 20"),
        (
            json!({ "GlobalSecondaryIndexes": wide }),
            "Number of NonKeyAttributes of all indexes exceeds the per-table limit of 100",
        ),
        (
            global(json!({})),
            "Some AttributeDefinitions are not used. AttributeDefinitions: [pk, sk, taken, place, owner], keys used: [pk, sk, taken, place]",
        ),
    ] {
        let answer = show(&kit, "CreateTable", with(indexed(), change)).await;
        assert_eq!(answer, format!("ValidationException 400: One or more parameter values were invalid: {expected}"));
    }
    let twice = show(&kit, "CreateTable", with(indexed(), global(key(&["place", "place"])))).await;
    assert!(
        twice.ends_with(": Both the Hash Key and the Range Key element in the KeySchema have the same name"),
        "{twice}"
    );
}

/// A table without indexes and ten items, of which one cannot be in the index; and the request to create it.
async fn to_be_indexed() -> (Kit, Value) {
    let kit = kit().await;
    for n in 0..9 {
        let item = with(key("a", n), json!({ "place": { "S": "rome" } }));
        call(&kit, "PutItem", json!({ "TableName": "album", "Item": item })).await;
    }
    let item = with(key("a", 9), json!({ "place": { "N": "1" } }));
    call(&kit, "PutItem", json!({ "TableName": "album", "Item": item })).await;
    let create = json!({
        "TableName": "album",
        "AttributeDefinitions": [{ "AttributeName": "place", "AttributeType": "S" }],
        "GlobalSecondaryIndexUpdates": [{ "Create": {
            "IndexName": "places", "KeySchema": [{ "AttributeName": "place", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        } }],
    });
    (kit, create)
}

async fn state(kit: &Kit) -> (Value, Value) {
    let table = call(kit, "DescribeTable", json!({ "TableName": "album" })).await["Table"].clone();
    (table["TableStatus"].clone(), table["GlobalSecondaryIndexes"][0]["IndexStatus"].clone())
}

#[tokio::test]
async fn an_index_of_a_live_table_is_filled_while_it_is_written_to() {
    let (kit, create) = to_be_indexed().await;
    let answer = call(&kit, "UpdateTable", create.clone()).await["TableDescription"].clone();
    assert_eq!(answer["TableStatus"], "UPDATING");
    assert_eq!(answer["GlobalSecondaryIndexes"][0]["Backfilling"], true);
    assert_eq!(state(&kit).await, (json!("UPDATING"), json!("CREATING")));

    // Nobody fills it yet, and all this must be in it in the end.
    let item = with(key("b", 0), json!({ "place": { "S": "rome" } }));
    call(&kit, "PutItem", json!({ "TableName": "album", "Item": item })).await;
    call(&kit, "DeleteItem", json!({ "TableName": "album", "Key": key("a", 0) })).await;
    let update =
        json!({ "UpdateExpression": "SET place = :p", "ExpressionAttributeValues": { ":p": { "S": "oslo" } } });
    call(&kit, "UpdateItem", with(json!({ "TableName": "album", "Key": key("a", 1) }), update)).await;

    let scan = json!({ "TableName": "album", "IndexName": "places" });
    assert_eq!(
        show(&kit, "Scan", scan.clone()).await,
        "ValidationException 400: Cannot read from backfilling global secondary index: places"
    );
    assert_eq!(
        show(&kit, "UpdateTable", create.clone()).await,
        "LimitExceededException 400: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    );
    let in_use =
        "ResourceInUseException 400: Attempt to change a resource which is still in use: Table is being updated: album";
    assert_eq!(show(&kit, "DeleteTable", json!({ "TableName": "album" })).await, in_use);
    let protect = json!({ "TableName": "album", "DeletionProtectionEnabled": true });
    assert_eq!(show(&kit, "UpdateTable", protect).await, in_use);

    dynamodb::start(&kit.platform).await.unwrap();
    while state(&kit).await != (json!("ACTIVE"), json!("ACTIVE")) {
        tokio::task::yield_now().await;
    }
    kit.platform.tasks.shutdown().await;
    assert_eq!(found(&call(&kit, "Scan", scan).await), "a1 a2 a3 a4 a5 a6 a7 a8 b0");
}

#[tokio::test]
async fn a_deleted_index_is_gone_and_its_name_is_free() {
    let (kit, create) = to_be_indexed().await;
    let delete =
        json!({ "TableName": "album", "GlobalSecondaryIndexUpdates": [{ "Delete": { "IndexName": "places" } }] });
    // Before it was filled.
    call(&kit, "UpdateTable", create.clone()).await;
    let answer = call(&kit, "UpdateTable", delete.clone()).await["TableDescription"].clone();
    assert_eq!(
        (&answer["TableStatus"], &answer["GlobalSecondaryIndexes"][0]["IndexStatus"]),
        (&json!("UPDATING"), &json!("DELETING"))
    );
    assert_eq!(state(&kit).await, (json!("ACTIVE"), Value::Null));
    // And after.
    call(&kit, "UpdateTable", create.clone()).await;
    dynamodb::start(&kit.platform).await.unwrap();
    while state(&kit).await != (json!("ACTIVE"), json!("ACTIVE")) {
        tokio::task::yield_now().await;
    }
    call(&kit, "UpdateTable", delete.clone()).await;
    let entries = async || {
        let mut tx = kit.platform.begin().await.unwrap();
        let range = kv::Range::prefix(kv::Key::from_static(b"dynamodb\0x"));
        tx.range(range, kv::Limit::PAGE, kv::Watch::Untracked).await.unwrap().rows.len()
    };
    while entries().await != 0 {
        tokio::task::yield_now().await;
    }
    kit.platform.tasks.shutdown().await;
    let scan = show(&kit, "Scan", json!({ "TableName": "album", "IndexName": "places" })).await;
    assert!(scan.ends_with("The table does not have the specified index: places"), "{scan}");
    assert_eq!(show(&kit, "UpdateTable", delete).await, "ResourceNotFoundException 400: Requested resource not found");
}

#[tokio::test]
async fn changes_of_indexes_are_checked() {
    let (kit, create) = to_be_indexed().await;
    let one = create["GlobalSecondaryIndexUpdates"][0]["Create"].clone();
    let changes = |changes: Value| with(create.clone(), json!({ "GlobalSecondaryIndexUpdates": changes }));
    let units = json!({ "ReadCapacityUnits": 1, "WriteCapacityUnits": 2 });
    let invalid = "ValidationException 400: One or more parameter values were invalid:";
    for (change, expected) in [
        (
            changes(json!([{}])),
            format!("{invalid} One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null"),
        ),
        (
            changes(json!([{ "Create": one, "Delete": { "IndexName": "places" } }])),
            format!("{invalid} Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete can be specified"),
        ),
        (
            changes(json!([{ "Create": one }, { "Create": with(one.clone(), json!({ "IndexName": "other" })) }])),
            "LimitExceededException 400: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table".into(),
        ),
        (
            with(create.clone(), json!({ "AttributeDefinitions": [] })),
            format!("{invalid} Some index key attributes are not defined in AttributeDefinitions. Keys: [place], AttributeDefinitions: [pk, sk]"),
        ),
        (
            with(create.clone(), json!({ "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "N" }] })),
            format!("{invalid} The type of the attribute pk cannot change"),
        ),
        (
            changes(json!([{ "Update": { "IndexName": "places", "ProvisionedThroughput": units } }])),
            "ResourceNotFoundException 400: Requested resource not found".into(),
        ),
    ] {
        assert_eq!(show(&kit, "UpdateTable", change).await, expected);
    }
    call(&kit, "CreateTable", indexed()).await;
    let again = json!({
        "TableName": "indexed",
        "GlobalSecondaryIndexUpdates": [{ "Create": one }],
        "AttributeDefinitions": create["AttributeDefinitions"],
    });
    assert_eq!(
        show(&kit, "UpdateTable", again).await,
        "ValidationException 400: Attempting to create an index which already exists"
    );
    let provisioned = json!({ "TableName": "indexed", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units });
    assert_eq!(
        show(&kit, "UpdateTable", provisioned.clone()).await,
        format!("{invalid} ProvisionedThroughput must be specified for index: places")
    );
    let update = |name: &str| json!({ "Update": { "IndexName": name, "ProvisionedThroughput": units } });
    let both = json!({ "GlobalSecondaryIndexUpdates": [update("places"), update("owners")] });
    let answer = call(&kit, "UpdateTable", with(provisioned, both)).await["TableDescription"].clone();
    assert_eq!(answer["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"], 2);
    let by_request = json!({ "TableName": "indexed", "BillingMode": "PAY_PER_REQUEST" });
    let answer = call(&kit, "UpdateTable", by_request).await["TableDescription"].clone();
    assert_eq!(answer["GlobalSecondaryIndexes"][1]["ProvisionedThroughput"]["ReadCapacityUnits"], 0);
}
