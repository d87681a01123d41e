//! The sweeper: removes bodies that no record refers to, as a crash between body and record leaves them.
//!
//! Why what it removes is dead: a body is referred to by the transaction that follows its upload at once, or never, so one
//! that is an hour old and stands in no row will not be referred to any more. A reference that moves from a row ahead to
//! one behind during a look is seen by the second look.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use blob::{BlobId, LIST_MAX};
use kv::{Key, Limit, Range, Watch};

use crate::{Failure, Platform};

/// Younger bodies are left alone: far longer than any request lives on after its body has been stored.
pub const AGE_MIN_MS: i64 = 60 * 60 * 1000;

/// Bodies judged at once, about 100 bytes each; each lot costs a look at every row that may refer to one.
const LOT_MAX: usize = 100_000;

/// How often the rows are looked through before a body counts as dead.
const LOOKS: usize = 2;

/// When the first sweep begins: what it looks for comes from crashes, but a start has better things to do.
const FIRST_AFTER: Duration = Duration::from_secs(60);

/// Crashes are rare, and looking costs reading.
const EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub judged: u64,
    pub removed: u64,
    pub removed_bytes: u64,
}

/// Ids and their sizes, of bodies that may be dead.
type Suspects = HashMap<String, (BlobId, u64)>;

/// Sweeps now and then until the server stops.
pub async fn start(platform: &Arc<Platform>) {
    let weak = Arc::downgrade(platform);
    let work = move || {
        let weak = weak.clone();
        let work: futures::future::BoxFuture<'static, ()> = Box::pin(async move {
            tokio::time::sleep(FIRST_AFTER).await;
            while let Some(platform) = weak.upgrade() {
                match sweep(&platform).await {
                    Ok(Swept { removed: 0, .. }) => (),
                    Ok(swept) => tracing::info!(?swept, "bodies without a record were removed"),
                    Err(failure) => tracing::warn!("sweeping stopped, nothing is lost: {failure}"),
                }
                drop(platform);
                tokio::time::sleep(EVERY).await;
            }
        });
        work
    };
    platform.tasks.spawn("sweep blobs", work).await;
}

/// Looks at every body once. An error removes nothing of the lot it happens in.
pub async fn sweep(platform: &Platform) -> Result<Swept, Failure> {
    let mut swept = Swept::default();
    let mut after = None;
    loop {
        let (mut suspects, last) = old_bodies(platform, after.as_ref()).await?;
        swept.judged += suspects.len() as u64;
        for _ in 0..LOOKS {
            clear_referenced(platform, &mut suspects).await?;
        }
        for (id, bytes) in suspects.into_values() {
            platform.blobs.delete(&id).await?;
            swept.removed += 1;
            swept.removed_bytes += bytes;
        }
        match last {
            Some(last) => after = Some(last),
            None => return Ok(swept),
        }
    }
}

/// A lot of bodies that are old enough, and where the next one begins.
async fn old_bodies(platform: &Platform, after: Option<&BlobId>) -> Result<(Suspects, Option<BlobId>), Failure> {
    let before = platform.clock.now().as_ms() - AGE_MIN_MS;
    let (mut suspects, mut after) = (Suspects::new(), after.cloned());
    while suspects.len() < LOT_MAX {
        let page = platform.blobs.list(after.as_ref(), LIST_MAX).await?;
        let Some(last) = page.last() else { return Ok((suspects, None)) };
        after = Some(last.id.clone());
        let old = page.into_iter().filter(|body| body.stored_at.as_ms() < before);
        suspects.extend(old.map(|body| (body.id.as_str().to_owned(), (body.id, body.bytes))));
    }
    Ok((suspects, after))
}

/// Looks through every row that may refer to a body, a page per transaction.
async fn clear_referenced(platform: &Platform, suspects: &mut Suspects) -> Result<(), Failure> {
    for prefix in platform.services.iter().flat_map(|service| service.blob_rows) {
        let mut range = Range::prefix(Key::from_static(prefix));
        loop {
            if suspects.is_empty() {
                return Ok(());
            }
            let mut tx = platform.store.begin().await?;
            let page = tx.range(range.clone(), Limit::PAGE, Watch::Untracked).await?;
            drop(tx);
            for (_, value) in &page.rows {
                for id in BlobId::candidates(value) {
                    suspects.remove(id);
                }
            }
            match page.last() {
                Some(last) if page.more => range = range.after(last),
                _ => break,
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
