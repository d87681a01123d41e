//! Reserved concurrency, the account's limit, and who is told to come again.

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::testing::Kit;

use crate::bench::{ARN, Bench, app_with};

async fn check(bench: &Bench, operation: &str, document: Value, expected: Expect) {
    expected.assert_eq(&bench.show(operation, document).await);
}

#[tokio::test]
async fn concurrency_is_reserved_shown_and_given_back() {
    let bench = Bench::with_app().await;
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "other" }))).await;
    let app = json!({ "FunctionName": "app" });
    let put = |name: &str, wanted: i32| json!({ "FunctionName": name, "ReservedConcurrentExecutions": wanted });
    check(&bench, "GetFunctionConcurrency", app.clone(), expect!["{}"]).await;
    check(&bench, "PutFunctionConcurrency", put("app", 900), expect![[r#"{"ReservedConcurrentExecutions":900}"#]])
        .await;
    check(&bench, "PutFunctionConcurrency", put("other", 1), expect!["InvalidParameterValueException 400: Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."]).await;
    check(&bench, "PutFunctionConcurrency", put("app", 899), expect![[r#"{"ReservedConcurrentExecutions":899}"#]])
        .await;
    check(&bench, "PutFunctionConcurrency", put("other", 1), expect![[r#"{"ReservedConcurrentExecutions":1}"#]]).await;
    check(&bench, "GetFunctionConcurrency", app.clone(), expect![[r#"{"ReservedConcurrentExecutions":899}"#]]).await;
    check(&bench, "GetAccountSettings", json!({}), expect![[r#"{"AccountLimit":{"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"CodeSizeZipped":52428800,"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":100},"AccountUsage":{"TotalCodeSize":234,"FunctionCount":2}}"#]]).await;
    assert_eq!(
        bench.call("GetFunction", app.clone()).await["Concurrency"],
        json!({ "ReservedConcurrentExecutions": 899 })
    );
    check(&bench, "DeleteFunctionConcurrency", app.clone(), expect!["{}"]).await;
    check(&bench, "GetFunctionConcurrency", app.clone(), expect!["{}"]).await;
    bench.call("DeleteFunction", json!({ "FunctionName": "other" })).await;
    check(&bench, "PutFunctionConcurrency", put("app", 900), expect![[r#"{"ReservedConcurrentExecutions":900}"#]])
        .await;
}

#[tokio::test]
async fn what_concurrency_refuses() {
    let bench = Bench::with_app().await;
    for operation in ["PutFunctionConcurrency", "GetFunctionConcurrency", "DeleteFunctionConcurrency"] {
        let ask = |name: &str| {
            let mut document = json!({ "FunctionName": name });
            if operation.starts_with('P') {
                document["ReservedConcurrentExecutions"] = json!(1);
            }
            document
        };
        check(&bench, operation, ask("gone"), expect![[r#"ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone"#]]).await;
        let refused = bench.show(operation, ask(&format!("{ARN}:$LATEST"))).await;
        assert!(
            refused.starts_with(
                "InvalidParameterValueException 400: This operation is permitted on Lambda functions only."
            ),
            "{refused}"
        );
        let denied = bench.kit.call_as(&Kit::nobody(), "lambda", operation, ask("app")).await.unwrap_err();
        assert_eq!(denied.facts.code, "AccessDeniedException");
    }
    let denied = bench.kit.call_as(&Kit::nobody(), "lambda", "GetAccountSettings", json!({})).await.unwrap_err();
    assert_eq!(denied.facts.code, "AccessDeniedException");
    let negative = json!({ "FunctionName": "app", "ReservedConcurrentExecutions": -1 });
    check(&bench, "PutFunctionConcurrency", negative, expect!["ValidationException 400: 1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0"]).await;
}

#[tokio::test]
async fn a_function_runs_as_many_requests_at_once_as_it_reserves() {
    let bench = Bench::with_app().await;
    let put = |wanted: i32| json!({ "FunctionName": "app", "ReservedConcurrentExecutions": wanted });
    bench.call("PutFunctionConcurrency", put(0)).await;
    let off = bench.invoke(&[], "{}").await;
    assert_eq!(
        (off.status, off.header("retry-after"), off.header("x-amzn-errortype")),
        (429, "1", "TooManyRequestsException")
    );
    expect![[
        r#"{"Type":"User","message":"Rate Exceeded.","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#
    ]]
    .assert_eq(&off.text());
    bench.call("PutFunctionConcurrency", put(1)).await;
    let (first, second) = tokio::join!(bench.invoke(&[], r#"{"do": "wait"}"#), async {
        while bench.fake.seen.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let second = bench.invoke(&[], "{}").await;
        bench.fake.gate.0.add_permits(1);
        second
    });
    assert_eq!((first.status, second.status), (200, 429));
    assert_eq!(bench.invoke(&[], "{}").await.status, 200);
}

#[tokio::test]
async fn an_event_waits_for_a_place_and_one_of_a_function_that_is_switched_off_is_told_at_once() {
    let bench = Bench::with_app().await;
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "other" }))).await;
    let to = json!({ "OnFailure": { "Destination": ARN.replace(":app", ":other") } });
    bench.call("PutFunctionEventInvokeConfig", json!({ "FunctionName": "app", "DestinationConfig": to })).await;
    let allow = json!({ "FunctionName": "other", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": crate::bench::ROLE });
    bench.call("AddPermission", allow).await;
    let put = |wanted: i32| json!({ "FunctionName": "app", "ReservedConcurrentExecutions": wanted });
    let event = [("x-amz-invocation-type", "Event")];
    bench.call("PutFunctionConcurrency", put(0)).await;
    assert_eq!(bench.invoke(&event, r#"{"n": 1}"#).await.status, 202);
    bench.settle().await;
    let seen = bench.fake.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].1["requestContext"]["condition"], "ZeroReservedConcurrency");
    bench.call("PutFunctionConcurrency", put(1)).await;
    let busy = async {
        assert_eq!(bench.invoke(&[], r#"{"do": "wait"}"#).await.status, 200);
    };
    tokio::join!(busy, async {
        while bench.fake.seen.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.invoke(&event, r#"{"n": 2}"#).await.status, 202);
        bench.settle().await;
        assert_eq!(bench.fake.seen.lock().unwrap().len(), 2);
        bench.fake.gate.0.add_permits(1);
    });
    bench.kit.clock.advance_ms(1000);
    bench.settle().await;
    assert_eq!(bench.fake.seen.lock().unwrap().last().unwrap().1, json!({ "n": 2 }));
}
