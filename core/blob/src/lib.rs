//! The seam for byte streams: object bodies and code packages. A body is there whole or not at all.

use std::fmt;
use std::io;
use std::ops::Range;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

pub type Result<T> = std::result::Result<T, Error>;

/// Bytes in one chunk of a read.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// The name of a stored body: letters and digits, made by the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

impl BlobId {
    /// Parses what `as_str` gave; `None` for anything that could not be a name.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        valid.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A body that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: BlobId,
    pub bytes: u64,
}

/// Why a body could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no blob {0}")]
    NotFound(BlobId),
    /// No room: the reserve of free space is kept.
    #[error("the blob store is out of space")]
    Full,
    #[error("the blob store failed: {0}")]
    Io(#[from] io::Error),
}

/// Keeps bodies. Used as `Arc<dyn Blobs>`.
pub trait Blobs: Send + Sync {
    /// Begins a body.
    fn write(&self) -> BoxFuture<'_, Result<Box<dyn Upload>>>;
    /// A part of a body, in chunks of at most `CHUNK_BYTES`. The range is cut to the body's length.
    fn read<'a>(&'a self, id: &'a BlobId, range: Range<u64>) -> BoxFuture<'a, Result<BoxStream<'static, io::Result<Bytes>>>>;
    /// The body's length in bytes.
    fn len<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<u64>>;
    /// Removes a body; one that is not there is fine.
    fn delete<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<()>>;
    /// Names behind `after`, in order, for a sweeper.
    fn list<'a>(&'a self, after: Option<&'a BlobId>, limit: usize) -> BoxFuture<'a, Result<Vec<BlobId>>>;
}

/// A body being written. Dropping it before `finish` leaves nothing.
pub trait Upload: Send {
    fn push(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<()>>;
    /// Durable when this returns.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<Stored>>;
}
