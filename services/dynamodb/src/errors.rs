//! The errors of this service.

use service::Failure;

use crate::attribute::item_document;
use crate::engine::error::{ExpressionError, UpdateError};
use crate::engine::index::IndexError;
use crate::engine::key::KeyError;
use crate::model::Item;
use crate::wire::errors;

/// What an operation answers when it fails; the texts are AWS's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Requested resource not found")]
    ResourceNotFound,
    #[error("Requested resource not found: Table: {0} not found")]
    TableNotFound(String),
    #[error("Table already exists: {0}")]
    TableExists(String),
    #[error("Attempt to change a resource which is still in use: Table is being updated: {0}")]
    TableInUse(String),
    #[error("Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")]
    OneIndexAtATime,
    #[error("The conditional request failed")]
    ConditionalCheckFailed,
    #[error("The client request token was used before, with other parameters")]
    TokenMismatch,
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    #[error(transparent)]
    Update(#[from] UpdateError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    IndexKey(#[from] IndexError),
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// A failed condition that shows the item it met.
    pub(crate) fn condition_failed_on(item: &Item) -> Self {
        Self::Failed(Failure::from(Self::ConditionalCheckFailed).with("Item", item_document(item)))
    }
}

service::errors! { Error;
    Error::ResourceNotFound | Error::TableNotFound(_) => errors::RESOURCE_NOT_FOUND_EXCEPTION,
    Error::TableExists(_) | Error::TableInUse(_) => errors::RESOURCE_IN_USE_EXCEPTION,
    Error::OneIndexAtATime => errors::LIMIT_EXCEEDED_EXCEPTION,
    Error::ConditionalCheckFailed => errors::CONDITIONAL_CHECK_FAILED_EXCEPTION,
    Error::TokenMismatch => errors::IDEMPOTENT_PARAMETER_MISMATCH_EXCEPTION,
    Error::Invalid(_) | Error::Expression(_) | Error::Update(_) | Error::Key(_) | Error::IndexKey(_) => errors::VALIDATION_EXCEPTION,
}
