//! The one door to every operation, for requests from outside and for calls inside.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use wire::protocol::{self, ErrorBody, HttpInput, Rendered};
use wire::{ErrorFacts, ReadError, Rejection, Route, Structure, Violation};

use crate::{Answer, Cx, Entry, Failure, Incoming, Opened, Run, dispatch, receive};

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
}

/// Decodes, validates, authorises and runs a request, and renders what comes of it.
pub async fn enter(cx: &Cx, request: HttpRequest<'_>) -> Reply {
    let resource = request.resource;
    let operation = request.route.operation;
    match run(cx, request).await {
        Ok(answer) => {
            let mut rendered =
                protocol::write_output(cx.service.model, operation, answer.output.as_ref(), &cx.request_id);
            stamp(cx.service.model, &mut rendered, &cx.request_id);
            Reply { rendered, body: answer.body, error: None }
        }
        Err(failure) => fail(cx.service.model, &cx.service.errors, &failure, &cx.request_id, resource),
    }
}

/// Renders a failure in the service's dialect.
pub(crate) fn fail(
    model: &wire::Model,
    errors: &crate::common::CommonErrors,
    failure: &Failure,
    request_id: &str,
    resource: &str,
) -> Reply {
    let facts = if failure.facts == crate::common::INTERNAL { errors.internal } else { failure.facts };
    if let Some(cause) = &failure.cause {
        tracing::error!(request_id, code = facts.code, "failed inside: {cause}");
    }
    let error = ErrorBody { facts: &facts, message: &failure.message, members: &failure.members, request_id, resource };
    let mut rendered = protocol::write_error(model, &error);
    stamp(model, &mut rendered, request_id);
    Reply { rendered, body: Opened::Nothing, error: Some(facts.code) }
}

impl Reply {
    /// An error's answer in the dialect of a service.
    pub fn failure(service: &crate::Service, failure: &Failure, request_id: &str, resource: &str) -> Self {
        fail(service.model, &service.errors, failure, request_id, resource)
    }
}

fn stamp(model: &wire::Model, rendered: &mut Rendered, request_id: &str) {
    if model.protocol == wire::Protocol::RestXml {
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
    if cx.service.family == sigv4::Family::S3 {
        check_uri(resource)?;
        if !route.operation.streams_in() {
            receive::check(&body, headers)?;
        }
    }
    let mut input = (entry.input)();
    let http = HttpInput { query, headers, body: &body };
    let missing = protocol::read_input(cx.service.model, route, input.as_mut(), &http).map_err(|e| unread(cx, &e))?;
    validate(cx, input.as_ref(), missing)?;
    dispatch::dispatch(cx, entry, input.as_ref(), incoming).await
}

/// Keys are text: two paths that are none would be one key.
fn check_uri(path: &str) -> Result<(), Failure> {
    match wire::is_text(path) {
        true => Ok(()),
        false => Err(Failure::new(&ErrorFacts::common("InvalidURI", 400), "Couldn't parse the specified URI.")),
    }
}

/// Calls an operation with a document. Streamed bodies do not pass through here.
pub(crate) async fn call(cx: &Cx, operation: &str, document: &Value) -> Result<Value, Failure> {
    let entry = entry(cx, operation)?;
    if !matches!(entry.run, Run::Tx(_) | Run::Free(_)) {
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
