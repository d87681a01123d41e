//! Events of one stream.

use expect_test::expect;
use serde_json::{Value, json};

use crate::{NOW, call, messages, put, show, with_streams};

const HOUR: i64 = 3600 * 1000;

async fn refused(events: Value) -> String {
    let kit = with_streams(&["s"]).await;
    show(&kit, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})).await
}

#[tokio::test]
async fn batches_that_break_a_rule_are_refused_whole() {
    let event = |at: i64, message: &str| json!({"timestamp": NOW + at, "message": message});
    expect![
        "InvalidParameterException 400: Log events in a single PutLogEvents request must be in chronological order."
    ]
    .assert_eq(&refused(json!([event(2, "a"), event(1, "b")])).await);
    expect!["InvalidParameterException 400: The batch of log events in a single PutLogEvents request cannot span more than 24 hours."]
        .assert_eq(&refused(json!([event(-25 * HOUR, "a"), event(0, "b")])).await);
    let half = "x".repeat(524_288 - 26);
    let fits = refused(json!([event(0, &half), event(0, &half)])).await;
    assert!(fits.starts_with("{"), "{fits}");
    expect!["InvalidParameterException 400: Upload too large: 1048577 bytes exceeds limit of 1048576"]
        .assert_eq(&refused(json!([event(0, &half), event(0, &format!("{half}y"))])).await);
    let many: Vec<Value> = (0..10_001).map(|_| event(0, "m")).collect();
    let many = refused(json!(many)).await;
    assert!(many.starts_with("InvalidParameterException 400: 1 validation error"), "{}", &many[..200]);
    let none = refused(json!([])).await;
    assert!(none.starts_with("InvalidParameterException 400: 1 validation error"), "{none}");
    let empty = refused(json!([event(0, "")])).await;
    assert!(empty.starts_with("InvalidParameterException 400: 1 validation error"), "{empty}");
}

#[tokio::test]
async fn events_too_old_or_too_new_are_left_out() {
    let kit = with_streams(&["s"]).await;
    let answer = put(&kit, "s", &[HOUR, 2 * HOUR, 2 * HOUR + 1]).await;
    expect![[r#"{"nextSequenceToken":"49000000000000000000000000000000000000000000000000000001","rejectedLogEventsInfo":{"tooNewLogEventStartIndex":2}}"#]]
        .assert_eq(&answer.to_string());
    let fortnight = -14 * 24 * HOUR;
    let answer = put(&kit, "s", &[fortnight - 2, fortnight - 1, fortnight]).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 2}));
    let answer = put(&kit, "s", &[fortnight - 2]).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 1}));
    let events = call(&kit, "GetLogEvents", json!({"logGroupName": "g", "logStreamName": "s"})).await;
    assert_eq!(messages(&events), "m-1209600000 m3600000 m7200000");
}

#[tokio::test]
async fn whoever_writes_where_nothing_is_is_told_what_is_missing() {
    let kit = with_streams(&[]).await;
    let put = |group: &str| json!({"logGroupName": group, "logStreamName": "s", "logEvents": [{"timestamp": NOW, "message": "m"}]});
    expect!["ResourceNotFoundException 400: The specified log stream does not exist."]
        .assert_eq(&show(&kit, "PutLogEvents", put("g")).await);
    expect!["ResourceNotFoundException 400: The specified log group does not exist."]
        .assert_eq(&show(&kit, "PutLogEvents", put("none")).await);
    expect!["ResourceNotFoundException 400: The specified log stream does not exist."]
        .assert_eq(&show(&kit, "GetLogEvents", json!({"logGroupName": "g", "logStreamName": "s"})).await);
}

/// Reads with the token of one side until it comes back; shows the pages.
async fn walk(batches: &[&[i64]], request: Value, token: &str) -> String {
    let kit = with_streams(&["s"]).await;
    for batch in batches {
        put(&kit, "s", batch).await;
    }
    let mut request = request;
    request["logGroupName"] = json!("g");
    request["logStreamName"] = json!("s");
    let mut pages = Vec::new();
    for _ in 0..9 {
        let page = call(&kit, "GetLogEvents", request.clone()).await;
        pages.push(messages(&page));
        if request["nextToken"] == page[token] {
            return pages.join("|");
        }
        request["nextToken"] = page[token].clone();
    }
    panic!("the token never comes back: {pages:?}");
}

#[tokio::test]
async fn pages_are_walked_to_both_ends_where_the_token_stays() {
    for batches in [&[&[1, 2, 3][..], &[4, 5]][..], &[&[4, 5], &[1, 2, 3]], &[&[2, 4], &[1, 3, 5]]] {
        let head = json!({"limit": 2, "startFromHead": true});
        assert_eq!(walk(batches, head, "nextForwardToken").await, "m1 m2|m3 m4|m5|");
        assert_eq!(walk(batches, json!({"limit": 2}), "nextBackwardToken").await, "m4 m5|m2 m3|m1|");
        assert_eq!(walk(batches, json!({"limit": 2}), "nextForwardToken").await, "m4 m5|");
        let timed = json!({"startTime": NOW + 2, "endTime": NOW + 5, "limit": 2, "startFromHead": true});
        assert_eq!(walk(batches, timed, "nextForwardToken").await, "m2 m3|m4|");
    }
    assert_eq!(walk(&[], json!({}), "nextForwardToken").await, "|");
}

#[tokio::test]
async fn a_forward_token_finds_what_came_later() {
    let kit = with_streams(&["s"]).await;
    let request = json!({"logGroupName": "g", "logStreamName": "s", "startFromHead": true});
    let empty = call(&kit, "GetLogEvents", request.clone()).await;
    put(&kit, "s", &[1, 2]).await;
    let mut request = request;
    request["nextToken"] = empty["nextForwardToken"].clone();
    let page = call(&kit, "GetLogEvents", request.clone()).await;
    assert_eq!(messages(&page), "m1 m2");
    assert_eq!(page["events"][0]["ingestionTime"], json!(NOW));
    request["nextToken"] = page["nextForwardToken"].clone();
    put(&kit, "s", &[2, 3]).await;
    assert_eq!(messages(&call(&kit, "GetLogEvents", request.clone()).await), "m2 m3");
    request["nextToken"] = json!("f/none");
    expect!["InvalidParameterException 400: The specified nextToken is invalid."]
        .assert_eq(&show(&kit, "GetLogEvents", request).await);
}

#[tokio::test]
async fn a_page_ends_at_its_size_and_the_next_goes_on() {
    let kit = with_streams(&["s"]).await;
    let big = "x".repeat(400_000);
    for at in 0..4 {
        let events = json!([{"timestamp": NOW + at, "message": format!("{at}{big}")}]);
        call(&kit, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})).await;
    }
    let mut request = json!({"logGroupName": "g", "logStreamName": "s", "startFromHead": true});
    for wanted in [vec!["0", "1"], vec!["2", "3"], vec![]] {
        let page = call(&kit, "GetLogEvents", request.clone()).await;
        let events = page["events"].as_array().unwrap();
        assert_eq!(events.iter().map(|e| &e["message"].as_str().unwrap()[..1]).collect::<Vec<_>>(), wanted);
        request["nextToken"] = page["nextForwardToken"].clone();
    }
}
