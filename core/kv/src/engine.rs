//! All that memory, fjall and PostgreSQL differ in.

use base::Timestamp;
use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{
    Abort, Bell, Commit, Committed, Due, Dump, Key, Limit, LogId, LogRange, Page, Position, Range, Records, Result,
    TimerId, Version,
};

/// A store of rows, logs and timers.
pub trait Engine: Send + Sync + 'static {
    /// Everything that was committed before the call, unchanging.
    fn snapshot(&self) -> BoxFuture<'_, Result<Box<dyn Snapshot>>>;

    /// Validates the reads, then does all the writes durably or none. What it acknowledged is in every later snapshot.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Committed, Abort>>;

    /// Records behind `after`, oldest first, as soon as there is at least one.
    ///
    /// Nothing ever appears at or before a position that was handed out.
    fn tail(&self, log: LogId, after: Position, limit: Limit) -> BoxFuture<'_, Result<Records>>;

    /// A bell that rings after each commit that appends to this log or sets a timer in this list.
    fn bell(&self, log: &LogId) -> Bell;

    /// Everything that was committed before the call, however long reading it takes. None where the engine has tools of
    /// its own for that.
    fn dump(&self) -> Option<Dump> {
        None
    }
}

/// A moment of the store. Dropping it lets the engine forget old versions.
pub trait Snapshot: Send + Sync {
    /// What a commit's reads are validated against.
    fn version(&self) -> Version;

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Bytes>>>;

    /// One answer per key, in their order.
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>>;

    /// Rows in the range's direction until the limit; at least one if there is one.
    fn range<'a>(&'a self, range: &'a Range, limit: Limit) -> BoxFuture<'a, Result<Page>>;

    /// Records of a log until the limit, without waiting.
    fn read_log<'a>(&'a self, log: &'a LogId, range: LogRange, limit: Limit) -> BoxFuture<'a, Result<Records>>;

    /// A timer's body, if it is set.
    fn timer<'a>(&'a self, id: &'a TimerId) -> BoxFuture<'a, Result<Option<Bytes>>>;

    /// The timers of a list due at `now` or earlier, until the limit.
    fn due<'a>(&'a self, list: &'a LogId, now: Timestamp, limit: Limit) -> BoxFuture<'a, Result<Due>>;
}
