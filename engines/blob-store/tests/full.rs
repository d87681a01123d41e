//! A disk that fills up: a small filesystem in memory, as only root may mount it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use blob::{Blobs, CHUNK_BYTES, Error, Result, Stored};
use blob_store::{BlobStore, Options};
use bytes::Bytes;
use futures::TryStreamExt;
use tempfile::TempDir;

const MIB: u64 = 1024 * 1024;

/// A filesystem of its own. Dropping it unmounts it.
struct Disk(TempDir);

impl Disk {
    /// None, with the reason printed, where it cannot be mounted.
    fn mount(bytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).stderr(Stdio::null());
        let mounted = command.status().is_ok_and(|status| status.success());
        if !mounted {
            println!("skipped: a full disk (blob-store): mounting a tmpfs takes root");
        }
        mounted.then(|| Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

async fn upload(store: &BlobStore, bytes: u64) -> Result<Stored> {
    let mut upload = store.write();
    for _ in 0..bytes / CHUNK_BYTES as u64 {
        upload.push(Bytes::from(vec![7; CHUNK_BYTES])).await?;
    }
    upload.finish().await
}

async fn check(store: &BlobStore, stored: &Stored) {
    let chunks: Vec<Bytes> = store.read(&stored.id, 0..stored.bytes).try_collect().await.unwrap();
    assert_eq!(chunks.iter().map(Bytes::len).sum::<usize>() as u64, stored.bytes);
    assert!(chunks.iter().all(|chunk| chunk.iter().all(|byte| *byte == 7)));
}

#[tokio::test]
async fn uploads_are_refused_while_there_is_no_room_and_leave_nothing() {
    let Some(disk) = Disk::mount(64 * MIB) else { return };
    // With a reserve, and without one, so that the disk itself says no.
    for (name, free_bytes_reserve) in [("reserved", 16 * MIB), ("bare", 0)] {
        let dir = disk.path().join(name);
        let store = BlobStore::open(&dir, Options { free_bytes_reserve }).unwrap();
        let first = upload(&store, 8 * MIB).await.unwrap();
        let ballast = dir.join("ballast");
        fs::write(&ballast, vec![1; 24 * MIB as usize]).unwrap();
        let refused = upload(&store, 64 * MIB).await;
        assert!(matches!(refused, Err(Error::Full)), "{name}: {refused:?}");
        check(&store, &first).await;
        assert_eq!(store.list(None, 10).await.unwrap().len(), 1, "{name}");
        fs::remove_file(ballast).unwrap();
        check(&store, &upload(&store, 8 * MIB).await.unwrap()).await;
        drop(store);
        fs::remove_dir_all(dir).unwrap();
    }
}
