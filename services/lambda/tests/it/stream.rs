//! InvokeWithResponseStream: frames, errors before and inside them, who may.

use ::wire::codec::eventstream::{HeaderValue, Message};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use serde_json::{Value, json};
use service::Caller;
use service::testing::{Kit, Shown};

use crate::bench::Bench;

const LINE: &str = "POST /2021-11-15/functions/app/response-streaming-invocations";

async fn invoke(bench: &Bench, caller: &Caller, headers: &[(&str, &str)], payload: &str) -> Shown {
    bench.kit.http(caller, "lambda", LINE, headers, payload.as_bytes().to_vec()).await.unwrap()
}

/// Each frame's event type with its payload.
fn frames(shown: &Shown) -> Vec<(String, Value)> {
    let mut arrived = BytesMut::from(&shown.body[..]);
    let text = |message: &Message, name: &str| match message.header(name) {
        Some(HeaderValue::String(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    let mut frames = Vec::new();
    while let Some(message) = Message::decode(&mut arrived).unwrap() {
        assert_eq!(text(&message, ":message-type"), "event");
        frames.push((text(&message, ":event-type"), serde_json::from_slice(&message.payload).unwrap()));
    }
    assert!(arrived.is_empty());
    frames
}

#[tokio::test]
async fn an_answer_is_a_chunk_and_an_end() {
    let bench = Bench::with_app().await;
    let shown = invoke(&bench, &Kit::root(), &[("x-amz-log-type", "Tail")], r#"{"print": ["hello"]}"#).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, "application/vnd.amazon.eventstream"));
    assert_eq!(shown.header("x-amz-executed-version"), "$LATEST");
    let frames = frames(&shown);
    let [(first, answer), (last, complete)] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((first.as_str(), last.as_str()), ("PayloadChunk", "InvokeComplete"));
    assert_eq!(answer["event"], json!({ "print": ["hello"] }));
    assert_eq!(complete.as_object().unwrap().keys().collect::<Vec<_>>(), ["LogResult"]);
    let log = BASE64_STANDARD.decode(complete["LogResult"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("\nhello\nEND RequestId"));
}

#[tokio::test]
async fn an_error_of_the_function_is_in_the_stream() {
    let bench = Bench::with_app().await;
    let shown = invoke(&bench, &Kit::root(), &[], r#"{"do": "raise"}"#).await;
    let error = json!({ "errorMessage": "no", "errorType": "ValueError" });
    let complete = json!({ "ErrorCode": "Unhandled", "ErrorDetails": error.to_string() });
    assert_eq!(shown.status, 200);
    assert_eq!(frames(&shown), [("PayloadChunk".to_owned(), error), ("InvokeComplete".to_owned(), complete)]);
}

#[tokio::test]
async fn what_keeps_a_function_from_running_is_no_stream() {
    let bench = Bench::with_app().await;
    for (headers, payload, expected) in [
        (vec![], "{nope", "400 InvalidRequestContentException"),
        (vec![("x-amz-invocation-type", "Event")], "{}", "400 ValidationException"),
        (vec![("x-amz-tenant-id", "t")], "{}", "501 NotImplemented"),
        (vec![], r#"{"do": "fault"}"#, "500 ServiceException"),
    ] {
        let shown = invoke(&bench, &Kit::root(), &headers, payload).await;
        assert_eq!(format!("{} {}", shown.status, shown.header("x-amzn-errortype")), expected, "{}", shown.text());
    }
    let denied = invoke(&bench, &Kit::nobody(), &[], "{}").await;
    assert_eq!((denied.status, denied.header("x-amzn-errortype")), (403, "AccessDeniedException"));
    let dry = invoke(&bench, &Kit::root(), &[("x-amz-invocation-type", "DryRun")], "{}").await;
    assert_eq!((dry.status, dry.text(), dry.header("content-type")), (204, String::new(), ""));
    let line = LINE.replace("app", "gone");
    let gone = bench.kit.http(&Kit::root(), "lambda", &line, &[], "{}").await.unwrap();
    assert_eq!((gone.status, gone.header("x-amzn-errortype")), (404, "ResourceNotFoundException"));
}
