//! Explaining requests, on a platform in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use policy::{Context, Policies, Principal, Request, evaluate};
use serde_json::{Value, json};
use service::testing::Kit;
use service::{Step, Trace, Traced, Use, Verdict};

fn kit() -> Kit {
    Kit::new(kv_memory::Memory::store(), vec![clearsky_api::service()])
}

fn remember(kit: &Kit, request_id: &str) {
    let trace = Trace::default();
    let request = Request {
        principal: &Principal::Anonymous,
        action: "s3:GetObject",
        resource: "*",
        resource_account: service::testing::ACCOUNT,
        context: &Context::new(),
    };
    let decision = evaluate(&request, &Policies::default());
    trace.note(Step::Recognised { rule: "path", service: "s3", operation: "GetObject" });
    trace.note(Step::Judged { action: "s3:GetObject", resource: "r".into(), decision });
    kit.platform.traces.push(Traced {
        request_id: request_id.into(),
        at: kit.platform.clock.now(),
        line: "GET /b/k".into(),
        service: "s3",
        operation: "GetObject",
        status: 403,
        error: Some("AccessDenied"),
        message: None,
        parent: None,
        asked: None,
        duration_us: 12,
        trace,
    });
}

#[tokio::test]
async fn a_remembered_request_is_explained() {
    let kit = kit();
    remember(&kit, "r-1");
    let explained = kit.call("clearsky", "ExplainRequest", json!({ "RequestId": "r-1" })).await.unwrap();
    assert_eq!((&explained["Status"], &explained["Error"]), (&json!(403), &json!("AccessDenied")));
    assert_eq!(explained["Steps"][0]["Recognised"]["Rule"], "path");
    let judged = &explained["Steps"][1]["Judged"];
    assert_eq!((&judged["Effect"], &judged["LookedAt"]), (&json!("implicit deny"), &json!([])));
}

#[tokio::test]
async fn what_is_not_remembered_is_said_to_be() {
    let shown = kit().show("clearsky", "ExplainRequest", json!({ "RequestId": "r-2" })).await;
    assert!(shown.starts_with("ResourceNotFoundException 404: The request r-2 is not remembered"), "{shown}");
}

#[tokio::test]
async fn only_who_may_is_told() {
    let kit = kit();
    remember(&kit, "r-1");
    let denied = kit.call_as(&Kit::nobody(), "clearsky", "ExplainRequest", json!({ "RequestId": "r-1" })).await;
    assert_eq!(denied.unwrap_err().facts.code, "AccessDeniedException");
}

#[tokio::test]
async fn what_a_role_lacked_becomes_a_policy() {
    let kit = kit();
    let used = |action: &str| Use {
        principal: concat!("arn", ":aws:iam::000000000000:role/x/app").into(),
        action: action.into(),
        resource: "*".into(),
    };
    kit.platform.wanted.note(used("s3:ListAllMyBuckets"), Verdict::Lacking);
    kit.platform.wanted.note(used("lambda:ListFunctions"), Verdict::Allowed);
    kit.platform.wanted.note(used("iam:ListRoles"), Verdict::Barred("a statement denies it".into()));
    let ask = async |document| kit.call("clearsky", "GetRecordedPolicy", document).await.unwrap();
    let lacked = ask(json!({ "RoleName": "app" })).await;
    let text = |answer: &Value| answer["PolicyDocument"].as_str().unwrap().to_owned();
    assert!(text(&lacked).contains("s3:ListAllMyBuckets") && !text(&lacked).contains("lambda:"), "{lacked}");
    let barred = json!([{ "Action": "iam:ListRoles", "Resource": "*", "Reason": "a statement denies it" }]);
    assert_eq!(lacked["Barred"], barred);
    assert!(text(&ask(json!({ "RoleName": "app", "IncludeAllowed": true })).await).contains("lambda:ListFunctions"));
}

#[tokio::test]
async fn policies_are_made_of_one_caller_who_was_seen() {
    let kit = kit();
    for (document, expected) in [
        (json!({ "UserName": "app" }), "ResourceNotFoundException 404: Nothing is recorded of the user app"),
        (json!({}), "InvalidParameterException 400: Either RoleName or UserName must be given."),
        (json!({ "RoleName": "a", "UserName": "a" }), "InvalidParameterException 400: Either RoleName or UserName"),
    ] {
        let answer = kit.show("clearsky", "GetRecordedPolicy", document).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
    let denied = kit.call_as(&Kit::nobody(), "clearsky", "GetRecordedPolicy", json!({ "RoleName": "a" })).await;
    assert!(denied.unwrap_err().message.contains("clearsky:GetRecordedPolicy on resource: "));
}
