//! Backups of a platform in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;

use backup::{Frame, Reader};
use base::Secret;
use blob::{BlobId, Blobs, Error};
use clearsky_api::Backups;
use futures::future::BoxFuture;
use kv::{Abort, Bell, Commit, Committed, Engine, Item, Key, Limit, LogId, Position, Records, Snapshot, Store};
use kv_memory::Memory;
use service::testing::{Kit, Shown};
use service::{Anonymous, Caller, Failure, Service};

/// A house whose rows refer to bodies.
fn house() -> Service {
    Service { name: "house", blob_rows: &[b"house\0"], anonymous: Anonymous::Refused, ..clearsky_api::service() }
}

fn kit(store: Store) -> Kit {
    let files = BTreeMap::from([("root-key.json".to_owned(), Secret::new("key".to_owned()))]);
    let backups = Arc::new(Backups::new("clearsky test", files));
    Kit::with(store, vec![house(), clearsky_api::service()], |_| (Kit::ports(None, None), vec![backups as _]))
}

async fn ask(kit: &Kit, caller: &Caller) -> Result<Shown, Failure> {
    kit.http(caller, "clearsky", "POST /", &[("x-amz-target", "Clearsky_20261124.Backup")], "{}").await
}

async fn body(kit: &Kit, text: &'static str) -> BlobId {
    let mut upload = kit.blobs.write();
    upload.push(text.into()).await.unwrap();
    upload.finish().await.unwrap().id
}

async fn put(kit: &Kit, key: &str, value: String) {
    let mut tx = kit.platform.store.begin().await.unwrap();
    tx.put(Key::from(key), value);
    tx.commit().await.unwrap();
}

fn frames(file: &[u8]) -> Vec<Frame> {
    let mut reader = Reader::open(file).unwrap();
    std::iter::from_fn(|| reader.frame().unwrap()).collect()
}

#[tokio::test]
async fn rows_come_with_the_bodies_that_they_refer_to() {
    let kit = kit(Memory::store());
    let (kept, unnamed) = (body(&kit, "kept").await, body(&kit, "unnamed").await);
    put(&kit, "house\0object", format!(r#"{{"blob":"{kept}"}}"#)).await;
    put(&kit, "house\0same", format!(r#"{{"blob":"{kept}"}}"#)).await;
    put(&kit, "other", format!(r#"{{"blob":"{unnamed}"}}"#)).await;
    let answer = ask(&kit, &Kit::root()).await.unwrap();
    assert_eq!(answer.status, 200);
    let frames = frames(&answer.body);
    let Frame::Head(head) = &frames[0] else { panic!("{frames:?}") };
    assert_eq!((head.program.as_str(), head.files["root-key.json"].expose().as_str()), ("clearsky test", "key"));
    let rows = frames.iter().filter(|frame| matches!(frame, Frame::Item(Item::Row(..)))).count();
    let bodies: Vec<&Frame> = frames.iter().filter(|frame| matches!(frame, Frame::Body(..))).collect();
    assert_eq!((rows, bodies), (3, vec![&Frame::Body(kept, 4)]));
    assert!(frames.contains(&Frame::Chunk("kept".into())));
}

#[tokio::test]
async fn nobody_without_permission_has_one() {
    let kit = kit(Memory::store());
    let denied = ask(&kit, &Kit::nobody()).await.unwrap();
    assert_eq!(denied.status, 400);
    let text = denied.text();
    assert!(text.contains("AccessDeniedException") && text.contains("clearsky:Backup"), "{text}");
}

#[tokio::test]
async fn what_is_deleted_while_it_is_made_is_in_it_and_goes_then() {
    let kit = kit(Memory::store());
    let id = body(&kit, "doomed").await;
    put(&kit, "house\0object", format!(r#"{{"blob":"{id}"}}"#)).await;
    let holding = kit.platform.blobs.hold();
    kit.platform.blobs.delete(&id).await.unwrap();
    let answer = ask(&kit, &Kit::root()).await.unwrap();
    assert!(frames(&answer.body).contains(&Frame::Chunk("doomed".into())));
    assert_eq!(kit.blobs.count(), 1);
    drop(holding);
    assert!(matches!(kit.platform.blobs.len(&id).await, Err(Error::NotFound(_))));
}

/// An engine with tools of its own.
struct Elsewhere(Memory);

impl Engine for Elsewhere {
    fn snapshot(&self) -> BoxFuture<'_, kv::Result<Box<dyn Snapshot>>> {
        self.0.snapshot()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>> {
        self.0.commit(commit)
    }

    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, kv::Result<Records>> {
        self.0.tail(log, after, limit)
    }

    fn bell(&self, log: &LogId) -> Bell {
        self.0.bell(log)
    }
}

#[tokio::test]
async fn an_engine_with_tools_of_its_own_is_told_of() {
    let kit = kit(Store::new(Elsewhere(Memory::default())));
    for _ in 0..2 {
        let refused = ask(&kit, &Kit::root()).await.unwrap();
        assert_eq!(refused.status, 409);
        assert!(refused.text().contains("InvalidStateException") && refused.text().contains("pg_dump"));
    }
}

#[tokio::test]
async fn there_is_one_at_a_time() {
    let kit = kit(Memory::store());
    let root = Kit::root();
    let (one, other) = tokio::join!(ask(&kit, &root), ask(&kit, &root));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.status, other.status), (200, 400));
    assert!(other.text().contains("LimitExceededException"), "{}", other.text());
    while ask(&kit, &Kit::root()).await.unwrap().status != 200 {}
}
