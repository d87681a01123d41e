//! Errors that every service answers with and no model lists.

use policy::Quoting;
use wire::ErrorFacts;

/// What is not there, loudly. 501 is not retried by the SDKs.
pub const NOT_IMPLEMENTED: ErrorFacts = ErrorFacts::common("NotImplemented", 501);
/// Our own fault. Each service names it in its own way: see `CommonErrors`.
pub const INTERNAL: ErrorFacts = ErrorFacts::common("InternalError", 500);
/// No room on disk.
pub const FULL: ErrorFacts = ErrorFacts::common("ServiceUnavailable", 503);
/// Too many conflicts in a row, or a store that does not answer.
pub const BUSY: ErrorFacts = ErrorFacts::common("ServiceUnavailable", 503);

/// A service's names for the errors that happen before an operation runs.
#[derive(Debug, Clone, Copy)]
pub struct CommonErrors {
    /// Broken model constraints.
    pub validation: ErrorFacts,
    pub access_denied: ErrorFacts,
    /// A body that cannot be read.
    pub malformed: ErrorFacts,
    pub unknown_operation: ErrorFacts,
    pub internal: ErrorFacts,
    /// A body over the limit.
    pub too_large: ErrorFacts,
    pub denial: Denial,
    /// A path that is not text, where only text will do.
    pub invalid_uri: Option<ErrorFacts>,
    pub digests: Digested,
}

/// The words of a denial.
#[derive(Debug, Clone, Copy)]
pub struct Denial {
    /// How the resource stands in it.
    pub quoting: Quoting,
    /// All that somebody unknown is told, where that differs.
    pub anonymous: Option<&'static str>,
}

/// What digests in the headers of a request whose body is not streamed are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digested {
    /// Nobody looks at them.
    Ignored,
    /// The body must have them (`Content-MD5`, `x-amz-checksum-*`).
    Checked,
}

/// awsJson services.
pub const JSON: CommonErrors = CommonErrors {
    validation: ErrorFacts::common("ValidationException", 400),
    access_denied: ErrorFacts::common("AccessDeniedException", 400),
    malformed: ErrorFacts::common("SerializationException", 400),
    unknown_operation: ErrorFacts::common("UnknownOperationException", 400),
    internal: ErrorFacts::common("InternalServerError", 500),
    too_large: ErrorFacts::common("RequestEntityTooLargeException", 413),
    denial: Denial { quoting: Quoting::Plain, anonymous: None },
    invalid_uri: None,
    digests: Digested::Ignored,
};

/// restJson services.
pub const REST_JSON: CommonErrors = CommonErrors {
    access_denied: ErrorFacts::common("AccessDeniedException", 403),
    unknown_operation: ErrorFacts::common("UnknownOperationException", 404),
    internal: ErrorFacts::common("ServiceException", 500),
    ..JSON
};

/// query services.
pub const QUERY: CommonErrors = CommonErrors {
    validation: ErrorFacts::common("ValidationError", 400),
    access_denied: ErrorFacts::common("AccessDenied", 403),
    malformed: ErrorFacts::common("MalformedQueryString", 400),
    unknown_operation: ErrorFacts::common("InvalidAction", 400),
    internal: ErrorFacts::common("InternalFailure", 500),
    too_large: ErrorFacts::common("RequestEntityTooLarge", 413),
    ..JSON
};

/// S3.
pub const S3: CommonErrors = CommonErrors {
    validation: ErrorFacts::common("InvalidArgument", 400),
    access_denied: ErrorFacts::common("AccessDenied", 403),
    malformed: ErrorFacts::common("MalformedXML", 400),
    unknown_operation: ErrorFacts::common("MethodNotAllowed", 405),
    internal: ErrorFacts::common("InternalError", 500),
    too_large: ErrorFacts::common("EntityTooLarge", 400),
    denial: Denial { quoting: Quoting::Quoted, anonymous: Some("Access Denied") },
    invalid_uri: Some(ErrorFacts::common("InvalidURI", 400)),
    digests: Digested::Checked,
};
