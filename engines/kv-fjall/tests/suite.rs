//! The seam's conformance suite over fjall, and what only a disk has.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use futures::TryStreamExt;
use kv::{Abort, Error, Item, Limit, LogId, LogRange, Position, Store};
use kv_fjall::{Fjall, Loading, Options};
use tempfile::TempDir;

async fn open() -> (Store, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Fjall::store(dir.path()).unwrap(), dir)
}

kv::conformance!(open);

async fn append(store: &Store, log: &LogId, count: usize) -> Vec<Position> {
    let mut tx = store.begin().await.unwrap();
    (0..count).for_each(|n| tx.append(log.clone(), n.to_string()));
    tx.commit().await.unwrap().positions
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let (store, dir) = open().await;
    let log = LogId::from_static("log");
    let mut tx = store.begin().await.unwrap();
    tx.put("row".into(), "1");
    let timer = kv::Timer { list: log.clone(), name: "t".into(), body: "b".into() };
    let timer = tx.at(base::Timestamp::from_ms(5), timer);
    tx.commit().await.unwrap();
    let given = append(&store, &log, 600).await;
    store.trim(&log, given[399]).await.unwrap();
    drop(store);

    let store = Fjall::store(dir.path()).unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.get(&"row".into()).await.unwrap().unwrap(), "1");
    assert_eq!(tx.take(&timer).await.unwrap().unwrap(), "b");
    let rest = store.read_log(&log, LogRange::forward(), Limit::PAGE).await.unwrap();
    assert_eq!((rest.records.len(), rest.records[0].body.as_ref()), (200, &b"400"[..]));
    store.trim(&log, Position::END).await.unwrap();
    drop((tx, store));

    let store = Fjall::store(dir.path()).unwrap();
    assert!(given[599] < append(&store, &log, 1).await[0], "a position is never given twice");
}

#[tokio::test]
async fn a_full_disk_refuses_writes_but_not_reads() {
    let (store, dir) = open().await;
    append(&store, &LogId::from_static("log"), 1).await;
    drop(store);
    let options = Options { free_bytes_reserve: u64::MAX, ..Options::default() };
    let store = Store::new(Fjall::open(dir.path(), options).unwrap());
    let mut tx = store.begin().await.unwrap();
    tx.put("a".into(), "1");
    assert_eq!(tx.commit().await.unwrap_err(), Error::Abort(Abort::Full));
    let found = store.tail(&LogId::from_static("log"), Position::START, Limit::PAGE).await.unwrap();
    assert_eq!(found.records.len(), 1);
}

#[tokio::test]
async fn a_dump_that_is_loaded_is_the_same_store() {
    let (store, _dir) = open().await;
    kv::suite::dump::fill(&store).await;
    let lots: Vec<Vec<Item>> = store.dump().unwrap().try_collect().await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut loading = Loading::begin(other.path()).unwrap();
    lots.into_iter().flatten().for_each(|item| loading.put(item).unwrap());
    loading.finish().unwrap();
    let loaded = Fjall::store(other.path()).unwrap();
    assert_eq!(kv::suite::dump::shown(&loaded).await, kv::suite::dump::shown(&store).await);
    assert_eq!(append(&loaded, &LogId::from_static("log"), 1).await, [Position::new(601)]);
}
