//! InvokeWithResponseStream: what a function returns, as a stream of events.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::{StreamExt, stream};
use service::{Cx, Entry, Events};

use crate::engine::Finished;
use crate::errors::Error;
use crate::names::Target;
use crate::ops::invoke::{self, Request};
use crate::wire::{
    InvokeResponseStreamUpdate, InvokeWithResponseStreamCompleteEvent, InvokeWithResponseStreamRequest,
    InvokeWithResponseStreamResponse, InvokeWithResponseStreamResponseEvent as Event,
};

/// One event's share of a payload: far below what the SDKs take of a frame (botocore: 24 MB).
const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// Runs outside transactions and is never rerun, like Invoke. What keeps the function from running is an answer of its own; what
/// happens inside it is in the stream.
pub(crate) async fn invoke_with_response_stream(
    cx: &Cx,
    input: &InvokeWithResponseStreamRequest,
) -> Result<(InvokeWithResponseStreamResponse, Events), Error> {
    let InvokeWithResponseStreamRequest {
        function_name,
        invocation_type,
        log_type,
        client_context,
        payload,
        qualifier,
    } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let request = Request::new(cx, payload.as_ref(), client_context.as_deref(), invoke::new_trace(cx))?;
    if invocation_type.as_deref() == Some("DryRun") {
        invoke::dry_run(cx, &target, &request).await?;
        let output = InvokeWithResponseStreamResponse { status_code: Some(204), executed_version: None };
        return Ok((output, stream::empty().boxed()));
    }
    let Finished { outcome, tail, version } = invoke::run(cx, target, request).await?;
    let document = outcome.ended.payload(&cx.request_id);
    let error_code = invoke::function_error(&outcome).map(str::to_owned);
    let complete = InvokeWithResponseStreamCompleteEvent {
        error_details: error_code.as_ref().map(|_| String::from_utf8_lossy(&document).into_owned()),
        error_code,
        log_result: (log_type.as_deref() == Some("Tail")).then(|| BASE64_STANDARD.encode(tail)),
    };
    let output = InvokeWithResponseStreamResponse { status_code: Some(200), executed_version: Some(version) };
    Ok((output, events(document, complete)))
}

/// The payload in its chunks, then what came of it all.
fn events(document: Bytes, complete: InvokeWithResponseStreamCompleteEvent) -> Events {
    let starts = (0..document.len()).step_by(CHUNK_BYTES_MAX);
    let chunks: Vec<Event> = starts
        .map(|start| {
            let payload = document.slice(start..document.len().min(start + CHUNK_BYTES_MAX));
            let chunk = InvokeResponseStreamUpdate { payload: Some(payload) };
            Event { payload_chunk: Some(chunk), invoke_complete: None }
        })
        .collect();
    let last = Event { payload_chunk: None, invoke_complete: Some(complete) };
    stream::iter(chunks.into_iter().chain([last]).map(|event| Ok(Entry::output(event)))).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn check(bytes: usize, expected: &[usize]) {
        let complete = InvokeWithResponseStreamCompleteEvent::default();
        let sent: Vec<_> = events(Bytes::from(vec![7; bytes]), complete).collect().now_or_never().unwrap();
        let sent: Vec<Event> =
            sent.into_iter().map(|event| event.unwrap().as_any().downcast_ref::<Event>().unwrap().clone()).collect();
        let chunks: Vec<usize> =
            sent.iter().filter_map(|event| Some(event.payload_chunk.as_ref()?.payload.as_ref()?.len())).collect();
        assert_eq!(chunks, expected);
        assert!(sent.last().is_some_and(|event| event.invoke_complete.is_some()) && sent.len() == expected.len() + 1);
    }

    #[test]
    fn a_payload_goes_out_in_chunks_and_an_end() {
        check(0, &[]);
        check(1, &[1]);
        check(CHUNK_BYTES_MAX, &[CHUNK_BYTES_MAX]);
        check(2 * CHUNK_BYTES_MAX + 1, &[CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 1]);
    }
}
