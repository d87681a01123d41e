//! The client's side: signing headers, presigning URLs.

use base::{Secret, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::canonical::{self, Dialect, PayloadRule};
use crate::chunk::ChunkSigner;
use crate::encode;
use crate::key::{self, SigningKey};
use crate::presented::{ALGORITHM, CredentialScope, PayloadMode};
use crate::v2;
use crate::verify;
use crate::view::RequestView;

/// What a caller signs with.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    pub session_token: Option<Secret<String>>,
}

/// How the body of a request that we sign is covered.
#[derive(Debug, Clone)]
pub enum SignPayload<'a> {
    /// The body, hashed here.
    Bytes(&'a [u8]),
    /// Anything else that `x-amz-content-sha256` can say.
    Mode(PayloadMode),
}

/// Signs for one region and service.
#[derive(Debug, Clone)]
pub struct Signer<'a> {
    pub credentials: &'a Credentials,
    pub region: &'a str,
    pub service: &'a str,
    pub dialect: Dialect,
}

/// A signature that was put into a request.
#[derive(Debug, Clone)]
pub struct Signed {
    pub signature: String,
    /// Signs the chunks of the body, in the modes that have them.
    pub chunks: ChunkSigner,
}

/// Headers that proxies and clients change after signing (SDK: botocore 1.44).
const NEVER_SIGNED: [&str; 6] =
    ["authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

impl Signer<'_> {
    /// Adds `x-amz-date`, the token, the payload hash where the service wants it, and `authorization`.
    ///
    /// The headers must have their final `host` already; all of them get signed.
    pub fn sign(
        &self,
        method: &Method,
        target: &str,
        headers: &mut HeaderMap,
        payload: SignPayload<'_>,
        now: Timestamp,
    ) -> Signed {
        self.sign_with(&self.key(now), method, target, headers, payload, now)
    }

    /// `sign` with a key that the caller has kept: `key` of this signer at a moment of the same day.
    pub fn sign_with(
        &self,
        key: &SigningKey,
        method: &Method,
        target: &str,
        headers: &mut HeaderMap,
        payload: SignPayload<'_>,
        now: Timestamp,
    ) -> Signed {
        let hash = match &payload {
            SignPayload::Bytes(body) => key::sha256_hex(body),
            SignPayload::Mode(mode) => mode.as_str().to_string(),
        };
        insert(headers, "x-amz-date", &now.amz_date());
        if let Some(token) = &self.credentials.session_token {
            insert(headers, "x-amz-security-token", token.expose());
        }
        if self.dialect.payload == PayloadRule::Declared {
            insert(headers, "x-amz-content-sha256", &hash);
        }
        let mut names: Vec<String> = headers.keys().map(|k| k.as_str().to_string()).collect();
        names.retain(|name| !NEVER_SIGNED.contains(&name.as_str()));
        names.sort();
        let scope = self.scope(now);
        let request = canonical::request(&RequestView::new(method, target, headers), self.dialect.path, &names, &hash);
        let signature = key.sign(&verify::string_to_sign(&scope, now, &request));
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.credentials.access_key_id,
            scope.text(),
            names.join(";")
        );
        insert(headers, "authorization", &authorization);
        Signed { chunks: ChunkSigner::new(key.clone(), &scope, now, &signature), signature }
    }

    /// The target (path and query) that lets anyone make this request until it expires; all given headers are signed.
    pub fn presign(
        &self,
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        expires_s: u32,
        now: Timestamp,
    ) -> String {
        let mut names: Vec<&str> = headers.keys().map(|k| k.as_str()).collect();
        names.sort_unstable();
        let credential = format!("{}/{}", self.credentials.access_key_id, self.scope(now).text());
        let mut pairs = vec![
            ("X-Amz-Algorithm", ALGORITHM.to_string()),
            ("X-Amz-Credential", credential),
            ("X-Amz-Date", now.amz_date()),
            ("X-Amz-Expires", expires_s.to_string()),
            ("X-Amz-SignedHeaders", names.join(";")),
        ];
        if let Some(token) = &self.credentials.session_token {
            pairs.push(("X-Amz-Security-Token", token.expose().clone()));
        }
        let unsigned = with_pairs(target, &pairs);
        let payload = match self.dialect.payload {
            PayloadRule::Declared => PayloadMode::Unsigned,
            PayloadRule::Body => PayloadMode::Signed(key::sha256_hex(b"")),
        };
        let names: Vec<String> = names.into_iter().map(String::from).collect();
        let view = RequestView::new(method, &unsigned, headers);
        let request = canonical::request(&view, self.dialect.path, &names, payload.as_str());
        let signature = self.key(now).sign(&verify::string_to_sign(&self.scope(now), now, &request));
        format!("{unsigned}&X-Amz-Signature={signature}")
    }

    fn scope(&self, now: Timestamp) -> CredentialScope {
        let date = now.amz_date().get(..8).unwrap_or_default().to_string();
        CredentialScope { date, region: self.region.into(), service: self.service.into() }
    }

    /// The key of the day that `now` is in; the same until midnight UTC.
    pub fn key(&self, now: Timestamp) -> SigningKey {
        let secret = self.credentials.secret_access_key.expose();
        SigningKey::derive(secret, &self.scope(now).date, self.region, self.service)
    }
}

/// The target that lets anyone make this request until a second of the epoch, signed by Version 2.
///
/// The view's `x-amz-` headers move into the query, as SDKs do it.
pub fn presign_v2(view: &RequestView<'_>, credentials: &Credentials, expires_at_s: i64) -> String {
    let mut moved: Vec<(&str, String)> = Vec::new();
    for (name, value) in view.headers {
        if name.as_str().starts_with("x-amz-") || ["content-md5", "content-type"].contains(&name.as_str()) {
            moved.push((name.as_str(), String::from_utf8_lossy(value.as_bytes()).trim().to_string()));
        }
    }
    if let Some(token) = &credentials.session_token {
        moved.push(("x-amz-security-token", token.expose().clone()));
    }
    let target = if view.query.is_empty() { view.path.to_string() } else { format!("{}?{}", view.path, view.query) };
    let target = if moved.is_empty() { target } else { with_pairs(&target, &moved) };
    let empty = HeaderMap::new();
    let moved_view = RequestView { bucket: view.bucket, ..RequestView::new(view.method, &target, &empty) };
    let signature = v2::sign(credentials.secret_access_key.expose(), &v2::string_to_sign(&moved_view, expires_at_s));
    with_pairs(
        &target,
        &[
            ("AWSAccessKeyId", credentials.access_key_id.clone()),
            ("Signature", signature),
            ("Expires", expires_at_s.to_string()),
        ],
    )
}

fn with_pairs(target: &str, pairs: &[(&str, String)]) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encode::strict(value.as_bytes()))).collect();
    let separator = if target.contains('?') { '&' } else { '?' };
    format!("{target}{separator}{}", pairs.join("&"))
}

/// A value that no header can carry is sent empty, and the signature then fails on the other side.
fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""));
    headers.insert(HeaderName::from_static(name), value);
}
