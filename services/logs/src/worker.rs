//! Background work: removing events that have expired.

use std::sync::{Arc, Weak};
use std::time::Duration;

use base::{Account, Region, Scope};
use futures::future::BoxFuture;
use kv::{Limit, LogRange, Position, Range, Tx, Watch};
use service::{Failure, Platform};

use crate::errors::Error;
use crate::model::{Batch, GroupRecord};
use crate::{keys, store};

/// How often expired events are looked for. Only room on disk depends on it: no answer shows them.
const EVERY: Duration = Duration::from_secs(3600);

/// Batches of a stream that one transaction looks at.
const BATCHES: usize = 1000;

/// Begins the background work: call once, when the platform has been built.
pub async fn start(platform: &Arc<Platform>) {
    let weak = Arc::downgrade(platform);
    let expiring = move || -> BoxFuture<'static, ()> { Box::pin(expire(weak.clone())) };
    platform.tasks.spawn("expired log events", expiring).await;
}

async fn expire(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        if let Err(error) = sweep(&server).await {
            return tracing::warn!("removing expired log events failed: {error}");
        }
        drop(server);
        tokio::time::sleep(EVERY).await;
    }
}

/// Looks through every group that does not keep its events for ever.
pub async fn sweep(platform: &Platform) -> Result<(), Failure> {
    let mut rest = Range::prefix(keys::all_groups());
    loop {
        let page = platform.begin().await?.range(rest.clone(), Limit::PAGE, Watch::Untracked).await?;
        for (key, bytes) in &page.rows {
            let GroupRecord::V1(group) = serde_json::from_slice(bytes).map_err(Failure::internal)?;
            let Some((account, region, name)) = keys::group_of(key).filter(|_| group.retention_days.is_some()) else {
                continue;
            };
            let scope = Scope::new(Account::from(account.as_str()), Region::from(region.as_str()));
            group_events(platform, &scope, &name, group.kept_from(platform.clock.now())).await?;
        }
        match page.last() {
            Some(last) if page.more => rest = rest.after(last),
            _ => return Ok(()),
        }
    }
}

async fn group_events(platform: &Platform, scope: &Scope, group: &str, kept_from: i64) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    loop {
        let mut tx = platform.begin().await?;
        let page = store::streams(&mut tx, scope, group, "", after.as_deref(), kv::Direction::Forward).await;
        let (streams, more) = page.map_err(Failure::from)?;
        after = streams.last().map(|(name, _)| name.clone());
        for (name, stream) in streams {
            let old = stream.first_event.is_some_and(|first| first.as_ms() < kept_from);
            while old && stream_events(platform, scope, (group, &name), kept_from).await? {}
        }
        if !more {
            return Ok(());
        }
    }
}

/// Removes the batches at a stream's beginning that have wholly expired; whether there may be more of them. Where somebody
/// writes to the stream meanwhile it is left for the next time.
async fn stream_events(
    platform: &Platform,
    scope: &Scope,
    place: (&str, &str),
    kept_from: i64,
) -> Result<bool, Failure> {
    let mut tx = platform.begin().await?;
    let more = trim(&mut tx, scope, place, kept_from).await.map_err(Failure::from)?;
    match tx.commit().await {
        Ok(_) => Ok(more),
        Err(error) if error.as_abort().is_some() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn trim(tx: &mut Tx, scope: &Scope, (group, name): (&str, &str), kept_from: i64) -> Result<bool, Error> {
    let Some(mut stream) = store::stream(tx, scope, group, name).await? else { return Ok(false) };
    let log = keys::events(stream.id);
    let page = tx.read_log(&log, LogRange::forward(), Limit::rows(BATCHES)).await?;
    let mut upto: Option<Position> = None;
    for record in &page.records {
        let batch = Batch::decode(record.body.clone()).ok_or_else(|| Failure::defect("a batch of events is broken"))?;
        if batch.events.last().is_some_and(|last| kept_from <= last.timestamp) {
            break;
        }
        stream.forget(&batch);
        upto = Some(record.position);
    }
    let Some(upto) = upto else { return Ok(false) };
    tx.trim(log, upto);
    store::put_stream(tx, scope, group, name, &stream)?;
    Ok(page.more && page.last() == Some(upto))
}
