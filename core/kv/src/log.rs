//! Logs: records with positions, read by cursor, trimmed from the front.

use std::fmt;

use bytes::Bytes;

use crate::Direction;

/// The longest log name: a log group and stream of 512 bytes each with their scope, escaped.
pub const LOG_ID_BYTES_MAX: usize = 4 * 1024;

/// A log's name: any bytes. A log is there as soon as something is appended.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(Bytes);

impl LogId {
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    pub const fn from_static(name: &'static str) -> Self {
        Self(Bytes::from_static(name.as_bytes()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn fits(&self) -> bool {
        !self.0.is_empty() && self.0.len() <= LOG_ID_BYTES_MAX
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({})", self.0.escape_ascii())
    }
}

impl AsRef<[u8]> for LogId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Where a record stands in its log: growing, never given twice, not necessarily without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const START: Self = Self(0);
    /// After any record.
    pub const END: Self = Self(u64::MAX);

    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    pub const fn get(self) -> u64 {
        self.0
    }

    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// One record of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub position: Position,
    pub body: Bytes,
}

/// Records in the direction that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    pub records: Vec<Record>,
    /// Whether the log held more at that moment.
    pub more: bool,
}

impl Records {
    /// The cursor to continue from: the last record's position.
    pub fn last(&self) -> Option<Position> {
        self.records.last().map(|record| record.position)
    }
}

/// The part of a log to read: both ends exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRange {
    pub after: Position,
    pub before: Position,
    pub direction: Direction,
}

impl LogRange {
    /// Oldest first, all of it.
    pub const fn forward() -> Self {
        Self { after: Position::START, before: Position::END, direction: Direction::Forward }
    }

    /// Newest first, all of it.
    pub const fn reverse() -> Self {
        Self { after: Position::START, before: Position::END, direction: Direction::Reverse }
    }

    /// Only records behind that position.
    pub const fn after(self, after: Position) -> Self {
        Self { after, ..self }
    }

    /// Only records in front of that position.
    pub const fn before(self, before: Position) -> Self {
        Self { before, ..self }
    }
}
