//! The traits: what makes environments, what an environment does, and the platform's door inside it.

use std::any::Any;

use futures::future::BoxFuture;
use tokio::net::TcpStream;

use crate::{Deployed, Invocation, Level, Limits, Outcome, PoolKey, Sink, Usage};

pub type Result<T> = std::result::Result<T, Error>;

/// Why no environment could be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This host cannot isolate functions, for this reason; nothing runs.
    #[error("functions cannot be isolated on this host: {0}")]
    Unavailable(String),
    /// A step of making the sandbox failed.
    #[error("the sandbox could not be made: {0}")]
    Failed(String),
    /// What the function brings cannot be run, in Lambda's words.
    #[error("{0}")]
    Entrypoint(String),
}

/// Makes environments. Used as `Arc<dyn Isolation>`.
pub trait Isolation: Send + Sync {
    /// The level that every environment made here has.
    fn level(&self) -> Level;

    /// Boots an interpreter that waits for code.
    fn prepare<'a>(&'a self, key: &'a PoolKey) -> BoxFuture<'a, Result<Blank>>;

    /// Turns a blank into the environment of one function, whose plan is the blank's pool. Returns when the function has
    /// been handed over; loading the code is part of the first invocation, and so are its errors.
    fn specialise<'a>(
        &'a self,
        blank: Blank,
        f: &'a Deployed,
        limits: Limits,
    ) -> BoxFuture<'a, Result<Box<dyn Environment>>>;

    /// Makes the environment of one function from nothing. Returns when its process starts; otherwise as `specialise`.
    fn start<'a>(&'a self, f: &'a Deployed, limits: Limits) -> BoxFuture<'a, Result<Box<dyn Environment>>>;
}

/// A prepared sandbox that belongs to nobody yet: made from a `PoolKey` alone, it has no way to hold a secret. Dropping it
/// kills it.
pub struct Blank(Box<dyn Any + Send>);

impl Blank {
    /// For engines: wraps what they prepared.
    pub fn new(inner: impl Any + Send) -> Self {
        Self(Box::new(inner))
    }

    /// For engines: what was wrapped, if it is theirs.
    pub fn into_inner<T: Any>(self) -> Option<T> {
        self.0.downcast().ok().map(|inner| *inner)
    }
}

/// One running environment of one function. Dropping it kills it.
pub trait Environment: Send {
    /// Serves one request; the first one waits for the code to load. Lines printed since the last invocation come first.
    ///
    /// The environment enforces the timeout itself. When the outcome is not `reusable`, every process of it is dead.
    /// Dropping the future leaves the environment in no state to serve: kill it.
    fn invoke<'a>(&'a mut self, invocation: Invocation, sink: &'a mut dyn Sink) -> BoxFuture<'a, Outcome>;

    /// Stops all its processes where they are. Best effort: without cgroups they stay runnable.
    fn freeze(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Lets them go on.
    fn thaw(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Whether it can serve another request: its process lives, and nothing ended it.
    fn alive(&self) -> bool;

    /// Kills the whole process tree and removes what belonged to it; says what it used.
    fn kill(self: Box<Self>) -> BoxFuture<'static, Usage>;
}

/// The platform's endpoint, as seen from inside a sandbox.
///
/// In each sandbox the engine listens on the platform's public authority (on the sandbox's own loopback) and gives every
/// accepted connection to the door, which serves HTTP on it like on any public listener.
pub trait Door: Send + Sync {
    /// Serves one connection until it closes. The engine bounds how many run at once and drops the future with the sandbox.
    fn serve(&self, conn: TcpStream) -> BoxFuture<'static, ()>;
}
