//! The digests of a body, computed on the way: of a large one beside its arrival and its way to disk.

use bytes::Bytes;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use tokio::task::JoinHandle;

use crate::{Digests, Failure};

/// Bytes that are handed to another thread at once: MD5 takes half a millisecond for them, the hand-over a few microseconds.
const BATCH_BYTES: usize = 256 * 1024;

/// Digests that are computed on the blocking pool, batch by batch: one batch gathers while one is computed. A body of less
/// than a batch stays on the thread it came to.
pub(crate) struct Beside {
    /// None while the pool has it.
    digesting: Option<Digesting>,
    computing: Option<JoinHandle<Digesting>>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
}

impl Beside {
    pub(crate) fn new(digesting: Digesting) -> Self {
        Self { digesting: Some(digesting), computing: None, gathered: Vec::new(), gathered_bytes: 0 }
    }

    /// Takes the next chunk; waits while two batches are under way.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.gathered_bytes += chunk.len();
        self.gathered.push(chunk);
        if self.gathered_bytes < BATCH_BYTES {
            return Ok(());
        }
        let mut digesting = self.settled().await?;
        let chunks = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        self.computing = Some(tokio::task::spawn_blocking(move || {
            chunks.iter().for_each(|chunk| digesting.update(chunk));
            digesting
        }));
        Ok(())
    }

    /// The digests of everything that was pushed.
    pub(crate) async fn finish(mut self) -> Result<Digests, Failure> {
        let mut digesting = self.settled().await?;
        self.gathered.iter().for_each(|chunk| digesting.update(chunk));
        Ok(digesting.finish())
    }

    async fn settled(&mut self) -> Result<Digesting, Failure> {
        if let Some(computing) = self.computing.take() {
            return computing.await.map_err(Failure::internal);
        }
        self.digesting.take().ok_or_else(|| Failure::defect("a body went on after its digests were cut off"))
    }
}

/// The digests of one body in the making.
pub(crate) struct Digesting {
    md5: Md5,
    crcs: Vec<(&'static str, crc_fast::Digest)>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
}

impl Digesting {
    pub(crate) fn new(names: &[&'static str]) -> Self {
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

    pub(crate) fn update(&mut self, chunk: &Bytes) {
        self.md5.update(chunk);
        self.crcs.iter_mut().for_each(|(_, crc)| crc.update(chunk));
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(chunk);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(chunk);
        }
    }

    pub(crate) fn finish(self) -> Digests {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn batches_make_the_same_digests_as_one_piece() {
        let body: Vec<u8> = (0..3 * BATCH_BYTES + 7).map(|n| n.to_le_bytes().iter().fold(0, |a, b| a ^ b)).collect();
        let names = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];
        let mut whole = Digesting::new(&names);
        whole.update(&Bytes::copy_from_slice(&body));
        let whole = whole.finish();
        for chunk_bytes in [1000, BATCH_BYTES - 1, BATCH_BYTES, 2 * BATCH_BYTES + 1] {
            let mut beside = Beside::new(Digesting::new(&names));
            for chunk in body.chunks(chunk_bytes) {
                beside.push(Bytes::copy_from_slice(chunk)).await.unwrap();
            }
            let digests = beside.finish().await.unwrap();
            assert_eq!((digests.md5, digests.checksums), (whole.md5, whole.checksums.clone()));
        }
    }
}
