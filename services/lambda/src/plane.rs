//! Where a function's package is downloaded from: the URL in GetFunction's answer, good for ten minutes.

use std::sync::Arc;

use blob::BlobId;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use http::{Method, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use service::{Cx, Plane, PlaneClaim, PlaneRequest, PlaneResponse, Platform};

use crate::model::Code;

/// What the plane claims.
pub(crate) const CLAIMS: &[PlaneClaim] = &[PlaneClaim::Path(PREFIX)];

const PREFIX: &str = "/_clearsky/lambda-code";

/// What the tokens in the URLs are sealed for.
const PURPOSE: &str = "lambda:code";

/// The URL is good for 10 minutes (docs).
const GOOD_FOR_S: i64 = 600;

/// What a URL lets its bearer read.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    blob: String,
    bytes: u64,
    expires_ms: i64,
}

/// The URL that a package can be downloaded from for a while.
pub(crate) fn location(cx: &Cx, code: &Code) -> Option<String> {
    let blob = code.blob()?.to_string();
    let ticket = Ticket { blob, bytes: code.bytes, expires_ms: cx.now().plus_seconds(GOOD_FOR_S).as_ms() };
    let plain = serde_json::to_vec(&ticket).ok()?;
    let token = cx.platform.seal.seal(&cx.platform.ids, PURPOSE, &plain);
    Some(format!("{}{PREFIX}/{token}", cx.base_url))
}

/// Serves packages to whoever has a URL.
pub(crate) struct Download;

impl Plane for Download {
    fn body_bytes_max(&self) -> usize {
        0
    }

    fn serve<'a>(&'a self, platform: &'a Arc<Platform>, request: PlaneRequest) -> BoxFuture<'a, PlaneResponse> {
        Box::pin(serve(platform, request))
    }
}

async fn serve(platform: &Platform, request: PlaneRequest) -> PlaneResponse {
    if request.method != Method::GET && request.method != Method::HEAD {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "The specified method is not allowed against this resource.");
    }
    let opened = platform.seal.open(PURPOSE, &request.id).ok().and_then(|plain| serde_json::from_slice(&plain).ok());
    let Some(Ticket { blob, bytes, expires_ms }) = opened else {
        return refusal(StatusCode::FORBIDDEN, "This is no URL of a package.");
    };
    if expires_ms <= platform.clock.now().as_ms() {
        return refusal(StatusCode::FORBIDDEN, "Request has expired");
    }
    let gone = || refusal(StatusCode::NOT_FOUND, "The package is not there any more.");
    let Ok(id) = BlobId::parse(&blob) else { return gone() };
    let mut stream = platform.blobs.read(&id, 0..bytes);
    let mut zip = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else { return gone() };
        zip.extend_from_slice(&chunk);
    }
    answer(StatusCode::OK, "application/zip", zip.freeze())
}

fn refusal(status: StatusCode, text: &'static str) -> PlaneResponse {
    answer(status, "text/plain", Bytes::from_static(text.as_bytes()))
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> PlaneResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
