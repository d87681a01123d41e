//! The errors of this service.

use service::Failure;
use wire::ErrorFacts;

use crate::wire::errors;

/// What the model does not list, though operations answer it (observed).
const VALIDATION: ErrorFacts = service::common::QUERY.validation;

/// What an operation answers when it fails. The texts are AWS's where somebody showed them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The parameter {0} is required.")]
    Missing(String),
    #[error("{0}")]
    InvalidValue(String),
    #[error("{0}")]
    InvalidCombination(String),
    #[error("{0}")]
    Validation(String),
    #[error("The service was unable to find the token.")]
    InvalidNextToken,
    #[error("The value for parameter NextToken is invalid.")]
    InvalidListToken,
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn value(value: impl std::fmt::Display, parameter: &str) -> Self {
        Self::InvalidValue(format!("The value {value} for parameter {parameter} is invalid."))
    }
}

service::errors! { Error;
    Error::Missing(_) => errors::MISSING_REQUIRED_PARAMETER_EXCEPTION,
    Error::InvalidValue(_) => errors::INVALID_PARAMETER_VALUE_EXCEPTION,
    Error::InvalidCombination(_) => errors::INVALID_PARAMETER_COMBINATION_EXCEPTION,
    Error::Validation(_) => VALIDATION,
    Error::InvalidNextToken => errors::INVALID_NEXT_TOKEN,
    Error::InvalidListToken => errors::INVALID_PARAMETER_VALUE_EXCEPTION,
}
