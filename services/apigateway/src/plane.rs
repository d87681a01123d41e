//! What clients of an API reach: finds the stage and the route, invokes the function, translates its answer.

use std::sync::Arc;
use std::time::Duration;

use base::{Arn, Scope};
use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use kv::Tx;
use percent_encoding::percent_decode_str;
use service::ports::Invoked;
use service::{Caller, Failure, Form, Plane, PlaneRequest, PlaneResponse, Platform};

use crate::engine::event::{self, Request};
use crate::engine::routes::{self, Parameters};
use crate::engine::{answer, cors};
use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{Cors, DEFAULT, Deployment, Integration, Route, Stage};
use crate::store;

/// The largest request body (quota of HTTP APIs: 10 MB).
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Serves the stages of HTTP APIs.
pub(crate) struct ExecuteApi;

/// Why the gateway answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// No such API, stage or route.
    NotFound,
    TooLarge,
    /// The function failed, may not be invoked, or answers what cannot be understood.
    Internal,
    /// The function takes too long, or too many run.
    Unavailable,
}

/// A route that takes the request, and where.
struct Found {
    scope: Scope,
    stage: Stage,
    route: Route,
    parameters: Parameters,
    integration: Integration,
    /// Decoded, as the function is told it.
    path: String,
}

impl Plane for ExecuteApi {
    fn body_bytes_max(&self) -> usize {
        BODY_BYTES_MAX
    }

    fn serve<'a>(&'a self, platform: &'a Arc<Platform>, request: PlaneRequest) -> BoxFuture<'a, PlaneResponse> {
        Box::pin(async move {
            let mut response = match cors_of(platform, &request).await {
                Ok(Some(cors)) => {
                    let preflight = cors::is_preflight(&request.method, &request.headers);
                    let mut response = if preflight { nothing() } else { answered(platform, &request).await };
                    cors.apply(&request.headers, response.headers_mut());
                    if preflight {
                        cors.preflight(&request.headers, response.headers_mut());
                    }
                    response
                }
                Ok(None) => answered(platform, &request).await,
                Err(refusal) => refusal.response(),
            };
            if let Ok(id) = HeaderValue::from_str(&request.request_id) {
                response.headers_mut().insert("apigw-requestid", id);
            }
            response
        })
    }
}

/// What a preflight request is answered with, whatever routes there are (docs).
fn nothing() -> PlaneResponse {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

async fn answered(platform: &Arc<Platform>, request: &PlaneRequest) -> PlaneResponse {
    answer(platform, request).await.unwrap_or_else(Refusal::response)
}

/// The CORS configuration of the API, if it is there and has one.
async fn cors_of(platform: &Arc<Platform>, request: &PlaneRequest) -> Result<Option<Cors>, Refusal> {
    let read = async {
        let mut tx = platform.begin().await?;
        store::cors(&mut tx, &request.id).await.map_err(Failure::from)
    };
    read.await.map_err(|error: Failure| failed(request, &error))
}

async fn answer(platform: &Arc<Platform>, request: &PlaneRequest) -> Result<PlaneResponse, Refusal> {
    if BODY_BYTES_MAX < request.body.len() {
        return Err(Refusal::TooLarge);
    }
    let found = find(platform, request).await.map_err(|error| failed(request, &error))?.ok_or(Refusal::NotFound)?;
    let payload = payload(platform, request, &found);
    let caller = caller(request, &found);
    let timeout = Duration::from_millis(found.integration.timeout_ms.try_into().unwrap_or_default());
    let invoked = invoke(platform, caller, found.integration.function, payload, timeout).await?;
    let invoked = invoked.map_err(|failure| failed(request, &failure))?;
    if let Some(error) = &invoked.function_error {
        tracing::info!(request_id = request.request_id, "the function behind the API failed: {error}");
        return Err(Refusal::Internal);
    }
    answer::response(&invoked.payload).map_err(|answer::Malformed| {
        tracing::info!(request_id = request.request_id, "the function's answer is no response");
        Refusal::Internal
    })
}

/// Notes the cause, which the client is not told.
fn failed(request: &PlaneRequest, failure: &Failure) -> Refusal {
    tracing::warn!(request_id = request.request_id, "an API's request failed: {failure}");
    match failure.facts.status {
        413 => Refusal::TooLarge,
        429 | 503 => Refusal::Unavailable,
        _ => Refusal::Internal,
    }
}

/// Finds stage, route and integration. None where one of them is not there.
async fn find(platform: &Arc<Platform>, request: &PlaneRequest) -> Result<Option<Found>, Failure> {
    let mut tx = platform.begin().await?;
    Ok(find_in(&mut tx, request).await?)
}

async fn find_in(tx: &mut Tx, request: &PlaneRequest) -> Result<Option<Found>, Error> {
    let Some(scope) = store::home(tx, &request.id).await? else { return Ok(None) };
    let decoded = percent_decode_str(&request.path).decode_utf8_lossy().into_owned();
    let Some((stage, path, below)) = stage(tx, &scope, request, decoded).await? else { return Ok(None) };
    let at = |part| keys::parts(&scope, &request.id, part);
    let (routes, integrations) = match &stage.deployment {
        _ if stage.auto_deploy => (store::all(tx, &at(Part::Route)).await?, None),
        Some(id) => match store::part::<Deployment>(tx, &at(Part::Deployment), id).await? {
            Some(deployment) => (deployment.routes, Some(deployment.integrations)),
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    let routes: Vec<Route> = routes;
    let taking = routes::find(&routes, |route| &route.key, request.method.as_str(), &below);
    let Some((route, parameters)) = taking.map(|(route, parameters)| (route.clone(), parameters)) else {
        return Ok(None);
    };
    let integration = match (&route.integration, integrations) {
        (Some(id), Some(kept)) => kept.into_iter().find(|integration| integration.id == *id),
        (Some(id), None) => store::part(tx, &at(Part::Integration), id).await?,
        (None, _) => None,
    };
    let missing = || Failure::defect(format!("the route {} has no integration", route.key));
    let integration: Integration = integration.ok_or_else(missing)?;
    Ok(Some(Found { scope, stage, route, parameters, integration, path }))
}

/// The stage, the path as the function is told it, and the path that routes are matched with. A stage's name may be the
/// first segment; otherwise it is `$default`, whose name may only be written in the path form.
async fn stage(
    tx: &mut Tx,
    scope: &Scope,
    request: &PlaneRequest,
    path: String,
) -> Result<Option<(Stage, String, String)>, Error> {
    let prefix = keys::parts(scope, &request.id, Part::Stage);
    let (first, below) = match path.trim_start_matches('/').split_once('/') {
        Some((first, below)) => (first, format!("/{below}")),
        None => (path.trim_start_matches('/'), "/".to_owned()),
    };
    if first == DEFAULT && request.form == Form::Path {
        let stage = store::part(tx, &prefix, DEFAULT).await?;
        return Ok(stage.map(|stage| (stage, below.clone(), below)));
    }
    if !first.is_empty()
        && first != DEFAULT
        && let Some(stage) = store::part(tx, &prefix, first).await?
    {
        return Ok(Some((stage, path, below)));
    }
    let path = if path.is_empty() { "/".to_owned() } else { path };
    let stage = store::part(tx, &prefix, DEFAULT).await?;
    Ok(stage.map(|stage| (stage, path.clone(), path)))
}

/// The event, as the function gets it.
fn payload(platform: &Platform, request: &PlaneRequest, found: &Found) -> Bytes {
    let prefix = match request.form {
        Form::Host => request.authority.split('.').next().unwrap_or_default(),
        Form::Path => request.id.as_str(),
    };
    let event = event::build(&Request {
        account: found.scope.account.as_str(),
        api: &request.id,
        stage: &found.stage.name,
        stage_variables: &found.stage.variables,
        route_key: &found.route.key,
        parameters: &found.parameters,
        method: request.method.as_str(),
        path: &found.path,
        query: &request.query,
        headers: &headers(platform, request),
        body: &request.body,
        source_ip: &request.source_ip,
        domain: &request.authority,
        domain_prefix: prefix,
        request_id: &request.request_id,
        now: platform.clock.now(),
    });
    Bytes::from(event.to_string())
}

/// The client's headers and those that the gateway adds.
fn headers(platform: &Platform, request: &PlaneRequest) -> HeaderMap {
    let mut headers = request.headers.clone();
    let port = request.authority.rsplit_once(':').map_or("80", |(_, port)| port);
    let unique = platform.ids.uuid().replace('-', "");
    let trace = format!("Root=1-{:08x}-{}", platform.clock.now().as_seconds(), unique.get(..24).unwrap_or_default());
    let length = request.body.len().to_string();
    let added = [
        ("content-length", length.as_str()),
        ("x-forwarded-port", port),
        ("x-forwarded-proto", "http"),
        ("x-amzn-trace-id", &trace),
    ];
    for (name, value) in added {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    }
    headers
}

/// The gateway on behalf of the route: the function's policy sees which one (`aws:SourceArn`).
fn caller(request: &PlaneRequest, found: &Found) -> Caller {
    let (api, stage) = (&request.id, &found.stage.name);
    let resource = match found.route.key.split_once(' ') {
        Some((_, path)) => format!("{api}/{stage}/{}{path}", request.method),
        None => format!("{api}/{stage}/{}", found.route.key),
    };
    let source = found.scope.arn("execute-api", &resource).to_string();
    Caller::service("apigateway.amazonaws.com", found.scope.account.clone(), &source).because_of(&request.request_id)
}

/// Invokes and waits for as long as the integration may take; a function that takes longer runs on to its end.
async fn invoke(
    platform: &Arc<Platform>,
    caller: Caller,
    function: Arn,
    payload: Bytes,
    timeout: Duration,
) -> Result<Result<Invoked, Failure>, Refusal> {
    let port = match platform.ports() {
        Ok(ports) => Arc::clone(&ports.invoke),
        Err(failure) => return Ok(Err(failure)),
    };
    let running: BoxFuture<'static, _> = Box::pin(async move { port.invoke(&caller, &function, payload).await });
    match select(running, Box::pin(tokio::time::sleep(timeout))).await {
        Either::Left((invoked, _)) => Ok(invoked),
        Either::Right(((), running)) => {
            let rest = Box::pin(async move { drop(running.await) });
            platform.tasks.once("integration", rest).await;
            Err(Refusal::Unavailable)
        }
    }
}

impl Refusal {
    fn response(self) -> PlaneResponse {
        let (status, text) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        let mut response = Response::new(Bytes::from(serde_json::json!({ "message": text }).to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
