//! What an error says beside its text: only S3's say anything.

use base::Timestamp;

use crate::error::{Family, SigError};

impl SigError {
    /// The text in a protocol family.
    pub fn text(&self, family: Family) -> String {
        match family {
            Family::S3 => self.s3_message(),
            Family::Json | Family::RestJson | Family::Query => self.to_string(),
        }
    }

    /// Further members of the error in a protocol family, as S3 names them.
    pub fn details(&self, family: Family) -> Vec<(&'static str, String)> {
        if family != Family::S3 {
            return Vec::new();
        }
        match self {
            Self::Mismatch(mismatch) => vec![
                ("AWSAccessKeyId", mismatch.access_key_id.clone()),
                ("StringToSign", mismatch.string_to_sign.clone()),
                ("SignatureProvided", mismatch.signature_provided.clone()),
                ("StringToSignBytes", spelled(&mismatch.string_to_sign)),
                ("CanonicalRequest", mismatch.canonical_request.clone()),
                ("CanonicalRequestBytes", spelled(&mismatch.canonical_request)),
            ],
            Self::UnknownKey { access_key_id } => vec![("AWSAccessKeyId", access_key_id.clone())],
            Self::Skewed { request, server, max_skew_ms } => vec![
                ("RequestTime", request.amz_date()),
                ("ServerTime", whole_seconds(*server)),
                ("MaxAllowedSkewMilliseconds", max_skew_ms.to_string()),
            ],
            Self::Expired { expires_at, expires_s, server } => {
                let mut details: Vec<_> = expires_s.iter().map(|s| ("X-Amz-Expires", s.to_string())).collect();
                details.push(("Expires", whole_seconds(*expires_at)));
                details.push(("ServerTime", whole_seconds(*server)));
                details
            }
            Self::NotSigned { headers } => vec![("HeadersNotSigned", headers.join(", "))],
            Self::PayloadMismatch { declared, computed } => {
                vec![("ClientComputedContentSHA256", declared.clone()), ("S3ComputedContentSHA256", computed.clone())]
            }
            _ => Vec::new(),
        }
    }
}

/// A text's bytes in hexadecimal, as S3 shows them.
fn spelled(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn whole_seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ")
}
