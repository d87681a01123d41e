//! Answers: rendered ones, and those with a stored body behind them.

use std::io;

use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use service::{Opened, Reply};

/// The body of every answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Turns a reply into HTTP. HEAD and 304 answers keep their headers and lose their bodies.
pub(crate) fn respond(reply: Reply, method: &Method) -> Response<Body> {
    let Reply { rendered, body, error: _, message: _ } = reply;
    let status = StatusCode::from_u16(rendered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let bodyless = method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    let mut length = Some(rendered.body.len() as u64);
    let content = match body {
        _ if bodyless => {
            // A HEAD answer tells the length of what GET would send; the operation has set it.
            length = None;
            empty()
        }
        Opened::Nothing => full(rendered.body),
        Opened::Stream { bytes, chunks } => {
            length = bytes;
            StreamBody::new(chunks.map_ok(Frame::data)).boxed_unsync()
        }
    };
    let mut response = Response::new(content);
    *response.status_mut() = status;
    *response.headers_mut() = rendered.headers;
    if status == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(http::header::CONTENT_TYPE);
    }
    if let Some(length) = length.filter(|_| status != StatusCode::NO_CONTENT) {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
