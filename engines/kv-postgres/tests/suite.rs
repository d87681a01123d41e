//! The seam's conformance suite over PostgreSQL, and what only a server has.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cluster;

use std::time::Duration;

use kv::{Key, Limit, LogId, Position, Range, Store, Watch};
use kv_postgres::{Error, Options, Postgres};

use crate::cluster::Cluster;

async fn connect(url: &str) -> Store {
    Store::new(Postgres::open(url, Options::default()).await.unwrap())
}

async fn open() -> Option<(Store, ())> {
    let url = Cluster::shared().database().await?;
    Some((connect(&url).await, ()))
}

kv::conformance!(open);

#[tokio::test]
async fn two_servers_share_one_database() {
    let Some(url) = Cluster::shared().database().await else { return };
    let (one, other) = tokio::join!(connect(&url), connect(&url));
    let log = LogId::from_static("log");
    let mut bell = other.bell(&log);
    let mut reading = other.begin().await.unwrap();
    reading.get(&"a".into()).await.unwrap();
    reading.put("b".into(), "from the other");
    let mut tx = one.begin().await.unwrap();
    tx.put("a".into(), "from one");
    tx.append(log.clone(), "news");
    tx.commit().await.unwrap();
    assert!(reading.commit().await.unwrap_err().as_abort().is_some());
    tokio::time::timeout(Duration::from_secs(10), bell.rung()).await.unwrap();
    assert_eq!(other.tail(&log, Position::START, Limit::PAGE).await.unwrap().records[0].body, "news");
    assert_eq!(other.begin().await.unwrap().get(&"a".into()).await.unwrap().unwrap(), "from one");
}

#[tokio::test]
async fn long_keys_lie_in_order() {
    let Some((store, ())) = open().await else { return };
    // What does not compress, longer than an index entry, with a common front longer than what is indexed.
    let noise: Vec<u8> = (0..40).flat_map(|_| base::Ids::seeded(7).bytes::<64>()).collect();
    let front: Vec<u8> = base::Ids::seeded(8).bytes::<5_000>().to_vec();
    let mut keys: Vec<Key> =
        (0..40u8).rev().map(|n| Key::from([&front[..], &[n / 2], &noise[..usize::from(n) * 50]].concat())).collect();
    let mut tx = store.begin().await.unwrap();
    keys.iter().for_each(|key| tx.put(key.clone(), "x"));
    tx.commit().await.unwrap();
    keys.sort();
    let mut tx = store.begin().await.unwrap();
    let mut found = Vec::new();
    let mut range = Range::prefix(front);
    loop {
        let page = tx.range(range.clone(), Limit::rows(7), Watch::Tracked).await.unwrap();
        found.extend(page.rows.iter().map(|(key, _)| key.clone()));
        let Some(last) = page.last().filter(|_| page.more) else { break };
        range = range.after(last);
    }
    assert_eq!(found, keys);
    assert!(tx.get(&keys[39]).await.unwrap().is_some());
}

#[tokio::test]
async fn an_unknown_format_and_an_absent_server_are_refused() {
    let Some(url) = Cluster::shared().database().await else { return };
    drop(connect(&url).await);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("UPDATE clearsky.format SET version = 99").await.unwrap();
    let error = Postgres::open(&url, Options::default()).await.err().unwrap();
    assert!(matches!(error, Error::Format { found: 99 }), "{error}");
    let absent = Postgres::open("host=/nowhere user=x dbname=y", Options::default()).await.err().unwrap();
    assert!(matches!(absent, Error::Unreachable { .. }), "{absent}");
}

/// More tasks than connections, each reading in a second transaction while its first one is open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_holds_a_connection_never_waits_for_one_that_others_hold() {
    let Some(url) = Cluster::shared().database().await else { return };
    let store = Store::new(Postgres::open(&url, Options { connections_max: 4 }).await.unwrap());
    let task = async |store: Store, n: u32| {
        let mut outer = store.begin().await.unwrap();
        outer.get(&"policy".into()).await.unwrap();
        let mut inner = store.begin().await.unwrap();
        inner.get(&"policy".into()).await.unwrap();
        drop(inner);
        outer.put(Key::from(format!("task/{n}").into_bytes()), "done");
        outer.commit().await.unwrap();
    };
    let mut tasks = tokio::task::JoinSet::new();
    (0..64).for_each(|n| drop(tasks.spawn(task(store.clone(), n))));
    let all = tokio::time::timeout(Duration::from_secs(10), tasks.join_all()).await;
    assert_eq!(all.map(|done| done.len()), Ok(64));
    let page = store.begin().await.unwrap().range(Range::prefix("task/"), Limit::PAGE, Watch::Untracked).await;
    assert_eq!(page.unwrap().rows.len(), 64);
}

async fn admin(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn connections_that_broke_are_made_anew() {
    let Some(url) = Cluster::shared().database().await else { return };
    let (store, admin) = (connect(&url).await, admin(&url).await);
    const KICK: &str = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for n in ["1", "2", "3"] {
        let mut tx = store.begin().await.unwrap();
        tx.put("n".into(), n);
        tx.commit().await.unwrap();
        admin.query_one(KICK, &[]).await.unwrap();
        let found = store.begin().await.unwrap().get(&"n".into()).await.unwrap();
        assert_eq!(found.unwrap(), n);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_commit_leaves_the_outcome_unknown() {
    let Some(url) = Cluster::shared().database().await else { return };
    let (store, admin) = (connect(&url).await, admin(&url).await);
    // Somebody else has locked the rows: the commit waits.
    admin.batch_execute("BEGIN; LOCK TABLE clearsky.rows IN EXCLUSIVE MODE").await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.put("a".into(), "1");
    let commit = tokio::spawn(tx.commit());
    const KICK: &str = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // Not within the transaction above: it would see the same activity for ever.
    let looking = self::admin(&url).await;
    while looking.query_one(KICK, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(!commit.is_finished(), "the commit did not wait");
        tokio::task::yield_now().await;
    }
    assert_eq!(commit.await.unwrap().unwrap_err().as_abort(), Some(&kv::Abort::Unknown));
    admin.batch_execute("ROLLBACK").await.unwrap();
    assert!(store.begin().await.unwrap().get(&"a".into()).await.unwrap().is_none());
}
