//! CloudWatch Logs through its door.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/chaos.rs"]
mod chaos;
#[path = "it/event.rs"]
mod event;
#[path = "it/group.rs"]
mod group;
#[path = "it/retention.rs"]
mod retention;
#[path = "it/search.rs"]
mod search;
#[path = "it/stream.rs"]
mod stream;

use kv_memory::Memory;
use serde_json::{Value, json};
use service::testing::Kit;

/// The clock of the tests, in milliseconds.
const NOW: i64 = 1_795_478_400_000;

fn kit() -> Kit {
    Kit::new(Memory::store(), vec![logs::service()])
}

async fn call(kit: &Kit, operation: &str, document: Value) -> Value {
    kit.call("logs", operation, document).await.unwrap()
}

async fn show(kit: &Kit, operation: &str, document: Value) -> String {
    kit.show("logs", operation, document).await
}

/// A platform with the group `g` and these streams in it.
async fn with_streams(names: &[&str]) -> Kit {
    let kit = kit();
    call(&kit, "CreateLogGroup", json!({"logGroupName": "g"})).await;
    for name in names {
        call(&kit, "CreateLogStream", json!({"logGroupName": "g", "logStreamName": name})).await;
    }
    kit
}

/// Puts events at these offsets from now, each with its offset as the message.
async fn put(kit: &Kit, stream: &str, offsets: &[i64]) -> Value {
    let events: Vec<Value> =
        offsets.iter().map(|at| json!({"timestamp": NOW + at, "message": format!("m{at}")})).collect();
    call(kit, "PutLogEvents", json!({"logGroupName": "g", "logStreamName": stream, "logEvents": events})).await
}

fn messages(answer: &Value) -> String {
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}
