//! Verifying what was presented against a secret.

use base::Timestamp;

use crate::canonical::{self, Dialect, PayloadRule, Versions};
use crate::chunk::ChunkSigner;
use crate::error::{Mismatch, Place, SigError};
use crate::key::{self, SigningKey};
use crate::presented::{ALGORITHM, CredentialScope, Form, PayloadMode, Presented, V4};
use crate::v2;
use crate::view::{Payload, RequestView};

/// Signed requests may be this far off our clock (docs: 15 minutes).
pub(crate) const SKEW_MS_MAX: i64 = 15 * 60 * 1000;

/// What a good signature says about the body that follows.
#[derive(Debug, Clone)]
pub struct Verified {
    pub payload: PayloadMode,
    /// Checks the chunks, where the payload mode has signed ones.
    pub chunks: Option<ChunkSigner>,
}

impl Verified {
    /// Compares the SHA-256 (lower-case hex) of the whole body with what was signed.
    pub fn check_hash(&self, computed: &str) -> Result<(), SigError> {
        match &self.payload {
            PayloadMode::Signed(declared) if declared != computed => {
                Err(SigError::PayloadMismatch { declared: declared.clone(), computed: computed.into() })
            }
            _ => Ok(()),
        }
    }
}

impl Presented {
    /// Checks times, signed headers and the signature itself, in that order.
    pub fn verify(
        &self,
        secret: &str,
        view: &RequestView<'_>,
        payload: Payload<'_>,
        dialect: Dialect,
        now: Timestamp,
    ) -> Result<Verified, SigError> {
        match &self.form {
            Form::V4(v4) => {
                let key = SigningKey::derive(secret, &v4.scope.date, &v4.scope.region, &v4.scope.service);
                self.verify_with(&key, view, payload, dialect, now)
            }
            Form::V2 { .. } if dialect.versions == Versions::V4 => {
                Err(SigError::Unsupported { mechanism: "AWS".into() })
            }
            Form::V2 { expires_at } => {
                self.check_v2(secret, view, *expires_at, now)?;
                Ok(Verified { payload: PayloadMode::Unsigned, chunks: None })
            }
        }
    }

    /// `verify` with a derived key, which the caller may have kept. Version 2 derives no keys and is refused here.
    pub fn verify_with(
        &self,
        key: &SigningKey,
        view: &RequestView<'_>,
        payload: Payload<'_>,
        dialect: Dialect,
        now: Timestamp,
    ) -> Result<Verified, SigError> {
        let Form::V4(v4) = &self.form else {
            return Err(SigError::Unsupported { mechanism: "AWS".into() });
        };
        check_time(v4, now)?;
        canonical::check_required(view, &v4.signed_headers, dialect.required)?;
        let mode = payload_mode(v4.place, view, payload, dialect.payload)?;
        let canonical_request = canonical::request(view, dialect.path, &v4.signed_headers, mode.as_str());
        let string_to_sign = string_to_sign(&v4.scope, v4.at, &canonical_request);
        if !key::same(&key.sign(&string_to_sign), &self.signature) {
            return Err(self.mismatch(string_to_sign, canonical_request));
        }
        let verified = Verified { chunks: self.chunk_signer(v4, key, &mode), payload: mode };
        match payload {
            Payload::Buffered(body) => verified.check_hash(&key::sha256_hex(body))?,
            Payload::Streamed => (),
        }
        Ok(verified)
    }

    fn chunk_signer(&self, v4: &V4, key: &SigningKey, mode: &PayloadMode) -> Option<ChunkSigner> {
        let chunked = matches!(mode, PayloadMode::SignedChunks | PayloadMode::SignedChunksTrailer);
        chunked.then(|| ChunkSigner::new(key.clone(), &v4.scope, v4.at, &self.signature))
    }

    fn check_v2(
        &self,
        secret: &str,
        view: &RequestView<'_>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), SigError> {
        if expires_at < now {
            return Err(SigError::Expired { expires_at, expires_s: None, server: now });
        }
        let signed = |view: &RequestView<'_>| {
            let string_to_sign = v2::string_to_sign(view, expires_at.as_seconds());
            let is_signed = key::same(&v2::sign(secret, &string_to_sign), &self.signature);
            if is_signed { Ok(()) } else { Err(self.mismatch(string_to_sign, String::new())) }
        };
        // Some sign the path of a bucket with a slash that they do not send (SDK: botocore 1.43).
        let slashed = format!("{}/", view.path);
        let is_bucket = view.path.strip_prefix('/').is_some_and(|bucket| !bucket.is_empty() && !bucket.contains('/'));
        signed(view).or_else(|mismatch| match is_bucket {
            true => signed(&RequestView { path: &slashed, ..*view }).map_err(|_| mismatch),
            false => Err(mismatch),
        })
    }

    fn mismatch(&self, string_to_sign: String, canonical_request: String) -> SigError {
        SigError::Mismatch(Box::new(Mismatch {
            access_key_id: self.access_key_id.clone(),
            signature_provided: self.signature.clone(),
            string_to_sign,
            canonical_request,
        }))
    }
}

/// The Version 4 string to sign of a canonical request.
pub(crate) fn string_to_sign(scope: &CredentialScope, at: Timestamp, canonical_request: &str) -> String {
    let hash = key::sha256_hex(canonical_request.as_bytes());
    format!("{ALGORITHM}\n{}\n{}\n{hash}", at.amz_date(), scope.text())
}

impl CredentialScope {
    /// As it stands in strings to sign and after the key id.
    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

fn check_time(v4: &V4, now: Timestamp) -> Result<(), SigError> {
    let off_ms = v4.at.as_ms().saturating_sub(now.as_ms());
    match v4.expires_s {
        None if off_ms.saturating_abs() > SKEW_MS_MAX => {
            Err(SigError::Skewed { request: v4.at, server: now, max_skew_ms: SKEW_MS_MAX })
        }
        None => Ok(()),
        Some(_) if off_ms > SKEW_MS_MAX => Err(SigError::NotYetValid { from: v4.at, server: now }),
        Some(seconds) => {
            let expires_at = v4.at.plus_seconds(seconds.into());
            let alive = now < expires_at;
            if alive { Ok(()) } else { Err(SigError::Expired { expires_at, expires_s: Some(seconds), server: now }) }
        }
    }
}

fn payload_mode(
    place: Place,
    view: &RequestView<'_>,
    payload: Payload<'_>,
    rule: PayloadRule,
) -> Result<PayloadMode, SigError> {
    let declared = view.header("x-amz-content-sha256");
    match (rule, place, declared, payload) {
        (PayloadRule::Declared, _, Some(text), _) => PayloadMode::parse(text),
        (PayloadRule::Declared, Place::Query, None, _) => {
            let hoisted = crate::presented::query(view, "X-Amz-Content-Sha256");
            hoisted.map_or(Ok(PayloadMode::Unsigned), |text| PayloadMode::parse(&text))
        }
        (PayloadRule::Declared, Place::Header, None, _) => Err(SigError::MissingPayloadHash),
        (PayloadRule::Body, _, Some(text), _) => match PayloadMode::parse(text)? {
            // SDKs sign a body so that they cannot read twice.
            mode @ (PayloadMode::Signed(_) | PayloadMode::Unsigned) => Ok(mode),
            _ => Err(SigError::BadPayloadHash { value: text.into() }),
        },
        (PayloadRule::Body, _, None, Payload::Buffered(body)) => Ok(PayloadMode::Signed(key::sha256_hex(body))),
        (PayloadRule::Body, _, None, Payload::Streamed) => Err(SigError::MissingPayloadHash),
    }
}
