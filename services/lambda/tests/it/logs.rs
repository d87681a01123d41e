//! A CloudWatch Logs of three operations that remembers what it is told; and what functions tell it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use service::{Cx, Entry, Failure, Run};
use wire::prelude::*;
use wire::{Member, Structure};

use crate::bench::{Bench, app};

#[derive(Default)]
pub struct Seen(pub Arc<Mutex<Vec<String>>>);

static STRING: Schema = Schema::new("String", Kind::String);
static ANY: Schema = Schema::new("Any", Kind::Document);

structure! { Told: [
    group: String = Member::new("logGroupName", &STRING);
    stream: Option<String> = Member::new("logStreamName", &STRING);
    events: Option<Value> = Member::new("logEvents", &ANY);
] streams [] refuses [] }
structure! { Nothing: [] streams [] refuses [] }

const fn operation(name: &'static str) -> OperationFacts {
    let http = Http { method: "POST", uri: "/", status: 200, needs: &[] };
    let shapes = Some((Told::FACTS, Nothing::FACTS));
    OperationFacts { name, http, shapes, result_wrapper: "", input_root: "", output_root: "", checksum_member: "" }
}

static FACTS: [OperationFacts; 3] =
    [operation("CreateLogGroup"), operation("CreateLogStream"), operation("PutLogEvents")];

static MODEL: Model = Model {
    service_id: "Logs",
    signing_name: "logs",
    api_version: "",
    protocols: &[Protocol::AwsJson11],
    target_prefix: "",
    xml_namespace: "",
    error_namespace: "",
    query_compatible: false,
    bare_errors: false,
    operations: &FACTS,
};

const fn entry(index: usize, run: Run) -> Entry {
    Entry { facts: &FACTS[index], input: || Box::new(Told::default()), demands: |_, _| Ok(Vec::new()), run }
}

static OPERATIONS: [Entry; 3] = [
    entry(0, Run::Free(|cx, input| Box::pin(async move { note(cx, "CreateLogGroup", input) }))),
    entry(1, Run::Free(|cx, input| Box::pin(async move { note(cx, "CreateLogStream", input) }))),
    entry(2, Run::Free(|cx, input| Box::pin(async move { note(cx, "PutLogEvents", input) }))),
];

/// Streams need their group first, as in the real one.
fn note(cx: &Cx, operation: &str, input: &dyn Structure) -> Result<Box<dyn Structure>, Failure> {
    let told: &Told = input.as_any().downcast_ref().unwrap();
    let seen = cx.platform.state::<Seen>()?;
    let mut seen = seen.0.lock().unwrap();
    if cx.caller.principal.name().contains("/mute/") {
        seen.push(format!("denied {operation}"));
        return Err(Failure::new(&service::common::JSON.access_denied, "denied"));
    }
    let has_group = seen.iter().any(|line| *line == format!("CreateLogGroup {}", told.group));
    if operation != "CreateLogGroup" && !has_group {
        let facts = ErrorFacts::common("ResourceNotFoundException", 400);
        return Err(Failure::new(&facts, "The specified log group does not exist."));
    }
    match &told.events {
        None => seen.push(format!("{operation} {}", told.group)),
        Some(events) => {
            let who = cx.caller.principal.name();
            seen.push(format!("{operation} by {who} to {}", told.stream.as_deref().unwrap_or_default()));
            let messages = events.as_array().into_iter().flatten().filter_map(|event| event.get("message")?.as_str());
            seen.extend(messages.map(str::to_owned));
        }
    }
    Ok(Box::new(Nothing {}))
}

pub fn service() -> service::Service {
    service::Service {
        name: "logs",
        model: &MODEL,
        operations: &OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Json,
        errors: service::common::JSON,
        anonymous: service::Anonymous::Refused,
        body_bytes_max: 1024,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        blob_rows: &[],
        plane: None,
    }
}

#[tokio::test]
async fn lines_arrive_as_the_roles_session_in_one_stream_per_environment() {
    let bench = Bench::with_app().await;
    bench.invoke(&[], r#"{"print": ["one", ""]}"#).await;
    bench.invoke(&[], r#"{"print": ["two"]}"#).await;
    bench.functions.flush_logs().await;
    let seen = bench.logs.lock().unwrap().clone();
    let stream = bench.fake.last().log_stream;
    assert!(stream.starts_with("2026/11/24/[$LATEST]") && stream.len() == 52, "{stream}");
    assert_eq!(seen[..2], ["CreateLogGroup /aws/lambda/app", "CreateLogStream /aws/lambda/app"]);
    let put = format!("PutLogEvents by {}sts::000000000000:assumed-role/app/app to {stream}", concat!("arn", ":aws:"));
    assert_eq!(seen[2], put);
    let lines: Vec<&str> = seen.iter().map(String::as_str).filter(|line| line.ends_with('\n')).collect();
    assert_eq!(lines.len(), 9, "{lines:?}");
    assert!(lines[0].starts_with("START RequestId: ") && lines[0].ends_with(" Version: $LATEST\n"));
    assert_eq!((lines[1], lines[2]), ("one\n", "\n"));
    assert!(lines[3].starts_with("END RequestId: "));
    assert!(
        lines[4].contains(
            "\tBilled Duration: 21 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 20.00 ms\t"
        )
    );
    assert_eq!(lines[6], "two\n");
    assert!(!lines[8].contains("Init Duration"));
}

#[tokio::test]
async fn a_group_that_is_deleted_meanwhile_is_made_again() {
    let bench = Bench::new().await;
    bench.call("CreateFunction", app()).await;
    bench.invoke(&[], "{}").await;
    bench.functions.flush_logs().await;
    bench.logs.lock().unwrap().clear();
    bench.invoke(&[], &json!({ "print": ["again"] }).to_string()).await;
    bench.functions.flush_logs().await;
    let seen = bench.logs.lock().unwrap().clone();
    assert!(seen.iter().any(|line| line == "again\n"), "{seen:?}");
}
