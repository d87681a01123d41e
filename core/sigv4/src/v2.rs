//! Signature Version 2 of S3, presigned.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::encode;
use crate::key;
use crate::presented;
use crate::view::{self, RequestView};

/// The query parameters that name a subresource or change the answer, and so are signed (docs, SDK: botocore 1.44).
const SIGNED_PARAMETERS: [&str; 40] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
];
/// The rest of them.
const SIGNED_PARAMETERS_TOO: [&str; 2] = ["versions", "website"];

/// What a presigned Version 2 request signs.
pub(crate) fn string_to_sign(view: &RequestView<'_>, expires_at_s: i64) -> String {
    let standard = |name: &str| presented::query(view, name).or_else(|| view.header(name).map(String::from));
    let (md5, kind) = (standard("content-md5").unwrap_or_default(), standard("content-type").unwrap_or_default());
    let amz: String = amz_headers(view).into_iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    format!("{}\n{}\n{}\n{expires_at_s}\n{amz}{}", view.method, md5.trim(), kind.trim(), resource(view))
}

/// The signature in base64.
pub(crate) fn sign(secret: &str, string_to_sign: &str) -> String {
    BASE64_STANDARD.encode(key::hmac_sha1(secret.as_bytes(), string_to_sign.as_bytes()))
}

/// `x-amz-` headers, wherever they are: SDKs move them into the query.
fn amz_headers(request: &RequestView<'_>) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers {
        if name.as_str().starts_with("x-amz-") {
            let text = view::text(value).trim().to_string();
            found.entry(name.as_str().into()).or_default().push(text);
        }
    }
    for (name, value) in request.raw_pairs() {
        let name = encode::query_text(name).to_ascii_lowercase();
        if name.starts_with("x-amz-") {
            let (text, values) = (encode::query_text(value).trim().to_string(), found.entry(name).or_default());
            // A client may send the header as well; with another value the signature fails.
            if !values.contains(&text) {
                values.push(text);
            }
        }
    }
    found.into_iter().map(|(name, values)| (name, values.join(","))).collect()
}

/// The path as received, behind the bucket that the host named, with the parameters that are signed.
fn resource(view: &RequestView<'_>) -> String {
    let bucket = view.bucket.map(|b| format!("/{b}")).unwrap_or_default();
    let path = if view.path.is_empty() { "/" } else { view.path };
    let is_signed = |name: &str| SIGNED_PARAMETERS.contains(&name) || SIGNED_PARAMETERS_TOO.contains(&name);
    let mut parameters: Vec<_> = view
        .query
        .split('&')
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
            is_signed(name).then_some((name, value))
        })
        .collect();
    parameters.sort_by_key(|(name, _)| *name);
    let shown: Vec<_> = parameters
        .into_iter()
        .map(|(name, value)| {
            value.map_or(name.to_string(), |v| format!("{name}={}", String::from_utf8_lossy(&encode::decode(v))))
        })
        .collect();
    let query = if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) };
    format!("{bucket}{path}{query}")
}
