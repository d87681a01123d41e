//! Writing: chunks gather, the blocking pool writes them, and the disk is kept busy so that the last sync is short.

use std::{
    fs::File,
    io::{self, IoSlice, Write},
    sync::Arc,
};

use blob::{BlobId, CHUNK_BYTES, Error, Result, Stored, Upload};
use bytes::{Buf, Bytes};
use futures::{FutureExt, future::BoxFuture};
use tempfile::TempPath;
use tokio::task::JoinHandle;

use crate::files::{Files, from_io};

/// Bytes written between two syncs that run beside the upload, and between two looks at the free space.
const SYNC_BYTES: u64 = 8 * 1024 * 1024;

/// The most slices that one system call takes (IOV_MAX of Linux).
const SLICES_MAX: usize = 1_024;

/// A blob being written: up to one chunk gathered, one being written.
pub(crate) struct FileUpload {
    files: Arc<Files>,
    /// None before the first write and while the pool has it.
    open: Option<Open>,
    writing: Option<JoinHandle<Result<Open>>>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    bytes: u64,
    failed: bool,
    /// The name it is to have; else one that no other has.
    id: Option<BlobId>,
}

/// The file on disk. Dropping it removes it.
struct Open {
    file: File,
    path: TempPath,
    unsynced: u64,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl FileUpload {
    pub(crate) fn new(files: Arc<Files>, id: Option<BlobId>) -> Self {
        Self { files, open: None, writing: None, gathered: Vec::new(), gathered_bytes: 0, bytes: 0, failed: false, id }
    }

    async fn take(&mut self, chunk: Bytes) -> Result<()> {
        if self.failed {
            return Err(Error::Io(io::Error::other("the upload has failed before")));
        }
        if chunk.is_empty() {
            return Ok(());
        }
        self.bytes += chunk.len() as u64;
        self.gathered_bytes += chunk.len();
        self.gathered.push(chunk);
        if self.gathered_bytes < CHUNK_BYTES && self.gathered.len() < SLICES_MAX {
            return Ok(());
        }
        // Set while it is under way, so that a cancelled push is not taken for a complete one.
        self.failed = true;
        self.settle().await?;
        self.start();
        self.failed = false;
        Ok(())
    }

    /// Waits for the write under way.
    async fn settle(&mut self) -> Result<()> {
        if let Some(writing) = &mut self.writing {
            let written = writing.await;
            self.writing = None;
            self.open = Some(written.map_err(io::Error::other)??);
        }
        Ok(())
    }

    /// Hands what is gathered to the pool.
    fn start(&mut self) {
        let (files, open) = (Arc::clone(&self.files), self.open.take());
        let chunks = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let mut open = match open {
                Some(open) => open,
                None => Open::create(&files)?,
            };
            open.write(chunks, &files)?;
            Ok(open)
        }));
    }

    async fn complete(mut self) -> Result<Stored> {
        if self.failed {
            return Err(Error::Io(io::Error::other("the upload has failed before")));
        }
        self.settle().await?;
        self.start();
        self.settle().await?;
        let Some(mut open) = self.open.take() else {
            return Err(Error::Io(io::Error::other("the upload has no file")));
        };
        if let Some(syncing) = open.syncing.take() {
            syncing.await.map_err(io::Error::other)?.map_err(from_io)?;
        }
        let (files, bytes, id) = (Arc::clone(&self.files), self.bytes, self.id.take());
        let keeping = tokio::task::spawn_blocking(move || {
            open.file.sync_all().map_err(from_io)?;
            files.keep(open.path, id)
        });
        let id = keeping.await.map_err(io::Error::other)??;
        Ok(Stored { id, bytes })
    }
}

impl Open {
    fn create(files: &Files) -> Result<Self> {
        let (file, path) = files.temporary()?;
        Ok(Self { file, path, unsynced: 0, syncing: None })
    }

    fn write(&mut self, chunks: Vec<Bytes>, files: &Files) -> Result<()> {
        self.unsynced += chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        write_all(&self.file, chunks).map_err(from_io)?;
        if SYNC_BYTES <= self.unsynced {
            files.check_room()?;
            self.sync_beside()?;
        }
        Ok(())
    }

    /// Starts a sync unless one is still running.
    fn sync_beside(&mut self) -> Result<()> {
        if let Some(syncing) = &mut self.syncing {
            let Some(synced) = syncing.now_or_never() else { return Ok(()) };
            self.syncing = None;
            synced.map_err(io::Error::other)?.map_err(from_io)?;
        }
        let file = self.file.try_clone()?;
        self.syncing = Some(tokio::task::spawn_blocking(move || file.sync_data()));
        self.unsynced = 0;
        Ok(())
    }
}

impl Upload for FileUpload {
    fn push(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<()>> {
        self.take(chunk).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<Stored>> {
        self.complete().boxed()
    }
}

impl Drop for FileUpload {
    fn drop(&mut self) {
        // Removing a large file takes a while; a write under way removes it by itself when it ends.
        if let Some(open) = self.open.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn_blocking(move || drop(open)));
        }
    }
}

fn write_all(mut file: &File, chunks: Vec<Bytes>) -> io::Result<()> {
    let mut chunks = std::collections::VecDeque::from(chunks);
    while !chunks.is_empty() {
        let slices: Vec<IoSlice<'_>> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
        let mut written = match file.write_vectored(&slices) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        while let Some(first) = chunks.front_mut().filter(|_| 0 < written) {
            let step = written.min(first.len());
            first.advance(step);
            written -= step;
            if first.is_empty() {
                chunks.pop_front();
            }
        }
    }
    Ok(())
}
