//! Authentication: whose request it is.

use base::Account;
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
            .with("CanonicalRequest", mismatch.canonical_request.as_str()),
        SigError::UnknownKey { access_key_id } if s3 => failure.with("AWSAccessKeyId", access_key_id.as_str()),
        SigError::Skewed { request, server, max_skew_ms } if s3 => failure
            .with("RequestTime", request.amz_date())
            .with("ServerTime", server.iso8601())
            .with("MaxAllowedSkewMilliseconds", *max_skew_ms),
        _ => failure,
    }
}
