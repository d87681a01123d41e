//! Log streams.

use expect_test::expect;
use serde_json::{Value, json};

use crate::{call, kit, put, show, with_streams};

fn names(answer: &Value) -> Vec<&str> {
    answer["logStreams"].as_array().unwrap().iter().map(|s| s["logStreamName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_stream_is_made_once_in_a_group_that_is_there() {
    let kit = with_streams(&["s"]).await;
    let of = |group: &str, stream: &str| json!({"logGroupName": group, "logStreamName": stream});
    expect!["ResourceAlreadyExistsException 400: The specified log stream already exists"]
        .assert_eq(&show(&kit, "CreateLogStream", of("g", "s")).await);
    expect!["ResourceNotFoundException 400: The specified log group does not exist."]
        .assert_eq(&show(&kit, "CreateLogStream", of("none", "s")).await);
    expect!["ResourceNotFoundException 400: The specified log stream does not exist."]
        .assert_eq(&show(&kit, "DeleteLogStream", of("g", "none")).await);
    assert_eq!(show(&kit, "DeleteLogStream", of("g", "s")).await, "{}");
    assert_eq!(show(&kit, "CreateLogStream", of("g", "2026/11/24/[$LATEST]0a")).await, "{}");
    let bad = show(&kit, "CreateLogStream", of("g", "a:b")).await;
    assert!(bad.starts_with("InvalidParameterException 400: 1 validation error"), "{bad}");
}

#[tokio::test]
async fn a_stream_knows_its_events() {
    let kit = with_streams(&["s"]).await;
    put(&kit, "s", &[-5, 3]).await;
    let streams = call(&kit, "DescribeLogStreams", json!({"logGroupName": "g"})).await;
    expect![[r#"{"logStreams":[{"logStreamName":"s","creationTime":1795478400000,"firstEventTimestamp":1795478399995,"lastEventTimestamp":1795478400003,"lastIngestionTime":1795478400000,"uploadSequenceToken":"49000000000000000000000000000000000000000000000000000001","arn":"arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s","storedBytes":0}]}"#]]
        .assert_eq(&streams.to_string());
    let groups = call(&kit, "DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0]["storedBytes"], json!(2 * 26 + "m-5m3".len()));
}

#[tokio::test]
async fn streams_are_listed_by_name_and_by_last_event_in_pages() {
    let kit = with_streams(&["a1", "a2", "b", "never"]).await;
    for (stream, at) in [("a1", 3), ("a2", 1), ("b", 2)] {
        put(&kit, stream, &[at]).await;
    }
    let orders = [
        (json!({}), vec!["a1", "a2", "b", "never"]),
        (json!({"descending": true}), vec!["never", "b", "a2", "a1"]),
        (json!({"logStreamNamePrefix": "a"}), vec!["a1", "a2"]),
        (json!({"orderBy": "LastEventTime", "descending": true}), vec!["a1", "b", "a2", "never"]),
        (json!({"orderBy": "LastEventTime"}), vec!["never", "a2", "b", "a1"]),
    ];
    for (mut request, wanted) in orders {
        request["logGroupIdentifier"] = json!("arn:aws:logs:us-east-1:000000000000:log-group:g");
        assert_eq!(names(&call(&kit, "DescribeLogStreams", request.clone()).await), wanted);
        request["limit"] = json!(1);
        for one in &wanted {
            let page = call(&kit, "DescribeLogStreams", request.clone()).await;
            assert_eq!(names(&page), [*one]);
            request["nextToken"] = page["nextToken"].clone();
        }
        assert_eq!(request["nextToken"], Value::Null);
    }
}

#[tokio::test]
async fn listings_that_make_no_sense_are_refused() {
    let kit = with_streams(&[]).await;
    let check = async |document| show(&kit, "DescribeLogStreams", document).await;
    expect!["InvalidParameterException 400: Cannot order by LastEventTime with a logStreamNamePrefix."]
        .assert_eq(&check(json!({"logGroupName": "g", "orderBy": "LastEventTime", "logStreamNamePrefix": "a"})).await);
    expect!["ResourceNotFoundException 400: The specified log group does not exist."]
        .assert_eq(&check(json!({"logGroupName": "none"})).await);
    expect!["InvalidParameterException 400: LogGroup name or LogGroup identifier is required."]
        .assert_eq(&check(json!({})).await);
    expect!["InvalidParameterException 400: The specified nextToken is invalid."]
        .assert_eq(&check(json!({"logGroupName": "g", "nextToken": "x"})).await);
    let other = json!({"logGroupIdentifier": "arn:aws:logs:us-east-1:111111111111:log-group:g"});
    expect!["ResourceNotFoundException 400: The specified log group does not exist."].assert_eq(&check(other).await);
    drop(kit);
    assert_eq!(show(&self::kit(), "DescribeLogGroups", json!({})).await, r#"{"logGroups":[]}"#);
}
