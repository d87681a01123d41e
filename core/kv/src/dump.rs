//! Dumps: everything that a store holds at one moment, for a backup.

use bytes::Bytes;
use futures::stream::BoxStream;

use crate::{Key, LogId, Position, Result, TimerId};

/// Items in lots of some hundred KiB. Rows come in the order of their keys; a log comes before its records.
pub type Dump = BoxStream<'static, Result<Vec<Item>>>;

/// A part of a store's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Row(Key, Bytes),
    /// A log: the last position that it gave, so that none is given twice, and the last one that is trimmed.
    Log {
        log: LogId,
        last: Position,
        floor: Position,
    },
    /// A record that has not been trimmed.
    Record(LogId, Position, Bytes),
    Timer(TimerId, Bytes),
}

impl Item {
    /// About how much memory it takes, for filling lots.
    pub fn bytes(&self) -> usize {
        const ROOM: usize = 64;
        ROOM + match self {
            Self::Row(key, value) => key.len() + value.len(),
            Self::Log { log, .. } => log.as_bytes().len(),
            Self::Record(log, _, body) => log.as_bytes().len() + body.len(),
            Self::Timer(id, body) => id.list.as_bytes().len() + id.name.len() + body.len(),
        }
    }
}
