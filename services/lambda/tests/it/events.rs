//! Asynchronous invocations: accepted, delivered, tried again, told to destinations, not lost.

use std::sync::Arc;

use kv::Store;
use kv::chaos::{Chaos, Odds, Seed};
use kv_memory::Memory;
use serde_json::{Value, json};
use service::testing::{Kit, Open, Shown};

use crate::bench::{ARN, Bench, ROLE, app_with, zip};
use crate::fake::Fake;

async fn send(bench: &Bench, payload: &str) -> Shown {
    bench.invoke(&[("x-amz-invocation-type", "Event")], payload).await
}

/// The payloads that functions got.
fn seen(bench: &Bench) -> Vec<Value> {
    bench.fake.seen.lock().unwrap().iter().map(|(_, event)| event.clone()).collect()
}

async fn configure(bench: &Bench, changes: Value) {
    let mut document = json!({ "FunctionName": "app" });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    bench.call("PutFunctionEventInvokeConfig", document).await;
}

#[tokio::test]
async fn an_event_is_accepted_then_delivered_once_under_the_request_s_id() {
    let bench = Bench::with_app().await;
    let shown = send(&bench, r#"{"n": 1}"#).await;
    assert_eq!((shown.status, shown.text()), (202, String::new()));
    bench.settle().await;
    let id = shown.header("x-amzn-requestid").to_owned();
    assert_eq!(*bench.fake.seen.lock().unwrap(), [(id.clone(), json!({"n": 1}))]);
    let children = bench.kit.platform.traces.children(&id);
    assert_eq!(children.iter().map(|child| child.operation).collect::<Vec<_>>(), ["Invoke"]);
    assert_ne!(children[0].request_id, id);
    bench.kit.clock.advance_ms(7 * 3600 * 1000);
    bench.settle().await;
    assert_eq!(seen(&bench).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_an_event_is_refused() {
    let bench = Bench::with_app().await;
    let check = async |payload: String, expected: &str| {
        let shown = send(&bench, &payload).await;
        assert_eq!(format!("{} {}", shown.status, shown.header("x-amzn-errortype")), expected, "{}", shown.text());
    };
    check("{nope".into(), "400 InvalidRequestContentException").await;
    check(format!("\"{}\"", "x".repeat(1024 * 1024 - 2)), "202 ").await;
    check(format!("\"{}\"", "x".repeat(1024 * 1024 - 1)), "413 RequestEntityTooLargeException").await;
    bench.call("DeleteFunction", json!({ "FunctionName": "app" })).await;
    check("{}".into(), "404 ResourceNotFoundException").await;
    let line = "POST /2015-03-31/functions/app/invocations";
    let event = [("x-amz-invocation-type", "Event")];
    let denied = bench.kit.http(&Kit::nobody(), "lambda", line, &event, "{}").await.unwrap();
    assert_eq!(denied.status, 403);
}

#[tokio::test]
async fn a_function_that_fails_is_tried_again_after_one_minute_and_two() {
    let bench = Bench::with_app().await;
    send(&bench, r#"{"do": "raise"}"#).await;
    let mut counts = Vec::new();
    for wait_ms in [0, 59_999, 1, 119_999, 1, 21_600_000] {
        bench.kit.clock.advance_ms(wait_ms);
        bench.settle().await;
        counts.push(seen(&bench).len());
    }
    assert_eq!(counts, [1, 1, 2, 2, 3, 3]);
    let ids =
        bench.fake.seen.lock().unwrap().iter().map(|(id, _)| id.clone()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids.len(), 1, "each attempt is of the same request");
}

#[tokio::test]
async fn tries_and_age_are_as_configured() {
    let bench = Bench::with_app().await;
    configure(&bench, json!({ "MaximumRetryAttempts": 0 })).await;
    send(&bench, r#"{"do": "exit"}"#).await;
    bench.settle().await;
    bench.kit.clock.advance_ms(600_000);
    bench.settle().await;
    assert_eq!(seen(&bench).len(), 1);
    configure(&bench, json!({ "MaximumEventAgeInSeconds": 100 })).await;
    send(&bench, r#"{"do": "sleep"}"#).await;
    for _ in 0..5 {
        bench.settle().await;
        bench.kit.clock.advance_ms(60_000);
    }
    assert_eq!(seen(&bench).len(), 3, "a second retry would come after its time");
}

#[tokio::test]
async fn the_platform_s_own_faults_are_waited_out() {
    let bench = Bench::with_app().await;
    send(&bench, r#"{"do": "fault"}"#).await;
    bench.settle().await;
    let mut counts = vec![seen(&bench).len()];
    for wait_s in [1, 2, 4] {
        bench.kit.clock.advance_ms(wait_s * 1000);
        bench.settle().await;
        counts.push(seen(&bench).len());
    }
    assert_eq!(counts, [1, 2, 3, 4]);
    bench.call("DeleteFunction", json!({ "FunctionName": "app" })).await;
    bench.kit.clock.advance_ms(8000);
    bench.settle().await;
    bench.kit.clock.advance_ms(600_000);
    bench.settle().await;
    assert_eq!(seen(&bench).len(), 4, "an event of a function that is gone is dropped");
}

/// With a function `other` that the role of `app` may invoke, if `is_allowed`.
async fn with_destinations(is_allowed: bool) -> Bench {
    let bench = Bench::with_app().await;
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "other" }))).await;
    let other = ARN.replace(":app", ":other");
    let to = json!({ "Destination": other });
    configure(&bench, json!({ "MaximumRetryAttempts": 0, "DestinationConfig": { "OnSuccess": to, "OnFailure": to } }))
        .await;
    if is_allowed {
        let statement = json!({ "FunctionName": "other", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": ROLE });
        bench.call("AddPermission", statement).await;
    }
    bench
}

#[tokio::test]
async fn destinations_are_told_what_came_of_it() {
    let bench = with_destinations(true).await;
    for (payload, condition) in [(r#"{"n":1}"#, "Success"), (r#"{"do":"raise"}"#, "RetriesExhausted")] {
        bench.fake.seen.lock().unwrap().clear();
        let id = send(&bench, payload).await.header("x-amzn-requestid").to_owned();
        bench.settle().await;
        let seen = bench.fake.seen.lock().unwrap().clone();
        let [(first, _), (second, record)] = &seen[..] else { panic!("{seen:?}") };
        assert_ne!(first, second);
        let context = &record["requestContext"];
        let shown = json!([
            context["requestId"],
            context["functionArn"],
            context["condition"],
            context["approximateInvokeCount"]
        ]);
        assert_eq!(shown, json!([id, format!("{ARN}:$LATEST"), condition, 1]));
        assert_eq!(record["requestPayload"].to_string(), payload);
        let failed = condition == "RetriesExhausted";
        assert_eq!(record["responseContext"].get("functionError").is_some(), failed, "{record}");
        assert_eq!(record["responsePayload"]["errorType"] == "ValueError", failed, "{record}");
    }
}

#[tokio::test]
async fn a_destination_that_the_role_may_not_invoke_is_not_told() {
    let bench = with_destinations(false).await;
    send(&bench, "{}").await;
    bench.settle().await;
    assert_eq!(seen(&bench), [json!({})]);
}

#[tokio::test]
async fn an_event_too_old_for_its_turn_is_told_without_a_run() {
    let bench = with_destinations(true).await;
    configure(&bench, json!({ "MaximumEventAgeInSeconds": 60, "DestinationConfig": { "OnFailure": { "Destination": ARN.replace(":app", ":other") } } })).await;
    send(&bench, r#"{"do": "fault"}"#).await;
    bench.settle().await;
    bench.kit.clock.advance_ms(61_000);
    bench.settle().await;
    let seen = seen(&bench);
    assert_eq!(seen.len(), 2, "one run, and what its destination is told");
    assert_eq!(seen[1]["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(seen[1].get("responseContext"), None);
}

/// Another server on the same store. A test's bodies are in memory, so the packages are uploaded anew; until then its
/// functions cannot be started, which events wait out.
async fn again(bench: &Bench, names: &[&str]) -> Bench {
    let later = Bench::over(bench.kit.platform.store.clone(), Fake::default(), Arc::new(Open)).await;
    // The first body gets the id of the first server's, which this server takes for the old one and deletes.
    for code in ["x = 2", "x = 3"] {
        for name in names {
            later.call("UpdateFunctionCode", json!({ "FunctionName": name, "ZipFile": zip("app.py", code) })).await;
        }
    }
    later
}

#[tokio::test]
async fn what_was_accepted_outlives_a_server_that_dies_in_the_middle() {
    let bench = Bench::with_app().await;
    send(&bench, r#"{"do": "wait", "n": 1}"#).await;
    send(&bench, r#"{"do": "wait", "n": 2}"#).await;
    while bench.fake.seen.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    bench.kit.platform.tasks.shutdown().await;
    let later = again(&bench, &["app"]).await;
    later.fake.gate.0.add_permits(2);
    for _ in 0..4 {
        later.settle().await;
        later.kit.clock.advance_ms(1000);
    }
    let mut seen: Vec<_> = seen(&later).iter().map(|event| event["n"].as_u64()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [Some(1), Some(2)]);
}

#[tokio::test]
async fn a_flood_for_one_function_waits_and_is_delivered() {
    let bench = Bench::with_app().await;
    for n in 0..40 {
        assert_eq!(send(&bench, &json!({ "n": n }).to_string()).await.status, 202);
    }
    for _ in 0..40 {
        bench.settle().await;
        bench.kit.clock.advance_ms(1000);
    }
    let mut seen: Vec<_> = seen(&bench).iter().map(|event| event["n"].as_u64().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_that_was_accepted_is_lost_whatever_the_store_does() {
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let store: Store = Chaos::over(&Memory::store(), seed, Odds::HOSTILE);
        let bench = Bench::over(store, Fake::default(), Arc::new(Open)).await;
        while bench.show("CreateFunction", app_with(json!({}))).await.contains("50") {}
        let mut accepted = Vec::new();
        for n in 0..20_u64 {
            if send(&bench, &json!({ "n": n }).to_string()).await.status == 202 {
                accepted.push(n);
            }
        }
        for _ in 0..200 {
            // A look that the store refuses is looked for again.
            let _ = bench.functions.settle_events(&bench.kit.platform).await;
            bench.kit.clock.advance_ms(1000);
        }
        let seen: Vec<_> = seen(&bench).iter().map(|event| event["n"].as_u64().unwrap()).collect();
        assert!(!accepted.is_empty() && accepted.iter().all(|n| seen.contains(n)), "{accepted:?} {seen:?}");
    }
}
