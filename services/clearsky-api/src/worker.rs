//! Background work: what callers do in audit mode is kept over restarts.

use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use service::{Auth, Platform, Use, Verdict};

use crate::errors::Error;
use crate::store;

/// Begins the background work: call once, when the platform has been built. Without audit mode there is none.
pub async fn start(platform: &Arc<Platform>) -> Result<(), service::Failure> {
    if platform.settings.auth != Auth::Audit {
        return Ok(());
    }
    platform.wanted.restore(store::all_uses(&mut platform.begin().await?).await?);
    let weak = Arc::downgrade(platform);
    let keeping = move || -> BoxFuture<'static, ()> { Box::pin(keep(weak.clone())) };
    platform.tasks.spawn("recorded uses", keeping).await;
    Ok(())
}

async fn keep(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        let fresh = server.wanted.news().await;
        if let Err(error) = put(&server, &fresh).await {
            tracing::warn!("recorded uses will not outlast this server: {error}");
        }
    }
}

async fn put(platform: &Platform, fresh: &[(Use, Verdict)]) -> Result<(), Error> {
    let mut tx = platform.begin().await?;
    for (used, verdict) in fresh {
        store::put(&mut tx, used, verdict.clone())?;
    }
    tx.commit().await?;
    Ok(())
}
