//! What a transaction asks of an engine, and the engine's answer.

use bytes::Bytes;

use crate::{Key, LogId, Position, Range, TimerId};

/// Counts an engine's commits: a snapshot of version V holds all commits up to V. Means nothing after a restart.
pub type Version = u64;

/// Everything one transaction wants done, at once or not at all.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// The version of the snapshot that the reads came from.
    pub snapshot: Version,
    /// What must not have changed since the snapshot.
    pub reads: Reads,
    /// Rows in key order, each key once; None deletes.
    pub writes: Vec<(Key, Option<Bytes>)>,
    /// Records in the order they were appended.
    pub appends: Vec<(LogId, Bytes)>,
    /// Logs to forget up to and including a position.
    pub trims: Vec<(LogId, Position)>,
    /// Timers in order, each once: set with a body, or removed with None.
    pub timers: Vec<(TimerId, Option<Bytes>)>,
}

/// The tracked reads of a transaction.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    pub keys: Vec<Key>,
    pub ranges: Vec<Range>,
    pub timers: Vec<TimerId>,
}

impl Reads {
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.ranges.is_empty() && self.timers.is_empty()
    }
}

impl Commit {
    /// Whether there is nothing to write.
    pub fn is_read_only(&self) -> bool {
        self.writes.is_empty() && self.appends.is_empty() && self.trims.is_empty() && self.timers.is_empty()
    }
}

/// A transaction that is on disk and visible to every later snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The version it became.
    pub version: Version,
    /// The positions given to the appended records, in their order.
    pub positions: Vec<Position>,
}

/// Why a transaction did not happen (or, for Unknown, may or may not have happened).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Abort {
    /// Another transaction changed what this one had read; run it again.
    #[error("conflict on {0}")]
    Conflict(Key),
    /// The outcome is not known; never run it again without an idempotency record.
    #[error("the outcome of the commit is not known")]
    Unknown,
    /// The disk is filled up to the reserve; reads go on.
    #[error("the data directory's filesystem is full")]
    Full,
    /// The engine takes no more work until it is restarted or reconnected.
    #[error("the store is not available")]
    Unavailable,
}
