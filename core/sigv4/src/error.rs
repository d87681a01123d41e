//! Why a request's authentication was refused, in neutral kinds with the facts that each protocol renders.

use std::fmt;

use base::Timestamp;

/// Why authentication failed. `Display` is the text of the services in general; see `s3_message` for S3's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigError {
    /// The request is anonymous where that is not allowed.
    #[error("Missing Authentication Token")]
    MissingToken,
    /// The Authorization header lacks parts. `authorization` is the header's SHA-256 in base64.
    #[error("{} (Hashed with SHA-256 and encoded with Base64) Authorization={authorization}", Listed(missing))]
    Incomplete { missing: Vec<Missing>, authorization: String },
    /// A part is there but cannot be read.
    #[error("{general}")]
    Malformed { place: Place, general: String, s3: String },
    /// The request's time cannot be read.
    #[error("Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    BadDate { date: String },
    /// No such access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey { access_key_id: String },
    /// The session token does not belong to the key, or is missing or forged.
    #[error("The security token included in the request is invalid.")]
    InvalidToken,
    /// The session has ended.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The signature is another one than the secret makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch(Box<Mismatch>),
    /// Headers that must be signed are not.
    #[error("{}", unsigned_text(headers))]
    NotSigned { headers: Vec<String> },
    /// The credential scope is not that of the request.
    #[error("{fault}")]
    Scope { place: Place, fault: ScopeFault },
    /// The request's time is too far from ours.
    #[error("{}", skew_text(*request, *server, *max_skew_ms))]
    Skewed { request: Timestamp, server: Timestamp, max_skew_ms: i64 },
    /// A presigned URL has run out. `expires_s` is what the URL said.
    #[error("Signature expired: {} is now earlier than {}", .expires_at.amz_date(), .server.amz_date())]
    Expired { expires_at: Timestamp, expires_s: Option<u32>, server: Timestamp },
    /// A presigned URL of the future.
    #[error("Signature not yet current: {} is still later than {}", .from.amz_date(), .server.amz_date())]
    NotYetValid { from: Timestamp, server: Timestamp },
    /// An authorization of another kind: a Bearer token, Version 2 in a header, asymmetric signatures.
    #[error("Unsupported authorization type: {mechanism}")]
    Unsupported { mechanism: String },
    /// Header and query both authenticate.
    #[error("Only one authentication mechanism is allowed")]
    SeveralMechanisms,
    /// `x-amz-content-sha256` is missing where the service needs it.
    #[error("Missing required header for this request: x-amz-content-sha256")]
    MissingPayloadHash,
    /// `x-amz-content-sha256` is neither a hash nor a known word.
    #[error(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
             STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value."
    )]
    BadPayloadHash { value: String },
    /// The body hashes to something else than the header says: S3 tells, others only see another signature.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    PayloadMismatch { declared: String, computed: String },
}

/// Where the authentication stands in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Header,
    Query,
}

/// What an Authorization header lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Credential,
    Signature,
    SignedHeaders,
    Date,
}

/// Both sides of a comparison that failed, as S3 shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    pub access_key_id: String,
    pub signature_provided: String,
    pub string_to_sign: String,
    /// Empty for Version 2, which has none.
    pub canonical_request: String,
}

/// Which part of the credential scope is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeFault {
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '{scope}' != '{day}', from '{moment}'."
    )]
    Date { scope: String, day: String, moment: String },
    #[error("Credential should be scoped to a valid region, not '{got}'. ")]
    Region { got: String, expected: String },
    #[error("Credential should be scoped to correct service: '{expected}'. ")]
    Service { got: String, expected: String },
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{got}'.")]
    Terminator { got: String },
}

/// The protocol families that the table in the crate's documentation distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    S3,
    Json,
    RestJson,
    Query,
}

impl SigError {
    /// The AWS error code in a protocol family.
    pub fn code(&self, family: Family) -> &'static str {
        let [s3, json, query] = self.codes();
        match family {
            Family::S3 => s3,
            Family::Json | Family::RestJson => json,
            Family::Query => query,
        }
    }

    /// The HTTP status in a protocol family.
    pub fn status(&self, family: Family) -> u16 {
        let incomplete = matches!(self.code(Family::Query), "IncompleteSignature");
        match family {
            Family::S3 if matches!(self.code(family), "AccessDenied" | "InvalidAccessKeyId") => 403,
            Family::S3 if matches!(self.code(family), "SignatureDoesNotMatch" | "RequestTimeTooSkewed") => 403,
            Family::S3 | Family::Json => 400,
            Family::Query if incomplete => 400,
            Family::RestJson | Family::Query => 403,
        }
    }

    /// The codes of S3, JSON and query.
    fn codes(&self) -> [&'static str; 3] {
        const HEADER: &str = "AuthorizationHeaderMalformed";
        const QUERY: &str = "AuthorizationQueryParametersError";
        const INCOMPLETE: (&str, &str) = ("IncompleteSignatureException", "IncompleteSignature");
        const INVALID: (&str, &str) = ("InvalidSignatureException", "SignatureDoesNotMatch");
        const UNKNOWN: (&str, &str) = ("UnrecognizedClientException", "InvalidClientTokenId");
        let (s3, (json, query)) = match self {
            Self::MissingToken => {
                ("AccessDenied", ("MissingAuthenticationTokenException", "MissingAuthenticationToken"))
            }
            Self::Incomplete { missing, .. } if lacks_only_date(missing) => ("AccessDenied", INCOMPLETE),
            Self::BadDate { .. } => ("AccessDenied", INCOMPLETE),
            Self::Incomplete { missing, .. } if is_foreign(missing) => ("InvalidArgument", INCOMPLETE),
            Self::Incomplete { .. } | Self::Malformed { place: Place::Header, .. } => (HEADER, INCOMPLETE),
            Self::Malformed { place: Place::Query, .. } => (QUERY, INCOMPLETE),
            Self::UnknownKey { .. } => ("InvalidAccessKeyId", UNKNOWN),
            Self::InvalidToken => ("InvalidToken", UNKNOWN),
            Self::ExpiredToken => ("ExpiredToken", ("ExpiredTokenException", "ExpiredToken")),
            Self::Mismatch(_) => ("SignatureDoesNotMatch", INVALID),
            Self::NotSigned { .. } | Self::Expired { .. } | Self::NotYetValid { .. } => ("AccessDenied", INVALID),
            Self::Scope { place: Place::Header, .. } => (HEADER, INVALID),
            Self::Scope { place: Place::Query, .. } => (QUERY, INVALID),
            Self::Skewed { .. } => ("RequestTimeTooSkewed", INVALID),
            Self::Unsupported { .. } | Self::MissingPayloadHash => ("InvalidRequest", INCOMPLETE),
            Self::SeveralMechanisms | Self::BadPayloadHash { .. } => ("InvalidArgument", INCOMPLETE),
            Self::PayloadMismatch { .. } => ("XAmzContentSHA256Mismatch", INVALID),
        };
        [s3, json, query]
    }

    /// S3's words for it.
    pub fn s3_message(&self) -> String {
        match self {
            Self::MissingToken => "Access Denied".into(),
            Self::Incomplete { missing, .. } if is_foreign(missing) => "Unsupported Authorization Type".into(),
            Self::BadDate { .. } => "AWS authentication requires a valid Date or x-amz-date header".into(),
            Self::Incomplete { missing, .. } if lacks_only_date(missing) => {
                "AWS authentication requires a valid Date or x-amz-date header".into()
            }
            Self::Incomplete { missing, .. } => {
                let lacks = missing.first().map_or("Credential", |m| m.name());
                format!("The authorization header is malformed; the authorization header requires the {lacks} component.")
            }
            Self::Malformed { s3, .. } => s3.clone(),
            Self::UnknownKey { .. } => "The AWS Access Key Id you provided does not exist in our records.".into(),
            Self::InvalidToken => "The provided token is malformed or otherwise invalid.".into(),
            Self::ExpiredToken => "The provided token has expired.".into(),
            Self::Mismatch(_) => "The request signature we calculated does not match the signature you provided. \
                                  Check your key and signing method."
                .into(),
            Self::NotSigned { .. } => "There were headers present in the request which were not signed".into(),
            Self::Scope { place, fault } => fault.s3_message(*place),
            Self::Skewed { .. } => "The difference between the request time and the current time is too large.".into(),
            Self::Expired { .. } => "Request has expired".into(),
            Self::NotYetValid { .. } => "Request is not yet valid".into(),
            Self::Unsupported { .. } => {
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.".into()
            }
            Self::SeveralMechanisms => "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
                                        Signature query string parameter or the Authorization header should be specified"
                .into(),
            Self::PayloadMismatch { .. } => {
                "The provided 'x-amz-content-sha256' header does not match what was computed.".into()
            }
            Self::MissingPayloadHash | Self::BadPayloadHash { .. } => self.to_string(),
        }
    }
}

impl ScopeFault {
    fn s3_message(&self, place: Place) -> String {
        let what = match self {
            Self::Date { scope, moment, .. } => {
                format!("Invalid credential date \"{scope}\". This date is not the same as X-Amz-Date: \"{moment}\".")
            }
            Self::Region { got, expected } => format!("the region '{got}' is wrong; expecting '{expected}'"),
            Self::Service { got, expected } => {
                format!("incorrect service \"{got}\". This endpoint belongs to \"{expected}\".")
            }
            Self::Terminator { got } => {
                format!("incorrect terminal \"{got}\". This endpoint uses \"aws4_request\".")
            }
        };
        format!("{}; {what}", place.s3_opening())
    }
}

impl Place {
    pub(crate) fn s3_opening(self) -> &'static str {
        match self {
            Self::Header => "The authorization header is malformed",
            Self::Query => "Error parsing the X-Amz-Credential parameter",
        }
    }
}

impl Missing {
    fn name(self) -> &'static str {
        match self {
            Self::Credential => "Credential",
            Self::Signature => "Signature",
            Self::SignedHeaders => "SignedHeaders",
            Self::Date => "Date",
        }
    }
}

fn lacks_only_date(missing: &[Missing]) -> bool {
    missing == [Missing::Date]
}

/// Without any part of ours it is another scheme, such as Bearer.
fn is_foreign(missing: &[Missing]) -> bool {
    missing.starts_with(&[Missing::Credential, Missing::Signature, Missing::SignedHeaders])
}

struct Listed<'a>(&'a [Missing]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, missing) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " " })?;
            match missing {
                Missing::Date => {
                    f.write_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")?
                }
                named => write!(f, "Authorization header requires '{}' parameter.", named.name())?,
            }
        }
        Ok(())
    }
}

fn unsigned_text(headers: &[String]) -> String {
    match headers {
        [host, ..] if host == "host" => {
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()
        }
        others => format!("'{}' must be a 'SignedHeader' in the AWS Authorization.", others.join("', '")),
    }
}

fn skew_text(request: Timestamp, server: Timestamp, max_skew_ms: i64) -> String {
    let (at, now, minutes) = (request.amz_date(), server.amz_date(), max_skew_ms / 60_000);
    if request < server {
        let bound = server.plus_ms(-max_skew_ms).amz_date();
        format!("Signature expired: {at} is now earlier than {bound} ({now} - {minutes} min.)")
    } else {
        let bound = server.plus_ms(max_skew_ms).amz_date();
        format!("Signature not yet current: {at} is still later than {bound} ({now} + {minutes} min.)")
    }
}
