//! The one door to every operation, for requests from outside and for calls inside.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use wire::protocol::{self, ErrorBody, HttpInput, Rendered};
use wire::{ErrorFacts, Protocol, ReadError, Rejection, Route, Structure, Violation};

use crate::{Answer, Cx, Entry, Failure, Incoming, Opened, Run, Service, common, dispatch, frames, receive};

/// A routed and authenticated request.
pub struct HttpRequest<'a> {
    pub route: &'a Route,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    /// Of operations whose body is not streamed.
    pub body: Bytes,
    /// Of those whose body is.
    pub incoming: Incoming,
    /// The path as requested, for errors.
    pub resource: &'a str,
}

/// An answer for HTTP: rendered, and perhaps a stream behind it.
#[derive(Debug)]
pub struct Reply {
    pub rendered: Rendered,
    pub body: Opened,
    /// The error's code, if it is one; for the log.
    pub error: Option<&'static str>,
    /// What the client is told of it.
    pub message: Option<String>,
}

/// Decodes, validates, authorises and runs a request, and renders what comes of it.
pub async fn enter(cx: &Cx, request: HttpRequest<'_>) -> Reply {
    let (resource, route) = (request.resource, request.route);
    match run(cx, request).await {
        Ok(answer) => {
            let mut rendered = protocol::write_output(cx.service.model, route, answer.output.as_ref(), &cx.request_id);
            stamp(route.protocol, &mut rendered, &cx.request_id);
            let body = match answer.events {
                // 204: there is nothing to stream.
                Some(events) if rendered.status != 204 => {
                    frames::frames(&cx.service, &cx.request_id, route, answer.output.as_ref(), events)
                }
                _ => answer.body,
            };
            Reply { rendered, body, error: None, message: None }
        }
        Err(failure) => Reply::failure(&cx.service, route.protocol, &failure, &cx.request_id, resource),
    }
}

impl Reply {
    /// An error's answer in the dialect of a service and the protocol of the request.
    pub fn failure(service: &Service, protocol: Protocol, failure: &Failure, request_id: &str, resource: &str) -> Self {
        let facts = named(service, failure, request_id);
        let Failure { message, members, .. } = failure;
        let error = ErrorBody { facts: &facts, message, members, request_id, resource };
        let mut rendered = protocol::write_error(service.model, protocol, &error);
        stamp(protocol, &mut rendered, request_id);
        Self { rendered, body: Opened::Nothing, error: Some(facts.code), message: Some(message.clone()) }
    }
}

/// A failure's facts, by the service's own name where the fault is ours. The log learns the cause.
pub(crate) fn named(service: &Service, failure: &Failure, request_id: &str) -> ErrorFacts {
    let facts = if failure.facts == common::INTERNAL { service.errors.internal } else { failure.facts };
    if let Some(cause) = &failure.cause {
        tracing::error!(request_id, code = facts.code, "failed inside: {cause}");
    }
    facts
}

fn stamp(protocol: Protocol, rendered: &mut Rendered, request_id: &str) {
    if protocol == Protocol::RestXml {
        rendered.set("x-amz-id-2", &protocol::host_id(request_id));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        rendered.headers.insert("x-amzn-requestid", id.clone());
        rendered.headers.insert("x-amz-request-id", id);
    }
}

async fn run(cx: &Cx, request: HttpRequest<'_>) -> Result<Answer, Failure> {
    let HttpRequest { route, query, headers, body, incoming, resource } = request;
    let entry = entry(cx, route.operation.name)?;
    check_uri(cx, resource)?;
    if cx.service.errors.digests == common::Digested::Checked && !route.operation.streams_in() {
        receive::check(&body, headers)?;
    }
    let mut input = (entry.input)();
    let http = HttpInput { query, headers, body: &body };
    let missing = protocol::read_input(route, input.as_mut(), &http).map_err(|e| unread(cx, &e))?;
    validate(cx, input.as_ref(), missing)?;
    dispatch::dispatch(cx, entry, input.as_ref(), incoming).await
}

/// Keys are text: two paths that are none would be one key.
fn check_uri(cx: &Cx, path: &str) -> Result<(), Failure> {
    match &cx.service.errors.invalid_uri {
        Some(facts) if !wire::is_text(path) => Err(Failure::new(facts, "Couldn't parse the specified URI.")),
        _ => Ok(()),
    }
}

/// Calls an operation with a document. Streamed bodies do not pass through here.
pub(crate) async fn call(cx: &Cx, operation: &str, document: &Value) -> Result<Value, Failure> {
    let entry = entry(cx, operation)?;
    if !matches!(entry.run, Run::Tx(_) | Run::Batch(_) | Run::Free(_)) {
        return Err(Failure::not_implemented(format!("Calling {operation} from inside")));
    }
    let mut input = (entry.input)();
    let missing = protocol::read_document(input.as_mut(), document).map_err(|e| unread(cx, &e))?;
    validate(cx, input.as_ref(), missing)?;
    let answer = Box::pin(dispatch::dispatch(cx, entry, input.as_ref(), Incoming::empty())).await?;
    Ok(protocol::write_document(answer.output.as_ref()))
}

fn entry<'a>(cx: &'a Cx, operation: &str) -> Result<&'a Entry, Failure> {
    let found = cx.service.operations.iter().find(|entry| entry.facts.name == operation);
    found.ok_or_else(|| Failure::not_implemented(format!("The operation {operation}")))
}

fn unread(cx: &Cx, error: &ReadError) -> Failure {
    match error {
        ReadError::Malformed(text) => Failure::new(&cx.service.errors.malformed, text.clone()),
        ReadError::NotImplemented(path) => Failure::not_implemented(format!("The member {path}")),
        ReadError::Invalid(text) => Failure::new(&cx.service.errors.validation, text.clone()),
    }
}

fn validate(cx: &Cx, input: &dyn Structure, missing: Vec<Violation>) -> Result<(), Failure> {
    wire::validate(input, missing).map_err(|rejection| match rejection {
        Rejection::Invalid(text) => Failure::new(&cx.service.errors.validation, text),
        Rejection::NotImplemented(text) => Failure::new(&crate::common::NOT_IMPLEMENTED, text),
    })
}
