//! Invoke: answers, errors, limits, environments.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use service::testing::Kit;

use crate::bench::{ARN, Bench, app, app_with};
use crate::fake::Fake;

#[tokio::test]
async fn an_answer_comes_as_the_function_gave_it() {
    let bench = Bench::with_app().await;
    let context = BASE64_STANDARD.encode(r#"{"custom":{}}"#);
    let shown = bench
        .invoke(&[("x-amz-log-type", "Tail"), ("x-amz-client-context", &context)], r#"{"print": ["hello"]}"#)
        .await;
    assert_eq!(
        (shown.status, shown.header("x-amz-executed-version"), shown.header("x-amz-function-error")),
        (200, "$LATEST", "")
    );
    let answer: Value = serde_json::from_str(&shown.text()).unwrap();
    assert_eq!((&answer["arn"], &answer["context"]), (&json!(ARN), &json!(r#"{"custom":{}}"#)));
    let id = shown.header("x-amzn-requestid").to_owned();
    assert_eq!(answer["request"], id);
    let tail = String::from_utf8(BASE64_STANDARD.decode(shown.header("x-amz-log-result")).unwrap()).unwrap();
    assert_eq!(
        tail,
        format!(
            "START RequestId: {id} Version: $LATEST\nhello\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: 1.00 ms\t\
             Billed Duration: 21 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 20.00 ms\t\n"
        )
    );
    let plain = bench.invoke(&[], "").await;
    assert_eq!(serde_json::from_str::<Value>(&plain.text()).unwrap()["event"], json!({}));
    assert_eq!(plain.header("x-amz-log-result"), "");
}

#[tokio::test]
async fn a_trace_is_handed_on_or_begun() {
    let bench = Bench::with_app().await;
    let check = async |given: Option<&str>, is_kept: bool| {
        let headers: Vec<_> = given.map(|trace| ("x-amzn-trace-id", trace)).into_iter().collect();
        let shown = bench.invoke(&headers, "{}").await;
        let trace = shown.header("x-amzn-trace-id").to_owned();
        assert_eq!(serde_json::from_str::<Value>(&shown.text()).unwrap()["trace"], json!(trace));
        assert_eq!(given == Some(trace.as_str()), is_kept, "{trace}");
        let fresh = trace.starts_with("Root=1-6b04d380-") && trace.len() == 74 && trace.ends_with(";Sampled=0");
        assert_eq!(fresh, !is_kept, "{trace}");
    };
    check(None, false).await;
    check(Some("nonsense"), false).await;
    check(Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"), true).await;
}

async fn check(what: &str, expected: &str, is_reused: bool) {
    let bench = Bench::with_app().await;
    let shown = bench.invoke(&[], &json!({ "do": what }).to_string()).await;
    assert_eq!((shown.status, shown.header("x-amz-function-error")), (200, "Unhandled"), "{what}");
    assert_eq!(shown.text().replace(shown.header("x-amzn-requestid"), "ID"), expected);
    assert_eq!(bench.fake.alive.load(Ordering::SeqCst), usize::from(is_reused), "{what}");
    assert_eq!(bench.invoke(&[], "{}").await.status, 200);
    assert_eq!(bench.fake.started(), if is_reused { 1 } else { 2 }, "{what}");
}

#[tokio::test]
async fn functions_that_fail() {
    check("raise", r#"{"errorMessage":"no","errorType":"ValueError"}"#, true).await;
    check(
        "sleep",
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 3.00 seconds"}"#,
        false,
    )
    .await;
    check("exit", r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 1"}"#, false).await;
    check("balloon", r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: ID Error: Runtime exited with error: signal: killed"}"#, false).await;
}

#[tokio::test]
async fn one_environment_serves_one_after_another_until_it_is_idle_too_long() {
    let bench = Bench::with_app().await;
    for served in 1..=3 {
        let answer: Value = serde_json::from_str(&bench.invoke(&[], "{}").await.text()).unwrap();
        assert_eq!(answer["served"], served);
    }
    assert_eq!((bench.fake.started(), bench.cached().len()), (1, 1));
    bench.kit.clock.advance_ms(299_999);
    bench.functions.prune();
    assert_eq!(bench.fake.alive.load(Ordering::SeqCst), 1);
    bench.kit.clock.advance_ms(1);
    bench.functions.prune();
    assert_eq!(bench.fake.alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn packages_are_unpacked_again_when_they_are_needed_again() {
    let bench = Bench::with_app().await;
    let hour_ms = 60 * 60 * 1000;
    bench.invoke(&[], "{}").await;
    bench.kit.clock.advance_ms(hour_ms);
    bench.functions.prune_packages();
    assert_eq!(bench.cached().len(), 1, "an environment uses it");
    bench.functions.prune();
    bench.kit.clock.advance_ms(hour_ms - 1);
    bench.functions.prune_packages();
    assert_eq!(bench.cached().len(), 1);
    bench.kit.clock.advance_ms(1);
    bench.functions.prune_packages();
    assert_eq!(bench.cached().len(), 0);
    assert_eq!(bench.invoke(&[], "{}").await.status, 200);
    assert_eq!(bench.cached().len(), 1);
}

#[tokio::test]
async fn what_invoke_refuses() {
    let bench = Bench::with_app().await;
    for (headers, payload, expected) in [
        (vec![], "{nope", "400 InvalidRequestContentException"),
        (vec![], "{} {}", "400 InvalidRequestContentException"),
        (vec![("x-amz-client-context", "%%%")], "{}", "400 InvalidRequestContentException"),
        (vec![("x-amz-invocation-type", "Later")], "{}", "400 ValidationException"),
        (vec![("x-amz-tenant-id", "t")], "{}", "501 NotImplemented"),
        (vec![], r#"{"do": "fault"}"#, "500 ServiceException"),
    ] {
        let shown = bench.invoke(&headers, payload).await;
        assert_eq!(format!("{} {}", shown.status, shown.header("x-amzn-errortype")), expected, "{}", shown.text());
    }
    let large = bench.invoke_as(&Kit::root(), &[], format!("\"{}\"", "x".repeat(6 * 1024 * 1024)).into_bytes()).await;
    assert_eq!((large.status, large.header("x-amzn-errortype")), (413, "RequestEntityTooLargeException"));
    assert!(large.text().contains("Request must be smaller than 6291456 bytes for the InvokeFunction operation"));
    let line = "POST /2015-03-31/functions/app/invocations?Qualifier=live";
    let missing = bench.kit.http(&Kit::root(), "lambda", line, &[], "{}").await.unwrap();
    assert_eq!(missing.status, 404);
    let error: Value = serde_json::from_str(&missing.text()).unwrap();
    assert_eq!(error, json!({ "Type": "User", "Message": format!("Function not found: {ARN}:live") }));
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let bench = Bench::with_app().await;
    let shown = bench.invoke(&[("x-amz-invocation-type", "DryRun")], "{}").await;
    assert_eq!((shown.status, shown.text(), bench.fake.started()), (204, String::new(), 0));
}

#[tokio::test]
async fn without_isolation_the_error_says_why() {
    let bench = Bench::on(Fake { unavailable: Some("no user namespaces".into()), ..Fake::default() }).await;
    bench.call("CreateFunction", app()).await;
    let shown = bench.invoke(&[], "{}").await;
    assert_eq!((shown.status, shown.header("x-amzn-errortype")), (500, "ServiceException"));
    assert!(shown.text().contains("functions cannot be isolated on this host: no user namespaces"), "{}", shown.text());
}

#[tokio::test]
async fn many_at_once_get_an_environment_each() {
    let bench = Arc::new(Bench::with_app().await);
    let calls = (0..20).map(|_| bench.invoke(&[], "{}"));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|shown| shown.status == 200));
    assert_eq!(bench.cached().len(), 1);
    assert_eq!(bench.fake.alive.load(Ordering::SeqCst), bench.fake.started());
}

#[tokio::test]
async fn a_full_host_throttles() {
    let bench = Bench::with_app().await;
    let waiting = futures::future::join_all((0..256).map(|_| bench.invoke(&[], r#"{"do": "wait"}"#)));
    let another = async {
        while bench.fake.started() < 256 {
            tokio::task::yield_now().await;
        }
        let shown = bench.invoke(&[], "{}").await;
        let line = "POST /2021-11-15/functions/app/response-streaming-invocations";
        let streamed = bench.kit.http(&Kit::root(), "lambda", line, &[], "{}").await.unwrap();
        bench.fake.gate.0.add_permits(256);
        [shown, streamed]
    };
    let (answers, throttled) = tokio::join!(waiting, another);
    for shown in throttled {
        assert_eq!((shown.status, shown.header("x-amzn-errortype")), (429, "TooManyRequestsException"));
        let error: Value = serde_json::from_str(&shown.text()).unwrap();
        let expected =
            json!({ "Type": "User", "message": "Rate Exceeded.", "Reason": "ConcurrentInvocationLimitExceeded" });
        assert_eq!((error, shown.header("retry-after")), (expected, "1"));
    }
    assert!(answers.iter().all(|shown| shown.status == 200));
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "other" }))).await;
    let line = "POST /2015-03-31/functions/other/invocations";
    let evicting = bench.kit.http(&Kit::root(), "lambda", line, &[], "{}").await.unwrap();
    assert_eq!((evicting.status, bench.fake.alive.load(Ordering::SeqCst)), (200, 256));
}

#[tokio::test]
async fn a_request_is_finished_though_its_client_went_away() {
    let bench = Bench::with_app().await;
    let begun = async {
        while bench.fake.started() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = bench.invoke(&[], r#"{"do": "wait"}"#) => unreachable!("the gate is closed"),
        () = begun => (),
    }
    bench.fake.gate.0.add_permits(1);
    while !bench.logs.lock().unwrap().iter().any(|line| line.starts_with("END RequestId")) {
        bench.functions.flush_logs().await;
    }
    let answer: Value = serde_json::from_str(&bench.invoke(&[], "{}").await.text()).unwrap();
    assert_eq!((&answer["served"], bench.fake.started()), (&json!(2), 1));
}
