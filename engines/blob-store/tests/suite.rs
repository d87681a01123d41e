//! The seam's conformance suite over files, and what only files have.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use blob::{BlobId, Blobs, CHUNK_BYTES, Error};
use blob_store::{BlobStore, OpenError, Options};
use bytes::Bytes;

fn open(dir: &Path) -> BlobStore {
    BlobStore::open(dir, Options::default()).unwrap()
}

fn temporary_files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("tmp")).unwrap().count()
}

#[tokio::test]
async fn conformance() {
    let dir = tempfile::tempdir().unwrap();
    blob::suite::all(&open(dir.path())).await;
    assert_eq!(temporary_files(dir.path()), 0);
}

#[tokio::test]
async fn large_uploads_come_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut upload = store.write();
    for n in 0..96u8 {
        upload.push(Bytes::from(vec![n; CHUNK_BYTES])).await.unwrap();
    }
    let stored = upload.finish().await.unwrap();
    assert_eq!(stored.bytes, 96 * CHUNK_BYTES as u64);
    drop(store);
    let chunks: Vec<Bytes> =
        futures::TryStreamExt::try_collect(open(dir.path()).read(&stored.id, 0..stored.bytes)).await.unwrap();
    assert_eq!(chunks.len(), 96);
    assert!((0..96u8).zip(&chunks).all(|(n, chunk)| chunk.iter().all(|byte| *byte == n)));
}

#[tokio::test]
async fn opening_removes_what_a_crash_left() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    std::fs::write(dir.path().join("tmp/left"), "half").unwrap();
    drop(open(dir.path()));
    assert_eq!(temporary_files(dir.path()), 0);
}

#[tokio::test]
async fn a_full_disk_refuses_uploads() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::open(dir.path(), Options { free_bytes_reserve: u64::MAX }).unwrap();
    let mut upload = store.write();
    upload.push(Bytes::from_static(b"x")).await.unwrap();
    assert!(matches!(upload.finish().await, Err(Error::Full)));
    assert_eq!(temporary_files(dir.path()), 0);
    let mut upload = store.write();
    let mut pushed = Ok(());
    for _ in 0..3 {
        pushed = upload.push(Bytes::from(vec![0; CHUNK_BYTES])).await;
    }
    assert!(pushed.is_err());
    assert!(upload.finish().await.is_err());
}

#[tokio::test]
async fn a_second_opener_is_told_which_directory_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let error = BlobStore::open(dir.path(), Options::default()).err().unwrap();
    assert!(matches!(&error, OpenError::Locked { dir: named } if named == dir.path()), "{error}");
}

#[tokio::test]
async fn an_unknown_format_is_refused_and_nothing_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    std::fs::write(dir.path().join("format"), "clearsky-blobs 99\n").unwrap();
    std::fs::write(dir.path().join("tmp/theirs"), "x").unwrap();
    let error = BlobStore::open(dir.path(), Options::default()).err().unwrap();
    assert!(matches!(&error, OpenError::Format { found, .. } if found.contains("99")), "{error}");
    assert_eq!(temporary_files(dir.path()), 1);
}

#[tokio::test]
async fn a_blob_may_be_given_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (store, id) = (open(dir.path()), BlobId::random(&base::Ids::seeded(1)));
    let mut upload = store.write_as(id.clone());
    upload.push(Bytes::from_static(b"named")).await.unwrap();
    assert_eq!(upload.finish().await.unwrap().id, id);
    assert_eq!(store.len(&id).await.unwrap(), 5);
    assert!(store.write_as(id).finish().await.is_err());
}
