//! Unpacked packages on disk: one folder for each, named by its hash. Can be rebuilt from the blob store at any time.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use base::{Ids, Timestamp};
use blob::Blobs;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::engine::package;
use crate::model::Code;
use crate::model::layer::UsedLayer;

/// Packages that are unpacked at once: each is in memory meanwhile (up to 50 MB).
const UNPACKING_MAX: usize = 2;

/// A package that no environment used for so long is removed; when it is needed again it is unpacked again.
const UNUSED_MAX_MS: i64 = 60 * 60 * 1000;

/// What a folder's name starts with until everything is in it.
const UNFINISHED: &str = ".unpacking-";

/// Why a package cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    /// Nothing is stored under the record's name.
    #[error("the package {0} is not there")]
    Gone(String),
    #[error("a package could not be unpacked: {0}")]
    Io(#[from] io::Error),
    #[error("the package {0} is not what was stored")]
    Damaged(String),
}

/// The unpacked packages.
pub(crate) struct Cache {
    folder: PathBuf,
    unpacking: Semaphore,
    uses: Mutex<HashMap<String, Use>>,
}

/// An unpacked package; it stays while this is held.
#[derive(Debug)]
pub(crate) struct Unpacked(PathBuf);

/// Who uses a package, and when that was last seen.
#[derive(Debug)]
struct Use {
    holder: Weak<Unpacked>,
    seen: Timestamp,
}

impl Unpacked {
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

impl Cache {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, unpacking: Semaphore::new(UNPACKING_MAX), uses: Mutex::default() }
    }

    /// Removes what a crash left half unpacked.
    pub fn sweep(&self) -> io::Result<()> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes packages that have not been used for a while.
    pub fn prune(&self, ids: &Ids, now: Timestamp) -> io::Result<()> {
        if !self.folder.exists() {
            return Ok(());
        }
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let unfinished = self.folder.join(format!("{UNFINISHED}{}", ids.lower(12)));
            if !name.starts_with(UNFINISHED) && self.withdraw(&name, &unfinished, now)? {
                std::fs::remove_dir_all(&unfinished)?;
            }
        }
        Ok(())
    }

    /// Renames a package's folder away if nobody uses it. Under the lock: whoever comes later finds no folder.
    fn withdraw(&self, name: &str, to: &Path, now: Timestamp) -> io::Result<bool> {
        let mut uses = self.uses();
        let used = uses.entry(name.to_owned()).or_insert_with(|| Use { holder: Weak::new(), seen: now });
        if used.holder.strong_count() > 0 {
            used.seen = now;
        }
        let is_over = used.seen.plus_ms(UNUSED_MAX_MS) <= now;
        if is_over {
            uses.remove(name);
            std::fs::rename(self.folder.join(name), to)?;
        }
        Ok(is_over)
    }

    /// A hold on a package's folder, whether it is there yet or not.
    fn hold(&self, name: &str, now: Timestamp) -> Arc<Unpacked> {
        let mut uses = self.uses();
        let used = uses.entry(name.to_owned()).or_insert_with(|| Use { holder: Weak::new(), seen: now });
        used.seen = now;
        used.holder.upgrade().unwrap_or_else(|| {
            let held = Arc::new(Unpacked(self.folder.join(name)));
            used.holder = Arc::downgrade(&held);
            held
        })
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<String, Use>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The package, unpacked. Its folder is there whole or not at all.
    pub async fn unpacked(
        &self,
        code: &Code,
        blobs: &Arc<dyn Blobs>,
        ids: &Ids,
        now: Timestamp,
    ) -> Result<Arc<Unpacked>, CacheError> {
        self.stacked(&code.sha256, std::slice::from_ref(code), blobs, ids, now).await
    }

    /// Layers, unpacked one over the other in their order.
    pub async fn layers(
        &self,
        layers: &[UsedLayer],
        blobs: &Arc<dyn Blobs>,
        ids: &Ids,
        now: Timestamp,
    ) -> Result<Arc<Unpacked>, CacheError> {
        let codes: Vec<Code> = layers.iter().map(|layer| layer.code.clone()).collect();
        let hashes: Vec<&str> = codes.iter().map(|code| code.sha256.as_str()).collect();
        let name = format!("layers-{}", hex::encode(Sha256::digest(hashes.join("\n"))));
        self.stacked(&name, &codes, blobs, ids, now).await
    }

    async fn stacked(
        &self,
        name: &str,
        codes: &[Code],
        blobs: &Arc<dyn Blobs>,
        ids: &Ids,
        now: Timestamp,
    ) -> Result<Arc<Unpacked>, CacheError> {
        let held = self.hold(name, now);
        let folder = held.folder().to_owned();
        if tokio::fs::try_exists(&folder).await? {
            return Ok(held);
        }
        let _permit = self.unpacking.acquire().await.map_err(io::Error::other)?;
        if tokio::fs::try_exists(&folder).await? {
            return Ok(held);
        }
        let unfinished = self.folder.join(format!("{UNFINISHED}{}", ids.lower(12)));
        let filled = fill(codes, blobs, &unfinished).await;
        let work = tokio::task::spawn_blocking(move || finish(filled, &unfinished, &folder));
        work.await.map_err(io::Error::other)??;
        Ok(held)
    }
}

async fn fetch(code: &Code, blobs: &Arc<dyn Blobs>) -> Result<Bytes, CacheError> {
    let damaged = || CacheError::Damaged(code.sha256.clone());
    let id = code.blob().ok_or_else(damaged)?;
    let mut stream = blobs.read(&id, 0..code.bytes);
    let mut zip = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CacheError::Gone(code.sha256.clone()),
            _ => error.into(),
        });
        zip.extend_from_slice(&chunk?);
    }
    if hex::encode(Sha256::digest(&zip)) != code.sha256 {
        return Err(damaged());
    }
    Ok(zip.freeze())
}

/// Unpacks packages one over the other; each is in memory only while it is unpacked.
async fn fill(codes: &[Code], blobs: &Arc<dyn Blobs>, into: &Path) -> Result<(), CacheError> {
    tokio::fs::create_dir_all(into).await?;
    package::permit(into, 0o755)?;
    for code in codes {
        let (zip, into) = (fetch(code, blobs).await?, into.to_owned());
        tokio::task::spawn_blocking(move || package::unpack(&zip, &into)).await.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Renames what has been unpacked beside the target. When anything fails nothing stays behind.
fn finish(filled: Result<(), CacheError>, unfinished: &Path, target: &Path) -> Result<(), CacheError> {
    let renamed = filled.and_then(|()| match std::fs::rename(unfinished, target) {
        // Somebody else was first, with the same content.
        Err(_) if target.exists() => Ok(std::fs::remove_dir_all(unfinished)?),
        other => Ok(other?),
    });
    if renamed.is_err() {
        let _ = std::fs::remove_dir_all(unfinished);
    }
    renamed
}
