//! Events of a group, filtered.

use std::collections::BTreeSet;

use expect_test::expect;
use serde_json::{Value, json};

use crate::{NOW, call, messages, put, show, with_streams};

#[tokio::test]
async fn events_of_all_streams_come_in_the_order_of_time_in_pages() {
    let kit = with_streams(&["a", "b", "late", "empty"]).await;
    put(&kit, "a", &[1, 4]).await;
    put(&kit, "b", &[2, 3]).await;
    put(&kit, "a", &[6]).await;
    put(&kit, "late", &[7, 9]).await;
    put(&kit, "late", &[5, 8]).await;
    let all = call(&kit, "FilterLogEvents", json!({"logGroupName": "g"})).await;
    assert_eq!(messages(&all), "m1 m2 m3 m4 m5 m6 m7 m8 m9");
    assert_eq!(all["searchedLogStreams"], json!([]));
    let ids: BTreeSet<&str> =
        all["events"].as_array().unwrap().iter().map(|e| e["eventId"].as_str().unwrap()).collect();
    assert!(ids.len() == 9 && ids.iter().all(|id| id.len() == 56));
    for limit in [1, 2, 4, 9] {
        let mut request = json!({"logGroupName": "g", "limit": limit, "interleaved": true});
        let mut seen = Vec::new();
        loop {
            let page = call(&kit, "FilterLogEvents", request.clone()).await;
            seen.push(messages(&page));
            let Some(token) = page.get("nextToken") else { break };
            request["nextToken"] = token.clone();
        }
        assert_eq!(seen.join(" "), "m1 m2 m3 m4 m5 m6 m7 m8 m9", "{limit}");
    }
}

#[tokio::test]
async fn searches_are_narrowed_by_stream_time_and_pattern() {
    let kit = with_streams(&["a1", "a2", "b"]).await;
    for (stream, at) in [("a1", 1), ("a2", 2), ("b", 3)] {
        put(&kit, stream, &[at, at + 10]).await;
    }
    let check = async |mut request: Value, wanted: &str| {
        request["logGroupName"] = json!("g");
        assert_eq!(messages(&call(&kit, "FilterLogEvents", request).await), wanted);
    };
    check(json!({"logStreamNames": ["b", "a1", "b"]}), "m1 m3 m11 m13").await;
    check(json!({"logStreamNamePrefix": "a"}), "m1 m2 m11 m12").await;
    check(json!({"startTime": NOW + 3, "endTime": NOW + 11}), "m3 m11").await;
    check(json!({"filterPattern": "m1"}), "m1 m11 m12 m13").await;
    check(json!({"filterPattern": "m1 -3"}), "m1 m11 m12").await;
    check(json!({"filterPattern": "?m2 ?m3"}), "m2 m3").await;
    check(json!({"filterPattern": "\"m 1\""}), "").await;
    check(json!({"startTime": NOW + 100}), "").await;
}

#[tokio::test]
async fn searches_that_cannot_be_done_are_refused() {
    let kit = with_streams(&["a"]).await;
    let check = async |mut request: Value| {
        request["logGroupName"] = json!("g");
        show(&kit, "FilterLogEvents", request).await
    };
    expect!["NotImplemented 501: The filter pattern '{ $.level = \"ERROR\" }' is not implemented by Clearsky."]
        .assert_eq(&check(json!({"filterPattern": "{ $.level = \"ERROR\" }"})).await);
    expect!["InvalidParameterException 400: Invalid filter pattern"]
        .assert_eq(&check(json!({"filterPattern": "\"open"})).await);
    expect!["ResourceNotFoundException 400: The specified log stream does not exist."]
        .assert_eq(&check(json!({"logStreamNames": ["none"]})).await);
    expect!["InvalidParameterException 400: logStreamNames and logStreamNamePrefix are mutually exclusive parameters."]
        .assert_eq(&check(json!({"logStreamNames": ["a"], "logStreamNamePrefix": "a"})).await);
    expect!["InvalidParameterException 400: The specified nextToken is invalid."]
        .assert_eq(&check(json!({"nextToken": "x"})).await);
    expect!["ResourceNotFoundException 400: The specified log group does not exist."]
        .assert_eq(&show(&kit, "FilterLogEvents", json!({"logGroupName": "none"})).await);
}

#[tokio::test]
async fn a_search_that_finds_little_goes_on_by_tokens() {
    let kit = with_streams(&["s"]).await;
    let noise = "x".repeat(1_000_000);
    for at in 0..70 {
        let message = if at == 69 { "needle" } else { &noise };
        let events = json!([{"timestamp": NOW + at, "message": message}]);
        call(&kit, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})).await;
    }
    let mut request = json!({"logGroupName": "g", "filterPattern": "needle"});
    let first = call(&kit, "FilterLogEvents", request.clone()).await;
    assert_eq!(messages(&first), "");
    request["nextToken"] = first["nextToken"].clone();
    let second = call(&kit, "FilterLogEvents", request).await;
    assert_eq!((messages(&second), second.get("nextToken")), ("needle".into(), None));
}
