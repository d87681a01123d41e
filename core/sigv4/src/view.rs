//! What a signature covers: a request as it was received.

use std::borrow::Cow;

use http::{HeaderMap, Method};

/// A request as received: nothing decoded, nothing normalised.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) authority: Option<&'a str>,
    pub(crate) bucket: Option<&'a str>,
}

impl<'a> RequestView<'a> {
    /// From a raw request target, such as `/a%20b?x=1`.
    pub fn new(method: &'a Method, target: &'a str, headers: &'a HeaderMap) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { method, path, query, headers, authority: None, bucket: None }
    }

    /// From hyper's parts. HTTP/2 names the host in the URI, which stands in for an absent Host header.
    pub fn of(parts: &'a http::request::Parts) -> Self {
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or(""),
            headers: &parts.headers,
            authority: parts.uri.authority().map(|a| a.as_str()),
            bucket: None,
        }
    }

    /// Says that the host named this bucket: Version 2 signs the path with the bucket in front.
    pub fn with_virtual_bucket(self, bucket: &'a str) -> Self {
        Self { bucket: Some(bucket), ..self }
    }

    /// The first value of a header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The query's pairs, still encoded; a pair without `=` has an empty value.
    pub(crate) fn raw_pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")))
    }
}

/// A header value as text: UTF-8 where it is, else one character per byte, so that no two values look the same.
pub(crate) fn text(value: &http::HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => value.as_bytes().iter().map(|b| char::from(*b)).collect::<String>().into(),
    }
}

/// What is known of the body when a signature is verified.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// All of it: hashed and compared here.
    Buffered(&'a [u8]),
    /// Not read yet: what it must hash to is in the answer, and the caller checks.
    Streamed,
}
