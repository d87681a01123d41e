//! Work of the house in the background: the last uses of access keys are stored.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use service::{Failure, Platform};

use crate::identity::Identities;
use crate::store;

/// How often the last uses of access keys are stored.
const STORE_EVERY: Duration = Duration::from_secs(60);

/// Brings older stores up to date and starts the background work.
pub async fn start(platform: &Arc<Platform>) -> Result<(), Failure> {
    let mut tx = platform.begin().await?;
    store::index_roles(&mut tx).await?;
    tx.commit().await?;
    let weak = Arc::downgrade(platform);
    let storing = move || -> BoxFuture<'static, ()> { Box::pin(keep_storing(weak.clone())) };
    platform.tasks.spawn("last uses of access keys", storing).await;
    Ok(())
}

async fn keep_storing(platform: Weak<Platform>) {
    while let Some(server) = platform.upgrade() {
        if let Err(error) = store_last_uses(&server).await {
            return tracing::warn!("storing the last uses of access keys failed: {error}");
        }
        drop(server);
        tokio::time::sleep(STORE_EVERY).await;
    }
}

/// Stores the last uses of access keys now.
pub async fn store_last_uses(platform: &Arc<Platform>) -> Result<(), Failure> {
    let identities = platform.state::<Identities>()?;
    let uses = identities.last_uses().unstored();
    if uses.is_empty() {
        return Ok(());
    }
    let mut tx = platform.begin().await?;
    for (id, last) in &uses {
        store::put_last_use(&mut tx, id, last).await?;
    }
    tx.commit().await?;
    identities.last_uses().stored(&uses);
    Ok(())
}
