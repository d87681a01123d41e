//! A streamed body goes to the blob store first; its digests are computed on the way.

use bytes::Bytes;
use futures::StreamExt;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use wire::ErrorFacts;

use crate::{BodyError, Cx, Digests, Failure, Incoming, Received};

/// A body sent in one request: S3's limit, who alone streams bodies in (docs: 5 GiB).
const STREAM_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// Stores a body. Nothing stays behind when this fails.
pub(crate) async fn receive(cx: &Cx, incoming: Incoming) -> Result<Received, Failure> {
    if incoming.length.is_some_and(|length| STREAM_BYTES_MAX < length) {
        return Err(BodyError::TooLarge.into());
    }
    let mut upload = cx.platform.blobs.write();
    let mut digesting = Digesting::new(&incoming.checksums);
    let mut incoming = incoming;
    let mut bytes: u64 = 0;
    while let Some(chunk) = incoming.stream.next().await {
        let chunk = chunk?;
        bytes += chunk.len() as u64;
        if STREAM_BYTES_MAX < bytes {
            return Err(BodyError::TooLarge.into());
        }
        digesting.update(&chunk);
        upload.push(chunk).await?;
    }
    if incoming.length.is_some_and(|length| length != bytes) {
        return Err(BodyError::Incomplete.into());
    }
    let stored = upload.finish().await?;
    Ok(Received { blob: stored.id, bytes, digests: digesting.finish(), trailers: incoming.trailers() })
}

/// The digests of one body in the making.
struct Digesting {
    md5: Md5,
    crcs: Vec<(&'static str, crc_fast::Digest)>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
}

impl Digesting {
    fn new(names: &[&'static str]) -> Self {
        use crc_fast::CrcAlgorithm::{Crc32Iscsi, Crc32IsoHdlc, Crc64Nvme};
        let known = [("crc32", Crc32IsoHdlc), ("crc32c", Crc32Iscsi), ("crc64nvme", Crc64Nvme)];
        let wanted = known.into_iter().filter(|(name, _)| names.contains(name));
        Self {
            md5: Md5::new(),
            crcs: wanted.map(|(name, algorithm)| (name, crc_fast::Digest::new(algorithm))).collect(),
            sha1: names.contains(&"sha1").then(Sha1::new),
            sha256: names.contains(&"sha256").then(Sha256::new),
        }
    }

    fn update(&mut self, chunk: &Bytes) {
        self.md5.update(chunk);
        self.crcs.iter_mut().for_each(|(_, crc)| crc.update(chunk));
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(chunk);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(chunk);
        }
    }

    fn finish(self) -> Digests {
        let mut digests = Digests { md5: self.md5.finalize().into(), ..Digests::default() };
        for (name, crc) in self.crcs {
            let value = crc.finalize();
            let bytes =
                if name == "crc64nvme" { value.to_be_bytes().to_vec() } else { (value as u32).to_be_bytes().to_vec() };
            digests.checksums.insert(name, bytes);
        }
        if let Some(sha1) = self.sha1 {
            digests.checksums.insert("sha1", sha1.finalize().to_vec());
        }
        if let Some(sha256) = self.sha256 {
            digests.checksums.insert("sha256", sha256.finalize().to_vec());
        }
        digests
    }
}

/// Only S3 streams bodies in: these are its codes.
impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        const fn facts(code: &'static str, status: u16) -> ErrorFacts {
            ErrorFacts::common(code, status)
        }
        let facts = match &error {
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
