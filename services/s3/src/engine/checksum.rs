//! Checksums of bodies: what a client claims against what was computed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use service::{Digests, Received};

use crate::errors::Error;

const HEADER_PREFIX: &str = "x-amz-checksum-";
const MD5_BYTES: usize = 16;

/// The algorithms that we compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

/// The checksum of a whole object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub algorithm: Algorithm,
    /// In base64, as the wire has it.
    pub value: String,
}

/// What a request says of its body's checksum.
#[derive(Debug, Default)]
pub(crate) struct Claims<'a> {
    /// `x-amz-sdk-checksum-algorithm`
    pub algorithm: Option<&'a str>,
    pub crc32: Option<&'a str>,
    pub crc32c: Option<&'a str>,
    pub crc64nvme: Option<&'a str>,
    pub sha1: Option<&'a str>,
    pub sha256: Option<&'a str>,
}

/// A checksum spread over the members that outputs have for it.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub crc32: Option<String>,
    pub crc32c: Option<String>,
    pub crc64nvme: Option<String>,
    pub sha1: Option<String>,
    pub sha256: Option<String>,
    pub kind: Option<String>,
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    /// As members name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn header(self) -> String {
        format!("{HEADER_PREFIX}{}", self.name().to_lowercase())
    }

    fn computed(self, digests: &Digests) -> Option<&Vec<u8>> {
        digests.checksums.iter().find(|(name, _)| name.eq_ignore_ascii_case(self.name())).map(|(_, value)| value)
    }
}

impl Claims<'_> {
    /// Checks the claim against the body. Who claims nothing gets the CRC64NVME that S3 computes itself (docs).
    pub(crate) fn check(&self, received: &Received) -> Result<Checksum, Error> {
        let Some((algorithm, claimed)) = self.claim(received)? else {
            if self.algorithm.is_some() {
                return Err(Error::InvalidRequest(
                    "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
                     headers were found."
                        .into(),
                ));
            }
            // Without it a trailer was announced, and never came.
            let computed = Algorithm::Crc64nvme.computed(&received.digests).ok_or(Error::MalformedTrailer)?;
            return Ok(Checksum { algorithm: Algorithm::Crc64nvme, value: STANDARD.encode(computed) });
        };
        if self.algorithm.is_some_and(|named| !named.eq_ignore_ascii_case(algorithm.name())) {
            return Err(Error::InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.".into()));
        }
        let value = STANDARD.decode(&claimed).ok().filter(|value| value.len() == algorithm.bytes());
        let invalid = || Error::InvalidRequest(format!("Value for {} header is invalid.", algorithm.header()));
        let value = value.ok_or_else(invalid)?;
        if algorithm.computed(&received.digests) != Some(&value) {
            let name = algorithm.name();
            return Err(Error::BadDigest(format!("The {name} you specified did not match the calculated checksum.")));
        }
        Ok(Checksum { algorithm, value: claimed })
    }

    /// The one checksum claimed, by header or trailer.
    fn claim(&self, received: &Received) -> Result<Option<(Algorithm, String)>, Error> {
        let by_header = [self.crc32, self.crc32c, self.crc64nvme, self.sha1, self.sha256];
        let headers = Algorithm::ALL.into_iter().zip(by_header);
        let mut claims: Vec<(Algorithm, String)> =
            headers.filter_map(|(algorithm, value)| Some((algorithm, value?.trim().to_owned()))).collect();
        for (name, value) in received.trailers.iter().filter(|(name, _)| name.starts_with(HEADER_PREFIX)) {
            let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.header() == *name);
            let unsupported =
                || Error::InvalidRequest("The value specified in the x-amz-trailer header is not supported".into());
            claims.push((algorithm.ok_or_else(unsupported)?, value.trim().to_owned()));
        }
        if claims.len() > 1 {
            return Err(Error::InvalidRequest(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.".into(),
            ));
        }
        Ok(claims.pop())
    }
}

/// Checks a `Content-MD5` header against the body.
pub(crate) fn check_md5(header: Option<&str>, digests: &Digests) -> Result<(), Error> {
    let Some(header) = header else { return Ok(()) };
    let claimed = STANDARD.decode(header.trim()).ok().filter(|value| value.len() == MD5_BYTES);
    let claimed = claimed.ok_or_else(|| Error::InvalidDigest.with("Content-MD5", header))?;
    if claimed != digests.md5 {
        let text = "The Content-MD5 you specified did not match what we received.";
        let error = Error::BadDigest(text.into()).with("ExpectedDigest", header);
        return Err(error.with("CalculatedDigest", STANDARD.encode(digests.md5)));
    }
    Ok(())
}

impl Members {
    pub(crate) fn of(checksum: &Checksum) -> Self {
        let value = |algorithm| (checksum.algorithm == algorithm).then(|| checksum.value.clone());
        Self {
            crc32: value(Algorithm::Crc32),
            crc32c: value(Algorithm::Crc32c),
            crc64nvme: value(Algorithm::Crc64nvme),
            sha1: value(Algorithm::Sha1),
            sha256: value(Algorithm::Sha256),
            kind: Some("FULL_OBJECT".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(trailers: &[(&str, &str)]) -> Received {
        let checksums = [("crc32", vec![0x35, 0x24, 0x41, 0xc2]), ("crc64nvme", vec![1; 8])].into();
        Received {
            blob: blob::BlobId::parse(&"a".repeat(26)).unwrap(),
            bytes: 3,
            digests: Digests { md5: [0; 16], checksums },
            trailers: trailers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn check(claims: &Claims<'_>, trailers: &[(&str, &str)], expected: &str) {
        let shown = match claims.check(&received(trailers)) {
            Ok(checksum) => format!("{} {}", checksum.algorithm.name(), checksum.value),
            Err(error) => service::Failure::from(error).facts.code.to_owned(),
        };
        assert_eq!(shown, expected, "{claims:?} {trailers:?}");
    }

    #[test]
    fn trailers_claim_as_headers_do() {
        let none = Claims::default();
        let named = Claims { algorithm: Some("CRC32"), ..Claims::default() };
        let header = Claims { crc32: Some("NSRBwg=="), ..Claims::default() };
        check(&none, &[], "CRC64NVME AQEBAQEBAQE=");
        check(&none, &[("x-amz-checksum-crc32", "NSRBwg==")], "CRC32 NSRBwg==");
        check(&named, &[("x-amz-checksum-crc32", "NSRBwg==")], "CRC32 NSRBwg==");
        check(&named, &[("x-amz-trailer-signature", "00")], "InvalidRequest");
        check(&none, &[("x-amz-checksum-crc32", "NSRBww==")], "BadDigest");
        check(&none, &[("x-amz-checksum-crc32", "?")], "InvalidRequest");
        check(&none, &[("x-amz-checksum-sha512", "AA==")], "InvalidRequest");
        check(&none, &[("x-amz-checksum-crc64nvme", "AQEBAQEBAQE=")], "CRC64NVME AQEBAQEBAQE=");
        check(&header, &[("x-amz-checksum-crc32", "NSRBwg==")], "InvalidRequest");
    }
}
