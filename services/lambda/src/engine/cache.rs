//! Unpacked packages on disk: one folder for each, named by its hash. Can be rebuilt from the blob store at any time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::Ids;
use blob::Blobs;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::engine::package;
use crate::model::Code;

/// Packages that are unpacked at once: each is in memory meanwhile (up to 50 MB).
const UNPACKING_MAX: usize = 2;

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
}

impl Cache {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, unpacking: Semaphore::new(UNPACKING_MAX) }
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

    /// The folder that the package is unpacked in. It is there whole or not at all.
    pub async fn folder_of(&self, code: &Code, blobs: &Arc<dyn Blobs>, ids: &Ids) -> Result<PathBuf, CacheError> {
        let folder = self.folder.join(&code.sha256);
        if tokio::fs::try_exists(&folder).await? {
            return Ok(folder);
        }
        let _permit = self.unpacking.acquire().await.map_err(io::Error::other)?;
        if tokio::fs::try_exists(&folder).await? {
            return Ok(folder);
        }
        let zip = fetch(code, blobs).await?;
        let unfinished = self.folder.join(format!("{UNFINISHED}{}", ids.lower(12)));
        let target = folder.clone();
        let work = tokio::task::spawn_blocking(move || unpack(&zip, &unfinished, &target));
        work.await.map_err(io::Error::other)??;
        Ok(folder)
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

/// Unpacks beside the target and renames. When this fails nothing stays behind.
fn unpack(zip: &Bytes, unfinished: &Path, target: &Path) -> io::Result<()> {
    std::fs::create_dir_all(unfinished)?;
    let made = package::permit(unfinished, 0o755).and_then(|()| package::unpack(zip, unfinished));
    let renamed = made.and_then(|()| match std::fs::rename(unfinished, target) {
        // Somebody else was first, with the same content.
        Err(_) if target.exists() => std::fs::remove_dir_all(unfinished),
        other => other,
    });
    if renamed.is_err() {
        let _ = std::fs::remove_dir_all(unfinished);
    }
    renamed
}
