//! Typed reads and writes inside a transaction.

use std::collections::{BTreeMap, HashMap};

use base::{Scope, Timestamp};
use kv::{Key, Limit, LogRange, Position, Range, Tx, Watch};
use serde::de::DeserializeOwned;
use service::Failure;
use service::metrics::Summary;

use crate::engine::bytes::{Reader, Writer};
use crate::errors::Error;
use crate::keys;
use crate::model::{Batch, Datum, Detail, Id, Known, Metric, MetricRecord, Resolution, UNITS};

/// Batches that one transaction merges into rows.
const BATCHES: usize = 1000;

/// Rows and metrics that one transaction writes: with every bucket in use they are some 40 MiB.
const ROWS_MAX: usize = 10_000;

/// Pages of the log that a request looks through for what is not in rows yet: merging is behind only for moments.
const PENDING_PAGES_MAX: usize = 8;

/// Rows that one transaction removes.
const REMOVED_MAX: usize = 5_000;

/// Keeps what has been put: durable with the transaction, merged into rows by the worker.
pub(crate) fn append(tx: &mut Tx, batch: &Batch) {
    if !batch.data.is_empty() {
        tx.append(keys::PUT, batch.encode());
    }
}

async fn cursor(tx: &mut Tx) -> Result<Position, Error> {
    let bytes = tx.get(&keys::cursor()).await?;
    Ok(Position::new(bytes.map(|bytes| read(&bytes)).transpose()?.unwrap_or_default()))
}

/// Merges what has been put into rows. Answers whether there may be more.
pub(crate) async fn merge(tx: &mut Tx) -> Result<bool, Error> {
    let after = cursor(tx).await?;
    let page = tx.read_log(&keys::PUT, LogRange::forward().after(after), Limit::rows(BATCHES)).await?;
    let mut merging = Merging::default();
    let mut last = None;
    for record in &page.records {
        merging.add(decode(&record.body)?);
        last = Some(record.position);
        if ROWS_MAX <= merging.len() {
            break;
        }
    }
    let Some(last) = last else { return Ok(false) };
    merging.write(tx).await?;
    tx.put(keys::cursor(), serde_json::to_vec(&last.get()).map_err(Failure::internal)?);
    tx.trim(keys::PUT, last);
    Ok(page.more || page.last() != Some(last))
}

/// Rows and metrics that are about to be written.
#[derive(Default)]
struct Merging {
    rows: BTreeMap<Key, Summary>,
    metrics: BTreeMap<Key, Known>,
}

impl Merging {
    fn len(&self) -> usize {
        self.rows.len() + self.metrics.len()
    }

    fn add(&mut self, Batch { scope, data }: Batch) {
        for datum in data {
            let id = datum.metric.id(&scope);
            for resolution in datum.resolutions() {
                let (step_s, at_s) = (resolution.step_s, resolution.floor(datum.at_s));
                let key = keys::Row { id: &id, step_s, at_s, unit: datum.unit }.encode();
                self.rows.entry(key).or_default().merge(&datum.summary);
            }
            let Datum { metric, at_s, .. } = datum;
            let key =
                keys::Metric { scope: &scope, namespace: &metric.namespace, name: &metric.name, id: &id }.encode();
            let last = Timestamp::from_ms(at_s.div_euclid(60).saturating_mul(60_000));
            let known = self.metrics.entry(key).or_insert(Known { metric, last });
            known.last = known.last.max(last);
        }
    }

    async fn write(self, tx: &mut Tx) -> Result<(), Error> {
        let Self { rows, metrics } = self;
        let keys: Vec<Key> = rows.keys().cloned().collect();
        let found = tx.get_many(&keys).await?;
        for ((key, mut summary), found) in rows.into_iter().zip(found) {
            if let Some(bytes) = found {
                summary.merge(&row(&bytes)?);
            }
            tx.put(key, written(&summary));
        }
        let keys: Vec<Key> = metrics.keys().cloned().collect();
        let found = tx.get_many(&keys).await?;
        for ((key, known), found) in metrics.into_iter().zip(found) {
            let before = found.map(|bytes| read::<MetricRecord>(&bytes)).transpose()?;
            if before.is_none_or(|MetricRecord::V1(before)| before.last < known.last) {
                tx.put(key, serde_json::to_vec(&MetricRecord::V1(known)).map_err(Failure::internal)?);
            }
        }
        Ok(())
    }
}

/// What has been put and is not in rows yet. A request reads it along with rows, so that it sees all that was put before.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<(Id, Datum)>);

pub(crate) async fn pending(tx: &mut Tx, scope: &Scope) -> Result<Pending, Error> {
    let mut after = Position::new(match tx.peek(&keys::cursor()).await? {
        Some(bytes) => read(&bytes)?,
        None => 0,
    });
    let mut pending = Vec::new();
    for _ in 0..PENDING_PAGES_MAX {
        let page = tx.read_log(&keys::PUT, LogRange::forward().after(after), Limit::PAGE).await?;
        for record in &page.records {
            let batch = decode(&record.body)?;
            if batch.scope == *scope {
                pending.extend(batch.data.into_iter().map(|datum| (datum.metric.id(scope), datum)));
            }
        }
        match page.last() {
            Some(last) if page.more => after = last,
            _ => break,
        }
    }
    Ok(Pending(pending))
}

impl Pending {
    /// The metrics that are put to, each with the minute of its latest data.
    pub fn metrics(&self) -> HashMap<Id, Known> {
        let mut metrics: HashMap<Id, Known> = HashMap::new();
        for (id, datum) in &self.0 {
            let last = Timestamp::from_ms(datum.at_s.div_euclid(60).saturating_mul(60_000));
            let known = metrics.entry(*id).or_insert_with(|| Known { metric: datum.metric.clone(), last });
            known.last = known.last.max(last);
        }
        metrics
    }
}

/// The part of a metric's data that a request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub resolution: Resolution,
    pub from_s: i64,
    /// Not in it.
    pub to_s: i64,
    /// Of all units without one.
    pub unit: Option<u8>,
}

/// The data of a metric by the beginning of its step and by unit, in the order of time.
pub(crate) async fn rows(
    tx: &mut Tx,
    id: &Id,
    span: Span,
    pending: &Pending,
) -> Result<BTreeMap<(i64, u8), Summary>, Error> {
    let Span { resolution, from_s, to_s, unit } = span;
    let chosen = |at_s: i64, of: u8| (from_s..to_s).contains(&at_s) && unit.is_none_or(|unit| unit == of);
    let mut rows: BTreeMap<(i64, u8), Summary> = BTreeMap::new();
    let first = |at_s| keys::Row::first(id, resolution.step_s, at_s);
    let mut rest = Range::between(first(from_s), first(to_s.max(from_s)));
    loop {
        let page = tx.range(rest.clone(), Limit::PAGE, Watch::Untracked).await?;
        for (key, bytes) in &page.rows {
            if let Some((at_s, of)) = keys::Row::decode(key).filter(|(at_s, of)| chosen(*at_s, *of)) {
                rows.insert((at_s, of), row(bytes)?);
            }
        }
        match page.last() {
            Some(last) if page.more => rest = rest.after(last),
            _ => break,
        }
    }
    for (_, datum) in pending.0.iter().filter(|(of, _)| of == id) {
        let at_s = resolution.floor(datum.at_s);
        let kept = resolution.step_s != 1 || datum.detail == Detail::Seconds;
        if kept && chosen(at_s, datum.unit) {
            rows.entry((at_s, datum.unit)).or_default().merge(&datum.summary);
        }
    }
    Ok(rows)
}

/// Metrics whose keys begin so, in the order of names: as many as a page of the store holds.
pub(crate) async fn metrics(
    tx: &mut Tx,
    prefix: Vec<u8>,
    after: Option<&Key>,
    limit: Limit,
) -> Result<(Vec<(Key, Known)>, bool), Error> {
    let mut range = Range::prefix(Key::from(prefix));
    if let Some(after) = after {
        range = range.after(after);
    }
    let page = tx.range(range, limit, Watch::Untracked).await?;
    let mut metrics = Vec::with_capacity(page.rows.len());
    for (key, bytes) in page.rows {
        let MetricRecord::V1(known) = read(&bytes)?;
        metrics.push((key, known));
    }
    Ok((metrics, page.more))
}

/// The key of a metric's record.
pub(crate) fn metric_key(scope: &Scope, metric: &Metric) -> Key {
    keys::Metric { scope, namespace: &metric.namespace, name: &metric.name, id: &metric.id(scope) }.encode()
}

/// Removes the oldest rows of a metric from before that moment. Answers whether there may be more.
pub(crate) async fn trim(tx: &mut Tx, id: &Id, resolution: Resolution, before_s: i64) -> Result<bool, Error> {
    let first = |at_s| keys::Row::first(id, resolution.step_s, at_s);
    let range = Range::between(first(i64::MIN), first(before_s));
    let page = tx.range(range, Limit::rows(REMOVED_MAX), Watch::Untracked).await?;
    let more = page.more;
    page.rows.into_iter().for_each(|(key, _)| tx.delete(key));
    Ok(more)
}

/// Forgets a metric, unless data has come meanwhile.
pub(crate) async fn forget(tx: &mut Tx, key: &Key, seen: &Known) -> Result<(), Error> {
    let found = tx.get(key).await?.map(|bytes| read::<MetricRecord>(&bytes)).transpose()?;
    if found.is_some_and(|MetricRecord::V1(found)| found == *seen) {
        tx.delete(key.clone());
    }
    Ok(())
}

fn written(summary: &Summary) -> Vec<u8> {
    let mut writer = Writer::versioned();
    writer.summary(summary);
    writer.finish()
}

fn row(bytes: &[u8]) -> Result<Summary, Error> {
    let summary = Reader::versioned(bytes).and_then(|mut reader| reader.summary());
    summary.ok_or_else(|| Failure::defect("a row of a metric is broken").into())
}

fn decode(bytes: &[u8]) -> Result<Batch, Error> {
    let batch = Batch::decode(bytes).filter(|batch| batch.data.iter().all(|d| usize::from(d.unit) < UNITS.len()));
    batch.ok_or_else(|| Failure::defect("a batch of metrics is broken").into())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Failure::internal(error).into())
}
