//! AddPermission, RemovePermission, GetPolicy, and what the policy then allows.

use base::{Account, Arn};
use bytes::Bytes;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::Caller;

use crate::bench::{ARN, Bench};

const API: &str = concat!("arn", ":aws:execute-api:us-east-1:000000000000:api1/*");

fn gateway(source: &str) -> Caller {
    Caller::service("apigateway.amazonaws.com", Account::from("000000000000"), source)
}

fn permission() -> Value {
    json!({
        "FunctionName": "app", "StatementId": "api", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com", "SourceArn": API, "SourceAccount": "000000000000",
    })
}

#[tokio::test]
async fn a_service_may_invoke_what_it_is_permitted() {
    let bench = Bench::with_app().await;
    let invoke = bench.kit.platform.ports().unwrap().invoke.clone();
    let function: Arn = ARN.parse().unwrap();
    let (ours, theirs) = (gateway(&API.replace('*', "GET/x")), gateway(&API.replace("api1", "api2")));
    let denied = invoke.invoke(&ours, &function, Bytes::new()).await.unwrap_err();
    assert_eq!(denied.facts.code, "AccessDeniedException");
    let added = bench.call("AddPermission", permission()).await;
    expect![[r#"{"Sid":"api","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:000000000000:function:app","Condition":{"StringEquals":{"AWS:SourceAccount":"000000000000"},"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:api1/*"}}}"#]].assert_eq(added["Statement"].as_str().unwrap());
    let invoked = invoke.invoke(&ours, &function, Bytes::from_static(b"[1]")).await.unwrap();
    assert_eq!((invoked.executed_version.as_str(), invoked.function_error), ("$LATEST", None));
    assert_eq!(serde_json::from_slice::<Value>(&invoked.payload).unwrap()["event"], json!([1]));
    assert!(invoke.invoke(&theirs, &function, Bytes::new()).await.is_err());
    let policy = bench.call("GetPolicy", json!({ "FunctionName": "app" })).await;
    assert!(
        policy["Policy"]
            .as_str()
            .unwrap()
            .starts_with(r#"{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"api","#)
    );
    bench.call("RemovePermission", json!({ "FunctionName": "app", "StatementId": "api" })).await;
    assert!(invoke.invoke(&ours, &function, Bytes::new()).await.is_err());
}

#[tokio::test]
async fn principals_in_all_their_forms() {
    let bench = Bench::with_app().await;
    let arn = format!("{}role/other", "arn:aws:iam::111111111111:");
    for (index, (principal, shown)) in [
        ("*", json!("*")),
        ("111111111111", json!({ "AWS": format!("{}root", "arn:aws:iam::111111111111:") })),
        (arn.as_str(), json!({ "AWS": arn })),
        ("s3.amazonaws.com", json!({ "Service": "s3.amazonaws.com" })),
    ]
    .into_iter()
    .enumerate()
    {
        let request = json!({ "FunctionName": "app", "StatementId": format!("s{index}"), "Action": "lambda:*", "Principal": principal });
        let added = bench.call("AddPermission", request).await;
        let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
        assert_eq!(statement["Principal"], shown);
    }
}

async fn check(operation: &str, changes: Value, expected: Expect) {
    let bench = Bench::with_app().await;
    bench.call("AddPermission", permission()).await;
    let mut document = if operation == "AddPermission" { permission() } else { json!({ "FunctionName": "app" }) };
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    expected.assert_eq(&bench.show(operation, document).await);
}

#[tokio::test]
async fn what_permissions_refuse() {
    check("AddPermission", json!({}), expect!["ResourceConflictException 409: The statement id (api) provided already exists. Please provide a new statement id, or remove the existing statement."]).await;
    check("AddPermission", json!({ "StatementId": "b", "Principal": "nobody" }), expect!["InvalidParameterValueException 400: The provided principal was invalid. Please check the principal and try again."]).await;
    check("AddPermission", json!({ "StatementId": "b", "Action": "s3:GetObject" }), expect!["ValidationException 400: 1 validation error detected: Value 's3:GetObject' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"]).await;
    check("AddPermission", json!({ "StatementId": "b", "RevisionId": "old" }), expect!["PreconditionFailedException 412: The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"]).await;
    check(
        "AddPermission",
        json!({ "StatementId": "b", "FunctionName": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "AddPermission",
        json!({ "StatementId": "b", "PrincipalOrgID": "o-1234567890" }),
        expect!["NotImplemented 501: The member PrincipalOrgID is not implemented by Clearsky."],
    )
    .await;
    check(
        "RemovePermission",
        json!({ "StatementId": "b" }),
        expect!["ResourceNotFoundException 404: Statement b is not found in resource policy."],
    )
    .await;
    check("RemovePermission", json!({ "StatementId": "api", "RevisionId": "old" }), expect!["PreconditionFailedException 412: The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"]).await;
    check(
        "GetPolicy",
        json!({ "FunctionName": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    let bench = Bench::with_app().await;
    let none = bench.show("GetPolicy", json!({ "FunctionName": "app" })).await;
    assert_eq!(none, "ResourceNotFoundException 404: The resource you requested does not exist.");
    let none = bench.show("RemovePermission", json!({ "FunctionName": "app", "StatementId": "s" })).await;
    assert_eq!(none, "ResourceNotFoundException 404: No policy is associated with the given resource.");
}

#[tokio::test]
async fn a_policy_has_a_limit() {
    let bench = Bench::with_app().await;
    let mut shown = String::new();
    for index in 0..3 {
        let mut request = permission();
        request["StatementId"] = json!(format!("s{index}"));
        request["SourceArn"] = json!(format!("{API}{}", "x".repeat(9000)));
        shown = bench.show("AddPermission", request).await;
    }
    assert!(shown.starts_with("PolicyLengthExceededException 400: The final policy size ("), "{shown}");
}
