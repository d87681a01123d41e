//! The seam's conformance suite over memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use kv::Store;
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
