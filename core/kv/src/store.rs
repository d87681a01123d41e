//! The handle that services hold.

use std::{fmt, sync::Arc};

use base::Timestamp;

use crate::{
    Bell, Commit, Due, Dump, Engine, Error, LOG_ID_BYTES_MAX, Limit, LogId, LogRange, Position, Records, Result, Turns,
    Tx,
};

/// A store over whatever engine; cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    turns: Turns,
}

impl Store {
    pub fn new(engine: impl Engine) -> Self {
        Self::from_arc(Arc::new(engine))
    }

    pub fn from_arc(engine: Arc<dyn Engine>) -> Self {
        Self { engine, turns: Turns::default() }
    }

    #[cfg(feature = "suite")]
    pub(crate) fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// A transaction that sees everything committed before the call.
    pub async fn begin(&self) -> Result<Tx> {
        Tx::begin(Arc::clone(&self.engine)).await
    }

    /// Where transactions that conflicted stand in line, shared by all clones.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Records behind `after`, oldest first; waits until there is one.
    pub async fn tail(&self, log: &LogId, after: Position, limit: Limit) -> Result<Records> {
        check_log(log)?;
        self.engine.tail(log.clone(), after, limit).await
    }

    /// Records of a log as they are now, without waiting.
    pub async fn read_log(&self, log: &LogId, range: LogRange, limit: Limit) -> Result<Records> {
        check_log(log)?;
        self.engine.snapshot().await?.read_log(log, range, limit).await
    }

    /// Forgets a log's records up to and including the position.
    pub async fn trim(&self, log: &LogId, up_to: Position) -> Result<()> {
        check_log(log)?;
        let commit = Commit { trims: vec![(log.clone(), up_to)], ..Commit::default() };
        self.engine.commit(commit).await?;
        Ok(())
    }

    /// The timers of a list that are due by `now`, earliest first, and when the next one is.
    pub async fn due(&self, list: &LogId, now: Timestamp, limit: Limit) -> Result<Due> {
        check_log(list)?;
        self.engine.snapshot().await?.due(list, now, limit).await
    }

    /// Everything that was committed before the call, for a backup. None where the engine has tools of its own for that.
    pub fn dump(&self) -> Option<Dump> {
        self.engine.dump()
    }

    /// Rings after each commit that appends to this log or sets a timer in this list: take it, look, then wait.
    pub fn bell(&self, log: &LogId) -> Bell {
        self.engine.bell(log)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

fn check_log(log: &LogId) -> Result<()> {
    if log.fits() {
        return Ok(());
    }
    Err(Error::Size { what: "a log's name", bytes: log.as_bytes().len(), max: LOG_ID_BYTES_MAX })
}
