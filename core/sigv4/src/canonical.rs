//! The canonical request and what services differ in about it.

use std::fmt::Write;

use crate::encode;
use crate::error::SigError;
use crate::view::{self, RequestView};

/// How a service wants its requests signed: data of its descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub path: PathRule,
    pub payload: PayloadRule,
    pub required: RequiredHeaders,
    pub versions: Versions,
}

impl Dialect {
    /// Every service but S3.
    pub const STANDARD: Self = Self {
        path: PathRule::NormalisedTwice,
        payload: PayloadRule::Body,
        required: RequiredHeaders::HostAndAmz,
        versions: Versions::V4,
    };
    /// S3.
    pub const S3: Self = Self {
        path: PathRule::AsIsOnce,
        payload: PayloadRule::Declared,
        required: RequiredHeaders::HostAndAmz,
        versions: Versions::V4AndPresignedV2,
    };
}

/// How the path is written into the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRule {
    /// Encoded once, no segment removed (S3: a key may contain `//` and `..`).
    AsIsOnce,
    /// Segments resolved, then encoded again over what was received.
    NormalisedTwice,
}

/// Where the payload hash of the canonical request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadRule {
    /// From `x-amz-content-sha256`, which may also say that the body is unsigned or chunked.
    Declared,
    /// From the body itself.
    Body,
}

/// Which headers must be among the signed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredHeaders {
    /// Host, and every `x-amz-` header that the request carries.
    HostAndAmz,
    /// Host only.
    Host,
}

/// The signature versions a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    V4,
    V4AndPresignedV2,
}

/// Clients add these around a request that is signed already; none of them changes what it does. A length or a
/// trailer that they announce is only believed where the payload mode, which is signed, says that there is one.
const NEED_NO_SIGNATURE: [&str; 4] =
    ["x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-user-agent"];

/// Refuses a request with headers that the dialect wants signed and that are not.
pub(crate) fn check_required(view: &RequestView<'_>, signed: &[String], rule: RequiredHeaders) -> Result<(), SigError> {
    let mut unsigned = Vec::new();
    if !signed.iter().any(|s| s == "host" || s == ":authority") {
        unsigned.push("host".to_string());
    }
    if rule == RequiredHeaders::HostAndAmz {
        let amz = view.headers.keys().map(|k| k.as_str()).filter(|k| k.starts_with("x-amz-"));
        let loose = amz.filter(|k| !NEED_NO_SIGNATURE.contains(k) && !signed.iter().any(|s| s == k));
        unsigned.extend(loose.map(String::from));
    }
    if unsigned.is_empty() { Ok(()) } else { Err(SigError::NotSigned { headers: unsigned }) }
}

/// The canonical request of a view, ready to hash.
pub(crate) fn request(view: &RequestView<'_>, rule: PathRule, signed: &[String], payload_hash: &str) -> String {
    let mut text = format!("{}\n{}\n{}\n", view.method, path(view.path, rule), query(view));
    for name in signed {
        let _ = writeln!(text, "{name}:{}", header(view, name));
    }
    let _ = write!(text, "\n{}\n{payload_hash}", signed.join(";"));
    text
}

fn path(raw: &str, rule: PathRule) -> String {
    match (raw, rule) {
        ("", _) => "/".into(),
        (raw, PathRule::AsIsOnce) => encode::path(&encode::decode(raw)),
        (raw, PathRule::NormalisedTwice) => encode::path(encode::normalise(raw).as_bytes()),
    }
}

/// Sorted by encoded name, then value; the signature itself is left out.
fn query(view: &RequestView<'_>) -> String {
    let encoded = |text| encode::strict(&encode::decode_query(text));
    let mut pairs: Vec<_> = view.raw_pairs().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.retain(|(name, _)| name != "X-Amz-Signature");
    pairs.sort();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The values in order of arrival, each with its white space folded, joined by commas. An absent one is empty.
fn header(request: &RequestView<'_>, name: &str) -> String {
    let wanted = if name == ":authority" { "host" } else { name };
    let values = request.headers.get_all(wanted).iter().map(|v| {
        let text = view::text(v);
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    let joined = values.collect::<Vec<_>>().join(",");
    match (joined.is_empty(), wanted, request.authority) {
        (true, "host", Some(authority)) => authority.into(),
        _ => joined,
    }
}
