//! How an invocation ended, in Lambda's words.

use std::time::Duration;

use bytes::Bytes;

/// The end of one invocation, with what the REPORT line needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub ended: Ended,
    /// Set on the first invocation of an environment: loading the code.
    pub init: Option<Init>,
    /// From handing the request over until the answer or the end of the process.
    pub duration: Duration,
    /// The most memory that the environment used since it started.
    pub memory_max_bytes: u64,
}

/// How loading the code went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Init {
    pub duration: Duration,
}

/// What ended it.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// The handler's answer.
    Response(Bytes),
    /// The handler raised, or its answer could not be used. The payload is the error document; the environment lives on.
    FunctionError { error_type: String, payload: Bytes },
    /// It ran longer than its timeout and was killed.
    Timeout { after: Duration },
    /// The code could not be loaded: the runtime reported it. The environment is gone.
    InitError { error_type: String, payload: Bytes },
    /// The code took longer to load than `Limits::init`, and the engine does not try again. The environment is gone. (An
    /// engine that loads it once more within the function's own time, as Lambda does, ends in `Timeout` if need be.)
    InitTimeout { after: Duration },
    /// The process ended without an answer. The environment is gone.
    Exited { status: Option<i32>, signal: Option<i32>, out_of_memory: bool },
    /// The platform's fault, not the function's. The environment is gone.
    Fault { reason: String },
}

impl Outcome {
    /// Whether the environment can serve another request; if not it must be killed (dropping it does).
    pub const fn reusable(&self) -> bool {
        matches!(self.ended, Ended::Response(_) | Ended::FunctionError { .. })
    }
}

impl Ended {
    /// The error type as the REPORT line names it; none for a response.
    pub fn error_type(&self) -> Option<&str> {
        match self {
            Self::Response(_) => None,
            Self::FunctionError { error_type, .. } | Self::InitError { error_type, .. } => Some(error_type),
            Self::Timeout { .. } | Self::InitTimeout { .. } => Some("Sandbox.Timedout"),
            Self::Exited { out_of_memory: true, .. } => Some("Runtime.OutOfMemory"),
            Self::Exited { .. } => Some("Runtime.ExitError"),
            Self::Fault { .. } => Some("Sandbox.Failure"),
        }
    }

    /// The document that Invoke answers with: the response, or Lambda's error document (facts: error types).
    pub fn payload(&self, request_id: &str) -> Bytes {
        let message = match self {
            Self::Response(payload) | Self::FunctionError { payload, .. } | Self::InitError { payload, .. } => {
                return payload.clone();
            }
            Self::Timeout { after } | Self::InitTimeout { after } => {
                format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", after.as_secs_f64())
            }
            Self::Exited { status, signal, out_of_memory } => {
                format!("RequestId: {request_id} Error: {}", exit_message(*status, *signal, *out_of_memory))
            }
            Self::Fault { reason } => format!("RequestId: {request_id} Error: {reason}"),
        };
        let error_type = self.error_type().unwrap_or("Runtime.Unknown");
        Bytes::from(format!(r#"{{"errorType":{},"errorMessage":{}}}"#, quote(error_type), quote(&message)))
    }
}

fn exit_message(status: Option<i32>, signal: Option<i32>, out_of_memory: bool) -> String {
    match (status, signal) {
        (_, Some(signal)) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
        (Some(0), None) if !out_of_memory => "Runtime exited without providing a reason".to_owned(),
        (Some(status), None) => format!("Runtime exited with error: exit status {status}"),
        (None, None) => "Runtime exited without providing a reason".to_owned(),
    }
}

/// Signals by the words that Lambda uses for them (Go's `syscall.Signal.String`, as its messages show).
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

/// A JSON string.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What an environment used in its whole life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub memory_max_bytes: u64,
    pub cpu: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ended: &Ended, error_type: &str, payload: &str) {
        assert_eq!(ended.error_type(), Some(error_type));
        assert_eq!(ended.payload("r-1"), payload.as_bytes());
    }

    #[test]
    fn deaths_in_lambdas_words() {
        check(
            &Ended::Exited { status: Some(1), signal: None, out_of_memory: false },
            "Runtime.ExitError",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 1"}"#,
        );
        check(
            &Ended::Exited { status: None, signal: Some(9), out_of_memory: true },
            "Runtime.OutOfMemory",
            r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r-1 Error: Runtime exited with error: signal: killed"}"#,
        );
        check(
            &Ended::Exited { status: Some(0), signal: None, out_of_memory: false },
            "Runtime.ExitError",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited without providing a reason"}"#,
        );
        check(
            &Ended::Timeout { after: Duration::from_secs(3) },
            "Sandbox.Timedout",
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 3.00 seconds"}"#,
        );
    }

    #[test]
    fn payloads_pass_through_and_text_is_quoted() {
        assert_eq!(Ended::Response(Bytes::from_static(b"{}")).payload("r"), Bytes::from_static(b"{}"));
        assert_eq!(quote("a\"\\\n"), "\"a\\\"\\\\\\u000a\"");
    }
}
