//! The errors of this service.

use service::Failure;
use wire::ErrorFacts;

use crate::wire::errors;

/// What the model does not list, though every operation answers it (observed).
const VALIDATION: ErrorFacts = service::common::JSON.validation;

/// What an operation answers when it fails. The texts are AWS's: observed, or the model's own where nobody showed one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")]
    ParameterAlreadyExists,
    // AWS says nothing more (observed).
    #[error("")]
    ParameterNotFound,
    #[error("Systems Manager could not find version {selector} of {name}. Verify the version and try again.")]
    ParameterVersionNotFound { name: String, selector: String },
    #[error("No access to reserved parameter name: {0}.")]
    Reserved(String),
    #[error("A hierarchy can have a maximum of 15 levels.")]
    TooManyLevels,
    #[error(
        "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter \
         from a String type to a SecureString type. You must create a new, unique parameter."
    )]
    TypeMismatch,
    #[error("The request does not meet the regular expression requirement.")]
    InvalidAllowedPattern,
    #[error("Parameter value, cannot be validated against allowedPattern: {0}")]
    PatternMismatch(String),
    #[error(
        "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. Version \
         {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another \
         version of the parameter, and try again."
    )]
    OldestHasLabel { name: String, oldest: u64 },
    #[error(
        "A parameter version can have maximum 10 labels. Move one or more labels to another version and try again."
    )]
    TooManyLabels,
    #[error("The query key ID isn't valid.")]
    InvalidKeyId,
    #[error("{0}")]
    InvalidFilterKey(String),
    #[error("{0}")]
    InvalidFilterOption(String),
    #[error("{0}")]
    InvalidFilterValue(String),
    #[error("The specified token isn't valid.")]
    InvalidNextToken,
    #[error("The resource ID isn't valid. Verify that you entered the correct ID and try again.")]
    InvalidResourceId,
    #[error("The Targets parameter includes too many tags. Remove one or more tags and try the command again.")]
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
}

service::errors! { Error;
    Error::ParameterAlreadyExists => errors::PARAMETER_ALREADY_EXISTS,
    Error::ParameterNotFound => errors::PARAMETER_NOT_FOUND,
    Error::ParameterVersionNotFound { .. } => errors::PARAMETER_VERSION_NOT_FOUND,
    Error::Reserved(_) => errors::ACCESS_DENIED_EXCEPTION,
    Error::TooManyLevels => errors::HIERARCHY_LEVEL_LIMIT_EXCEEDED_EXCEPTION,
    Error::TypeMismatch => errors::HIERARCHY_TYPE_MISMATCH_EXCEPTION,
    Error::InvalidAllowedPattern => errors::INVALID_ALLOWED_PATTERN_EXCEPTION,
    Error::PatternMismatch(_) => errors::PARAMETER_PATTERN_MISMATCH_EXCEPTION,
    Error::OldestHasLabel { .. } => errors::PARAMETER_MAX_VERSION_LIMIT_EXCEEDED,
    Error::TooManyLabels => errors::PARAMETER_VERSION_LABEL_LIMIT_EXCEEDED,
    Error::InvalidKeyId => errors::INVALID_KEY_ID,
    Error::InvalidFilterKey(_) => errors::INVALID_FILTER_KEY,
    Error::InvalidFilterOption(_) => errors::INVALID_FILTER_OPTION,
    Error::InvalidFilterValue(_) => errors::INVALID_FILTER_VALUE,
    Error::InvalidNextToken => errors::INVALID_NEXT_TOKEN,
    Error::InvalidResourceId => errors::INVALID_RESOURCE_ID,
    Error::TooManyTags => errors::TOO_MANY_TAGS_ERROR,
    Error::Invalid(_) => VALIDATION,
}
