//! Query and Scan.

use serde_json::{Value, json};
use service::testing::Kit;

use super::kit::{call, denied, key, kit, show, with};

async fn filled() -> Kit {
    let kit = kit().await;
    for n in 0..10 {
        let item = with(key("a", n), json!({ "odd": { "BOOL": n % 2 == 1 } }));
        call(&kit, "PutItem", json!({ "TableName": "album", "Item": item })).await;
        call(&kit, "PutItem", json!({ "TableName": "album", "Item": key(&format!("p{n}"), n) })).await;
    }
    kit
}

fn query(condition: &str, values: Value) -> Value {
    json!({ "TableName": "album", "KeyConditionExpression": condition, "ExpressionAttributeValues": values })
}

fn of_a(more: Value) -> Value {
    with(query("pk = :p", json!({ ":p": { "S": "a" } })), more)
}

fn sort_keys(answer: &Value) -> Vec<&str> {
    answer["Items"].as_array().unwrap().iter().map(|item| item["sk"]["N"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_partition_is_walked_in_pages_both_ways() {
    let kit = filled().await;
    for (forward, expected) in [(true, "0 1 2 3 4 5 6 7 8 9"), (false, "9 8 7 6 5 4 3 2 1 0")] {
        let (mut seen, mut start) = (Vec::new(), json!({}));
        loop {
            let page = call(&kit, "Query", of_a(with(start, json!({ "Limit": 4, "ScanIndexForward": forward })))).await;
            seen.extend(sort_keys(&page).into_iter().map(str::to_owned));
            match page.get("LastEvaluatedKey") {
                Some(last) => start = json!({ "ExclusiveStartKey": last }),
                None => break,
            }
        }
        assert_eq!(seen.join(" "), expected);
    }
}

#[tokio::test]
async fn filters_drop_after_counting() {
    let kit = filled().await;
    let values = json!({ ":p": { "S": "a" }, ":low": { "N": "2" }, ":odd": { "BOOL": true } });
    let more = json!({ "FilterExpression": "odd = :odd", "Limit": 5, "ReturnConsumedCapacity": "TOTAL" });
    let page = call(&kit, "Query", with(query("pk = :p AND sk >= :low", values), more)).await;
    assert_eq!(sort_keys(&page), ["3", "5"]);
    assert_eq!((&page["Count"], &page["ScannedCount"]), (&json!(2), &json!(5)));
    assert_eq!(page["LastEvaluatedKey"], key("a", 6));
    assert_eq!(page["ConsumedCapacity"], json!({ "TableName": "album", "CapacityUnits": 0.5 }));
    let counted = call(&kit, "Query", of_a(json!({ "Select": "COUNT" }))).await;
    assert_eq!(counted, json!({ "Count": 10, "ScannedCount": 10 }));
}

#[tokio::test]
async fn segments_and_pages_of_a_scan_see_each_item_once() {
    let kit = filled().await;
    let mut seen = Vec::new();
    for segment in 0..3 {
        let mut start = json!({});
        loop {
            let document = json!({ "TableName": "album", "Limit": 2, "Segment": segment, "TotalSegments": 3 });
            let page = call(&kit, "Scan", with(document, start)).await;
            seen.extend(page["Items"].as_array().unwrap().iter().map(|item| format!("{}{}", item["pk"], item["sk"])));
            match page.get("LastEvaluatedKey") {
                Some(last) => start = json!({ "ExclusiveStartKey": last }),
                None => break,
            }
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20);
}

#[tokio::test]
async fn bad_questions_get_their_texts() {
    let kit = filled().await;
    let scan = |more| ("Scan", with(json!({ "TableName": "album" }), more));
    for ((operation, document), expected) in [
        (
            ("Query", json!({ "TableName": "album" })),
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ),
        (("Query", query("sk = :p", json!({ ":p": { "N": "1" } }))), "Query condition missed key schema element: pk"),
        (
            ("Query", of_a(json!({ "FilterExpression": "attribute_exists(sk)" }))),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            ("Query", of_a(json!({ "ExclusiveStartKey": key("b", 1) }))),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            (
                "Query",
                with(
                    query("pk = :p AND sk < :n", json!({ ":p": { "S": "a" }, ":n": { "N": "3" } })),
                    json!({ "ExclusiveStartKey": key("a", 3) }),
                ),
            ),
            "The provided starting key does not match the range key predicate",
        ),
        (
            scan(json!({ "ExclusiveStartKey": { "pk": { "S": "a" } } })),
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            scan(json!({ "Select": "COUNT", "ProjectionExpression": "pk" })),
            "Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
        (
            scan(json!({ "Segment": 1 })),
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        ),
        (
            scan(json!({ "Limit": 0 })),
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
    ] {
        assert_eq!(show(&kit, operation, document).await, format!("ValidationException 400: {expected}"));
    }
    for (operation, document) in [("Query", of_a(json!({}))), scan(json!({}))] {
        let answer = denied(&kit, operation, document).await;
        assert!(answer.contains(&format!("perform: dynamodb:{operation} on resource: arn:")), "{answer}");
    }
}
