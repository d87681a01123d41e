//! Reading: a file's frames, one by one, as far as they can be trusted.

use std::io::{self, Read};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::{FRAME_BYTES_MAX, Frame, MAGIC, frame::END};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file cannot be read as a backup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this is not a backup of Clearsky")]
    Foreign,
    #[error("this backup has the version {0}, this program knows version 1 only")]
    Version(String),
    #[error("the backup is cut off: it has no end")]
    Truncated,
    #[error("the backup is damaged: {0}")]
    Damaged(&'static str),
    #[error(transparent)]
    Io(io::Error),
}

/// A backup being read. Only after `frame` has answered None is it known to be whole and as it was written.
pub struct Reader<R> {
    file: Digesting<R>,
    is_over: bool,
}

struct Digesting<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Digesting<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.inner.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::Truncated,
            _ => Error::Io(error),
        })?;
        self.digest.update(bytes);
        Ok(())
    }
}

impl<R: Read> Reader<R> {
    /// Begins to read.
    pub fn open(file: R) -> Result<Self> {
        let mut file = Digesting { inner: file, digest: Sha256::new() };
        let mut magic = [0; MAGIC.len()];
        file.fill(&mut magic).map_err(|error| match error {
            Error::Truncated => Error::Foreign,
            error => error,
        })?;
        if magic == MAGIC {
            return Ok(Self { file, is_over: false });
        }
        let text = String::from_utf8_lossy(&magic);
        match text.strip_prefix("clearsky-backup ") {
            Some(version) => Err(Error::Version(version.split('\n').next().unwrap_or_default().to_owned())),
            None => Err(Error::Foreign),
        }
    }

    /// The next frame; None at the end, when the digest agrees.
    pub fn frame(&mut self) -> Result<Option<Frame>> {
        if self.is_over {
            return Ok(None);
        }
        let digest = self.file.digest.clone();
        let mut head = [0; 5];
        self.file.fill(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if FRAME_BYTES_MAX < length {
            return Err(Error::Damaged("a frame is too long"));
        }
        let mut contents = vec![0; length];
        self.file.fill(&mut contents)?;
        if kind != END {
            let frame = Frame::decode(kind, Bytes::from(contents));
            return frame.map(Some).ok_or(Error::Damaged("a frame cannot be read"));
        }
        if digest.finalize().as_slice() != contents {
            return Err(Error::Damaged("its digest does not agree"));
        }
        self.is_over = true;
        match self.file.inner.read(&mut [0]).map_err(Error::Io)? {
            0 => Ok(None),
            _ => Err(Error::Damaged("something follows its end")),
        }
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}
