//! The house's background work: filling new indexes; removing what deleted tables and indexes held, and request tokens that
//! have expired; removing items whose time is over; counting items.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use kv::Position;
use service::{Failure, Platform};
use tokio::time::Instant;

use crate::store::upkeep;

/// How often expired request tokens are looked for. Nothing depends on it: an expired token is not honoured.
const TOKENS_EVERY: Duration = Duration::from_secs(30);

/// How often items that have expired are looked for: each goes within a minute of its time.
const EXPIRE_EVERY: Duration = Duration::from_secs(20);

/// How long after the start, and at least how long after each time, the items of tables are counted (AWS: about six
/// hours).
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// Of the time, the part at most that goes to counting: one in this many.
const COUNT_SHARE: u32 = 1000;

/// Begins the background work: call once, when the platform has been built.
pub async fn start(platform: &Arc<Platform>) -> Result<(), Failure> {
    let weak = Arc::downgrade(platform);
    let sweeping = move || -> BoxFuture<'static, ()> { Box::pin(sweep(weak.clone())) };
    platform.tasks.spawn("deleted tables", sweeping).await;
    let weak = Arc::downgrade(platform);
    let filling = move || -> BoxFuture<'static, ()> { Box::pin(fill(weak.clone())) };
    platform.tasks.spawn("new indexes", filling).await;
    let weak = Arc::downgrade(platform);
    let forgetting = move || -> BoxFuture<'static, ()> { Box::pin(forget_tokens(weak.clone())) };
    platform.tasks.spawn("request tokens", forgetting).await;
    let weak = Arc::downgrade(platform);
    let expiring = move || -> BoxFuture<'static, ()> { Box::pin(expire(weak.clone())) };
    platform.tasks.spawn("expired items", expiring).await;
    let weak = Arc::downgrade(platform);
    let counting = move || -> BoxFuture<'static, ()> { Box::pin(count(weak.clone())) };
    platform.tasks.spawn("counts of tables", counting).await;
    Ok(())
}

async fn sweep(platform: Weak<Platform>) {
    let mut after = Position::START;
    while let Some(platform) = platform.upgrade() {
        match upkeep::sweep(&platform, after).await {
            Ok(position) => after = position,
            Err(error) => return tracing::warn!("sweeping a deleted table failed: {error}"),
        }
    }
}

async fn fill(platform: Weak<Platform>) {
    let mut after = Position::START;
    while let Some(platform) = platform.upgrade() {
        match upkeep::fill_indexes(&platform, after).await {
            Ok(position) => after = position,
            Err(error) => return tracing::warn!("filling an index failed: {error}"),
        }
    }
}

async fn forget_tokens(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        match upkeep::forget_tokens(&server).await {
            Ok(Some(next)) if next <= server.clock.now() => continue,
            Ok(_) => (),
            Err(error) => return tracing::warn!("removing expired request tokens failed: {error}"),
        }
        drop(server);
        tokio::time::sleep(TOKENS_EVERY).await;
    }
}

async fn expire(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        if let Err(error) = upkeep::expire_items(&server).await {
            return tracing::warn!("removing expired items failed: {error}");
        }
        drop(server);
        tokio::time::sleep(EXPIRE_EVERY).await;
    }
}

async fn count(platform: Weak<Platform>) {
    let mut pause = COUNT_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let Some(server) = platform.upgrade() else { return };
        let began = Instant::now();
        if let Err(error) = upkeep::count_tables(&server).await {
            return tracing::warn!("counting what is in tables failed: {error}");
        }
        pause = COUNT_EVERY.max(began.elapsed().saturating_mul(COUNT_SHARE));
    }
}
