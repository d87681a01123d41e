//! Authentication: whose request it is.

use base::{Account, Timestamp};
use http::request::Parts;
use service::ports::Unaccepted;
use service::{Anonymous, Caller, Failure, Platform, Service};
use sigv4::{Family, Payload, Presented, RequestView, SigError, Verified};
use wire::ErrorFacts;

/// An authenticated request: the caller, and what its signature says of the body.
pub(crate) struct Authenticated {
    pub caller: Caller,
    /// `None` for an anonymous request.
    pub verified: Option<Verified>,
}

/// Verifies what was presented. The payload is buffered where the operation does not stream it.
pub(crate) async fn authenticate(
    platform: &Platform,
    service: &Service,
    parts: &Parts,
    presented: Option<&Presented>,
    payload: Payload<'_>,
) -> Result<Authenticated, Failure> {
    let refused = |error: &SigError| refusal(service, error);
    let Some(presented) = presented else {
        if service.anonymous == Anonymous::Refused {
            return Err(refused(&SigError::MissingToken));
        }
        let account: Account = platform.settings.account.clone();
        return Ok(Authenticated { caller: Caller::anonymous(account), verified: None });
    };
    presented.check_service(&[service.model.signing_name]).map_err(|e| refused(&e))?;
    let token = presented.session_token.as_ref().map(|token| token.expose().as_str());
    let identity = &platform.ports()?.identity;
    let credentials = identity.credentials(&presented.access_key_id, token).await?.map_err(|unaccepted| {
        refused(&match unaccepted {
            Unaccepted::UnknownKey => SigError::UnknownKey { access_key_id: presented.access_key_id.clone() },
            Unaccepted::InvalidToken => SigError::InvalidToken,
            Unaccepted::ExpiredToken => SigError::ExpiredToken,
        })
    })?;
    let view = RequestView::of(parts);
    let secret = credentials.secret_access_key.expose();
    let verified = presented.verify(secret, &view, payload, service.signing, platform.clock.now());
    let verified = verified.map_err(|e| refused(&e))?;
    let caller = Caller { access_key_id: Some(presented.access_key_id.clone()), ..credentials.caller };
    Ok(Authenticated { caller, verified: Some(verified) })
}

/// A refused signature in the service's words.
pub(crate) fn refusal(service: &Service, error: &SigError) -> Failure {
    let facts = ErrorFacts::common(error.code(service.family), error.status(service.family));
    let s3 = service.family == Family::S3;
    let text = if s3 { error.s3_message() } else { error.to_string() };
    let failure = Failure::new(&facts, text);
    match error {
        SigError::Mismatch(mismatch) if s3 => failure
            .with("AWSAccessKeyId", mismatch.access_key_id.as_str())
            .with("StringToSign", mismatch.string_to_sign.as_str())
            .with("SignatureProvided", mismatch.signature_provided.as_str())
            .with("StringToSignBytes", spelled(&mismatch.string_to_sign))
            .with("CanonicalRequest", mismatch.canonical_request.as_str())
            .with("CanonicalRequestBytes", spelled(&mismatch.canonical_request)),
        SigError::UnknownKey { access_key_id } if s3 => failure.with("AWSAccessKeyId", access_key_id.as_str()),
        SigError::Skewed { request, server, max_skew_ms } if s3 => failure
            .with("RequestTime", request.amz_date())
            .with("ServerTime", whole_seconds(*server))
            .with("MaxAllowedSkewMilliseconds", *max_skew_ms),
        SigError::Expired { expires_at, expires_s, server } if s3 => {
            let failure = match expires_s {
                Some(seconds) => failure.with("X-Amz-Expires", *seconds),
                None => failure,
            };
            failure.with("Expires", whole_seconds(*expires_at)).with("ServerTime", whole_seconds(*server))
        }
        SigError::NotSigned { headers } if s3 => failure.with("HeadersNotSigned", headers.join(", ")),
        SigError::PayloadMismatch { declared, computed } if s3 => failure
            .with("ClientComputedContentSHA256", declared.as_str())
            .with("S3ComputedContentSHA256", computed.as_str()),
        _ => failure,
    }
}

/// A text's bytes in hexadecimal, as S3 shows them.
fn spelled(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn whole_seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ")
}
