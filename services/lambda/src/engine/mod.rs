//! Running functions: packages on disk, environments and their pool, logs.

pub(crate) mod blanks;
pub(crate) mod cache;
pub(crate) mod deliver;
pub(crate) mod event;
pub(crate) mod lines;
pub(crate) mod logs;
pub(crate) mod measure;
pub(crate) mod package;
pub(crate) mod pool;
pub(crate) mod report;
pub(crate) mod runtimes;
pub(crate) mod share;
pub(crate) mod start;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use base::Timestamp;
use exec::{Ended, Environment, Invocation, Isolation, Outcome, PoolKey, Runtime, Sink};
use service::Platform;
use tokio::sync::Semaphore;

use crate::engine::blanks::Blanks;
use crate::engine::cache::Cache;
use crate::engine::deliver::Deliveries;
use crate::engine::lines::Lines;
use crate::engine::logs::Logs;
use crate::engine::pool::{Place, Pool, Running};
use crate::engine::runtimes::Runtimes;
use crate::engine::share::{Share, Slots};
use crate::errors::Error;
use crate::model::Function;
use crate::names::Target;

/// Environments that a host keeps at once, busy and idle (Lambda's quota is 1,000 for an account; a host holds fewer).
const ENVIRONMENTS_MAX: usize = 256;
/// Environments that are being started at once: more would only make each of them slower.
const STARTS_MAX: usize = 8;
/// Beyond its own limits an environment gets this long to answer before it is given up.
const GRACE: Duration = Duration::from_secs(30);

/// What runs the functions of a server: registered as the house's state at wiring, started by `start`.
pub struct Functions {
    platform: Weak<Platform>,
    isolation: Arc<dyn Isolation>,
    runtimes: Runtimes,
    blanks: Blanks,
    cache: Cache,
    pool: Mutex<Pool>,
    room: Arc<Semaphore>,
    starts: Semaphore,
    logs: Logs,
    deliveries: Deliveries,
    slots: Slots,
}

/// One request to one function.
#[derive(Clone)]
pub(crate) struct Job {
    pub target: Target,
    pub function: Function,
    pub invocation: Invocation,
    pub share: Share,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Finished {
    pub outcome: Outcome,
    /// The last lines of its log.
    pub tail: String,
    /// `$LATEST` or the number of the version that ran.
    pub version: String,
}

impl Functions {
    /// Functions on this isolation; `cache_dir` is where packages are unpacked (`<data-dir>/cache/functions`).
    pub fn new(
        platform: Weak<Platform>,
        isolation: Arc<dyn Isolation>,
        runtimes: Runtimes,
        cache_dir: PathBuf,
    ) -> Self {
        Self {
            platform,
            blanks: Blanks::new(Arc::clone(&isolation)),
            isolation,
            runtimes,
            cache: Cache::new(cache_dir),
            pool: Mutex::default(),
            room: Arc::new(Semaphore::new(ENVIRONMENTS_MAX)),
            starts: Semaphore::new(STARTS_MAX),
            logs: Logs::default(),
            deliveries: Deliveries::default(),
            slots: Slots::default(),
        }
    }

    /// The runtime of this name, or which ones there are.
    pub(crate) async fn runtime(&self, name: &str) -> Result<Runtime, Error> {
        self.runtimes.get(name).await
    }

    /// Drops what is idle of a function and its versions, because it or one of them is gone.
    pub(crate) fn retire_all(&self, target: &Target) {
        let retired = self.pool().retire_all(&Place::latest(target));
        drop(retired);
    }

    /// What serves functions of this runtime where the host lacks the very version, once that is known.
    pub(crate) fn stand_in(&self, name: &str) -> Option<Runtime> {
        self.runtimes.stand_in(name)
    }

    /// Drops what is idle of a function, because its code or configuration changed.
    pub(crate) fn retire(&self, place: &Place) {
        let retired = self.pool().retire(place);
        drop(retired);
    }

    /// Drops environments that nobody has used for a while.
    pub fn prune(&self) {
        let Some(platform) = self.platform.upgrade() else { return };
        let idle = self.pool().idle_too_long(platform.clock.now());
        drop(idle);
        self.blanks.prune(platform.clock.now());
    }

    /// Removes unpacked packages that nobody has used for a while. Blocks on the disk.
    pub fn prune_packages(&self) {
        let Some(platform) = self.platform.upgrade() else { return };
        if let Err(error) = self.cache.prune(&platform.ids, platform.clock.now()) {
            tracing::warn!("unused packages stay unpacked: {error}");
        }
    }

    /// A function of this runtime and size has been made: interpreters are booted for its first request.
    pub(crate) fn expect(&self, runtime: &Runtime, memory_mb: u32, now: Timestamp) {
        if let Some(key) = PoolKey::of(runtime, memory_mb) {
            self.blanks.expect(&key, now);
        }
    }

    pub(crate) fn blanks(&self) -> &Blanks {
        &self.blanks
    }

    pub(crate) fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    pub(crate) fn sweep(&self) -> std::io::Result<()> {
        self.cache.sweep()
    }

    /// Returns once every line that was printed before has been offered to the log groups.
    pub async fn flush_logs(&self) {
        self.logs.flush().await;
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one request to its end in an environment of its function.
    pub(crate) async fn serve(&self, platform: &Arc<Platform>, job: Job) -> Result<Finished, Error> {
        let _slot = self.slots.enter(&job.target, job.share)?;
        let mut running = self.acquire(platform, &job).await?;
        let Job { target: _, function, invocation, share: _ } = job;
        let request_id = invocation.request_id.clone();
        let mut lines = Lines::new(&self.logs, Arc::clone(&running.stream), Arc::clone(&platform.clock));
        if let Some(there) = running.stand_in.take() {
            lines.platform(&report::init_start(&there, &function.runtime));
        }
        lines.platform(&report::start(&request_id, &function.version_name()));
        let _belongs = platform.traces.run(&running.access_key_id, &request_id);
        let patience = Duration::from_secs(u64::from(function.timeout_s)) + running.init_max + GRACE;
        let outcome = invoke(running.environment.as_mut(), invocation, &mut lines, patience).await;
        for line in report::end(&request_id, &outcome, function.memory_mb, platform.clock.now()) {
            lines.platform(&line);
        }
        if outcome.reusable() && running.environment.alive() {
            running.idle_since = platform.clock.now();
            self.pool().put(running);
        }
        Ok(Finished { outcome, tail: lines.into_tail(), version: function.version_name() })
    }

    /// An idle environment, or a new one while there is room.
    async fn acquire(&self, platform: &Arc<Platform>, job: &Job) -> Result<Running, Error> {
        let place = Place::of(&job.target, &job.function);
        let (found, stale) = self.pool().take(&place, &job.function, platform.clock.now());
        drop(stale);
        if let Some(running) = found {
            return Ok(running);
        }
        let room = Arc::clone(&self.room);
        let room = match room.try_acquire_owned() {
            Ok(room) => room,
            Err(_) => {
                let evicted = self.pool().oldest();
                drop(evicted);
                Arc::clone(&self.room)
                    .try_acquire_owned()
                    .map_err(|_| share::throttled("ConcurrentInvocationLimitExceeded"))?
            }
        };
        self.start(platform, job, place, room).await
    }
}

async fn invoke(
    environment: &mut dyn Environment,
    invocation: Invocation,
    sink: &mut dyn Sink,
    patience: Duration,
) -> Outcome {
    match tokio::time::timeout(patience, environment.invoke(invocation, sink)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome {
            ended: Ended::Fault { reason: "the environment did not answer".into() },
            init: None,
            duration: patience,
            memory_max_bytes: 0,
        },
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions").field("runtimes", &self.runtimes).finish_non_exhaustive()
    }
}
