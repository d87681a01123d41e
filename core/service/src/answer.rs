//! What an operation answers with.

use std::fmt;
use std::io;
use std::ops::Range;

use blob::BlobId;
use bytes::Bytes;
use futures::stream::BoxStream;
use wire::Structure;

use crate::Failure;

/// An operation's answer.
pub struct Answer {
    pub output: Box<dyn Structure>,
    pub body: Opened,
    /// What is streamed behind the output where it is a stream of events.
    pub events: Option<Events>,
}

/// Events, each the union of its operation's stream. An error is the last one: it ends the stream as an exception.
pub type Events = BoxStream<'static, Result<Box<dyn Structure>, Failure>>;

impl Answer {
    /// An output with nothing behind it.
    pub(crate) fn of(output: Box<dyn Structure>) -> Self {
        Self { output, body: Opened::Nothing, events: None }
    }
}

/// What an operation wants streamed behind its output.
pub enum Outgoing {
    /// None: the output is all there is.
    Nothing,
    /// A part of a stored blob, in bytes.
    Blob { id: BlobId, range: Range<u64> },
    /// What is made while it is sent, in place of the output. Nobody knows its length; its end must be seen in it.
    Made(BoxStream<'static, io::Result<Bytes>>),
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Blob { id, range } => write!(f, "Blob {id} {range:?}"),
            Self::Made(_) => f.write_str("Made"),
        }
    }
}

/// A streamed response body that has begun: it lasts, whatever becomes of its blob.
pub enum Opened {
    /// None: the output is all there is.
    Nothing,
    Stream {
        /// `None` where nobody knows before its end.
        bytes: Option<u64>,
        chunks: BoxStream<'static, io::Result<Bytes>>,
    },
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Stream { bytes, .. } => write!(f, "Stream of {bytes:?} bytes"),
        }
    }
}
