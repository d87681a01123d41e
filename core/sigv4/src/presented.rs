//! What authentication a request carries, before anyone has looked for the key.

use base::{Secret, Timestamp};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::encode;
use crate::error::{Missing, Place, ScopeFault, SigError};
use crate::view::RequestView;

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// S3 lets a presigned URL live for seven days (docs).
pub(crate) const EXPIRES_S_MAX: u32 = 604_800;

/// The authentication of a request: parsed, not verified.
#[derive(Debug, Clone)]
pub struct Presented {
    pub access_key_id: String,
    pub session_token: Option<Secret<String>>,
    pub(crate) signature: String,
    pub(crate) form: Form,
}

#[derive(Debug, Clone)]
pub(crate) enum Form {
    V4(V4),
    V2 { expires_at: Timestamp },
}

#[derive(Debug, Clone)]
pub(crate) struct V4 {
    pub place: Place,
    pub scope: CredentialScope,
    pub signed_headers: Vec<String>,
    pub at: Timestamp,
    /// Seconds that a presigned URL lives; absent in a header.
    pub expires_s: Option<u32>,
}

/// What a Version 4 signature is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialScope {
    /// `yyyyMMdd`.
    pub date: String,
    pub region: String,
    pub service: String,
}

/// How the body is covered by the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadMode {
    /// The body must hash to this (SHA-256, lower-case hex).
    Signed(String),
    /// The body is not covered.
    Unsigned,
    /// aws-chunked without signatures, with trailers.
    UnsignedTrailer,
    /// aws-chunked, each chunk signed.
    SignedChunks,
    /// aws-chunked, each chunk and the trailers signed.
    SignedChunksTrailer,
}

impl PayloadMode {
    /// Reads `x-amz-content-sha256`.
    pub fn parse(text: &str) -> Result<Self, SigError> {
        let hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match text {
            "UNSIGNED-PAYLOAD" => Ok(Self::Unsigned),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Self::UnsignedTrailer),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Ok(Self::SignedChunks),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Ok(Self::SignedChunksTrailer),
            hex if hash => Ok(Self::Signed(hex.to_ascii_lowercase())),
            other => Err(SigError::BadPayloadHash { value: other.into() }),
        }
    }

    /// As `x-amz-content-sha256` says it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Signed(hash) => hash,
            Self::Unsigned => "UNSIGNED-PAYLOAD",
            Self::UnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            Self::SignedChunks => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::SignedChunksTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        }
    }
}

impl Presented {
    /// Finds the authentication of a request; `None` is an anonymous one.
    ///
    /// A request that authenticates twice, or in a way that is not ours, is an error.
    pub fn from_request(view: &RequestView<'_>) -> Result<Option<Self>, SigError> {
        let v4 = query(view, "X-Amz-Algorithm").is_some()
            || query(view, "X-Amz-Signature").is_some() && query(view, "X-Amz-Credential").is_some();
        let v2 = query(view, "AWSAccessKeyId").is_some() && query(view, "Signature").is_some();
        let header =
            view.headers.get("authorization").filter(|v| !v.is_empty()).map(|v| String::from_utf8_lossy(v.as_bytes()));
        match (header, v4, v2) {
            (None, false, false) => Ok(None),
            (Some(header), false, false) => from_header(view, &header).map(Some),
            (None, true, false) => from_query(view).map(Some),
            (None, false, true) => from_v2(view).map(Some),
            _ => Err(SigError::SeveralMechanisms),
        }
    }

    /// The credential scope; Version 2 has none.
    pub fn scope(&self) -> Option<&CredentialScope> {
        match &self.form {
            Form::V4(v4) => Some(&v4.scope),
            Form::V2 { .. } => None,
        }
    }

    /// The names of the signed headers, in lower case and as given; empty for Version 2.
    pub fn signed_headers(&self) -> &[String] {
        match &self.form {
            Form::V4(v4) => &v4.signed_headers,
            Form::V2 { .. } => &[],
        }
    }

    /// Whether the authentication is in the query.
    pub fn is_presigned(&self) -> bool {
        !matches!(&self.form, Form::V4(V4 { place: Place::Header, .. }))
    }

    /// When it was signed; Version 2 does not say.
    pub fn signed_at(&self) -> Option<Timestamp> {
        match &self.form {
            Form::V4(v4) => Some(v4.at),
            Form::V2 { .. } => None,
        }
    }

    /// Checks that the scope names one of these signing names.
    pub fn check_service(&self, services: &[&str]) -> Result<(), SigError> {
        match &self.form {
            Form::V4(v4) if !services.contains(&v4.scope.service.as_str()) => {
                let expected = services.first().copied().unwrap_or_default().into();
                Err(SigError::Scope {
                    place: v4.place,
                    fault: ScopeFault::Service { got: v4.scope.service.clone(), expected },
                })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the scope names this region.
    pub fn check_region(&self, region: &str) -> Result<(), SigError> {
        match &self.form {
            Form::V4(v4) if v4.scope.region != region => Err(SigError::Scope {
                place: v4.place,
                fault: ScopeFault::Region { got: v4.scope.region.clone(), expected: region.into() },
            }),
            _ => Ok(()),
        }
    }
}

/// A query parameter, decoded. The first one counts.
pub(crate) fn query(view: &RequestView<'_>, name: &str) -> Option<String> {
    view.raw_pairs().find(|(key, _)| encode::query_text(key) == name).map(|(_, value)| encode::query_text(value))
}

fn from_header(view: &RequestView<'_>, header: &str) -> Result<Presented, SigError> {
    let (algorithm, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if algorithm == "AWS" || algorithm.starts_with("AWS4-") && algorithm != ALGORITHM {
        return Err(SigError::Unsupported { mechanism: algorithm.into() });
    }
    let rest = if algorithm == ALGORITHM { rest } else { "" };
    let part = |name: &str| {
        let named = rest.split(',').filter_map(|p| p.trim().split_once('='));
        named.filter(|(key, _)| *key == name).map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    };
    let date = view.header("x-amz-date").or_else(|| view.header("date"));
    match (part("Credential"), part("Signature"), part("SignedHeaders"), date) {
        (Some(credential), Some(signature), Some(signed), Some(date)) => {
            let at = Timestamp::parse_amz_date(date)
                .or_else(|_| Timestamp::parse_http_date(date))
                .or_else(|_| Timestamp::parse_iso8601(date))
                .map_err(|_| SigError::BadDate { date: date.into() })?;
            let token = view.header("x-amz-security-token").map(|t| Secret::new(t.to_string()));
            v4(Place::Header, credential, signature, signed, at, None, token)
        }
        (credential, signature, signed, date) => {
            let found = [
                (credential.is_none(), Missing::Credential),
                (signature.is_none(), Missing::Signature),
                (signed.is_none(), Missing::SignedHeaders),
                (date.is_none(), Missing::Date),
            ];
            let missing = found.into_iter().filter(|(gone, _)| *gone).map(|(_, what)| what).collect();
            let authorization = BASE64_STANDARD.encode(Sha256::digest(header.as_bytes()));
            Err(SigError::Incomplete { missing, authorization })
        }
    }
}

fn from_query(view: &RequestView<'_>) -> Result<Presented, SigError> {
    let algorithm = query(view, "X-Amz-Algorithm").unwrap_or_default();
    if !algorithm.is_empty() && algorithm != ALGORITHM {
        return Err(malformed_query("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\""));
    }
    let part = |name: &str| query(view, name).filter(|value| !value.is_empty());
    let (Some(credential), Some(signature), Some(signed), Some(date), Some(expires), false) = (
        part("X-Amz-Credential"),
        part("X-Amz-Signature"),
        part("X-Amz-SignedHeaders"),
        part("X-Amz-Date"),
        part("X-Amz-Expires"),
        algorithm.is_empty(),
    ) else {
        return Err(malformed_query(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ));
    };
    let at = Timestamp::parse_amz_date(&date)
        .map_err(|_| malformed_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""))?;
    let expires_s = match expires.parse::<i64>() {
        Err(_) => return Err(malformed_query("X-Amz-Expires should be a number")),
        Ok(n) if n < 0 => return Err(malformed_query("X-Amz-Expires must be non-negative")),
        Ok(n) => u32::try_from(n).ok().filter(|n| *n <= EXPIRES_S_MAX).ok_or_else(|| {
            malformed_query(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                 than 604800 seconds",
            )
        })?,
    };
    let token = part("X-Amz-Security-Token").map(Secret::new);
    v4(Place::Query, &credential, &signature, &signed, at, Some(expires_s), token)
}

fn from_v2(view: &RequestView<'_>) -> Result<Presented, SigError> {
    let missing =
        || malformed_query("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
    let expires = query(view, "Expires").ok_or_else(missing)?;
    let seconds: i64 = expires
        .parse()
        .map_err(|_| malformed_query(&format!("Invalid date (should be seconds since epoch): {expires}")))?;
    Ok(Presented {
        access_key_id: query(view, "AWSAccessKeyId").ok_or_else(missing)?,
        session_token: query(view, "x-amz-security-token").map(Secret::new),
        // A client that forgot to encode a plus of the base64 means a plus: no signature has a space.
        signature: query(view, "Signature").ok_or_else(missing)?.replace(' ', "+"),
        form: Form::V2 { expires_at: Timestamp::default().plus_seconds(seconds) },
    })
}

fn v4(
    place: Place,
    credential: &str,
    signature: &str,
    signed: &str,
    at: Timestamp,
    expires_s: Option<u32>,
    session_token: Option<Secret<String>>,
) -> Result<Presented, SigError> {
    // Only the key id may contain slashes, so the scope is read from the right.
    let mut parts = credential.rsplitn(5, '/');
    let (Some(terminator), Some(service), Some(region), Some(date), Some(key)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad_credential(place, credential));
    };
    if key.is_empty() || region.is_empty() || service.is_empty() {
        return Err(bad_credential(place, credential));
    }
    if terminator != "aws4_request" {
        return Err(SigError::Scope { place, fault: ScopeFault::Terminator { got: terminator.into() } });
    }
    let (moment, scope) = (at.amz_date(), date.to_string());
    let day = moment.get(..8).unwrap_or_default().to_string();
    if day != date {
        return Err(SigError::Scope { place, fault: ScopeFault::Date { scope, day, moment } });
    }
    let signed_headers = signed.split(';').map(|name| name.trim().to_ascii_lowercase()).collect();
    let scope = CredentialScope { date: scope, region: region.into(), service: service.into() };
    Ok(Presented {
        access_key_id: key.into(),
        session_token,
        signature: signature.into(),
        form: Form::V4(V4 { place, scope, signed_headers, at, expires_s }),
    })
}

fn bad_credential(place: Place, credential: &str) -> SigError {
    let general = format!(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
    );
    let s3 = format!(
        "{}; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        place.s3_opening()
    );
    SigError::Malformed { place, general, s3 }
}

fn malformed_query(text: &str) -> SigError {
    SigError::Malformed { place: Place::Query, general: text.into(), s3: text.into() }
}
