//! An operation's error on its way to the client: AWS's facts, the text, and the cause that only the log sees.

use std::sync::Arc;

use kv::Abort;
use serde_json::Value;
use wire::ErrorFacts;

use crate::common;

/// Any service's error.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {message}", facts.code)]
pub struct Failure {
    pub facts: ErrorFacts,
    /// What the client reads.
    pub message: String,
    /// Further members of the error's shape.
    pub members: Vec<(&'static str, Value)>,
    /// What happened inside; for the log.
    #[source]
    pub cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// Set when the transaction may be run again, or was given up for want of room.
    pub abort: Option<Abort>,
}

impl Failure {
    pub fn new(facts: &ErrorFacts, message: impl Into<String>) -> Self {
        Self { facts: *facts, message: message.into(), members: Vec::new(), cause: None, abort: None }
    }

    /// A defect or an outage of ours. The client gets no detail.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        let message = "We encountered an internal error. Please try again.";
        Self { cause: Some(Arc::new(cause)), ..Self::new(&common::INTERNAL, message) }
    }

    /// An internal error whose cause is only a text.
    pub fn defect(cause: impl Into<String>) -> Self {
        Self::internal(std::io::Error::other(cause.into()))
    }

    /// There is no room for what was to be written.
    fn full() -> Self {
        Self::new(&common::FULL, "The data directory is out of space; writes are refused.")
    }

    /// Something of AWS that is not there: the text names it.
    pub fn not_implemented(what: impl std::fmt::Display) -> Self {
        Self::new(&common::NOT_IMPLEMENTED, format!("{what} is not implemented by Clearsky."))
    }

    /// With a further member of the error's shape.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }
}

impl From<kv::Error> for Failure {
    fn from(error: kv::Error) -> Self {
        let abort = error.as_abort().cloned();
        let mut failure = match &abort {
            Some(Abort::Full) => Self::full(),
            Some(Abort::Unavailable) => Self::new(&common::BUSY, "The store is not available. Please try again."),
            _ => Self::internal(error.clone()),
        };
        failure.cause = Some(Arc::new(error));
        failure.abort = abort;
        failure
    }
}

impl From<blob::Error> for Failure {
    fn from(error: blob::Error) -> Self {
        match &error {
            blob::Error::Full => Self { cause: Some(Arc::new(error)), ..Self::full() },
            _ => Self::internal(error),
        }
    }
}
