//! The Runtime API of one sandbox, served on its own loopback.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Clock, SystemClock};
use bytes::Bytes;
use exec::Invocation;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

const PREFIX: &str = "/2018-06-01/runtime/";
/// Where our bootstraps ask for their function.
const FUNCTION: &str = "/clearsky/function";
/// Where a zygote says that it can fork.
const READY: &str = "/clearsky/ready";
/// Reports of the runtime that nobody took yet: one of init, one of the request.
const REPORTS_MAX: usize = 4;
/// An error document with its stack trace; the size of a response is the wider limit and used where it is smaller.
const ERROR_BYTES_MAX: usize = 6 * 1024 * 1024;

/// What the runtime reported.
#[derive(Debug)]
pub(super) enum Report {
    /// It has booted and asked which function it serves.
    Waiting,
    /// It asked for its first request: the code is loaded.
    Ready,
    InitError {
        error_type: String,
        payload: Bytes,
    },
    Response(Bytes),
    Error {
        error_type: String,
        payload: Bytes,
    },
}

/// What a process was started as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Blank,
}

/// One runtime's conversation with the platform.
pub(super) struct RuntimeApi {
    state: Mutex<State>,
    /// Told when a request is offered.
    offered: Notify,
    /// Told when a report came in.
    reported: Notify,
    response_bytes_max: usize,
}

#[derive(Default)]
struct State {
    /// Whether a booted interpreter has yet to ask for its function. It is told once: the function's code may ask, too.
    unasked: bool,
    function: Option<Bytes>,
    ready: bool,
    offer: Option<(Invocation, Instant)>,
    /// The request that the runtime works on.
    busy: Option<String>,
    reports: VecDeque<Report>,
}

impl RuntimeApi {
    /// Of a runtime that was started for its function, or of a blank, which asks for it.
    pub(super) fn new(kind: Kind, response_bytes_max: usize) -> Arc<Self> {
        let (offered, reported) = (Notify::new(), Notify::new());
        let state = Mutex::new(State { unasked: kind == Kind::Blank, ..State::default() });
        Arc::new(Self { state, offered, reported, response_bytes_max })
    }

    /// Tells a waiting interpreter its function, by the variables it has.
    pub(super) fn give(&self, variables: &BTreeMap<String, String>) {
        self.state().function = Some(serde_json::json!({ "env": variables }).to_string().into());
        self.offered.notify_one();
    }

    /// Gives the runtime its next request, to be answered by `deadline`.
    pub(super) fn offer(&self, invocation: Invocation, deadline: Instant) {
        self.state().offer = Some((invocation, deadline));
        self.offered.notify_one();
    }

    /// The next report.
    pub(super) async fn report(&self) -> Report {
        loop {
            let told = self.reported.notified();
            let report = self.state().reports.pop_front();
            match report {
                Some(report) => return report,
                None => told.await,
            }
        }
    }

    /// Serves one connection of the runtime until it closes.
    pub(super) async fn serve(self: Arc<Self>, conn: TcpStream) {
        let _ = conn.set_nodelay(true);
        let answer = service_fn(move |request| {
            let api = Arc::clone(&self);
            async move { Ok::<_, Infallible>(api.answer(request).await) }
        });
        // Ends with the runtime, mostly because it was killed: nothing to say about it.
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(conn), answer).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if path == FUNCTION && request.method() == Method::GET {
            return self.function().await;
        }
        if path == READY && request.method() == Method::POST {
            return self.zygote_ready();
        }
        let Some(path) = path.strip_prefix(PREFIX) else {
            return refuse(StatusCode::NOT_FOUND, "NotFound", "no such path");
        };
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method(), parts.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.response(id, request).await,
            (&Method::POST, ["invocation", id, "error"]) => self.error(id, request).await,
            (&Method::POST, ["init", "error"]) => self.init_error(request).await,
            _ => refuse(StatusCode::NOT_FOUND, "NotFound", "no such path"),
        }
    }

    fn zygote_ready(&self) -> Response<Full<Bytes>> {
        let mut state = self.state();
        if !std::mem::take(&mut state.unasked) {
            return refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", "this is no zygote");
        }
        self.push(&mut state, Report::Waiting);
        accepted()
    }

    async fn function(&self) -> Response<Full<Bytes>> {
        {
            let mut state = self.state();
            if !std::mem::take(&mut state.unasked) {
                return refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", "the function is known already");
            }
            self.push(&mut state, Report::Waiting);
        }
        loop {
            let told = self.offered.notified();
            let given = self.state().function.take();
            if let Some(function) = given {
                return Response::new(Full::new(function));
            }
            told.await;
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        {
            let mut state = self.state();
            if !state.ready {
                state.ready = true;
                self.push(&mut state, Report::Ready);
            }
        }
        let (invocation, deadline) = loop {
            let told = self.offered.notified();
            if let Some(offer) = self.take_offer() {
                break offer;
            }
            told.await;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline_ms = SystemClock.now().as_ms().saturating_add(left.as_millis() as i64);
        let mut response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &invocation.request_id)
            .header("lambda-runtime-deadline-ms", deadline_ms)
            .header("lambda-runtime-invoked-function-arn", &invocation.invoked_function_arn);
        let optional = [
            ("lambda-runtime-trace-id", &invocation.trace_id),
            ("lambda-runtime-client-context", &invocation.client_context),
            ("lambda-runtime-cognito-identity", &invocation.cognito_identity),
        ];
        for (name, value) in optional {
            // As bytes: the client context may hold any text, and a header may hold all of it but control characters.
            if let Some(value) = value.as_ref().and_then(|v| http::HeaderValue::from_bytes(v.as_bytes()).ok()) {
                response = response.header(name, value);
            }
        }
        let unusable =
            || refuse(StatusCode::INTERNAL_SERVER_ERROR, "InvalidInvocation", "the request has no valid form");
        response.body(Full::new(invocation.payload)).unwrap_or_else(|_| unusable())
    }

    fn take_offer(&self) -> Option<(Invocation, Instant)> {
        let mut state = self.state();
        let offer = state.offer.take()?;
        state.busy = Some(offer.0.request_id.clone());
        Some(offer)
    }

    async fn response(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if let Err(refusal) = self.check(id) {
            return refusal;
        }
        let error_type = "Function.ResponseSizeTooLarge";
        match read(request, self.response_bytes_max).await {
            Ok(payload) => self.finish(id, Report::Response(payload)),
            Err(Unread::TooLarge) => {
                let limit = self.response_bytes_max;
                let text = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
                let payload = Bytes::from(format!(r#"{{"errorMessage":"{text}","errorType":"{error_type}"}}"#));
                let report = Report::Error { error_type: error_type.to_owned(), payload };
                let _ = self.finish(id, report);
                refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &text)
            }
            Err(Unread::Broken) => refuse(StatusCode::BAD_REQUEST, "TruncatedResponse", "the body ended early"),
        }
    }

    async fn error(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if let Err(refusal) = self.check(id) {
            return refusal;
        }
        let error_type = error_type(request.headers(), "Function.Unknown");
        match read(request, ERROR_BYTES_MAX).await {
            Ok(payload) => self.finish(id, Report::Error { error_type, payload }),
            Err(_) => refuse(StatusCode::BAD_REQUEST, "InvalidErrorShape", "the error document cannot be read"),
        }
    }

    async fn init_error(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let error_type = error_type(request.headers(), "Runtime.Unknown");
        let Ok(payload) = read(request, ERROR_BYTES_MAX).await else {
            return refuse(StatusCode::BAD_REQUEST, "InvalidErrorShape", "the error document cannot be read");
        };
        let mut state = self.state();
        if state.ready {
            return refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", "the code has been loaded already");
        }
        state.ready = true;
        self.push(&mut state, Report::InitError { error_type, payload });
        accepted()
    }

    /// Whether the runtime works on this request. A late answer, or one to another request, is refused.
    #[expect(clippy::result_large_err, reason = "the refusal is the answer, built once and sent")]
    fn check(&self, id: &str) -> Result<(), Response<Full<Bytes>>> {
        match self.state().busy.as_deref() {
            Some(busy) if busy == id => Ok(()),
            _ => Err(refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")),
        }
    }

    fn finish(&self, id: &str, report: Report) -> Response<Full<Bytes>> {
        let mut state = self.state();
        if state.busy.as_deref() != Some(id) {
            return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID");
        }
        state.busy = None;
        self.push(&mut state, report);
        accepted()
    }

    fn push(&self, state: &mut State, report: Report) {
        if state.reports.len() < REPORTS_MAX {
            state.reports.push_back(report);
        }
        self.reported.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Unread {
    TooLarge,
    Broken,
}

async fn read(request: Request<Incoming>, limit: usize) -> Result<Bytes, Unread> {
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Err(_) => Err(Unread::Broken),
    }
}

/// The type that the runtime gave; one of no known form becomes `unknown` (facts).
fn error_type(headers: &HeaderMap, unknown: &str) -> String {
    let given = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    match given {
        Some(given) if has_form(given) => given.to_owned(),
        _ => unknown.to_owned(),
    }
}

/// `(Runtime|Function).[A-Z]...`
fn has_form(given: &str) -> bool {
    let rest = given.strip_prefix("Runtime.").or_else(|| given.strip_prefix("Function."));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn accepted() -> Response<Full<Bytes>> {
    status(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.to_owned())
}

fn refuse(code: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    status(code, format!(r#"{{"errorMessage":"{message}","errorType":"{error_type}"}}"#))
}

fn status(code: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_types_of_no_known_form_become_unknown() {
        for (given, expected) in [
            ("Runtime.ImportModuleError", "Runtime.ImportModuleError"),
            ("Function.Oops", "Function.Oops"),
            ("ValueError", "Function.Unknown"),
            ("Runtime.lower", "Function.Unknown"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("lambda-runtime-function-error-type", http::HeaderValue::from_static(given));
            assert_eq!(error_type(&headers, "Function.Unknown"), expected);
        }
    }
}
