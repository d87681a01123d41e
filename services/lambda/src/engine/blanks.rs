//! Interpreters booted ahead, waiting for code: of each kind as many as recent demand asks for.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Clock, Timestamp};
use exec::{Blank, Isolation, PoolKey, RuntimeFamily};
use futures::StreamExt;
use tokio::sync::Notify;

/// Blanks that wait for the next function, however little is asked for.
const READY_MIN: usize = 2;
/// Blanks of one kind that wait at most.
const READY_MAX: usize = 16;
/// As many blanks are kept ready as were taken in this time.
const DEMAND_MS: i64 = 10_000;
/// A kind that no function asked for in this time keeps none.
const UNUSED_MAX_MS: i64 = 10 * 60 * 1000;
/// Blanks that are booted at once: more would take the processors from what is running.
const BOOTING_MAX: usize = 2;
/// Memory that waiting blanks may take all together.
const MEMORY_MB_MAX: usize = 512;
/// After a blank could not be made, the next one is tried this much later.
const RETRY: Duration = Duration::from_secs(5);

/// The blanks of a server.
pub(crate) struct Blanks {
    isolation: Arc<dyn Isolation>,
    kinds: Mutex<HashMap<PoolKey, Kind>>,
    asked: Notify,
}

/// The blanks of one pool.
#[derive(Default)]
struct Kind {
    ready: VecDeque<Blank>,
    booting: usize,
    /// When blanks were asked for, the last ones.
    demand: VecDeque<Timestamp>,
    last: Timestamp,
}

impl Kind {
    fn wanted(&self, now: Timestamp) -> usize {
        let recent = self.demand.iter().filter(|at| now < at.plus_ms(DEMAND_MS)).count();
        recent.clamp(READY_MIN, READY_MAX)
    }
}

impl Blanks {
    pub fn new(isolation: Arc<dyn Isolation>) -> Self {
        Self { isolation, kinds: Mutex::default(), asked: Notify::new() }
    }

    /// Functions of this kind are about to be there: blanks are worth having.
    pub fn expect(&self, key: &PoolKey, now: Timestamp) {
        self.kinds().entry(key.clone()).or_default().last = now;
        self.asked.notify_one();
    }

    /// A blank, if one is ready.
    pub fn take(&self, key: &PoolKey, now: Timestamp) -> Option<Blank> {
        let mut kinds = self.kinds();
        let kind = kinds.entry(key.clone()).or_default();
        if READY_MAX <= kind.demand.len() {
            kind.demand.pop_front();
        }
        kind.demand.push_back(now);
        kind.last = now;
        self.asked.notify_one();
        kind.ready.pop_front()
    }

    /// How many wait, by runtime.
    pub fn ready(&self) -> BTreeMap<String, usize> {
        let mut ready: BTreeMap<String, usize> = BTreeMap::new();
        for (key, kind) in self.kinds().iter() {
            *ready.entry(key.runtime.name.clone()).or_default() += kind.ready.len();
        }
        ready
    }

    /// Lets go of what nobody has asked for in a while.
    pub fn prune(&self, now: Timestamp) {
        let unused: Vec<Kind> = {
            let mut kinds = self.kinds();
            let unused = |kind: &Kind| kind.last.plus_ms(UNUSED_MAX_MS) <= now && kind.booting == 0;
            let keys: Vec<PoolKey> =
                kinds.iter().filter(|(_, kind)| unused(kind)).map(|(key, _)| key.clone()).collect();
            keys.iter().filter_map(|key| kinds.remove(key)).collect()
        };
        drop(unused);
    }

    /// Boots what is wanted, for ever.
    pub async fn refill(&self, clock: &dyn Clock) {
        loop {
            let missing = self.missing(clock.now());
            if missing.is_empty() {
                self.asked.notified().await;
                continue;
            }
            let booted = futures::stream::iter(missing).map(|key| self.boot(key)).buffer_unordered(BOOTING_MAX);
            let booted: Vec<bool> = booted.collect().await;
            if booted.contains(&false) {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// One of each kind that has too few, as far as there is memory for it.
    fn missing(&self, now: Timestamp) -> Vec<PoolKey> {
        let mut kinds = self.kinds();
        let held = |(key, kind): (&PoolKey, &Kind)| (kind.ready.len() + kind.booting) * memory_mb(key);
        let mut room = MEMORY_MB_MAX.saturating_sub(kinds.iter().map(held).sum());
        let mut missing = Vec::new();
        for (key, kind) in kinds.iter_mut() {
            if kind.ready.len() + kind.booting < kind.wanted(now) && memory_mb(key) <= room {
                room -= memory_mb(key);
                kind.booting += 1;
                missing.push(key.clone());
            }
        }
        missing
    }

    async fn boot(&self, key: PoolKey) -> bool {
        let blank = self.isolation.prepare(&key).await;
        let mut kinds = self.kinds();
        let Some(kind) = kinds.get_mut(&key) else { return true };
        kind.booting = kind.booting.saturating_sub(1);
        match blank {
            Ok(blank) => kind.ready.push_back(blank),
            Err(error) => {
                tracing::warn!(runtime = key.runtime.name, "no interpreter is booted ahead: {error}");
                return false;
            }
        }
        true
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<PoolKey, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a waiting interpreter holds, roughly (measured: Python 3.11 9 MB, Node 20 38 MB).
fn memory_mb(key: &PoolKey) -> usize {
    match key.runtime.family {
        RuntimeFamily::Python => 10,
        RuntimeFamily::Node => 40,
        // Nothing of it can wait.
        RuntimeFamily::Provided => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use base::FakeClock;
    use exec::{Deployed, Environment, Error, Level, Limits, Result, Runtime};
    use futures::future::BoxFuture;

    use super::*;

    struct Boots;

    impl Isolation for Boots {
        fn level(&self) -> Level {
            Level::Full
        }

        fn prepare<'a>(&'a self, _: &'a PoolKey) -> BoxFuture<'a, Result<Blank>> {
            Box::pin(async { Ok(Blank::new(())) })
        }

        fn specialise<'a>(
            &'a self,
            _: Blank,
            f: &'a Deployed,
            limits: Limits,
        ) -> BoxFuture<'a, Result<Box<dyn Environment>>> {
            self.start(f, limits)
        }

        fn start<'a>(&'a self, _: &'a Deployed, _: Limits) -> BoxFuture<'a, Result<Box<dyn Environment>>> {
            Box::pin(async { Err(Error::Failed("blanks only".into())) })
        }
    }

    fn key(family: RuntimeFamily) -> PoolKey {
        let (name, version) = ("r".to_owned(), "1".to_owned());
        let runtime = Runtime { name, family, version, interpreter: PathBuf::new(), base_prefix: PathBuf::new() };
        PoolKey { runtime, heap_mb: None }
    }

    /// How many blanks wait once no more are wanted.
    async fn settled(blanks: &Blanks, clock: &dyn Clock, key: &PoolKey) -> usize {
        let refilled = blanks.refill(clock);
        // Nothing here waits for time: what can be done is done before the second branch is looked at.
        tokio::select! { biased; () = refilled => (), () = tokio::task::yield_now() => () }
        blanks.kinds().get(key).map_or(0, |kind| kind.ready.len())
    }

    #[tokio::test]
    async fn as_many_wait_as_were_lately_asked_for_and_none_when_nobody_asks() {
        let (blanks, key) = (Blanks::new(Arc::new(Boots)), key(RuntimeFamily::Python));
        let at = |ms| FakeClock::at(Timestamp::from_ms(ms));
        assert!(blanks.take(&key, at(0).now()).is_none());
        assert_eq!(settled(&blanks, &at(0), &key).await, READY_MIN);
        for _ in 0..5 {
            blanks.take(&key, at(1).now());
        }
        assert_eq!(settled(&blanks, &at(1), &key).await, 6);
        for _ in 0..100 {
            blanks.take(&key, at(2).now());
        }
        assert_eq!(settled(&blanks, &at(2), &key).await, READY_MAX);
        blanks.prune(at(UNUSED_MAX_MS).now());
        assert_eq!(settled(&blanks, &at(3), &key).await, READY_MAX);
        blanks.prune(at(2 + UNUSED_MAX_MS).now());
        assert_eq!(settled(&blanks, &at(3), &key).await, 0);
    }

    #[tokio::test]
    async fn what_waits_takes_a_bounded_part_of_the_memory() {
        let (blanks, key) = (Blanks::new(Arc::new(Boots)), key(RuntimeFamily::Node));
        let clock = FakeClock::at(Timestamp::from_ms(0));
        for _ in 0..READY_MAX {
            blanks.take(&key, clock.now());
        }
        assert_eq!(settled(&blanks, &clock, &key).await, MEMORY_MB_MAX / memory_mb(&key));
    }
}
