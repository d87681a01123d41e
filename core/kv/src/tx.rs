//! A transaction: buffers writes, tracks reads, reads its own writes. Dropping it rolls back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use base::Timestamp;
use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    Abort, Commit, Committed, Due, Engine, Error, KEY_BYTES_MAX, Key, LOG_ID_BYTES_MAX, Limit, LogId, LogRange, Page,
    PageBuilder, Position, Range, Reads, Records, Result, Snapshot, Timer, TimerId, VALUE_BYTES_MAX, Watch,
};

/// How long a snapshot may be read from: an engine keeps old versions for as long.
pub const SNAPSHOT_AGE_MAX: Duration = Duration::from_secs(5);

/// The most bytes that one transaction writes: what a batch of a hundred DynamoDB items of 400 KiB needs, and room.
pub const COMMIT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a transaction has done so far, for the trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows asked for or found.
    pub reads: usize,
    /// Rows written or deleted, records appended, timers set or removed.
    pub writes: usize,
}

/// A serialisable transaction. Not committing it rolls it back.
pub struct Tx {
    engine: Arc<dyn Engine>,
    snapshot: Box<dyn Snapshot>,
    begun: Instant,
    keys: BTreeSet<Key>,
    ranges: Vec<Range>,
    timer_reads: BTreeSet<TimerId>,
    writes: BTreeMap<Key, Option<Bytes>>,
    appends: Vec<(LogId, Bytes)>,
    trims: BTreeMap<LogId, Position>,
    timers: BTreeMap<TimerId, Option<Bytes>>,
    reads_count: usize,
}

impl Tx {
    pub(crate) async fn begin(engine: Arc<dyn Engine>) -> Result<Self> {
        let snapshot = engine.snapshot().await?;
        Ok(Self {
            engine,
            snapshot,
            begun: Instant::now(),
            keys: BTreeSet::new(),
            ranges: Vec::new(),
            timer_reads: BTreeSet::new(),
            writes: BTreeMap::new(),
            appends: Vec::new(),
            trims: BTreeMap::new(),
            timers: BTreeMap::new(),
            reads_count: 0,
        })
    }

    /// The row's value; if another transaction changes it before this one commits, that is a conflict.
    pub async fn get(&mut self, key: &Key) -> Result<Option<Bytes>> {
        if !self.writes.contains_key(key) && !self.keys.contains(key) {
            self.keys.insert(key.clone());
        }
        self.peek(key).await
    }

    /// The row's value as of the snapshot (or as written here); never a conflict.
    pub async fn peek(&mut self, key: &Key) -> Result<Option<Bytes>> {
        self.reads_count += 1;
        if let Some(own) = self.writes.get(key) {
            return Ok(own.clone());
        }
        check_size("a key", key.len(), KEY_BYTES_MAX)?;
        self.check_age(key)?;
        self.snapshot.get(key).await
    }

    /// As many `get`s, answered in order.
    pub async fn get_many(&mut self, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        self.check_age(first)?;
        self.reads_count += keys.len();
        let wanted: Vec<Key> = keys.iter().filter(|key| !self.writes.contains_key(key)).cloned().collect();
        for key in &wanted {
            check_size("a key", key.len(), KEY_BYTES_MAX)?;
        }
        self.keys.extend(wanted.iter().cloned());
        let mut found = self.snapshot.get_many(&wanted).await?.into_iter();
        let answer = |key| match self.writes.get(key) {
            Some(own) => own.clone(),
            None => found.next().flatten(),
        };
        Ok(keys.iter().map(answer).collect())
    }

    /// A page of rows, with this transaction's own writes in it.
    ///
    /// Tracked, any row that another transaction puts into, changes in or deletes from the part that was read (up to
    /// the last row of a page with more behind it) is a conflict.
    pub async fn range(&mut self, range: Range, limit: Limit, watch: Watch) -> Result<Page> {
        if range.is_empty() || limit.rows == 0 {
            return Ok(Page { rows: Vec::new(), more: false });
        }
        self.check_age(&some_key(&range))?;
        let page = self.merged(range.clone(), limit).await?;
        self.reads_count += page.rows.len();
        if watch == Watch::Tracked {
            self.ranges.push(match page.last() {
                Some(last) if page.more => range.until(last),
                _ => range,
            });
        }
        Ok(page)
    }

    async fn merged(&self, mut rest: Range, limit: Limit) -> Result<Page> {
        if self.writes.range::<Key, _>(rest.bounds()).next().is_none() {
            return self.snapshot.range(&rest, limit).await;
        }
        let mut page = PageBuilder::new(limit);
        loop {
            let stored = self.snapshot.range(&rest, page.rest()).await?;
            let last = stored.last().cloned();
            let seen = match &last {
                Some(last) if stored.more => rest.clone().until(last),
                _ => rest.clone(),
            };
            for (key, value) in self.overlay(&seen, stored.rows) {
                let bytes = key.len() + value.len();
                if !page.push((key, value), bytes) {
                    return Ok(Page { rows: page.items(), more: true });
                }
            }
            match last {
                Some(last) if stored.more => rest = rest.after(&last),
                _ => return Ok(Page { rows: page.items(), more: false }),
            }
        }
    }

    /// The stored rows of a span with this transaction's writes laid over them, in the span's direction.
    fn overlay(&self, span: &Range, stored: Vec<(Key, Bytes)>) -> Vec<(Key, Bytes)> {
        if span.is_empty() || self.writes.range::<Key, _>(span.bounds()).next().is_none() {
            return stored;
        }
        let mut rows: BTreeMap<Key, Option<Bytes>> =
            stored.into_iter().map(|(key, value)| (key, Some(value))).collect();
        rows.extend(self.writes.range::<Key, _>(span.bounds()).map(|(key, value)| (key.clone(), value.clone())));
        let live = rows.into_iter().filter_map(|(key, value)| Some((key, value?)));
        match span.direction {
            crate::Direction::Forward => live.collect(),
            crate::Direction::Reverse => live.rev().collect(),
        }
    }

    pub fn put(&mut self, key: Key, value: impl Into<Bytes>) {
        self.writes.insert(key, Some(value.into()));
    }

    pub fn delete(&mut self, key: Key) {
        self.writes.insert(key, None);
    }

    /// Adds a record to a log. Its position is given at commit; this transaction does not read it.
    pub fn append(&mut self, log: LogId, record: impl Into<Bytes>) {
        self.appends.push((log, record.into()));
    }

    /// Forgets a log's records up to and including the position ([`Position::END`]: all that were there before this
    /// transaction). Positions go on from where they were.
    pub fn trim(&mut self, log: LogId, up_to: Position) {
        let to = self.trims.entry(log).or_default();
        *to = up_to.max(*to);
    }

    /// Sets a timer; its id is what `take` wants.
    pub fn at(&mut self, due: Timestamp, timer: Timer) -> TimerId {
        let id = TimerId { list: timer.list, due, name: timer.name };
        self.timers.insert(id.clone(), Some(timer.body));
        id
    }

    /// Removes a timer and says what it carried; None if it is not set (any more). Of two transactions that take it
    /// one gets it, the other conflicts.
    pub async fn take(&mut self, id: &TimerId) -> Result<Option<Bytes>> {
        if let Some(own) = self.timers.get(id) {
            let own = own.clone();
            self.timers.insert(id.clone(), None);
            return Ok(own);
        }
        self.check_age(&Key::new(id.name.clone()))?;
        self.timer_reads.insert(id.clone());
        let found = self.snapshot.timer(id).await?;
        if found.is_some() {
            self.timers.insert(id.clone(), None);
        }
        Ok(found)
    }

    /// Records of a log as of the snapshot; never a conflict.
    pub async fn read_log(&mut self, log: &LogId, range: LogRange, limit: Limit) -> Result<Records> {
        self.check_age(&Key::from(log.as_bytes()))?;
        check_size("a log's name", log.as_bytes().len(), LOG_ID_BYTES_MAX)?;
        let records = self.snapshot.read_log(log, range, limit).await?;
        self.reads_count += records.records.len();
        Ok(records)
    }

    /// The timers of a list due by `now` as of the snapshot; `take` each to be the one who fires it.
    pub async fn due(&mut self, list: &LogId, now: Timestamp, limit: Limit) -> Result<Due> {
        self.check_age(&Key::from(list.as_bytes()))?;
        check_size("a timer list's name", list.as_bytes().len(), LOG_ID_BYTES_MAX)?;
        self.snapshot.due(list, now, limit).await
    }

    /// What has been read and written so far.
    pub fn counts(&self) -> Counts {
        let writes = self.writes.len() + self.appends.len() + self.trims.len() + self.timers.len();
        Counts { reads: self.reads_count, writes }
    }

    /// Does all of it, durably, or none. Without writes there is nothing to do: the snapshot was the transaction.
    pub async fn commit(self) -> Result<Committed> {
        let Self { engine, snapshot, keys, ranges, timer_reads, writes, appends, trims, timers, .. } = self;
        let version = snapshot.version();
        drop(snapshot);
        let reads = Reads { keys: keys.into_iter().collect(), ranges, timers: timer_reads.into_iter().collect() };
        let commit = Commit {
            snapshot: version,
            reads,
            writes: writes.into_iter().collect(),
            appends,
            trims: trims.into_iter().collect(),
            timers: timers.into_iter().collect(),
        };
        if commit.is_read_only() {
            return Ok(Committed { version, positions: Vec::new() });
        }
        check_commit(&commit)?;
        Ok(engine.commit(commit).await?)
    }

    fn check_age(&self, key: &Key) -> Result<()> {
        if SNAPSHOT_AGE_MAX < self.begun.elapsed() {
            return Err(Abort::Conflict(key.clone()).into());
        }
        Ok(())
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

fn some_key(range: &Range) -> Key {
    match (&range.start, &range.end) {
        (std::ops::Bound::Included(key) | std::ops::Bound::Excluded(key), _) => key.clone(),
        (_, std::ops::Bound::Included(key) | std::ops::Bound::Excluded(key)) => key.clone(),
        _ => Key::from_static(b""),
    }
}

fn check_size(what: &'static str, bytes: usize, max: usize) -> Result<()> {
    if 0 < bytes && bytes <= max { Ok(()) } else { Err(Error::Size { what, bytes, max }) }
}

fn check_commit(commit: &Commit) -> Result<()> {
    let mut total = 0;
    for (key, value) in &commit.writes {
        let bytes = value.as_ref().map_or(0, Bytes::len);
        check_size("a key", key.len(), KEY_BYTES_MAX)?;
        check_most("a value", bytes, VALUE_BYTES_MAX)?;
        total += key.len() + bytes;
    }
    for (log, record) in &commit.appends {
        check_size("a log's name", log.as_bytes().len(), LOG_ID_BYTES_MAX)?;
        check_most("a record", record.len(), VALUE_BYTES_MAX)?;
        total += log.as_bytes().len() + record.len();
    }
    for (log, _) in &commit.trims {
        check_size("a log's name", log.as_bytes().len(), LOG_ID_BYTES_MAX)?;
    }
    for (timer, body) in &commit.timers {
        let bytes = body.as_ref().map_or(0, Bytes::len);
        check_size("a timer list's name", timer.list.as_bytes().len(), LOG_ID_BYTES_MAX)?;
        check_most("a timer's name", timer.name.len(), LOG_ID_BYTES_MAX)?;
        check_most("a timer", bytes, VALUE_BYTES_MAX)?;
        total += timer.name.len() + bytes;
    }
    check_most("a transaction", total, COMMIT_BYTES_MAX)
}

fn check_most(what: &'static str, bytes: usize, max: usize) -> Result<()> {
    if bytes <= max { Ok(()) } else { Err(Error::Size { what, bytes, max }) }
}
