//! Making a backup: one moment of the rows, and each body that they refer to, while everything goes on.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use backup::{Frame, Head, Writer};
use base::{Secret, Timestamp};
use blob::{BlobId, Blobs, Hold};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use kv::{Dump, Item};
use service::Platform;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Backups at once: each keeps old versions of rows and deleted bodies for as long as it takes.
const AT_ONCE: usize = 1;

/// Bytes sent at once.
const LOT_BYTES: usize = 256 * 1024;

/// Lots made ahead of the client.
const LOTS_AHEAD: usize = 4;

/// How long a client may take nothing before its backup is given up.
const STALL_MAX: Duration = Duration::from_secs(60);

/// Bodies remembered as written, about 100 bytes each. One that is referred to again after more than these is written again.
const REMEMBERED_MAX: usize = 200_000;

type Lot = io::Result<Bytes>;

/// What backups hold beside rows and bodies, and how many there may be.
#[derive(Debug)]
pub struct Backups {
    program: String,
    files: BTreeMap<String, Secret<String>>,
    places: Arc<Semaphore>,
}

impl Backups {
    /// Backups written by `program`, with these files of the data directory, by name.
    pub fn new(program: impl Into<String>, files: BTreeMap<String, Secret<String>>) -> Self {
        Self { program: program.into(), files, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The right to make one now.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    fn head(&self, taken_at: Timestamp) -> Head {
        Head::new(taken_at, &self.program, self.files.clone())
    }
}

/// A backup that has begun: its moment is over, its bytes are still to be made.
pub(crate) struct Making {
    blobs: Arc<dyn Blobs>,
    /// Prefixes of the rows that refer to bodies.
    referring: Vec<&'static [u8]>,
    dump: Dump,
    writer: Writer,
    written: HashSet<BlobId>,
    /// Until the end nothing is deleted that the rows of that moment refer to.
    _hold: Hold,
    _place: OwnedSemaphorePermit,
}

/// The client has gone, or takes nothing any more.
struct Gone;

impl Making {
    /// Fixes the moment. None where the store has tools of its own for backups.
    pub(crate) fn begin(platform: &Platform, backups: &Backups, place: OwnedSemaphorePermit) -> Option<Self> {
        // The hold comes first: what is deleted after the moment is still there.
        let hold = platform.blobs.hold();
        let dump = platform.store.dump()?;
        let referring = platform.services.iter().flat_map(|service| service.blob_rows).copied().collect();
        let writer = Writer::begin(backups.head(platform.clock.now()));
        let blobs = Arc::clone(&platform.blobs);
        Some(Self { blobs, referring, dump, writer, written: HashSet::new(), _hold: hold, _place: place })
    }

    /// Makes the bytes as a task of the platform.
    pub(crate) async fn start(self, platform: &Platform) -> BoxStream<'static, Lot> {
        let (lots, taken) = mpsc::channel(LOTS_AHEAD);
        let making = async move {
            if self.make(lots).await.is_err() {
                tracing::warn!("a backup was given up: its client takes nothing any more");
            }
        };
        platform.tasks.once("backup", Box::pin(making)).await;
        futures::stream::unfold(taken, |mut taken| async { taken.recv().await.map(|lot| (lot, taken)) }).boxed()
    }

    async fn make(mut self, lots: mpsc::Sender<Lot>) -> Result<(), Gone> {
        while let Some(items) = self.dump.next().await {
            let made = match items {
                Ok(items) => self.items(items, &lots).await?,
                Err(error) => Err(io::Error::other(error)),
            };
            if let Err(error) = made {
                // The stream breaks off without its end: nobody takes it for whole.
                tracing::error!("a backup failed: {error}");
                return send(&lots, Err(error)).await;
            }
        }
        send(&lots, Ok(self.writer.end())).await
    }

    async fn items(&mut self, items: Vec<Item>, lots: &mpsc::Sender<Lot>) -> Result<io::Result<()>, Gone> {
        for item in items {
            let bodies = self.bodies(&item);
            self.writer.push(&Frame::Item(item));
            for id in bodies {
                if let Err(error) = self.body(id, lots).await? {
                    return Ok(Err(error));
                }
            }
            self.flush(lots).await?;
        }
        Ok(Ok(()))
    }

    /// The bodies that a row may refer to and that have not been written yet.
    fn bodies(&self, item: &Item) -> Vec<BlobId> {
        let Item::Row(key, value) = item else { return Vec::new() };
        if !self.referring.iter().any(|prefix| key.starts_with(prefix)) {
            return Vec::new();
        }
        let found = BlobId::candidates(value).filter_map(|text| BlobId::parse(text).ok());
        found.filter(|id| !self.written.contains(id)).collect()
    }

    async fn body(&mut self, id: BlobId, lots: &mpsc::Sender<Lot>) -> Result<io::Result<()>, Gone> {
        let bytes = match self.blobs.len(&id).await {
            Ok(bytes) => bytes,
            // A text that only looks like a body's name.
            Err(blob::Error::NotFound(_)) => return Ok(Ok(())),
            Err(error) => return Ok(Err(io::Error::other(error))),
        };
        if self.written.len() < REMEMBERED_MAX {
            self.written.insert(id.clone());
        }
        self.writer.push(&Frame::Body(id.clone(), bytes));
        let mut chunks = self.blobs.read(&id, 0..bytes);
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => self.writer.push(&Frame::Chunk(chunk)),
                Err(error) => return Ok(Err(error)),
            }
            self.flush(lots).await?;
        }
        Ok(Ok(()))
    }

    async fn flush(&mut self, lots: &mpsc::Sender<Lot>) -> Result<(), Gone> {
        match self.writer.waiting() < LOT_BYTES {
            true => Ok(()),
            false => send(lots, Ok(self.writer.take())).await,
        }
    }
}

async fn send(lots: &mpsc::Sender<Lot>, lot: Lot) -> Result<(), Gone> {
    lots.send_timeout(lot, STALL_MAX).await.map_err(|_| Gone)
}
