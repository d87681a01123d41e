//! Snapshots: point reads where they are asked for, long pages on the blocking pool.

use std::sync::Arc;

use base::Timestamp;
use bytes::Bytes;
use fjall::{Guard, Readable};
use futures::{FutureExt, future::BoxFuture};
use kv::{
    Abort, Direction, Due, Error, Key, Limit, LogId, LogRange, Page, PageBuilder, Range, Record, Records, Result,
    Snapshot, TimerId, Version,
};

use crate::{
    encode,
    engine::{Moment, Shared},
};

/// Pages of up to this many rows are read without leaving the thread: some microseconds from the cache.
const INLINE_ROWS_MAX: usize = 32;

/// A moment of the store.
#[derive(Clone)]
pub(crate) struct View {
    shared: Arc<Shared>,
    moment: Arc<Moment>,
}

impl View {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), moment: shared.published() }
    }

    fn read(&self, key: &Key) -> Result<Option<Bytes>> {
        if key.is_empty() {
            return Ok(None);
        }
        Ok(self.moment.snapshot.get(&self.shared.files.rows, key).map_err(failed)?.map(Bytes::from))
    }

    async fn run<T: Send + 'static>(
        &self,
        limit: Limit,
        read: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if limit.rows <= INLINE_ROWS_MAX {
            return read(self);
        }
        let view = self.clone();
        let reading = tokio::task::spawn_blocking(move || read(&view));
        reading.await.unwrap_or(Err(Error::Abort(Abort::Unavailable)))
    }

    fn read_range(&self, range: &Range, limit: Limit) -> Result<Page> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let found =
            self.moment.snapshot.range::<Key, _>(&self.shared.files.rows, (range.start.clone(), range.end.clone()));
        let row = |key: Bytes, value: Bytes| {
            let bytes = key.len() + value.len();
            Ok(((Key::new(key), value), bytes))
        };
        let (rows, more) = match range.direction {
            Direction::Forward => fill(found, limit, row)?,
            Direction::Reverse => fill(found.rev(), limit, row)?,
        };
        Ok(Page { rows, more })
    }

    fn read_records(&self, log: &LogId, range: LogRange, limit: Limit) -> Result<Records> {
        let head = self.moment.snapshot.get(&self.shared.files.heads, log).map_err(failed)?;
        let Some(head) = head.map(|head| encode::Head::decode(&head)).transpose()? else {
            return Ok(Records::default());
        };
        let first = range.after.get().max(head.floor).saturating_add(1);
        let end = range.before.get().min(head.last.saturating_add(1));
        if end <= first {
            return Ok(Records::default());
        }
        let found =
            self.moment.snapshot.range(&self.shared.files.logs, encode::record(log, first)..encode::record(log, end));
        let record = |key: Bytes, body: Bytes| {
            let bytes = body.len();
            Ok((Record { position: encode::decode_record(&key)?, body }, bytes))
        };
        let (records, more) = match range.direction {
            Direction::Forward => fill(found, limit, record)?,
            Direction::Reverse => fill(found.rev(), limit, record)?,
        };
        Ok(Records { records, more })
    }

    fn read_due(&self, list: &LogId, now: Timestamp, limit: Limit) -> Result<Due> {
        let floor = self.shared.floors.get(list, self.moment.version);
        let range = encode::timers_from(list, floor);
        let mut timers: PageBuilder<(TimerId, Bytes)> = PageBuilder::new(limit);
        let (mut next, mut first) = (None, None);
        for guard in self.moment.snapshot.range::<Key, _>(&self.shared.files.timers, (range.start, range.end)) {
            let (key, body) = guard.into_inner().map_err(failed)?;
            let (id, body) = (encode::decode_timer(list, &Bytes::from(key))?, Bytes::from(body));
            first = first.or(Some(id.due));
            let (due, bytes) = (id.due, body.len());
            if now < due || !timers.push((id, body), bytes) {
                next = Some(due);
                break;
            }
        }
        self.shared.floors.raise(list, first.unwrap_or(Timestamp::from_ms(i64::MAX)), self.moment.version);
        Ok(Due { timers: timers.items(), next })
    }
}

impl Snapshot for View {
    fn version(&self) -> Version {
        self.moment.version
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Bytes>>> {
        std::future::ready(self.read(key)).boxed()
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        if keys.len() <= INLINE_ROWS_MAX {
            return std::future::ready(keys.iter().map(|key| self.read(key)).collect()).boxed();
        }
        let keys = keys.to_vec();
        self.run(Limit::rows(keys.len()), move |view| keys.iter().map(|key| view.read(key)).collect()).boxed()
    }

    fn range<'a>(&'a self, range: &'a Range, limit: Limit) -> BoxFuture<'a, Result<Page>> {
        let range = range.clone();
        self.run(limit, move |view| view.read_range(&range, limit)).boxed()
    }

    fn read_log<'a>(&'a self, log: &'a LogId, range: LogRange, limit: Limit) -> BoxFuture<'a, Result<Records>> {
        let log = log.clone();
        self.run(limit, move |view| view.read_records(&log, range, limit)).boxed()
    }

    fn timer<'a>(&'a self, id: &'a TimerId) -> BoxFuture<'a, Result<Option<Bytes>>> {
        let found = self.moment.snapshot.get(&self.shared.files.timers, encode::timer(id)).map_err(failed);
        std::future::ready(found.map(|body| body.map(Bytes::from))).boxed()
    }

    fn due<'a>(&'a self, list: &'a LogId, now: Timestamp, limit: Limit) -> BoxFuture<'a, Result<Due>> {
        let list = list.clone();
        self.run(limit, move |view| view.read_due(&list, now, limit)).boxed()
    }
}

/// Items until the page is full, and whether there were more.
fn fill<T>(
    rows: impl Iterator<Item = Guard>,
    limit: Limit,
    item: impl Fn(Bytes, Bytes) -> Result<(T, usize)>,
) -> Result<(Vec<T>, bool)> {
    let mut page = PageBuilder::new(limit);
    for guard in rows {
        let (key, value) = guard.into_inner().map_err(failed)?;
        let (item, bytes) = item(key.into(), value.into())?;
        if !page.push(item, bytes) {
            return Ok((page.items(), true));
        }
    }
    Ok((page.items(), false))
}

/// What a reader is told of fjall's trouble; the cause goes to the log.
pub(crate) fn failed(error: fjall::Error) -> Error {
    tracing::error!(%error, "reading from the store failed");
    match error {
        fjall::Error::Io(_) | fjall::Error::Poisoned | fjall::Error::KeyspaceDeleted => {
            Error::Abort(Abort::Unavailable)
        }
        damage => Error::Damaged(damage.to_string()),
    }
}
