//! The errors of this service.

use service::Failure;

use crate::wire::errors;

/// What an operation answers when it fails; the texts are AWS's (observed).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The specified log group already exists")]
    GroupExists,
    #[error("The specified log stream already exists")]
    StreamExists,
    #[error("The specified log group does not exist.")]
    NoSuchGroup,
    #[error("The specified log stream does not exist.")]
    NoSuchStream,
    #[error("The specified resource does not exist.")]
    NoSuchResource,
    #[error("The maximum number of tags for a resource is 50.")]
    TooManyTags,
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// A token that this listing did not give out.
    pub(crate) fn bad_token() -> Self {
        Self::invalid("The specified nextToken is invalid.")
    }
}

service::errors! { Error;
    Error::GroupExists | Error::StreamExists => errors::RESOURCE_ALREADY_EXISTS_EXCEPTION,
    Error::NoSuchGroup | Error::NoSuchStream | Error::NoSuchResource => errors::RESOURCE_NOT_FOUND_EXCEPTION,
    Error::TooManyTags => errors::TOO_MANY_TAGS_EXCEPTION,
    Error::Invalid(_) => errors::INVALID_PARAMETER_EXCEPTION,
}
