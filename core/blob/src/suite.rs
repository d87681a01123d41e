//! The conformance suite: what every engine's tests run.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests, though compiled as a library")]

use std::{io, ops::Range};

use base::Ids;
use bytes::Bytes;
use futures::TryStreamExt;

use crate::{BlobId, Blobs, CHUNK_BYTES, Error, Stored};

/// Everything the seam promises, over an empty store.
pub async fn all(blobs: &dyn Blobs) {
    ranges_come_back(blobs).await;
    absent_blobs_are_named(blobs).await;
    unfinished_uploads_are_nowhere(blobs).await;
    listing_turns_pages(blobs).await;
    readers_outlive_a_delete(blobs).await;
    what_is_held_stays(blobs).await;
}

/// Bytes that differ at every offset up to 2^32, cut into chunks of odd sizes.
fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes.div_ceil(4) as u32).flat_map(u32::to_be_bytes).take(bytes).collect()
}

async fn store(blobs: &dyn Blobs, body: &[u8]) -> Stored {
    let mut upload = blobs.write();
    for (n, chunk) in body.chunks(70_001).enumerate() {
        upload.push(Bytes::copy_from_slice(chunk)).await.unwrap();
        if n % 3 == 0 {
            upload.push(Bytes::new()).await.unwrap();
        }
    }
    upload.finish().await.unwrap()
}

async fn read(blobs: &dyn Blobs, id: &BlobId, range: Range<u64>) -> io::Result<Vec<u8>> {
    let chunks: Vec<Bytes> = blobs.read(id, range).try_collect().await?;
    assert!(chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_BYTES));
    Ok(chunks.concat())
}

async fn ranges_come_back(blobs: &dyn Blobs) {
    for bytes in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7] {
        let body = pattern(bytes);
        let Stored { id, bytes: stored } = store(blobs, &body).await;
        assert_eq!(stored, bytes as u64);
        assert_eq!(blobs.len(&id).await.unwrap(), stored);
        assert_eq!(read(blobs, &id, 0..stored).await.unwrap(), body);
        let (from, to) = (bytes / 3, bytes - bytes / 4);
        assert_eq!(read(blobs, &id, from as u64..to as u64).await.unwrap(), body[from..to]);
        assert_eq!(read(blobs, &id, stored..stored).await.unwrap(), b"");
        let error = read(blobs, &id, 0..stored + 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        blobs.delete(&id).await.unwrap();
    }
}

async fn absent_blobs_are_named(blobs: &dyn Blobs) {
    let id = store(blobs, b"gone").await.id;
    blobs.delete(&id).await.unwrap();
    blobs.delete(&id).await.unwrap();
    assert!(matches!(blobs.len(&id).await, Err(Error::NotFound(named)) if named == id));
    assert_eq!(read(blobs, &id, 0..4).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    let never = BlobId::random(&Ids::seeded(99));
    assert!(matches!(blobs.len(&never).await, Err(Error::NotFound(_))));
    blobs.delete(&never).await.unwrap();
}

async fn unfinished_uploads_are_nowhere(blobs: &dyn Blobs) {
    let mut upload = blobs.write();
    upload.push(Bytes::from(pattern(3 * CHUNK_BYTES))).await.unwrap();
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
    drop(upload);
    drop(blobs.write());
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
}

async fn listing_turns_pages(blobs: &dyn Blobs) {
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(store(blobs, &pattern(n)).await.id);
    }
    ids.sort();
    let mut seen = Vec::new();
    loop {
        let page = blobs.list(seen.last(), 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(first) = page.first() else { break };
        assert_eq!(blobs.len(&first.id).await.unwrap(), first.bytes);
        seen.extend(page.into_iter().map(|listed| listed.id));
    }
    assert_eq!(seen, ids);
    for id in ids {
        blobs.delete(&id).await.unwrap();
    }
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
}

async fn readers_outlive_a_delete(blobs: &dyn Blobs) {
    let body = pattern(6 * CHUNK_BYTES);
    let Stored { id, bytes } = store(blobs, &body).await;
    let mut reading = blobs.read(&id, 0..bytes);
    let mut found = reading.try_next().await.unwrap().unwrap().to_vec();
    blobs.delete(&id).await.unwrap();
    while let Some(chunk) = reading.try_next().await.unwrap() {
        found.extend_from_slice(&chunk);
    }
    assert_eq!(found, body);
}

async fn what_is_held_stays(blobs: &dyn Blobs) {
    let (held, kept) = (store(blobs, b"held").await.id, store(blobs, b"kept").await.id);
    let (first, second) = (blobs.hold(), blobs.hold());
    blobs.delete(&held).await.unwrap();
    drop(first);
    assert_eq!(read(blobs, &held, 0..4).await.unwrap(), b"held");
    drop(second);
    // What a hold leaves may go a moment later.
    while blobs.len(&held).await.is_ok() {}
    assert_eq!(read(blobs, &kept, 0..4).await.unwrap(), b"kept");
    blobs.delete(&kept).await.unwrap();
}
