//! The errors of Lambda.

use ::wire::ErrorFacts;

/// What the SDKs know the 413 of every operation by (observed; the model's shape has another name).
const REQUEST_ENTITY_TOO_LARGE: ErrorFacts = ErrorFacts::common("RequestEntityTooLargeException", 413);
/// Lambda's own when the role does not let it in.
const ACCESS_DENIED: ErrorFacts = service::common::REST_JSON.access_denied;

/// Why an operation fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] service::Failure),

    #[error("Function not found: {0}")]
    FunctionNotFound(String),
    #[error("Cannot find alias arn: {0}")]
    AliasNotFound(String),
    #[error(
        "1 validation error detected: Value '{0}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    )]
    AliasName(String),
    #[error("Layer version {0} does not exist.")]
    NoLayerVersion(String),
    #[error("Alias already exists: {0}")]
    AliasExists(String),
    #[error("Unable to delete version because the following aliases reference it: [{}]", .0.join(", "))]
    VersionNamed(Vec<String>),
    #[error("Functions from '{there}' are not reachable in this region ('{here}')")]
    OtherRegion { there: String, here: String },
    #[error("The resource you requested does not exist.")]
    NoPolicy,
    #[error("No policy is associated with the given resource.")]
    NoPolicyToChange,
    #[error("The function {0} doesn't have an EventInvokeConfig")]
    NoEventInvokeConfig(String),
    #[error("Statement {0} is not found in resource policy.")]
    NoStatement(String),
    #[error("Function already exist: {0}")]
    FunctionExists(String),
    #[error(
        "The statement id ({0}) provided already exists. Please provide a new statement id, or remove the existing statement."
    )]
    StatementExists(String),
    #[error("The final policy size ({bytes}) is bigger than the limit ({max}).")]
    PolicyTooLong { bytes: usize, max: usize },
    #[error(
        "The Revision Id provided does not match the latest Revision Id. Call the {0} API to retrieve the latest Revision Id"
    )]
    Revision(&'static str),
    #[error(
        "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to {max}"
    )]
    NameTooLong { name: String, max: usize },
    /// What a request says that cannot be; the text is AWS's or names what is there.
    #[error("{0}")]
    InvalidParameter(String),
    #[error("The role defined for the function cannot be assumed by Lambda.")]
    RoleNotTrusting,
    #[error("The role defined for the function cannot be assumed by Lambda.")]
    RoleNotAssumable,
    #[error(transparent)]
    Package(#[from] crate::engine::package::BadPackage),
    #[error("{0}")]
    InvalidContent(String),
    #[error("Request must be smaller than {max} bytes for the {operation} operation")]
    TooLarge { max: usize, operation: &'static str },
    #[error("{bytes} byte payload is too large for the Event invocation type (limit {max} bytes)")]
    EventTooLarge { bytes: usize, max: usize },
    #[error("The runtime {0} that the function was made for is not on this host any more.")]
    RuntimeGone(String),
    /// The package was replaced between reading the record and reading the package.
    #[error("The function was updated while it was started.")]
    Superseded,
    /// S3 does not let the caller have a package.
    #[error(
        "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for {0}. S3 Error Code: AccessDenied. S3 Error Message: Access Denied"
    )]
    SourceDenied(String),
    /// The platform's own fault, and what it is.
    #[error("{0}")]
    Platform(String),
}

service::errors! { Error;
    Error::FunctionNotFound(_) | Error::AliasNotFound(_) | Error::NoLayerVersion(_) | Error::OtherRegion { .. } | Error::NoPolicy
    | Error::NoPolicyToChange | Error::NoStatement(_) | Error::NoEventInvokeConfig(_) => crate::wire::errors::RESOURCE_NOT_FOUND_EXCEPTION,
    Error::FunctionExists(_) | Error::AliasExists(_) | Error::VersionNamed(_) | Error::StatementExists(_) => crate::wire::errors::RESOURCE_CONFLICT_EXCEPTION,
    Error::PolicyTooLong { .. } => crate::wire::errors::POLICY_LENGTH_EXCEEDED_EXCEPTION,
    Error::Revision(_) => crate::wire::errors::PRECONDITION_FAILED_EXCEPTION,
    Error::InvalidParameter(_) | Error::RoleNotTrusting | Error::Package(_) =>
        crate::wire::errors::INVALID_PARAMETER_VALUE_EXCEPTION,
    Error::NameTooLong { .. } | Error::AliasName(_) => service::common::REST_JSON.validation,
    Error::RoleNotAssumable | Error::SourceDenied(_) => ACCESS_DENIED,
    Error::InvalidContent(_) => crate::wire::errors::INVALID_REQUEST_CONTENT_EXCEPTION,
    Error::TooLarge { .. } | Error::EventTooLarge { .. } => REQUEST_ENTITY_TOO_LARGE,
    Error::RuntimeGone(_) => crate::wire::errors::INVALID_RUNTIME_EXCEPTION,
    Error::Platform(_) | Error::Superseded => crate::wire::errors::SERVICE_EXCEPTION,
}
