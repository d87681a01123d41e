//! Put-, Update-, Get-, List- and DeleteFunctionEventInvokeConfig.

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::testing::Kit;

use crate::bench::{ARN, Bench, app_with};

async fn check(bench: &Bench, operation: &str, changes: Value, expected: Expect) {
    let mut document = json!({ "FunctionName": "app" });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    expected.assert_eq(&bench.show(operation, document).await);
}

#[tokio::test]
async fn a_configuration_is_put_changed_shown_and_deleted() {
    let bench = Bench::with_app().await;
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "other" }))).await;
    let other = ARN.replace(":app", ":other");
    check(&bench, "GetFunctionEventInvokeConfig", json!({}), expect!["ResourceNotFoundException 404: The function arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST doesn't have an EventInvokeConfig"]).await;
    check(&bench, "UpdateFunctionEventInvokeConfig", json!({ "MaximumRetryAttempts": 1 }), expect!["ResourceNotFoundException 404: The function arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST doesn't have an EventInvokeConfig"]).await;
    check(&bench, "PutFunctionEventInvokeConfig", json!({ "MaximumRetryAttempts": 1 }), expect![[r#"{"LastModified":1795478400,"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST","MaximumRetryAttempts":1,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}"#]]).await;
    let changes =
        json!({ "MaximumEventAgeInSeconds": 60, "DestinationConfig": { "OnFailure": { "Destination": other } } });
    check(&bench, "UpdateFunctionEventInvokeConfig", changes, expect![[r#"{"LastModified":1795478400,"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":60,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:other"}}}"#]]).await;
    check(&bench, "GetFunctionEventInvokeConfig", json!({ "Qualifier": "$LATEST" }), expect![[r#"{"LastModified":1795478400,"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":60,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:other"}}}"#]]).await;
    check(&bench, "ListFunctionEventInvokeConfigs", json!({ "MaxItems": 1 }), expect![[r#"{"FunctionEventInvokeConfigs":[{"LastModified":1795478400,"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":60,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:other"}}}]}"#]]).await;
    check(&bench, "PutFunctionEventInvokeConfig", json!({ "MaximumEventAgeInSeconds": 90 }), expect![[r#"{"LastModified":1795478400,"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST","MaximumEventAgeInSeconds":90,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}"#]]).await;
    check(&bench, "DeleteFunctionEventInvokeConfig", json!({}), expect!["{}"]).await;
    check(&bench, "DeleteFunctionEventInvokeConfig", json!({}), expect!["ResourceNotFoundException 404: The function arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST doesn't have an EventInvokeConfig"]).await;
    check(&bench, "ListFunctionEventInvokeConfigs", json!({}), expect![[r#"{"FunctionEventInvokeConfigs":[]}"#]]).await;
}

#[tokio::test]
async fn what_cannot_be_configured_is_refused() {
    let bench = Bench::with_app().await;
    check(&bench, "PutFunctionEventInvokeConfig", json!({}), expect!["InvalidParameterValueException 400: You must specify at least one of error handling or destination setting."]).await;
    check(&bench, "PutFunctionEventInvokeConfig", json!({ "MaximumRetryAttempts": 3 }), expect!["ValidationException 400: 1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2"]).await;
    check(&bench, "PutFunctionEventInvokeConfig", json!({ "MaximumEventAgeInSeconds": 59 }), expect!["ValidationException 400: 1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60"]).await;
    check(
        &bench,
        "PutFunctionEventInvokeConfig",
        json!({ "FunctionName": "gone", "MaximumRetryAttempts": 1 }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone"
        ],
    )
    .await;
    let to = |arn: &str| json!({ "DestinationConfig": { "OnSuccess": { "Destination": arn } } });
    let queue = concat!("arn", ":aws:sqs:us-east-1:000000000000:queue");
    for (arn, expected) in [
        (
            ARN,
            expect!["InvalidParameterValueException 400: You can't specify the function as a destination for itself."],
        ),
        (
            &ARN.replace(":app", ":gone"),
            expect![
                "InvalidParameterValueException 400: The destination ARN arn:aws:lambda:us-east-1:000000000000:function:gone is invalid."
            ],
        ),
        (
            &ARN.replace("function:app", "layer:app"),
            expect![
                "InvalidParameterValueException 400: The destination ARN arn:aws:lambda:us-east-1:000000000000:layer:app is invalid."
            ],
        ),
        (queue, expect!["NotImplemented 501: A destination of the service sqs is not implemented by Clearsky."]),
    ] {
        check(&bench, "PutFunctionEventInvokeConfig", to(arn), expected).await;
    }
    check(
        &bench,
        "ListFunctionEventInvokeConfigs",
        json!({ "Marker": "x" }),
        expect!["InvalidParameterValueException 400: The Marker is not valid for this request."],
    )
    .await;
    check(
        &bench,
        "ListFunctionEventInvokeConfigs",
        json!({ "FunctionName": "gone" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone"
        ],
    )
    .await;
}

#[tokio::test]
async fn configurations_go_with_their_function_and_are_not_for_everybody() {
    let bench = Bench::with_app().await;
    bench.call("PutFunctionEventInvokeConfig", json!({ "FunctionName": "app", "MaximumRetryAttempts": 1 })).await;
    bench.call("DeleteFunction", json!({ "FunctionName": "app" })).await;
    bench.call("CreateFunction", app_with(json!({}))).await;
    for operation in ["Put", "Update", "Get", "Delete"] {
        let operation = format!("{operation}FunctionEventInvokeConfig");
        let mut document = json!({ "FunctionName": "app" });
        if operation.starts_with(['P', 'U']) {
            document["MaximumRetryAttempts"] = json!(1);
        }
        let denied = bench.kit.call_as(&Kit::nobody(), "lambda", &operation, document.clone()).await.unwrap_err();
        assert_eq!(denied.facts.code, "AccessDeniedException");
        if operation.starts_with('G') {
            bench.call("DeleteFunctionEventInvokeConfig", document).await;
        } else if operation.starts_with('P') {
            assert!(bench.show("GetFunctionEventInvokeConfig", document.clone()).await.starts_with("ResourceNotFound"));
            bench.call(&operation, document).await;
        }
    }
    let document = json!({ "FunctionName": "app" });
    let denied = bench.kit.call_as(&Kit::nobody(), "lambda", "ListFunctionEventInvokeConfigs", document).await;
    assert_eq!(denied.unwrap_err().facts.code, "AccessDeniedException");
}
