//! The errors of this service.

use service::Failure;

use crate::wire::errors;

/// What an operation answers when it fails; the texts are AWS's (observed).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Invalid API identifier specified {account}:{api}")]
    NoSuchApi { account: String, api: String },
    #[error("Invalid {noun} identifier specified")]
    NoSuchPart { noun: &'static str },
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Bad(String),
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::Bad(text.into())
    }
}

service::errors! { Error;
    Error::NoSuchApi { .. } | Error::NoSuchPart { .. } => errors::NOT_FOUND_EXCEPTION,
    Error::Conflict(_) => errors::CONFLICT_EXCEPTION,
    Error::Bad(_) => errors::BAD_REQUEST_EXCEPTION,
}
