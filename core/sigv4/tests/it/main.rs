//! Signatures of others, verified; ours, compared with theirs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod aws_examples;
mod botocore;
mod chunks;
mod hostile;
mod refusals;
// One row per line: as a table it stays readable.
#[rustfmt::skip]
mod vectors;

use base::{Secret, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sigv4::{Credentials, Dialect, Payload, Presented, RequestView, SigError, Verified};

pub const DOC_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

pub fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let one =
        |(k, v): &(&str, &str)| (HeaderName::try_from(*k).unwrap(), HeaderValue::from_bytes(v.as_bytes()).unwrap());
    pairs.iter().map(one).collect()
}

pub fn at(amz_date: &str) -> Timestamp {
    Timestamp::parse_amz_date(amz_date).unwrap()
}

pub fn credentials(id: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials {
        access_key_id: id.into(),
        secret_access_key: Secret::new(secret.into()),
        session_token: token.map(|t| Secret::new(t.into())),
    }
}

/// A request that waits to be verified.
pub struct Case<'a> {
    pub secret: &'a str,
    pub method: &'a str,
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub payload: Payload<'a>,
    pub dialect: Dialect,
    pub now: &'a str,
}

impl Case<'_> {
    pub fn verify(&self) -> Result<(Presented, Verified), SigError> {
        let (method, headers) = (Method::try_from(self.method).unwrap(), headers(self.headers));
        let view = RequestView::new(&method, self.target, &headers);
        let presented = Presented::from_request(&view)?.ok_or(SigError::MissingToken)?;
        let verified = presented.verify(self.secret, &view, self.payload, self.dialect, at(self.now))?;
        Ok((presented, verified))
    }
}
