//! Authentication: whose request it is.

use base::Account;
use http::HeaderMap;
use http::request::Parts;
use service::ports::Unaccepted;
use service::{Anonymous, Auth, Caller, Credentials, Failure, Platform, Service};
use sigv4::{Payload, PayloadMode, Presented, RequestView, SigError, Verified};
use wire::ErrorFacts;

/// An authenticated request: the caller, and what its signature says of the body.
pub(crate) struct Authenticated {
    pub caller: Caller,
    /// `None` for an anonymous request.
    pub verified: Option<Verified>,
    /// What would have been refused, had it not been let through.
    pub wrong: Option<String>,
}

/// Verifies what was presented, with what the host says of the path. The payload is buffered where the operation does not stream it.
pub(crate) async fn authenticate(
    platform: &Platform,
    service: &Service,
    (parts, named): (&Parts, Option<&str>),
    presented: &Result<Option<Presented>, SigError>,
    payload: Payload<'_>,
) -> Result<Authenticated, Failure> {
    let auth = platform.settings.auth;
    let strange = auth != Auth::Enforce && is_of_a_strange_page(&parts.headers);
    let presented = match presented {
        Ok(Some(presented)) => presented,
        Ok(None) if strange => return Err(refusal(service, &SigError::MissingToken)),
        Err(error) if strange => return Err(refusal(service, error)),
        Ok(None) if service.anonymous == Anonymous::Judged && auth != Auth::Off => {
            let account: Account = platform.settings.account.clone();
            // In audit mode a body may be framed whoever sends it.
            let verified = (auth == Auth::Audit).then(|| unverified(&parts.headers));
            return Ok(Authenticated { caller: Caller::anonymous(account), verified, wrong: None });
        }
        Ok(None) => return unknown(platform, service, parts, None, &SigError::MissingToken),
        Err(error) => return unknown(platform, service, parts, None, error),
    };
    let checked = check(platform, service, (parts, named), presented, payload).await?;
    let (caller, verified, wrong) = match checked {
        Ok((caller, verified)) => {
            if let Some(scope) = presented.scope() {
                platform.ports()?.identity.used(&presented.access_key_id, &scope.service, &scope.region);
            }
            (caller, verified, None)
        }
        Err((_, error)) if strange => return Err(refusal(service, &error)),
        Err((Some(caller), _)) if auth == Auth::Off => (caller, unverified(&parts.headers), None),
        Err((known, error)) => {
            let account = known.map(|caller| caller.account).or_else(|| Account::parse(&presented.access_key_id));
            let found = unknown(platform, service, parts, account, &error)?;
            (found.caller, unverified(&parts.headers), found.wrong)
        }
    };
    // Of long-lived keys no function works with any.
    let because_of = presented.session_token.as_ref().and_then(|_| platform.traces.running(&presented.access_key_id));
    let access_key_id = Some(presented.access_key_id.clone());
    Ok(Authenticated { caller: Caller { access_key_id, because_of, ..caller }, verified: Some(verified), wrong })
}

/// The caller and what the signature says of the body; or what is wrong, and whose key it is where that is known.
async fn check(
    platform: &Platform,
    service: &Service,
    (parts, named): (&Parts, Option<&str>),
    presented: &Presented,
    payload: Payload<'_>,
) -> Result<Result<(Caller, Verified), (Option<Caller>, SigError)>, Failure> {
    let token = presented.session_token.as_ref().map(|token| token.expose().as_str());
    let of_service = presented.check_service(&[service.model.signing_name]);
    if let (Err(error), Auth::Enforce) = (&of_service, platform.settings.auth) {
        return Ok(Err((None, error.clone())));
    }
    let credentials = platform.ports()?.identity.credentials(&presented.access_key_id, token).await?;
    let Credentials { secret_access_key, caller } = match credentials {
        Ok(credentials) => credentials,
        Err(unaccepted) => return Ok(Err((None, refused(unaccepted, presented)))),
    };
    let view = RequestView::of(parts);
    let view = named.map_or(view, |bucket| view.with_virtual_bucket(bucket));
    let (secret, now) = (secret_access_key.expose(), platform.clock.now());
    let verified = of_service.and_then(|()| presented.verify(secret, &view, payload, service.signing, now));
    Ok(verified.map_err(|error| (Some(caller.clone()), error)).map(|verified| (caller, verified)))
}

fn refused(unaccepted: Unaccepted, presented: &Presented) -> SigError {
    match unaccepted {
        Unaccepted::UnknownKey => SigError::UnknownKey { access_key_id: presented.access_key_id.clone() },
        Unaccepted::InvalidToken => SigError::InvalidToken,
        Unaccepted::ExpiredToken => SigError::ExpiredToken,
    }
}

/// A request that nobody can vouch for: refused, or taken as the root user's of the account. A key id of 12 digits says
/// which account that is, and then nothing is wrong.
fn unknown(
    platform: &Platform,
    service: &Service,
    parts: &Parts,
    account: Option<Account>,
    error: &SigError,
) -> Result<Authenticated, Failure> {
    let names_account = account.is_some() && matches!(error, SigError::UnknownKey { .. });
    let wrong = match platform.settings.auth {
        Auth::Enforce => return Err(refusal(service, error)),
        Auth::Audit if !names_account => Some(error.text(service.family)),
        Auth::Audit | Auth::Off => None,
    };
    let account = account.unwrap_or_else(|| platform.settings.account.clone());
    Ok(Authenticated { caller: Caller::root(account), verified: Some(unverified(&parts.headers)), wrong })
}

/// Whether a browser sends it for a page of another machine. Such a page reaches this one's loopback too, and who lets
/// everybody in does not mean those.
fn is_of_a_strange_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match text("origin") {
        Some(origin) => !is_here(origin),
        None => text("sec-fetch-site") == Some("cross-site"),
    }
}

/// Whether an origin (`http://localhost:3000`) is of this machine's loopback.
fn is_here(origin: &str) -> bool {
    let uri: Option<http::Uri> = origin.parse().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    let is_named = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    is_named || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What the headers say of a body whose signature nobody checks.
fn unverified(headers: &HeaderMap) -> Verified {
    let framed = headers.get("x-amz-content-sha256").is_some_and(|value| value.as_bytes().starts_with(b"STREAMING-"));
    let payload = if framed { PayloadMode::UnsignedTrailer } else { PayloadMode::Unsigned };
    Verified { payload, chunks: None }
}

/// A refused signature in the service's words.
fn refusal(service: &Service, error: &SigError) -> Failure {
    let facts = ErrorFacts::common(error.code(service.family), error.status(service.family));
    let failure = Failure::new(&facts, error.text(service.family));
    error.details(service.family).into_iter().fold(failure, |failure, (name, value)| failure.with(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
        let headers: HeaderMap = headers.collect();
        assert_eq!(is_of_a_strange_page(&headers), expected, "{headers:?}");
    }

    #[test]
    fn pages_of_other_machines_are_told_from_those_of_this_one() {
        check(&[], false);
        check(&[("origin", "http://localhost:3000")], false);
        check(&[("origin", "http://app.localhost"), ("sec-fetch-site", "same-site")], false);
        check(&[("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "cross-site")], false);
        check(&[("origin", "http://[::1]:3000")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("origin", "https://example.com")], true);
        check(&[("origin", "http://localhost.example.com")], true);
        check(&[("origin", "null")], true);
        check(&[("sec-fetch-site", "cross-site")], true);
    }
}
