//! How long events are kept, and tags of groups.

use serde_json::{Value, json};
use service::testing::Kit;

use crate::{NOW, call, kit, messages, put, show, with_streams};

const DAY_MS: i64 = 24 * 3600 * 1000;

fn arn(name: &str) -> String {
    format!("arn:aws:logs:us-east-1:000000000000:log-group:{name}")
}

async fn keep(kit: &Kit, days: i32) {
    call(kit, "PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": days})).await;
}

async fn group(kit: &Kit) -> Value {
    call(kit, "DescribeLogGroups", json!({"logGroupNamePrefix": "g"})).await["logGroups"][0].take()
}

async fn read(kit: &Kit) -> (String, String) {
    let stream = json!({"logGroupName": "g", "logStreamName": "s", "startFromHead": true});
    let one = call(kit, "GetLogEvents", stream).await;
    let all = call(kit, "FilterLogEvents", json!({"logGroupName": "g"})).await;
    (messages(&one), messages(&all))
}

#[tokio::test]
async fn a_policy_is_put_shown_and_removed() {
    let kit = with_streams(&[]).await;
    assert_eq!(group(&kit).await["retentionInDays"], Value::Null);
    keep(&kit, 7).await;
    assert_eq!(group(&kit).await["retentionInDays"], 7);
    assert_eq!(show(&kit, "DeleteRetentionPolicy", json!({"logGroupName": "g"})).await, "{}");
    assert_eq!(group(&kit).await["retentionInDays"], Value::Null);
    let odd = show(&kit, "PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 4})).await;
    assert!(
        odd.starts_with("InvalidParameterException 400: Invalid retention value. Valid values are: [1, 3, 5,"),
        "{odd}"
    );
    let none = "ResourceNotFoundException 400: The specified log group does not exist.";
    assert_eq!(show(&kit, "PutRetentionPolicy", json!({"logGroupName": "none", "retentionInDays": 1})).await, none);
    assert_eq!(show(&kit, "DeleteRetentionPolicy", json!({"logGroupName": "none"})).await, none);
}

#[tokio::test]
async fn expired_events_are_gone_from_answers_and_then_from_the_store() {
    let kit = with_streams(&["s"]).await;
    put(&kit, "s", &[-5 * DAY_MS, -4 * DAY_MS]).await;
    put(&kit, "s", &[-3 * DAY_MS / 2, -DAY_MS / 2]).await;
    put(&kit, "s", &[-1]).await;
    let bytes = group(&kit).await["storedBytes"].as_i64().unwrap();
    keep(&kit, 1).await;
    let kept = format!("m{} m-1", -DAY_MS / 2);
    assert_eq!(read(&kit).await, (kept.clone(), kept.clone()));
    logs::sweep(&kit.platform).await.unwrap();
    assert_eq!(read(&kit).await, (kept.clone(), kept));
    let left = group(&kit).await["storedBytes"].as_i64().unwrap();
    assert!(left < bytes, "{left} of {bytes}");
    // The first batch went as a whole, the second one has an event that is kept.
    call(&kit, "DeleteRetentionPolicy", json!({"logGroupName": "g"})).await;
    assert_eq!(read(&kit).await.0, format!("m{} m{} m-1", -3 * DAY_MS / 2, -DAY_MS / 2));

    keep(&kit, 1).await;
    kit.clock.advance_ms(2 * DAY_MS);
    logs::sweep(&kit.platform).await.unwrap();
    assert_eq!(group(&kit).await["storedBytes"], 0);
    assert_eq!(read(&kit).await, (String::new(), String::new()));
}

#[tokio::test]
async fn events_that_have_expired_are_rejected() {
    let kit = with_streams(&["s"]).await;
    keep(&kit, 1).await;
    let events = json!([{"timestamp": NOW - DAY_MS - 1, "message": "old"}, {"timestamp": NOW - 1, "message": "new"}]);
    let batch = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events});
    let answer = call(&kit, "PutLogEvents", batch).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 1}));
    assert_eq!(read(&kit).await.0, "new");
}

#[tokio::test]
async fn groups_have_tags() {
    let kit = kit();
    call(&kit, "CreateLogGroup", json!({"logGroupName": "/a/g", "tags": {"team": "a"}})).await;
    let tags = async || call(&kit, "ListTagsForResource", json!({"resourceArn": arn("/a/g")})).await["tags"].take();
    assert_eq!(tags().await, json!({"team": "a"}));
    call(&kit, "TagResource", json!({"resourceArn": arn("/a/g"), "tags": {"team": "b", "env": ""}})).await;
    assert_eq!(tags().await, json!({"env": "", "team": "b"}));
    call(&kit, "UntagResource", json!({"resourceArn": arn("/a/g"), "tagKeys": ["team", "none"]})).await;
    assert_eq!(tags().await, json!({"env": ""}));

    let many: Value = (0..50).map(|n| (n.to_string(), json!(""))).collect::<serde_json::Map<_, _>>().into();
    let too_many = show(&kit, "TagResource", json!({"resourceArn": arn("/a/g"), "tags": many})).await;
    assert_eq!(too_many, "TooManyTagsException 400: The maximum number of tags for a resource is 50.");
    let none = "ResourceNotFoundException 400: The specified resource does not exist.";
    assert_eq!(show(&kit, "ListTagsForResource", json!({"resourceArn": arn("none")})).await, none);
    let odd = show(&kit, "ListTagsForResource", json!({"resourceArn": "g"})).await;
    assert_eq!(odd, "InvalidParameterException 400: The specified resource ARN is invalid.");
}

#[tokio::test]
async fn keeping_and_tagging_must_be_permitted() {
    let kit = with_streams(&[]).await;
    let stream = format!("{}:log-stream:", arn("g"));
    let checks = [
        ("PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 1}), stream.clone()),
        ("DeleteRetentionPolicy", json!({"logGroupName": "g"}), stream),
        ("TagResource", json!({"resourceArn": arn("g"), "tags": {"a": "b"}}), arn("g")),
        ("UntagResource", json!({"resourceArn": arn("g"), "tagKeys": ["a"]}), arn("g")),
        ("ListTagsForResource", json!({"resourceArn": arn("g")}), arn("g")),
    ];
    for (operation, document, resource) in checks {
        let text = kit.call_as(&Kit::nobody(), "logs", operation, document).await.unwrap_err().message;
        assert!(text.contains(&format!("logs:{operation} on resource: {resource} because")), "{text}");
    }
}
