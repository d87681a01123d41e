//! A streamed body goes to the blob store first; its digests are computed on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use http::HeaderMap;
use wire::ErrorFacts;

use crate::digest::{Beside, Digesting};
use crate::incoming::CHECKSUMS;
use crate::{BodyError, Cx, Failure, Incoming, Received};

/// A body sent in one request: S3's limit, who alone streams bodies in (docs: 5 GiB).
const STREAM_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// Stores a body. Nothing stays behind when this fails.
pub(crate) async fn receive(cx: &Cx, incoming: Incoming) -> Result<Received, Failure> {
    if incoming.length.is_some_and(|length| STREAM_BYTES_MAX < length) {
        return Err(BodyError::TooLarge.into());
    }
    let mut upload = cx.platform.blobs.write();
    let mut digesting = Beside::new(Digesting::new(&incoming.checksums));
    let mut incoming = incoming;
    let mut bytes: u64 = 0;
    while let Some(chunk) = incoming.stream.next().await {
        let chunk = chunk?;
        bytes += chunk.len() as u64;
        if STREAM_BYTES_MAX < bytes {
            return Err(BodyError::TooLarge.into());
        }
        digesting.push(chunk.clone()).await?;
        upload.push(chunk).await?;
    }
    if incoming.length.is_some_and(|length| length != bytes) {
        return Err(BodyError::Incomplete.into());
    }
    // Its last bytes are digested while the disk writes them.
    let (stored, digests) = futures::join!(upload.finish(), digesting.finish());
    Ok(Received { blob: stored?.id, bytes, digests: digests?, trailers: incoming.trailers() })
}

/// Checks a body that is not streamed against the digests that its headers claim (`Content-MD5`, `x-amz-checksum-*`).
pub(crate) fn check(body: &Bytes, headers: &HeaderMap) -> Result<(), Failure> {
    let claim = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    let is_claimed = |name: &&'static str| headers.contains_key(format!("x-amz-checksum-{name}"));
    let names: Vec<&'static str> = CHECKSUMS.into_iter().filter(is_claimed).collect();
    let md5 = claim("content-md5");
    if names.is_empty() && md5.is_none() {
        return Ok(());
    }
    let mut digesting = Digesting::new(&names);
    digesting.update(body);
    let digests = digesting.finish();
    if let Some(md5) = md5 {
        let claimed = STANDARD.decode(&md5).ok().filter(|bytes| bytes.len() == digests.md5.len());
        let claimed = claimed.ok_or_else(|| Failure::from(BodyError::InvalidMd5).with("Content-MD5", md5.as_str()))?;
        if claimed != digests.md5 {
            let failure = Failure::from(BodyError::WrongMd5).with("ExpectedDigest", md5);
            return Err(failure.with("CalculatedDigest", STANDARD.encode(digests.md5)));
        }
    }
    for (name, computed) in &digests.checksums {
        let claimed = STANDARD.decode(claim(&format!("x-amz-checksum-{name}")).unwrap_or_default()).ok();
        match claimed.filter(|claimed| claimed.len() == computed.len()) {
            None => return Err(BodyError::InvalidChecksum(name).into()),
            Some(claimed) if claimed != *computed => return Err(BodyError::WrongChecksum(name.to_uppercase()).into()),
            Some(_) => (),
        }
    }
    Ok(())
}

/// Only S3 streams bodies in: these are its codes.
impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        const fn facts(code: &'static str, status: u16) -> ErrorFacts {
            ErrorFacts::common(code, status)
        }
        let facts = match &error {
            BodyError::InvalidMd5 => facts("InvalidDigest", 400),
            BodyError::WrongMd5 | BodyError::WrongChecksum(_) => facts("BadDigest", 400),
            BodyError::InvalidChecksum(_) => facts("InvalidRequest", 400),
            BodyError::LengthMissing => facts("MissingContentLength", 411),
            BodyError::HashMismatch => facts("XAmzContentSHA256Mismatch", 400),
            BodyError::ChunkSignature => facts("SignatureDoesNotMatch", 403),
            BodyError::Incomplete => facts("IncompleteBody", 400),
            BodyError::TooLarge => facts("EntityTooLarge", 400),
            BodyError::Malformed(_) => facts("InvalidRequest", 400),
            BodyError::Broken => facts("RequestTimeout", 400),
        };
        Self::new(&facts, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_headers_claim_of_a_body_is_checked() {
        let code = |name: &'static str, value: &str| {
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())]);
            check(&Bytes::from_static(b"abc"), &headers).map_or_else(|failure| failure.facts.code, |()| "ok")
        };
        assert_eq!(code("content-type", "text/xml"), "ok");
        assert_eq!(code("content-md5", "kAFQmDzST7DWlj99KOF/cg=="), "ok");
        assert_eq!(code("content-md5", "rL0Y20zC+Fzt72VPzMSk2A=="), "BadDigest");
        assert_eq!(code("content-md5", ""), "InvalidDigest");
        assert_eq!(code("content-md5", "kAFQ"), "InvalidDigest");
        assert_eq!(code("x-amz-checksum-crc32", "NSRBwg=="), "ok");
        assert_eq!(code("x-amz-checksum-crc32", "NSRBww=="), "BadDigest");
        assert_eq!(code("x-amz-checksum-sha256", "NSRBww=="), "InvalidRequest");
        assert_eq!(code("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="), "BadDigest");
    }
}
