//! What an operation answers with.

use blob::BlobId;
use std::ops::Range;
use wire::Structure;

/// An operation's answer.
pub struct Answer {
    pub output: Box<dyn Structure>,
    pub body: Outgoing,
}

/// A streamed response body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// None: the output is all there is.
    Nothing,
    /// A part of a stored blob, in bytes.
    Blob { id: BlobId, range: Range<u64> },
}
