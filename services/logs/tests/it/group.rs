//! Log groups.

use expect_test::expect;
use serde_json::json;
use service::testing::Kit;

use crate::{call, kit, put, show, with_streams};

#[tokio::test]
async fn a_group_is_made_once_and_deleted_once() {
    let kit = kit();
    let name = json!({"logGroupName": "/aws/lambda/f"});
    assert_eq!(show(&kit, "CreateLogGroup", name.clone()).await, "{}");
    expect!["ResourceAlreadyExistsException 400: The specified log group already exists"]
        .assert_eq(&show(&kit, "CreateLogGroup", name.clone()).await);
    assert_eq!(show(&kit, "DeleteLogGroup", name.clone()).await, "{}");
    expect!["ResourceNotFoundException 400: The specified log group does not exist."]
        .assert_eq(&show(&kit, "DeleteLogGroup", name).await);
}

#[tokio::test]
async fn bad_names_and_unknown_members_are_refused() {
    let kit = kit();
    let bad = show(&kit, "CreateLogGroup", json!({"logGroupName": "a b"})).await;
    assert!(
        bad.starts_with("InvalidParameterException 400: 1 validation error detected: Value 'a b' at 'logGroupName'"),
        "{bad}"
    );
    let refused = show(&kit, "CreateLogGroup", json!({"logGroupName": "g", "kmsKeyId": "k"})).await;
    assert!(refused.starts_with("NotImplemented 501") && refused.contains("kmsKeyId"), "{refused}");
}

#[tokio::test]
async fn groups_are_listed_by_prefix_and_pattern_in_pages() {
    let kit = kit();
    for name in ["/b/DataLogs", "/a/x", "/b/y", "/b/z"] {
        call(&kit, "CreateLogGroup", json!({"logGroupName": name})).await;
    }
    let page = call(&kit, "DescribeLogGroups", json!({"logGroupNamePrefix": "/b/", "limit": 2})).await;
    expect![[r#"{"logGroups":[{"logGroupName":"/b/DataLogs","creationTime":1795478400000,"metricFilterCount":0,"arn":"arn:aws:logs:us-east-1:000000000000:log-group:/b/DataLogs:*","storedBytes":0,"logGroupClass":"STANDARD","logGroupArn":"arn:aws:logs:us-east-1:000000000000:log-group:/b/DataLogs","deletionProtectionEnabled":false},{"logGroupName":"/b/y","creationTime":1795478400000,"metricFilterCount":0,"arn":"arn:aws:logs:us-east-1:000000000000:log-group:/b/y:*","storedBytes":0,"logGroupClass":"STANDARD","logGroupArn":"arn:aws:logs:us-east-1:000000000000:log-group:/b/y","deletionProtectionEnabled":false}]}"#]]
        .assert_eq(&json!({"logGroups": page["logGroups"]}).to_string());
    let token = &page["nextToken"];
    let rest =
        call(&kit, "DescribeLogGroups", json!({"logGroupNamePrefix": "/b/", "limit": 2, "nextToken": token})).await;
    assert_eq!(
        (rest["logGroups"].as_array().unwrap().len(), &rest["logGroups"][0]["logGroupName"]),
        (1, &json!("/b/z"))
    );
    assert!(rest.get("nextToken").is_none());
    expect!["InvalidParameterException 400: The specified nextToken is invalid."]
        .assert_eq(&show(&kit, "DescribeLogGroups", json!({"nextToken": token})).await);

    let found = call(&kit, "DescribeLogGroups", json!({"logGroupNamePattern": "DataLogs"})).await;
    assert_eq!(found["logGroups"].as_array().unwrap().len(), 1);
    expect!["InvalidParameterException 400: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."]
        .assert_eq(&show(&kit, "DescribeLogGroups", json!({"logGroupNamePrefix": "a", "logGroupNamePattern": "b"})).await);
}

#[tokio::test]
async fn deleting_a_group_deletes_what_is_in_it() {
    let kit = with_streams(&["s"]).await;
    put(&kit, "s", &[1]).await;
    call(&kit, "DeleteLogGroup", json!({"logGroupName": "g"})).await;
    call(&kit, "CreateLogGroup", json!({"logGroupName": "g"})).await;
    assert_eq!(show(&kit, "DescribeLogStreams", json!({"logGroupName": "g"})).await, r#"{"logStreams":[]}"#);
    call(&kit, "CreateLogStream", json!({"logGroupName": "g", "logStreamName": "s"})).await;
    assert_eq!(
        call(&kit, "GetLogEvents", json!({"logGroupName": "g", "logStreamName": "s"})).await["events"],
        json!([])
    );
}

#[tokio::test]
async fn whoever_may_not_is_told_what_is_missing() {
    let kit = kit();
    let denied = async |operation, document| {
        let failure = kit.call_as(&Kit::nobody(), "logs", operation, document).await.unwrap_err();
        format!("{} {}", failure.facts.code, failure.message)
    };
    let (g, s) = ("logGroupName", "logStreamName");
    let event = json!([{"timestamp": 1, "message": "m"}]);
    let checks = [
        ("CreateLogGroup", json!({g: "g"}), "log-group:g:log-stream:"),
        ("DeleteLogGroup", json!({g: "g"}), "log-group:g:log-stream:"),
        ("DescribeLogGroups", json!({}), "log-group::log-stream:"),
        ("CreateLogStream", json!({g: "g", s: "a/b"}), "log-group:g:log-stream:a/b"),
        ("DeleteLogStream", json!({g: "g", s: "s"}), "log-group:g:log-stream:s"),
        ("DescribeLogStreams", json!({g: "g"}), "log-group:g:log-stream:"),
        ("PutLogEvents", json!({g: "g", s: "s", "logEvents": event}), "log-group:g:log-stream:s"),
        ("GetLogEvents", json!({g: "g", s: "s"}), "log-group:g:log-stream:s"),
        ("FilterLogEvents", json!({g: "g"}), "log-group:g:log-stream:"),
    ];
    for (operation, document, resource) in checks {
        let text = denied(operation, document).await;
        assert!(text.starts_with("AccessDeniedException") && text.contains(&format!("logs:{operation}")), "{text}");
        assert!(text.contains(&format!("arn:aws:logs:us-east-1:000000000000:{resource} ")), "{text}");
    }
}

#[tokio::test]
async fn names_that_cannot_be_are_refused_everywhere() {
    let kit = kit();
    let tag = json!({"resourceArn": "g", "tags": {"a": "b"}});
    let untag = json!({"resourceArn": "g", "tagKeys": ["a"]});
    for (operation, document) in [
        ("DeleteLogGroup", json!({"logGroupName": "a b"})),
        ("DeleteLogStream", json!({"logGroupName": "g", "logStreamName": "a:b"})),
        ("DeleteRetentionPolicy", json!({"logGroupName": "a b"})),
        ("TagResource", tag),
        ("UntagResource", untag),
    ] {
        let answer = show(&kit, operation, document).await;
        assert!(answer.starts_with("InvalidParameterException 400: "), "{operation} {answer}");
    }
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:none";
    for (operation, document) in [
        ("TagResource", json!({"resourceArn": arn, "tags": {"a": "b"}})),
        ("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]})),
    ] {
        let none = "ResourceNotFoundException 400: The specified resource does not exist.";
        assert_eq!(show(&kit, operation, document).await, none, "{operation}");
    }
}
