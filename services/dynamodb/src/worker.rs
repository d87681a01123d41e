//! The house's background work: removing what deleted tables held.

use std::sync::Arc;

use futures::future::BoxFuture;
use kv::Position;
use service::{Failure, Platform};

use crate::store;

/// Begins the background work: call once, when the platform has been built.
pub async fn start(platform: &Arc<Platform>) -> Result<(), Failure> {
    let weak = Arc::downgrade(platform);
    let sweep = move || -> BoxFuture<'static, ()> {
        let weak = weak.clone();
        Box::pin(async move {
            let mut after = Position::START;
            while let Some(platform) = weak.upgrade() {
                match store::sweep(&platform, after).await {
                    Ok(position) => after = position,
                    Err(error) => return tracing::warn!("sweeping a deleted table failed: {error}"),
                }
            }
        })
    };
    platform.tasks.spawn("deleted tables", sweep).await;
    Ok(())
}
