//! A function whose own program cannot be run: what its first request is told.

use std::time::Duration;

use bytes::Bytes;
use exec::{Ended, Environment, Init, Invocation, Outcome, Sink, Stream, Usage};
use futures::future::BoxFuture;

const ERROR_TYPE: &str = "Runtime.InvalidEntrypoint";

/// An environment that never came to be, by the function's fault.
pub(super) struct Unstartable {
    pub reason: String,
}

impl Environment for Unstartable {
    fn invoke<'a>(&'a mut self, invocation: Invocation, sink: &'a mut dyn Sink) -> BoxFuture<'a, Outcome> {
        let message = format!("RequestId: {} Error: {}", invocation.request_id, self.reason);
        for line in [message.as_str(), ERROR_TYPE] {
            sink.line(Stream::Stdout, line.as_bytes());
        }
        let document = serde_json::json!({ "errorType": ERROR_TYPE, "errorMessage": message });
        let ended = Ended::InitError { error_type: ERROR_TYPE.to_owned(), payload: Bytes::from(document.to_string()) };
        let init = Some(Init { duration: Duration::ZERO });
        Box::pin(async move { Outcome { ended, init, duration: Duration::ZERO, memory_max_bytes: 0 } })
    }

    fn alive(&self) -> bool {
        false
    }

    fn kill(self: Box<Self>) -> BoxFuture<'static, Usage> {
        Box::pin(async { Usage::default() })
    }
}
