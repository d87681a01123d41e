//! Invoke: the payload's rules, then the engine.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use exec::{Ended, Invocation, Outcome};
use serde::de::IgnoredAny;
use service::{Cx, Failure, Invocation as Ran, Step};

use crate::engine::event::Event;
use crate::engine::{Finished, Functions, Job, report};
use crate::errors::Error;
use crate::names::Target;
use crate::store;
use crate::wire::{InvocationRequest, InvocationResponse};

/// Quota: 6 MB for a synchronous payload (docs).
const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Quota: 1 MB for an event (docs; 256 KB until October 2025).
pub(crate) const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// A client context in base64 (docs).
const CLIENT_CONTEXT_BYTES_MAX: usize = 3583;
/// A trace that a client hands on; three parts of it have some 75 bytes.
const TRACE_BYTES_MAX: usize = 256;
/// A function that is updated between being read and being started is read once more.
const ATTEMPTS: usize = 2;

/// What is handed to a function.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The request that the function sees.
    pub id: String,
    pub payload: Bytes,
    pub client_context: Option<String>,
    /// `Root=...`, with `Parent` and `Sampled`.
    pub trace_id: String,
}

impl Request {
    /// What a client hands to a function. The context is JSON in base64.
    pub(crate) fn new(
        cx: &Cx,
        payload: Option<&Bytes>,
        client_context: Option<&str>,
        trace_id: String,
    ) -> Result<Self, Error> {
        let id = cx.request_id.clone();
        let client_context = client_context.map(decode_context).transpose()?;
        Ok(Self { id, payload: payload.cloned().unwrap_or_default(), client_context, trace_id })
    }
}

/// Runs outside transactions and is never rerun; a client that repeats it runs the function again, as in Lambda.
pub(crate) async fn invoke(cx: &Cx, input: &InvocationRequest) -> Result<InvocationResponse, Error> {
    let InvocationRequest { function_name, invocation_type, log_type, client_context, payload, qualifier, trace_id } =
        input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let trace_id = handed_on(trace_id.as_deref()).unwrap_or_else(|| new_trace(cx));
    let request = Request::new(cx, payload.as_ref(), client_context.as_deref(), trace_id.clone())?;
    match invocation_type.as_deref() {
        Some("DryRun") => {
            dry_run(cx, &target, &request).await?;
            return Ok(InvocationResponse { status_code: Some(204), ..InvocationResponse::default() });
        }
        Some("Event") => {
            accept(cx, target, request).await?;
            let trace_id = Some(trace_id);
            return Ok(InvocationResponse { status_code: Some(202), trace_id, ..InvocationResponse::default() });
        }
        _ => (),
    }
    let Finished { outcome, tail, version } = run(cx, target, request).await?;
    let log_result = (log_type.as_deref() == Some("Tail")).then(|| BASE64_STANDARD.encode(tail));
    Ok(InvocationResponse {
        status_code: Some(200),
        function_error: function_error(&outcome).map(str::to_owned),
        log_result,
        payload: Some(outcome.ended.payload(&cx.request_id)),
        executed_version: Some(version),
        trace_id: Some(trace_id),
    })
}

/// Whether a function could be run: it is there, and the payload is one.
pub(crate) async fn dry_run(cx: &Cx, target: &Target, request: &Request) -> Result<(), Error> {
    check(&request.payload)?;
    store::versions::find(&mut cx.platform.begin().await?, target).await.map(drop)
}

/// Keeps an event for its function: once that is durable it will be delivered, whatever happens.
async fn accept(cx: &Cx, target: Target, request: Request) -> Result<(), Error> {
    check(&request.payload)?;
    let Request { id, payload, client_context, trace_id } = request;
    if EVENT_BYTES_MAX < payload.len() {
        return Err(Error::EventTooLarge { bytes: payload.len(), max: EVENT_BYTES_MAX });
    }
    let event = Event {
        scope: target.scope.clone(),
        name: target.name.clone(),
        qualifier: target.qualifier.clone(),
        because_of: id.clone(),
        request_id: id,
        client_context,
        trace_id,
        accepted: cx.now(),
        runs: 0,
        refusals: 0,
    };
    cx.transact(move |cx, tx| {
        let (target, event, payload) = (target.clone(), event.clone(), payload.clone());
        Box::pin(async move {
            store::versions::find(tx, &target).await?;
            store::events::put_event(tx, &event, payload, cx.now()).map_err(Failure::from)
        })
    })
    .await?;
    Ok(())
}

/// Runs a function once. The caller has been authorised.
pub(crate) async fn run(cx: &Cx, target: Target, request: Request) -> Result<Finished, Error> {
    check(&request.payload)?;
    let Request { id, payload, client_context, trace_id } = request;
    let invocation = Invocation {
        request_id: id,
        invoked_function_arn: target.qualified_arn().to_string(),
        trace_id: Some(trace_id),
        client_context,
        cognito_identity: None,
        payload: if payload.is_empty() { Bytes::from_static(b"{}") } else { payload },
    };
    let functions = cx.platform.state::<Functions>()?;
    let chance = chance(&cx.platform.ids);
    let mut finished = Err(Error::Superseded);
    for _ in 0..ATTEMPTS {
        let mut tx = cx.platform.begin().await?;
        let function = store::versions::serving(&mut tx, &target, chance).await?;
        let share = store::shares::share(&mut tx, &target.scope, &target.name).await?;
        drop(tx);
        let job = Job { target: target.clone(), function, invocation: invocation.clone(), share };
        finished = functions.run(&cx.platform, job).await;
        if !matches!(finished, Err(Error::Superseded)) {
            break;
        }
    }
    let finished = finished?;
    cx.note(Step::Invoked(ran(invocation.invoked_function_arn, &finished.outcome)));
    match finished.outcome.ended {
        Ended::Fault { reason } => Err(Error::Platform(reason)),
        _ => Ok(finished),
    }
}

/// A number in [0, 1): aliases divide requests by it.
fn chance(ids: &base::Ids) -> f64 {
    f64::from(u32::from_be_bytes(ids.bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// What the trace says of it.
fn ran(function: String, outcome: &Outcome) -> Ran {
    let milliseconds = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    let duration_ms = milliseconds(outcome.duration);
    let init_ms = outcome.init.map(|init| milliseconds(init.duration));
    let billed_ms = report::billed_ms(outcome);
    Ran { function, duration_ms, init_ms, billed_ms, error_type: outcome.ended.error_type().map(str::to_owned) }
}

/// The trace of a request that begins here; nothing is sampled, as there is no tracing (X-Ray's form of the header).
pub(crate) fn new_trace(cx: &Cx) -> String {
    let ids = &cx.platform.ids;
    let (root, parent) = (hex::encode(ids.bytes::<12>()), hex::encode(ids.bytes::<8>()));
    format!("Root=1-{:08x}-{root};Parent={parent};Sampled=0", cx.now().as_seconds())
}

/// A client's own trace, if it has the form of one.
fn handed_on(given: Option<&str>) -> Option<String> {
    let is_trace = |text: &&str| {
        text.len() <= TRACE_BYTES_MAX && text.contains("Root=1-") && text.bytes().all(|b| b.is_ascii_graphic())
    };
    given.filter(is_trace).map(str::to_owned)
}

/// `Unhandled` for everything but an answer: so Lambda's managed runtimes report errors, raised or not (observed).
pub(crate) fn function_error(outcome: &Outcome) -> Option<&'static str> {
    outcome.ended.error_type().map(|_| "Unhandled")
}

fn check(payload: &Bytes) -> Result<(), Error> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Error::TooLarge { max: PAYLOAD_BYTES_MAX, operation: "InvokeFunction" });
    }
    if payload.is_empty() {
        return Ok(());
    }
    let parsed: Result<IgnoredAny, _> = serde_json::from_slice(payload);
    parsed.map(drop).map_err(|error| {
        Error::InvalidContent(format!(
            "Could not parse request body into json: Could not parse payload into json: {error}"
        ))
    })
}

/// A client context is JSON in base64.
fn decode_context(text: &str) -> Result<String, Error> {
    let invalid = || Error::InvalidContent("Client context must be a valid Base64-encoded JSON object.".into());
    if text.len() > CLIENT_CONTEXT_BYTES_MAX {
        return Err(invalid());
    }
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| invalid())?;
    let is_object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).is_ok();
    String::from_utf8(bytes).ok().filter(|_| is_object).ok_or_else(invalid)
}
