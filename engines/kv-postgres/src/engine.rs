//! The handle: opening, snapshots and their versions.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use kv::{
    Abort, Bell, Bells, Commit, Committed, Engine, Limit, LogId, LogRange, Position, Records, Result, Snapshot, Version,
};
use tokio::{sync::oneshot, time::Instant};
use tokio_postgres::{Config, SimpleQueryMessage, config::Host};

use crate::{
    commit, listen,
    pool::{self, Pool},
    read::View,
};

/// The stored form that this program knows.
const FORMAT: i32 = 1;

/// Two servers that start at once make the tables one after the other. The number is this program's own.
const SETUP_LOCK: i64 = 0x636c_6561_7273_6b79;

/// A snapshot this old can no longer be committed: twice what the seam allows to read from it.
const SNAPSHOT_KEPT: Duration = kv::SNAPSHOT_AGE_MAX.saturating_mul(2);

/// How often a waiting reader looks without having been told: what a broken listener costs at most.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a start waits for the connection that carries news.
const LISTENING_WITHIN: Duration = Duration::from_secs(5);

/// How long connecting may take, where the address does not say.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How long what was sent may stay unacknowledged before the connection counts as broken.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How to use a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections at once: each open transaction that reads holds one. PostgreSQL's own default allows 100 in all.
    pub connections_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections_max: 40 }
    }
}

/// Why a database could not be opened. No text has a password in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not an address of a PostgreSQL database: {}", text(.0))]
    Address(tokio_postgres::Error),
    #[error("PostgreSQL at {place} cannot be reached: {}", text(.source))]
    Unreachable { place: String, source: tokio_postgres::Error },
    #[error("PostgreSQL at {place} refuses us: {}", text(.source))]
    Refused { place: String, source: tokio_postgres::Error },
    #[error("the database has the format {found}, this program knows {FORMAT} only; nothing was changed")]
    Format { found: i32 },
    #[error("PostgreSQL: {}", text(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

/// A store in a PostgreSQL database (version 13 or later), which other servers may use at the same time.
pub struct Postgres {
    pool: Arc<Pool>,
    bells: Arc<Bells>,
    snapshots: Arc<Snapshots>,
    listener: tokio::task::JoinHandle<()>,
}

/// What the snapshots of the last seconds had in them, by version, in PostgreSQL's own words.
#[derive(Default)]
pub(crate) struct Snapshots {
    next: AtomicU64,
    kept: Mutex<BTreeMap<Version, (Instant, String)>>,
}

impl Postgres {
    /// Opens a database by its connection string (`postgres://...` or `host=... user=...`), making the tables if needed.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let mut config = Config::from_str(url).map_err(Error::Address)?;
        config.application_name("clearsky").tcp_user_timeout(SILENCE_MAX);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        set_up(&config).await?;
        let (bells, pool) = (Arc::new(Bells::default()), Arc::new(Pool::new(config.clone(), options.connections_max)));
        let (begun, begins) = oneshot::channel();
        let listener = tokio::spawn(listen::forever(config, Arc::clone(&bells), begun));
        if tokio::time::timeout(LISTENING_WITHIN, begins).await.is_err() {
            tracing::warn!("PostgreSQL sends no news; workers look now and then instead");
        }
        Ok(Self { pool, bells, snapshots: Arc::default(), listener })
    }

    async fn view(&self) -> Result<View> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_current_snapshot()";
        let mut lent = self.pool.take().await?;
        let mut begun = lent.client.simple_query(BEGIN).await;
        if begun.is_err() {
            // It broke while nobody used it, as all do when the server is started again: nothing has happened yet.
            lent = self.pool.renew(lent).await?;
            begun = lent.client.simple_query(BEGIN).await;
        }
        let answers = begun.map_err(pool::failed)?;
        let contents = answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        let Some(contents) = contents else { return Err(Abort::Unavailable.into()) };
        Ok(View::new(lent, Arc::clone(&self.pool), self.snapshots.keep(contents)))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Snapshots {
    fn keep(&self, contents: String) -> Version {
        let version = self.next.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(oldest) = kept.first_entry().filter(|entry| SNAPSHOT_KEPT < now - entry.get().0) {
            oldest.remove();
        }
        kept.insert(version, (now, contents));
        version
    }

    /// What was in the snapshot, once; None if it is too old.
    pub(crate) fn take(&self, version: Version) -> Option<String> {
        let found = self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(&version);
        found.filter(|(begun, _)| begun.elapsed() <= SNAPSHOT_KEPT).map(|(_, contents)| contents)
    }
}

/// Where a database is and who uses it, without the password.
fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let (hosts, ports): (Vec<String>, _) = (hosts.collect(), config.get_ports());
    let port = ports.first().map(|port| format!(":{port}")).unwrap_or_default();
    let (database, user) = (config.get_dbname().unwrap_or("(default)"), config.get_user().unwrap_or("(default)"));
    format!("{}{port} (database {database}, user {user})", hosts.join(","))
}

/// What the server said; where it said nothing, what the driver did.
fn text(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

async fn set_up(config: &Config) -> Result<(), Error> {
    let refused = |source: tokio_postgres::Error| match source.as_db_error() {
        Some(_) => Error::Refused { place: place(config), source },
        None => Error::Unreachable { place: place(config), source },
    };
    let (mut client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(refused)?;
    let driving = tokio::spawn(connection);
    let tx = client.transaction().await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&SETUP_LOCK]).await?;
    let known = tx.query_one("SELECT to_regclass('clearsky.format') IS NOT NULL", &[]).await?;
    if known.get(0) {
        let found: i32 = tx.query_one("SELECT version FROM clearsky.format", &[]).await?.get(0);
        if found != FORMAT {
            return Err(Error::Format { found });
        }
    }
    tx.batch_execute("SET client_min_messages = warning").await?;
    tx.batch_execute(include_str!("schema.sql")).await?;
    tx.execute("INSERT INTO clearsky.format SELECT $1 WHERE NOT EXISTS (SELECT FROM clearsky.format)", &[&FORMAT])
        .await?;
    tx.commit().await?;
    driving.abort();
    Ok(())
}

impl Engine for Postgres {
    fn snapshot(&self) -> BoxFuture<'_, Result<Box<dyn Snapshot>>> {
        async move {
            let view: Box<dyn Snapshot> = Box::new(self.view().await?);
            Ok(view)
        }
        .boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>> {
        async move {
            let snapshot = self.snapshots.take(commit.snapshot);
            commit::run(&self.pool, &commit, snapshot).await
        }
        .boxed()
    }

    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, Result<Records>> {
        async move {
            let mut bell = self.bells.bell(&log);
            loop {
                let view = self.view().await?;
                let found = view.read_log(&log, LogRange::forward().after(after), limit).await?;
                drop(view);
                if !found.records.is_empty() {
                    return Ok(found);
                }
                drop(tokio::time::timeout(LOOK_EVERY, bell.rung()).await);
            }
        }
        .boxed()
    }

    fn bell(&self, log: &LogId) -> Bell {
        self.bells.bell(log)
    }
}
