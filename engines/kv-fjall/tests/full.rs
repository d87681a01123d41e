//! A disk that fills up: a small filesystem in memory, as only root may mount it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use kv::{Abort, Error, Key, Limit, LogId, LogRange, Result, Store};
use kv_fjall::{Fjall, Options};
use tempfile::TempDir;

const MIB: u64 = 1024 * 1024;
const DISK: u64 = 256 * MIB;
const RESERVE: u64 = 64 * MIB;
const VALUE: usize = 512 * 1024;
const LOG: LogId = LogId::from_static("log");

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
            println!("skipped: a full disk (kv-fjall): mounting a tmpfs takes root");
        }
        mounted.then(|| Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

fn key(n: usize) -> Key {
    Key::from(format!("{n:06}").into_bytes())
}

/// What compresses badly, different for each row.
fn value(n: usize) -> &'static [u8] {
    static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let ids = base::Ids::seeded(1);
        (0..2 * VALUE / 64).flat_map(|_| ids.bytes::<64>()).collect()
    });
    &NOISE[n % VALUE..][..VALUE]
}

async fn put(store: &Store, n: usize) -> Result<()> {
    let mut tx = store.begin().await?;
    tx.put(key(n), value(n));
    tx.append(LOG, n.to_string());
    tx.commit().await.map(drop)
}

async fn check(store: &Store, rows: usize) {
    for n in 0..rows {
        let found = store.begin().await.unwrap().get(&key(n)).await.unwrap();
        assert_eq!(found.unwrap(), value(n), "row {n}");
    }
    let records = store.read_log(&LOG, LogRange::forward(), Limit::PAGE).await.unwrap().records;
    assert_eq!(records.len(), rows);
}

#[tokio::test]
async fn writes_are_refused_before_the_disk_is_full_and_come_back() {
    let Some(disk) = Disk::mount(DISK) else { return };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![1; 64 * MIB as usize]).unwrap();
    let options = Options { free_bytes_reserve: RESERVE, ..Options::default() };
    let engine = Fjall::open(disk.path().join("kv"), options.clone()).unwrap();
    let broken = engine.broken();
    let store = Store::new(engine);

    let mut rows = 0;
    let refused = loop {
        match put(&store, rows).await {
            Ok(()) => rows += 1,
            Err(error) => break error,
        }
        assert!((rows * VALUE) as u64 <= DISK, "the disk never filled up");
    };
    assert_eq!(refused, Error::Abort(Abort::Full));
    assert!(0 < rows && !*broken.borrow());
    assert!(disk.free() < RESERVE && RESERVE / 2 < disk.free(), "{} are left", disk.free());
    check(&store, rows).await;

    // What removes only may go on.
    store.begin().await.unwrap().commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.delete(key(rows - 1));
    tx.commit().await.unwrap();
    assert_eq!(put(&store, rows).await, Err(Error::Abort(Abort::Full)));

    fs::remove_file(ballast).unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.put(key(rows - 1), value(rows - 1));
    tx.commit().await.unwrap();
    put(&store, rows).await.unwrap();
    check(&store, rows + 1).await;
    drop(store);

    let store = Store::new(Fjall::open(disk.path().join("kv"), options).unwrap());
    check(&store, rows + 1).await;
}
