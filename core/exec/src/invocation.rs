//! One request to a function, and where the lines go that it prints.

use bytes::Bytes;

/// A request as the runtime gets it. The deadline is not part of it: the environment sets it, when it hands the request
/// over, to that moment plus the function's timeout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// `Lambda-Runtime-Invoked-Function-Arn`, with the qualifier that the caller used.
    pub invoked_function_arn: String,
    /// `Lambda-Runtime-Trace-Id`, if the request is traced.
    pub trace_id: Option<String>,
    /// `Lambda-Runtime-Client-Context`: JSON, already out of base64.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`: JSON.
    pub cognito_identity: Option<String>,
    /// The event, as sent.
    pub payload: Bytes,
}

/// Which of its two outputs a function wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Takes what a function prints, line by line, as it comes. Must not block.
pub trait Sink: Send {
    /// One line without its line break; not necessarily UTF-8, cut where it exceeds the engine's limit.
    fn line(&mut self, stream: Stream, line: &[u8]);
}

/// Lets every line go.
#[derive(Debug, Default, Clone, Copy)]
pub struct Discard;

impl Sink for Discard {
    fn line(&mut self, _: Stream, _: &[u8]) {}
}

impl Sink for Vec<String> {
    fn line(&mut self, _: Stream, line: &[u8]) {
        self.push(String::from_utf8_lossy(line).into_owned());
    }
}
