//! Timers: bodies that become due, in lists ordered by time.

use base::Timestamp;
use bytes::Bytes;

use crate::LogId;

/// A timer's identity. Setting one that is set replaces its body, so a repeated operation sets it once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId {
    /// Who waits for it: one list per worker.
    pub list: LogId,
    pub due: Timestamp,
    /// Tells apart timers of one list that are due at the same millisecond.
    pub name: Bytes,
}

/// What becomes due: the list it belongs to, its name there, and what the list's worker needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub list: LogId,
    pub name: Bytes,
    pub body: Bytes,
}

/// The timers of a list that are due, earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    pub timers: Vec<(TimerId, Bytes)>,
    /// When the first timer that is not in `timers` becomes (or became) due.
    pub next: Option<Timestamp>,
}
