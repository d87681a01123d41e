//! The handle: readers here, writers through the queue of the commit thread.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    thread::JoinHandle,
};

use futures::{FutureExt, future::BoxFuture};
use kv::{
    Abort, Bell, Bells, Commit, Committed, Dump, Engine, Limit, LogId, LogRange, Position, Records, Result, Snapshot,
    Store, Version,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    commit::Committer,
    dump,
    open::{Error, Files, Options},
    read::View,
    timers::Floors,
};

/// Transactions that wait for the commit thread; more wait for a place. Four full groups.
const QUEUE_MAX: usize = 1_024;

/// What readers and the commit thread share.
pub(crate) struct Shared {
    pub files: Files,
    pub floors: Floors,
    pub bells: Bells,
    published: RwLock<Arc<Moment>>,
}

/// What readers see: the database between two groups.
///
/// Only the commit thread takes fjall's snapshots. fjall's flushes and compactions move the visible sequence number
/// past a batch that is still being applied, so a snapshot taken at any time could see a part of it.
pub(crate) struct Moment {
    pub version: Version,
    pub snapshot: fjall::Snapshot,
}

/// A transaction on its way to the commit thread, and where the answer goes.
pub(crate) struct Job {
    pub commit: Commit,
    pub answer: oneshot::Sender<Result<Committed, Abort>>,
}

/// A store in a directory of this machine. Dropping the last handle closes it.
pub struct Fjall {
    shared: Arc<Shared>,
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    broken: watch::Receiver<bool>,
}

impl Fjall {
    /// Opens the directory, making it if needed; blocks while fjall reads its journal.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let files = Files::open(dir.as_ref(), &options)?;
        let dir = files.dir.clone();
        let shared = Arc::new(Shared {
            published: RwLock::new(Arc::new(Moment { version: 0, snapshot: files.db.snapshot() })),
            files,
            floors: Floors::default(),
            bells: Bells::default(),
        });
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let (broken_sender, broken) = watch::channel(false);
        let committer = Committer::new(Arc::clone(&shared), options.free_bytes_reserve, broken_sender)
            .map_err(|source| Error::Fjall { dir: dir.clone(), source })?;
        let thread = std::thread::Builder::new()
            .name("kv-commit".into())
            .spawn(move || committer.run(jobs))
            .map_err(|source| Error::Io { path: dir, source })?;
        Ok(Self { shared, queue: Some(queue), thread: Some(thread), broken })
    }

    /// Opens the directory as a store.
    pub fn store(dir: impl AsRef<Path>) -> Result<Store, Error> {
        Ok(Store::new(Self::open(dir, Options::default())?))
    }

    /// Turns true when a write failed: nothing is accepted any more, and the process should end and be started again.
    pub fn broken(&self) -> watch::Receiver<bool> {
        self.broken.clone()
    }
}

impl Shared {
    /// The last moment that is on disk.
    pub(crate) fn published(&self) -> Arc<Moment> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets readers see everything up to this version. Only for the commit thread, between two batches.
    pub(crate) fn publish(&self, version: Version) {
        let moment = Arc::new(Moment { version, snapshot: self.files.db.snapshot() });
        let before = std::mem::replace(&mut *self.published.write().unwrap_or_else(PoisonError::into_inner), moment);
        drop(before);
    }
}

impl Engine for Fjall {
    fn snapshot(&self) -> BoxFuture<'_, Result<Box<dyn Snapshot>>> {
        let view: Box<dyn Snapshot> = Box::new(View::new(&self.shared));
        std::future::ready(Ok(view)).boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>> {
        async move {
            let queue = self.queue.as_ref().ok_or(Abort::Unavailable)?;
            let (answer, answered) = oneshot::channel();
            queue.send(Job { commit, answer }).await.map_err(|_| Abort::Unavailable)?;
            answered.await.unwrap_or(Err(Abort::Unknown))
        }
        .boxed()
    }

    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, Result<Records>> {
        async move {
            let mut bell = self.shared.bells.bell(&log);
            loop {
                let view = View::new(&self.shared);
                let found = view.read_log(&log, LogRange::forward().after(after), limit).await?;
                drop(view);
                if !found.records.is_empty() {
                    return Ok(found);
                }
                bell.rung().await;
            }
        }
        .boxed()
    }

    fn bell(&self, log: &LogId) -> Bell {
        self.shared.bells.bell(log)
    }

    fn dump(&self) -> Option<Dump> {
        Some(dump::dump(Arc::clone(&self.shared), self.shared.published()))
    }
}

impl Drop for Fjall {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the commit thread panicked");
        }
    }
}
