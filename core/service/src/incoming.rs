//! A streamed request body, and what is known of it once it is stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use blob::BlobId;
use bytes::Bytes;
use futures::stream::BoxStream;

/// Trailers that came behind a body, names in lower case.
pub type Trailers = Vec<(String, String)>;

/// A request body as it arrives: framing removed, signatures of chunks checked, the declared hash checked at its end.
pub struct Incoming {
    pub stream: BoxStream<'static, Result<Bytes, BodyError>>,
    /// Filled when the stream ends.
    pub trailers: Arc<Mutex<Trailers>>,
    /// The length that the request declared for the payload.
    pub length: Option<u64>,
    /// Lower-case names of the checksums to compute: `crc32`, `crc32c`, `crc64nvme`, `sha1`, `sha256`.
    pub checksums: Vec<&'static str>,
}

impl Incoming {
    pub fn empty() -> Self {
        let stream = Box::pin(futures::stream::empty());
        Self { stream, trailers: Arc::default(), length: Some(0), checksums: Vec::new() }
    }

    pub(crate) fn trailers(&self) -> Trailers {
        self.trailers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why a body could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    HashMismatch,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    )]
    ChunkSignature,
    #[error("You did not provide the number of bytes specified by the Content-Length HTTP header")]
    Incomplete,
    #[error("You must provide the Content-Length HTTP header.")]
    LengthMissing,
    #[error("Your proposed upload exceeds the maximum allowed size")]
    TooLarge,
    #[error("The Content-MD5 you specified was invalid.")]
    InvalidMd5,
    #[error("The Content-MD5 you specified did not match what we received.")]
    WrongMd5,
    #[error("Value for x-amz-checksum-{0} header is invalid.")]
    InvalidChecksum(&'static str),
    #[error("The {0} you specified did not match the calculated checksum.")]
    WrongChecksum(String),
    #[error("{0}")]
    Malformed(String),
    /// The connection broke.
    #[error("Your socket connection to the server was not read from or written to within the timeout period.")]
    Broken,
}

/// A body in the blob store, not yet referred to by any record. The dispatcher removes it when the operation fails.
#[derive(Debug, Clone)]
pub struct Received {
    pub blob: BlobId,
    pub bytes: u64,
    pub digests: Digests,
    pub trailers: Trailers,
}

/// Digests of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digests {
    pub md5: [u8; 16],
    /// By lower-case name, as many as were asked for.
    pub checksums: BTreeMap<&'static str, Vec<u8>>,
}

/// The checksums that S3 knows, as its headers name them.
pub(crate) const CHECKSUMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Which checksums a request's headers ask for: those it declares, in a header, a trailer or as its algorithm; else S3's
/// default, CRC64NVME.
pub fn checksums_wanted(headers: &http::HeaderMap) -> Vec<&'static str> {
    let texts = |name: &str| headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
    let trailers = texts("x-amz-trailer").to_lowercase();
    let algorithm = format!("{},{}", texts("x-amz-sdk-checksum-algorithm"), texts("x-amz-checksum-algorithm"));
    let named = |name: &&str| {
        let header = format!("x-amz-checksum-{name}");
        headers.contains_key(&header)
            || trailers.split(',').any(|trailer| trailer.trim() == header)
            || algorithm.split(',').any(|wanted| wanted.trim().eq_ignore_ascii_case(name))
    };
    let found: Vec<&'static str> = CHECKSUMS.into_iter().filter(named).collect();
    if found.is_empty() { vec!["crc64nvme"] } else { found }
}
