//! The blob seam: byte streams that are written once, read in ranges and deleted. Names and digests are the caller's.

mod hold;
mod id;
#[cfg(feature = "suite")]
pub mod suite;

use std::{io, ops::Range, sync::Arc};

use base::Timestamp;
use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};

pub use hold::{Hold, Holds};
pub use id::{BlobId, BlobIdError};

/// The size of the chunks that a read yields (the last one is shorter): large enough that the hand-over between
/// threads costs little, small enough that a thousand readers need little.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// The most blobs that one page of a listing holds.
pub const LIST_MAX: usize = 1_000;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A store of blobs, shared.
pub type Store = Arc<dyn Blobs>;

/// Why a blob could not be written or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no blob {0}")]
    NotFound(BlobId),
    /// The disk is filled up to the reserve.
    #[error("the data directory's filesystem is full")]
    Full,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A blob that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: BlobId,
    pub bytes: u64,
}

/// A blob as a sweeper sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: BlobId,
    pub bytes: u64,
    /// When it was finished; a sweeper leaves young ones alone, as their record may not be committed yet.
    pub stored_at: Timestamp,
}

/// A store of byte streams.
pub trait Blobs: Send + Sync + 'static {
    /// Starts a blob. Nothing of it is there until it is finished.
    fn write(&self) -> Box<dyn Upload>;

    /// The bytes of a range in chunks of [`CHUNK_BYTES`].
    ///
    /// Ends with an error of kind NotFound where there is no such blob, UnexpectedEof where it is shorter.
    fn read(&self, id: &BlobId, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>>;

    /// How long the blob is.
    fn len<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<u64>>;

    /// Removes the blob, while there is a hold at its end; readers that have begun go on. One that is not there is fine.
    fn delete<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<()>>;

    /// Keeps everything readable that is there, whatever is deleted meanwhile. A crash leaves the deleted ones to the
    /// sweeper.
    fn hold(&self) -> Hold;

    /// Blobs behind `after` in the order of their ids, at most `limit` and [`LIST_MAX`].
    fn list<'a>(&'a self, after: Option<&'a BlobId>, limit: usize) -> BoxFuture<'a, Result<Vec<Listed>>>;
}

/// A blob being written. Dropping it leaves nothing behind.
pub trait Upload: Send {
    /// Takes the next bytes; waits while the disk is behind. After an error the upload can only be dropped.
    fn push(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<()>>;

    /// Makes the blob durable and readable.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<Stored>>;
}
