//! The errors of this service.

use service::Failure;

use crate::wire::errors;

/// Each variant's text is what the client reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The request {0} is not remembered: only the last ones are, and none of before the last start.")]
    NotRemembered(String),
    #[error("Nothing is recorded of the {0} {1}: only a server with --auth audit records what callers do.")]
    NothingRecorded(&'static str, String),
    #[error("Either RoleName or UserName must be given.")]
    OneOf,
    #[error("Another backup is being made: there is one at a time.")]
    BackupUnderWay,
    #[error(
        "The rows are kept by an engine that has tools of its own. Back up a PostgreSQL database with pg_dump, and after it the data directory's folder blobs and its files root-key.json and store-id."
    )]
    StoreElsewhere,
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
}

service::errors! { Error;
    Error::NotRemembered(_) | Error::NothingRecorded(..) => errors::RESOURCE_NOT_FOUND_EXCEPTION,
    Error::BackupUnderWay => errors::LIMIT_EXCEEDED_EXCEPTION,
    Error::StoreElsewhere => errors::INVALID_STATE_EXCEPTION,
    Error::OneOf => errors::INVALID_PARAMETER_EXCEPTION,
}
