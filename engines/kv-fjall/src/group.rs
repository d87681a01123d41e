//! A group of transactions on its way into one write batch.

use std::collections::HashMap;

use bytes::Bytes;
use fjall::OwnedWriteBatch;
use kv::{Commit, Key, LogId, Position, TimerId};

use crate::{
    encode::{self, Head},
    engine::Shared,
};

/// Records that lie together: trimmed ones leave the disk by this many, or all at once when the log is empty.
const SEGMENT_RECORDS: u64 = 256;

/// What the transactions of a group write. A later one replaces what an earlier one wrote: a batch has one version, so
/// no key may be in it twice.
#[derive(Default)]
pub(crate) struct Group {
    rows: HashMap<Key, Option<Bytes>>,
    timers: HashMap<TimerId, Option<Bytes>>,
    records: HashMap<(LogId, u64), Option<Bytes>>,
    pub heads: HashMap<LogId, Head>,
    /// Logs that are to be purged (true) or have been.
    pub purges: HashMap<LogId, bool>,
}

impl Group {
    /// Takes over a validated transaction. Every log it names has its head in `heads`. Answers its positions.
    pub(crate) fn add(&mut self, commit: Commit) -> Vec<Position> {
        self.rows.extend(commit.writes);
        self.timers.extend(commit.timers);
        for (log, up_to) in commit.trims {
            self.trim(log, up_to);
        }
        commit.appends.into_iter().map(|(log, record)| self.append(log, record)).collect()
    }

    fn append(&mut self, log: LogId, record: Bytes) -> Position {
        let head = self.heads.entry(log.clone()).or_default();
        head.last += 1;
        let position = head.last;
        self.records.insert((log, position), Some(record));
        Position::new(position)
    }

    fn trim(&mut self, log: LogId, up_to: Position) {
        let head = self.heads.entry(log.clone()).or_default();
        head.floor = head.floor.max(up_to.get().min(head.last));
        if head.purged < head.purgeable() {
            self.purges.insert(log, true);
        }
    }

    /// Deletes up to `records` trimmed records; answers whether there are none left.
    pub(crate) fn purge(&mut self, log: &LogId, records: u64) -> bool {
        let head = self.heads.entry(log.clone()).or_default();
        let from = head.purged + 1;
        let to = head.purgeable().min(head.purged.saturating_add(records));
        head.purged = head.purged.max(to);
        let done = head.purgeable() <= head.purged;
        for position in from..=to {
            self.records.insert((log.clone(), position), None);
        }
        self.purges.insert(log.clone(), !done);
        done
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.timers.is_empty()
            && self.records.is_empty()
            && self.heads.is_empty()
            && self.purges.is_empty()
    }

    /// Moves everything but the heads into a batch.
    pub(crate) fn fill(&mut self, batch: &mut OwnedWriteBatch, shared: &Shared) {
        let files = &shared.files;
        let mut write = |keyspace, key: Bytes, value: Option<Bytes>| match value {
            Some(value) => batch.insert(keyspace, key, value),
            None => batch.remove(keyspace, key),
        };
        for (key, value) in self.rows.drain() {
            write(&files.rows, key.into_bytes(), value);
        }
        for (timer, body) in self.timers.drain() {
            write(&files.timers, encode::timer(&timer), body);
        }
        for ((log, position), record) in self.records.drain() {
            write(&files.logs, encode::record(&log, position), record);
        }
        for (log, head) in &self.heads {
            write(&files.heads, Bytes::copy_from_slice(log.as_bytes()), Some(head.encode()));
        }
        for (log, wanted) in self.purges.drain() {
            write(&files.purges, Bytes::copy_from_slice(log.as_bytes()), wanted.then(Bytes::new));
        }
    }
}

impl Head {
    /// The last position that may leave the disk.
    fn purgeable(self) -> u64 {
        if self.floor == self.last { self.floor } else { self.floor - self.floor % SEGMENT_RECORDS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trimmed_records_leave_by_segments() {
        let log = LogId::from_static("l");
        let mut group = Group::default();
        let appends = vec![(log.clone(), Bytes::new()); 600];
        assert_eq!(group.add(Commit { appends, ..Commit::default() }).len(), 600);
        let mut trim = |up_to| {
            group.add(Commit { trims: vec![(log.clone(), up_to)], ..Commit::default() });
            group.heads[&log].purgeable()
        };
        assert_eq!(trim(Position::new(255)), 0);
        assert_eq!(trim(Position::new(300)), 256);
        assert_eq!(trim(Position::new(10)), 256);
        assert_eq!(trim(Position::END), 600);
        assert!(!group.purge(&log, 500));
        assert!(group.purge(&log, 500));
        assert_eq!(group.heads[&log], Head { last: 600, floor: 600, purged: 600 });
        assert!(group.records.values().all(Option::is_none));
        assert_eq!(group.append(log, Bytes::new()), Position::new(601));
    }
}
