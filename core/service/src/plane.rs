//! Raw HTTP that is no modelled operation: API stages, function URLs, websites.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};

use crate::Platform;

/// How a plane was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Host,
    Path,
}

/// A request for a plane, its body read.
#[derive(Debug, Clone)]
pub struct PlaneRequest {
    pub request_id: String,
    /// The id that host or path named.
    pub id: String,
    pub form: Form,
    pub method: Method,
    /// The raw path behind the id, starting with `/`.
    pub path: String,
    /// The raw query.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub source_ip: String,
    /// The authority that the request named.
    pub authority: String,
}

/// A plane's answer.
pub type PlaneResponse = http::Response<Bytes>;

/// Serves raw HTTP.
pub trait Plane: Send + Sync {
    /// The largest body it takes, in bytes.
    fn body_bytes_max(&self) -> usize;
    fn serve<'a>(&'a self, platform: &'a Arc<Platform>, request: PlaneRequest) -> BoxFuture<'a, PlaneResponse>;
}
