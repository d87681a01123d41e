//! Connections: a bounded number, made when needed, kept while they work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kv::{Abort, Error, Holder, Result};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_postgres::{Client, Config, NoTls};

/// How long to stand in the queue for a connection: three times what a snapshot may be read from, so that several
/// generations of slow readers pass before anybody is turned away.
const WAIT_MAX: Duration = kv::SNAPSHOT_AGE_MAX.saturating_mul(3);

/// The part of the connections that is kept for tasks which hold one already.
const FURTHER_PART: usize = 4;

/// What each connection starts with, whatever the server's defaults are.
const SETTINGS: &str = "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on; \
                        SET client_min_messages = warning";

/// Connections in two lots, each with its queue. A task that holds none takes from the first, one that holds one already
/// (an operation that asks for a policy in the middle of its transaction) from the second. So nobody who holds one of
/// the first waits for another of the first: what the second lot serves ends by itself, and the first follows.
pub(crate) struct Pool {
    config: Config,
    first: Arc<Semaphore>,
    further: Arc<Semaphore>,
    holders: Arc<Holders>,
    idle: Mutex<Vec<Client>>,
    runtime: Handle,
}

/// How many snapshots each has open.
#[derive(Debug, Default)]
struct Holders(Mutex<HashMap<Holder, usize>>);

/// A snapshot that a task has open.
#[derive(Debug)]
pub(crate) struct Held {
    holders: Arc<Holders>,
    holder: Option<Holder>,
}

/// A connection in use. Dropping it closes it, `Pool::give_back` keeps it.
pub(crate) struct Lent {
    pub client: Client,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(config: Config, connections_max: usize) -> Self {
        let further = (connections_max / FURTHER_PART).max(1);
        let first = connections_max.saturating_sub(further).max(1);
        Self {
            config,
            first: Arc::new(Semaphore::new(first)),
            further: Arc::new(Semaphore::new(further)),
            holders: Arc::default(),
            idle: Mutex::default(),
            runtime: Handle::current(),
        }
    }

    /// Notes that the current task has a snapshot open, until what is answered is dropped.
    pub(crate) fn hold(&self) -> Held {
        let holder = Holder::current();
        if let Some(holder) = holder {
            *self.holders.0.lock().unwrap_or_else(PoisonError::into_inner).entry(holder).or_default() += 1;
        }
        Held { holders: Arc::clone(&self.holders), holder }
    }

    fn lot(&self) -> &Arc<Semaphore> {
        let holders = self.holders.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = Holder::current().is_some_and(|holder| holders.contains_key(&holder));
        if holds { &self.further } else { &self.first }
    }

    /// A connection outside any transaction.
    pub(crate) async fn take(&self) -> Result<Lent> {
        let waiting = tokio::time::timeout(WAIT_MAX, Arc::clone(self.lot()).acquire_owned());
        let permit = match waiting.await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("no connection to PostgreSQL became free in time");
                return Err(Error::Abort(Abort::Unavailable));
            }
        };
        let client = match self.idle() {
            Some(client) => client,
            None => connect(&self.config, SETTINGS).await.map_err(failed)?,
        };
        Ok(Lent { client, _permit: permit })
    }

    /// A new connection in place of a broken one.
    pub(crate) async fn renew(&self, broken: Lent) -> Result<Lent> {
        let Lent { client, _permit } = broken;
        drop(client);
        Ok(Lent { client: connect(&self.config, SETTINGS).await.map_err(failed)?, _permit })
    }

    fn idle(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(client) = idle.pop() {
            if !client.is_closed() {
                return Some(client);
            }
        }
        None
    }

    /// Takes a connection back that is outside any transaction.
    pub(crate) fn give_back(&self, lent: Lent) {
        if !lent.client.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lent.client);
        }
    }

    /// Ends the connection's transaction, then takes it back.
    pub(crate) fn roll_back(self: &Arc<Self>, lent: Lent) {
        let pool = Arc::clone(self);
        self.runtime.spawn(async move {
            if lent.client.batch_execute("ROLLBACK").await.is_ok() {
                pool.give_back(lent);
            }
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(holder) = self.holder else { return };
        let mut holders = self.holders.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = holders.get(&holder).map_or(0, |count| count.saturating_sub(1));
        match left {
            0 => drop(holders.remove(&holder)),
            left => drop(holders.insert(holder, left)),
        }
    }
}

async fn connect(config: &Config, settings: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a connection to PostgreSQL broke");
        }
    });
    client.batch_execute(settings).await?;
    Ok(client)
}

/// What a reader is told of PostgreSQL's trouble; the cause goes to the log.
pub(crate) fn failed(error: tokio_postgres::Error) -> Error {
    tracing::error!(%error, cause = ?error.as_db_error(), "PostgreSQL failed");
    Error::Abort(Abort::Unavailable)
}
