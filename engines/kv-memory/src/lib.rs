//! The key-value seam in memory: for tests and for what may be forgotten. Persistent maps make a snapshot a clone.

mod state;

use std::sync::{Mutex, PoisonError};

use base::Timestamp;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture};
use kv::{
    Abort, Bell, Bells, Commit, Committed, Due, Dump, Engine, Key, Limit, LogId, LogRange, Page, Position, Range,
    Records, Result, Snapshot, Store, TimerId, Version, Window,
};
use tokio::time::Instant;

use crate::state::State;

/// A store that lives as long as its handle.
#[derive(Debug, Default)]
pub struct Memory {
    shared: Mutex<Shared>,
    bells: Bells,
}

#[derive(Debug, Default)]
struct Shared {
    state: State,
    window: Window,
}

impl Memory {
    /// An empty store.
    pub fn store() -> Store {
        Store::new(Self::default())
    }

    /// An empty store whose window of recent commits is small, so that tests reach its edge.
    pub fn store_with_window(keys: usize) -> Store {
        let shared = Shared { state: State::default(), window: Window::with_capacity(keys) };
        Store::new(Self { shared: Mutex::new(shared), bells: Bells::default() })
    }

    fn now(&self) -> View {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        View { version: shared.window.latest(), state: shared.state.clone() }
    }

    fn apply(&self, commit: Commit) -> Result<Committed, Abort> {
        let (version, positions) = {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.window.validate(commit.snapshot, &commit.reads)?;
            let version = shared.window.record(&commit, Instant::now());
            (version, shared.state.apply(&commit))
        };
        commit.appends.iter().for_each(|(log, _)| self.bells.ring(log));
        commit.timers.iter().filter(|(_, body)| body.is_some()).for_each(|(timer, _)| self.bells.ring(&timer.list));
        Ok(Committed { version, positions })
    }
}

impl Engine for Memory {
    fn snapshot(&self) -> BoxFuture<'_, Result<Box<dyn Snapshot>>> {
        let view: Box<dyn Snapshot> = Box::new(self.now());
        std::future::ready(Ok(view)).boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>> {
        async move { self.apply(commit) }.boxed()
    }

    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, Result<Records>> {
        async move {
            let mut bell = self.bells.bell(&log);
            loop {
                let found = self.now().state.read_log(&log, LogRange::forward().after(after), limit);
                if !found.records.is_empty() {
                    return Ok(found);
                }
                bell.rung().await;
            }
        }
        .boxed()
    }

    fn bell(&self, log: &LogId) -> Bell {
        self.bells.bell(log)
    }

    fn dump(&self) -> Option<Dump> {
        let items = self.now().state.items();
        Some(futures::stream::iter([Ok(items)]).boxed())
    }
}

/// A moment of the store.
struct View {
    version: Version,
    state: State,
}

impl Snapshot for View {
    fn version(&self) -> Version {
        self.version
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Bytes>>> {
        std::future::ready(Ok(self.state.get(key))).boxed()
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        std::future::ready(Ok(keys.iter().map(|key| self.state.get(key)).collect())).boxed()
    }

    fn range<'a>(&'a self, range: &'a Range, limit: Limit) -> BoxFuture<'a, Result<Page>> {
        std::future::ready(Ok(self.state.range(range, limit))).boxed()
    }

    fn read_log<'a>(&'a self, log: &'a LogId, range: LogRange, limit: Limit) -> BoxFuture<'a, Result<Records>> {
        std::future::ready(Ok(self.state.read_log(log, range, limit))).boxed()
    }

    fn timer<'a>(&'a self, id: &'a TimerId) -> BoxFuture<'a, Result<Option<Bytes>>> {
        std::future::ready(Ok(self.state.timer(id))).boxed()
    }

    fn due<'a>(&'a self, list: &'a LogId, now: Timestamp, limit: Limit) -> BoxFuture<'a, Result<Due>> {
        std::future::ready(Ok(self.state.due(list, now, limit))).boxed()
    }
}
