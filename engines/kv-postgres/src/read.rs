//! Snapshots: a read-only transaction each, on a connection of its own.

use std::{collections::HashMap, sync::Arc};

use base::Timestamp;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use kv::{
    Direction, Due, Key, Limit, LogId, LogRange, Page, PageBuilder, Position, Range, Record, Records, Result, Snapshot,
    TimerId, Version,
};
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use crate::{
    commit::number,
    pool::{self, Held, Lent, Pool},
    row,
};

/// Rows asked for at once: what is read past a page's bytes is little.
const FETCH_ROWS: usize = 256;

/// A moment of the store.
pub(crate) struct View {
    /// None only while it is dropped.
    lent: Option<Lent>,
    pool: Arc<Pool>,
    version: Version,
    _held: Held,
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl View {
    pub(crate) fn new(lent: Lent, pool: Arc<Pool>, version: Version) -> Self {
        let held = pool.hold();
        Self { lent: Some(lent), pool, version, _held: held }
    }

    async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let Some(lent) = &self.lent else { return Err(kv::Abort::Unavailable.into()) };
        lent.client.query_typed(statement, parameters).await.map_err(pool::failed)
    }

    async fn read_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        const SELECT: &str = "SELECT r.head, r.tail, r.value FROM unnest($1, $2) AS k (head, tail) \
            JOIN clearsky.rows r ON r.head = k.head AND r.mark = clearsky.mark(k.tail) WHERE r.value IS NOT NULL";
        let (heads, tails): (Vec<&[u8]>, Vec<&[u8]>) = keys.iter().map(|key| row::split(key.as_bytes())).unzip();
        let parameters: [Parameter<'_>; 2] = [(&heads, Type::BYTEA_ARRAY), (&tails, Type::BYTEA_ARRAY)];
        let rows = self.query(SELECT, &parameters).await?;
        let found: HashMap<Key, Bytes> =
            rows.iter().map(|found| (row::join(found.get(0), found.get(1)), bytes(found, 2))).collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn read_range(&self, range: &Range, limit: Limit) -> Result<Page> {
        let mut page = PageBuilder::new(limit);
        let mut rest = range.clone();
        loop {
            let wanted = page.rest().rows.saturating_add(1).min(FETCH_ROWS);
            let rows = self.fetch(&rest, wanted).await?;
            let is_last = rows.len() < wanted;
            for (key, value) in rows {
                let bytes = key.len() + value.len();
                rest = rest.after(&key);
                if !page.push((key, value), bytes) {
                    return Ok(Page { rows: page.items(), more: true });
                }
            }
            if is_last {
                return Ok(Page { rows: page.items(), more: false });
            }
        }
    }

    async fn fetch(&self, range: &Range, rows: usize) -> Result<Vec<(Key, Bytes)>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (low, high) = row::edges(range);
        let ((low_head, low_tail), high) = (row::split(&low), high.as_deref().map(row::split));
        let rows = rows as i64;
        let order = match range.direction {
            Direction::Forward => "ORDER BY head, tail LIMIT $3",
            Direction::Reverse => "ORDER BY head DESC, tail DESC LIMIT $3",
        };
        let select = "SELECT head, tail, value FROM clearsky.rows WHERE value IS NOT NULL AND (head, tail) >= ($1, $2)";
        let mut parameters: Vec<Parameter<'_>> =
            vec![(&low_head, Type::BYTEA), (&low_tail, Type::BYTEA), (&rows, Type::INT8)];
        let mut end = "";
        if let Some((head, tail)) = &high {
            end = "AND (head, tail) < ($4, $5)";
            parameters.extend([(head as _, Type::BYTEA), (tail as _, Type::BYTEA)]);
        }
        let found = self.query(&format!("{select} {end} {order}"), &parameters).await?;
        Ok(found.iter().map(|found| (row::join(found.get(0), found.get(1)), bytes(found, 2))).collect())
    }

    async fn read_records(&self, log: &LogId, range: LogRange, limit: Limit) -> Result<Records> {
        let (log, mut page) = (row::digest(log), PageBuilder::new(limit));
        let (mut after, mut before) = (number(range.after), number(range.before));
        let order = match range.direction {
            Direction::Forward => "position",
            Direction::Reverse => "position DESC",
        };
        let select = format!(
            "SELECT position, body FROM clearsky.records WHERE log = $1 AND $2 < position AND position < $3 \
             ORDER BY {order} LIMIT $4"
        );
        loop {
            let wanted = page.rest().rows.saturating_add(1).min(FETCH_ROWS);
            let rows = wanted as i64;
            let parameters: [Parameter<'_>; 4] =
                [(&log, Type::BYTEA), (&after, Type::INT8), (&before, Type::INT8), (&rows, Type::INT8)];
            let found = self.query(&select, &parameters).await?;
            for found in &found {
                let position: i64 = found.get(0);
                match range.direction {
                    Direction::Forward => after = position,
                    Direction::Reverse => before = position,
                }
                let record = Record { position: Position::new(position.unsigned_abs()), body: bytes(found, 1) };
                let bytes = record.body.len();
                if !page.push(record, bytes) {
                    return Ok(Records { records: page.items(), more: true });
                }
            }
            if found.len() < wanted {
                return Ok(Records { records: page.items(), more: false });
            }
        }
    }

    async fn read_timer(&self, id: &TimerId) -> Result<Option<Bytes>> {
        const SELECT: &str = "SELECT body FROM clearsky.timers \
            WHERE list = $1 AND due = $2 AND mark = sha256($3) AND body IS NOT NULL";
        let (list, due, name) = (row::digest(&id.list), id.due.as_ms(), id.name.as_ref());
        let parameters: [Parameter<'_>; 3] = [(&list, Type::BYTEA), (&due, Type::INT8), (&name, Type::BYTEA)];
        Ok(self.query(SELECT, &parameters).await?.first().map(|found| bytes(found, 0)))
    }

    async fn read_due(&self, list: &LogId, now: Timestamp, limit: Limit) -> Result<Due> {
        const SELECT: &str = "SELECT due, name, body FROM clearsky.timers \
            WHERE list = $1 AND body IS NOT NULL ORDER BY due, name LIMIT $2";
        let wanted = limit.rows.saturating_add(1).min(FETCH_ROWS);
        let (digest, rows) = (row::digest(list), wanted as i64);
        let parameters: [Parameter<'_>; 2] = [(&digest, Type::BYTEA), (&rows, Type::INT8)];
        let mut timers = PageBuilder::new(limit);
        for (n, found) in self.query(SELECT, &parameters).await?.into_iter().enumerate() {
            let due = Timestamp::from_ms(found.get(0));
            let (id, body) = (TimerId { list: list.clone(), due, name: bytes(&found, 1) }, bytes(&found, 2));
            let bytes = body.len();
            let is_full = wanted <= n + 1;
            if now < due || is_full || !timers.push((id, body), bytes) {
                return Ok(Due { timers: timers.items(), next: Some(due) });
            }
        }
        Ok(Due { timers: timers.items(), next: None })
    }
}

fn bytes(found: &Row, column: usize) -> Bytes {
    Bytes::copy_from_slice(found.get(column))
}

impl Drop for View {
    fn drop(&mut self) {
        if let Some(lent) = self.lent.take() {
            self.pool.roll_back(lent);
        }
    }
}

impl Snapshot for View {
    fn version(&self) -> Version {
        self.version
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Bytes>>> {
        async move { Ok(self.read_many(std::slice::from_ref(key)).await?.pop().flatten()) }.boxed()
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        self.read_many(keys).boxed()
    }

    fn range<'a>(&'a self, range: &'a Range, limit: Limit) -> BoxFuture<'a, Result<Page>> {
        self.read_range(range, limit).boxed()
    }

    fn read_log<'a>(&'a self, log: &'a LogId, range: LogRange, limit: Limit) -> BoxFuture<'a, Result<Records>> {
        self.read_records(log, range, limit).boxed()
    }

    fn timer<'a>(&'a self, id: &'a TimerId) -> BoxFuture<'a, Result<Option<Bytes>>> {
        self.read_timer(id).boxed()
    }

    fn due<'a>(&'a self, list: &'a LogId, now: Timestamp, limit: Limit) -> BoxFuture<'a, Result<Due>> {
        self.read_due(list, now, limit).boxed()
    }
}
