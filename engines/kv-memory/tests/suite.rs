//! The seam's conformance suite over memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use futures::future::BoxFuture;
use kv::chaos::{Chaos, Odds};
use kv::{Abort, Bell, Commit, Committed, Engine, Limit, LogId, Position, Reads, Records, Result, Snapshot, Store};
use kv_memory::Memory;

async fn open() -> (Store, ()) {
    (Memory::store(), ())
}

kv::conformance!(open);

#[tokio::test(start_paused = true)]
async fn old_snapshots_abort() {
    kv::suite::rows::old_snapshots_abort(Memory::store(), tokio::time::advance).await;
}

#[tokio::test]
async fn a_snapshot_older_than_the_window_conflicts() {
    let store = Memory::store_with_window(2);
    let mut tx = store.begin().await.unwrap();
    tx.get(&"a".into()).await.unwrap();
    tx.put("a".into(), "1");
    for n in 0..4u8 {
        let mut other = store.begin().await.unwrap();
        other.put(vec![n].into(), "");
        other.commit().await.unwrap();
    }
    assert!(tx.commit().await.unwrap_err().as_abort().is_some());
}

/// An engine that validates nothing.
struct Careless(Memory);

impl Engine for Careless {
    fn snapshot(&self) -> BoxFuture<'_, Result<Box<dyn Snapshot>>> {
        self.0.snapshot()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>> {
        self.0.commit(Commit { reads: Reads::default(), ..commit })
    }

    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, Result<Records>> {
        self.0.tail(log, after, limit)
    }

    fn bell(&self, log: &LogId) -> Bell {
        self.0.bell(log)
    }
}

#[tokio::test]
async fn the_history_of_a_careless_engine_is_refused() {
    let store = Chaos::over(&Store::new(Careless(Memory::default())), 1, Odds::SLOW);
    kv::suite::history::record(&store, 1).await.check().unwrap_err();
}
