//! Chaos: any engine made slow, contentious and unreliable by a seed. For tests of whole services.

use std::sync::Arc;

use base::{Ids, Timestamp};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};

use crate::{
    Abort, Bell, Commit, Committed, Due, Dump, Engine, Key, Limit, LogId, LogRange, Page, Position, Range, Records,
    Result, Snapshot, Store, TimerId, Version,
};

/// What the odds are out of.
const SURE: u32 = 1_000;

/// How hostile an engine is. Odds are out of 1000 commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odds {
    /// A call lets other tasks run up to this many times, before and after what it does.
    pub yields_max: u32,
    /// A commit that validates reads is refused without need.
    pub conflict: u32,
    /// A commit is not done, and its outcome is unknown.
    pub lost: u32,
    /// A commit is done, and its outcome is unknown.
    pub unheard: u32,
}

impl Odds {
    /// Only slow.
    pub const SLOW: Self = Self { yields_max: 6, conflict: 0, lost: 0, unheard: 0 };
    /// Slow, and one commit in eight conflicts for nothing: what a service must get through without an error.
    pub const CONTENDED: Self = Self { conflict: 125, ..Self::SLOW };
    /// Everything at once.
    pub const HOSTILE: Self = Self { lost: 30, unheard: 30, ..Self::CONTENDED };
}

/// An engine over an engine. The same seed over the same calls does the same.
pub struct Chaos {
    engine: Arc<dyn Engine>,
    dice: Arc<Dice>,
}

/// Prints the seed of a run if it fails.
#[derive(Debug)]
pub struct Seed(pub u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with the seed {}", self.0);
        }
    }
}

struct Dice {
    ids: Ids,
    odds: Odds,
}

impl Dice {
    fn below(&self, n: u32) -> u32 {
        u32::from_le_bytes(self.ids.bytes()) % n.max(1)
    }

    async fn dawdle(&self) {
        for _ in 0..self.below(self.odds.yields_max + 1) {
            tokio::task::yield_now().await;
        }
    }
}

impl Chaos {
    pub fn new(engine: Arc<dyn Engine>, seed: u64, odds: Odds) -> Self {
        Self { engine, dice: Arc::new(Dice { ids: Ids::seeded(seed), odds }) }
    }

    /// The same rows behind a hostile engine, with turns of its own.
    pub fn over(store: &Store, seed: u64, odds: Odds) -> Store {
        Store::new(Self::new(Arc::clone(store.engine()), seed, odds))
    }

    async fn judge(&self, commit: Commit) -> Result<Committed, Abort> {
        let Odds { conflict, lost, unheard, .. } = self.dice.odds;
        let roll = self.dice.below(SURE);
        let blamed = commit.reads.keys.first().filter(|_| roll < conflict).cloned();
        if let Some(key) = blamed {
            return Err(Abort::Conflict(key));
        }
        let roll = self.dice.below(SURE);
        if roll < lost {
            return Err(Abort::Unknown);
        }
        let committed = self.engine.commit(commit).await?;
        if roll < lost + unheard { Err(Abort::Unknown) } else { Ok(committed) }
    }
}

impl Engine for Chaos {
    fn snapshot(&self) -> BoxFuture<'_, Result<Box<dyn Snapshot>>> {
        async move {
            self.dice.dawdle().await;
            let snapshot = self.engine.snapshot().await?;
            self.dice.dawdle().await;
            let slow: Box<dyn Snapshot> = Box::new(Slow { snapshot, dice: Arc::clone(&self.dice) });
            Ok(slow)
        }
        .boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>> {
        async move {
            self.dice.dawdle().await;
            let result = self.judge(commit).await;
            self.dice.dawdle().await;
            result
        }
        .boxed()
    }

    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, Result<Records>> {
        async move {
            self.dice.dawdle().await;
            let records = self.engine.tail(log, after, limit).await;
            self.dice.dawdle().await;
            records
        }
        .boxed()
    }

    fn bell(&self, log: &LogId) -> Bell {
        self.engine.bell(log)
    }

    fn dump(&self) -> Option<Dump> {
        self.engine.dump()
    }
}

struct Slow {
    snapshot: Box<dyn Snapshot>,
    dice: Arc<Dice>,
}

impl Slow {
    fn after<'a, T: Send + 'a>(&'a self, read: BoxFuture<'a, Result<T>>) -> BoxFuture<'a, Result<T>> {
        async move {
            self.dice.dawdle().await;
            read.await
        }
        .boxed()
    }
}

impl Snapshot for Slow {
    fn version(&self) -> Version {
        self.snapshot.version()
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Bytes>>> {
        self.after(self.snapshot.get(key))
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        self.after(self.snapshot.get_many(keys))
    }

    fn range<'a>(&'a self, range: &'a Range, limit: Limit) -> BoxFuture<'a, Result<Page>> {
        self.after(self.snapshot.range(range, limit))
    }

    fn read_log<'a>(&'a self, log: &'a LogId, range: LogRange, limit: Limit) -> BoxFuture<'a, Result<Records>> {
        self.after(self.snapshot.read_log(log, range, limit))
    }

    fn timer<'a>(&'a self, id: &'a TimerId) -> BoxFuture<'a, Result<Option<Bytes>>> {
        self.after(self.snapshot.timer(id))
    }

    fn due<'a>(&'a self, list: &'a LogId, now: Timestamp, limit: Limit) -> BoxFuture<'a, Result<Due>> {
        self.after(self.snapshot.due(list, now, limit))
    }
}
