//! Connections: a bounded number, made when needed, kept while they work.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kv::{Abort, Error, Result};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_postgres::{Client, Config, NoTls};

/// How long to wait for a free connection: as long as a snapshot may live, after which its reader gives it back.
const WAIT_MAX: Duration = kv::SNAPSHOT_AGE_MAX;

/// What each connection starts with, whatever the server's defaults are.
const SETTINGS: &str = "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on; \
                        SET client_min_messages = warning";

pub(crate) struct Pool {
    config: Config,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Client>>,
    runtime: Handle,
}

/// A connection in use. Dropping it closes it, `Pool::give_back` keeps it.
pub(crate) struct Lent {
    pub client: Client,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(config: Config, connections_max: usize) -> Self {
        let permits = Arc::new(Semaphore::new(connections_max));
        Self { config, permits, idle: Mutex::default(), runtime: Handle::current() }
    }

    /// A connection outside any transaction.
    pub(crate) async fn take(&self) -> Result<Lent> {
        let waiting = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.permits).acquire_owned());
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
