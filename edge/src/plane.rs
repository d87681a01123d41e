//! Requests for planes: their bodies are read whole, then the plane serves.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use service::{PlaneRequest, Platform};

use crate::arriving::Arriving;
use crate::body::{self, Unread};
use crate::detect::Claimed;
use crate::respond::{Body, full};

/// What is known of a request before anyone serves it.
pub(crate) struct Known {
    pub request_id: String,
    pub source_ip: String,
    pub authority: String,
}

pub(crate) async fn serve(
    platform: &Arc<Platform>,
    claimed: Claimed,
    parts: Parts,
    body: Arriving,
    known: Known,
) -> Response<Body> {
    let Claimed { service: _, plane, id, form, path } = claimed;
    let Known { request_id, source_ip, authority } = known;
    let body = match body::whole(body, plane.body_bytes_max()).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        Err(Unread::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let query = parts.uri.query().unwrap_or("").to_owned();
    let (method, headers) = (parts.method, parts.headers);
    let request = PlaneRequest { request_id, id, form, method, path, query, headers, body, source_ip, authority };
    plane.serve(platform, request).await.map(full)
}

pub(crate) fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(full(Bytes::from(format!("{{\"message\":\"{text}\"}}"))));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
