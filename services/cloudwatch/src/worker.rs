//! Background work: merging what was put into rows, taking what the server measures, removing what is too old.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use base::{Scope, Timestamp};
use futures::future::BoxFuture;
use kv::{Key, Limit};
use service::metrics::{Minute, Subject};
use service::{Failure, Platform};

use crate::engine::embedded;
use crate::errors::Error;
use crate::model::{Batch, Datum, Detail, Known, Metric, RESOLUTIONS, Resolution, unit};
use crate::{keys, store};

/// What is put within this time is merged at once: a hot metric costs ten transactions a second, however often it is put.
const GATHER: Duration = Duration::from_millis(100);
/// How often the server's own measurements are put: what a crash may lose of them.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How often old rows are looked for.
const TRIM_EVERY: Duration = Duration::from_secs(3600);
/// After a failure it is tried again this much later.
const RETRY: Duration = Duration::from_secs(1);
/// Data of one batch: what PutMetricData takes, too.
const BATCH_DATA: usize = 1000;
/// Metrics that are looked through at once for old rows.
const METRICS: usize = 1000;

/// Begins the background work: call once, when the platform has been built.
pub async fn start(platform: &Arc<Platform>) {
    let weak = Arc::downgrade(platform);
    let merging = move || -> BoxFuture<'static, ()> { Box::pin(merge_always(weak.clone())) };
    platform.tasks.spawn("metrics into rows", merging).await;
    let weak = Arc::downgrade(platform);
    let flushing = move || -> BoxFuture<'static, ()> { Box::pin(flush_always(weak.clone())) };
    platform.tasks.spawn("the server's own metrics", flushing).await;
    let weak = Arc::downgrade(platform);
    let trimming = move || -> BoxFuture<'static, ()> { Box::pin(trim_always(weak.clone())) };
    platform.tasks.spawn("old metrics", trimming).await;
}

async fn merge_always(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        let mut bell = server.store.bell(&keys::PUT);
        match merge(&server).await {
            Ok(()) => {
                drop(server);
                bell.rung().await;
                tokio::time::sleep(GATHER).await;
            }
            Err(failure) => {
                tracing::warn!("metrics are merged later: {failure}");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Merges all that has been put into rows.
pub async fn merge(platform: &Platform) -> Result<(), Failure> {
    loop {
        let mut tx = platform.begin().await?;
        let more = store::merge(&mut tx).await.map_err(Failure::from)?;
        tx.commit().await?;
        if !more {
            return Ok(());
        }
    }
}

async fn flush_always(platform: Weak<Platform>) {
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        let Some(server) = platform.upgrade() else { return };
        if let Err(failure) = flush(&server).await {
            tracing::warn!("the server's own metrics are kept later: {failure}");
        }
    }
}

/// Puts what the server has measured, and what functions wrote into their logs. What cannot be kept is given back.
pub async fn flush(platform: &Platform) -> Result<(), Failure> {
    let minutes = platform.metrics.take();
    let lines = platform.metrics.take_lines();
    let data = minutes.iter().filter_map(measured).chain(lines.iter().flat_map(embedded::data));
    let mut by_scope: BTreeMap<Scope, Vec<Datum>> = BTreeMap::new();
    for (scope, datum) in data {
        by_scope.entry(scope).or_default().push(datum);
    }
    let put = put(platform, by_scope).await;
    if put.is_err() {
        platform.metrics.give_back(minutes);
    }
    put
}

async fn put(platform: &Platform, by_scope: BTreeMap<Scope, Vec<Datum>>) -> Result<(), Failure> {
    let mut tx = platform.begin().await?;
    for (scope, data) in by_scope {
        let Batch { scope, data } = Batch::of(scope, data);
        for part in data.chunks(BATCH_DATA) {
            store::append(&mut tx, &Batch { scope: scope.clone(), data: part.to_vec() });
        }
    }
    tx.commit().await?;
    Ok(())
}

fn measured(minute: &Minute) -> Option<(Scope, Datum)> {
    let Minute { subject, metric, unit: name, begins, summary } = minute;
    let Subject { scope, namespace, dimension, name: of } = subject;
    let dimensions = BTreeMap::from([((*dimension).to_owned(), of.clone())]);
    let metric = Metric { namespace: (*namespace).to_owned(), name: (*metric).to_owned(), dimensions };
    let (at_s, summary) = (begins.as_seconds(), summary.clone());
    Some((scope.clone(), Datum { metric, unit: unit(Some(name))?, at_s, detail: Detail::Minutes, summary }))
}

async fn trim_always(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        if let Err(failure) = trim(&server).await {
            tracing::warn!("old metrics stay: {failure}");
        }
        drop(server);
        tokio::time::sleep(TRIM_EVERY).await;
    }
}

/// Removes the rows of every metric that are older than rows of their kind are kept, and metrics without any.
pub async fn trim(platform: &Platform) -> Result<(), Failure> {
    let mut after: Option<Key> = None;
    loop {
        let mut tx = platform.begin().await?;
        let prefix = keys::all_metrics().as_bytes().to_vec();
        let page = store::metrics(&mut tx, prefix, after.as_ref(), Limit::rows(METRICS)).await;
        let (metrics, more) = page.map_err(Failure::from)?;
        drop(tx);
        after = metrics.last().map(|(key, _)| key.clone());
        for (key, known) in metrics {
            trim_metric(platform, &key, &known).await?;
        }
        if !more {
            return Ok(());
        }
    }
}

async fn trim_metric(platform: &Platform, key: &Key, known: &Known) -> Result<(), Failure> {
    let Some(id) = keys::Metric::id_of(key) else { return Ok(()) };
    let now = platform.clock.now();
    for resolution in RESOLUTIONS {
        let mut more = true;
        while more {
            let mut tx = platform.begin().await?;
            let trimmed = store::trim(&mut tx, &id, resolution, kept_from(resolution, now)).await;
            more = trimmed.map_err(Failure::from)?;
            tx.commit().await?;
        }
    }
    let [.., longest] = RESOLUTIONS;
    if known.last.as_seconds() < kept_from(longest, now) {
        let mut tx = platform.begin().await?;
        store::forget(&mut tx, key, known).await.map_err(Failure::from)?;
        tx.commit().await.map(drop).or_else(later)?;
    }
    Ok(())
}

/// Where data has come meanwhile it is looked at the next time.
fn later(error: kv::Error) -> Result<(), Error> {
    if error.as_abort().is_some() { Ok(()) } else { Err(error.into()) }
}

/// The beginning of what is still kept of rows like these.
fn kept_from(resolution: Resolution, now: Timestamp) -> i64 {
    resolution.floor(now.as_seconds() - resolution.kept_s)
}
