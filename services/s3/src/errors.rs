//! The errors of S3, in its words.

use serde_json::Value;
use service::Failure;

use crate::wire::errors;

/// Every error this house answers with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("Access Denied")]
    AccessDenied,
    #[error("{0}")]
    BadDigest(String),
    #[error(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please \
         select a different name and try again."
    )]
    BucketAlreadyExists,
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketAlreadyOwnedByYou,
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty,
    #[error("Your proposed upload exceeds the maximum allowed size")]
    EntityTooLarge,
    #[error("A header you provided implies functionality that is not implemented")]
    HeaderNotImplemented,
    #[error("The {0} location constraint is incompatible for the region specific endpoint this request was sent to.")]
    IllegalLocationConstraint(String),
    #[error("{0}")]
    InvalidArgument(String),
    #[error("The specified bucket is not valid.")]
    InvalidBucketName,
    #[error("The Content-MD5 you specified was invalid.")]
    InvalidDigest,
    #[error("The specified location-constraint is not valid")]
    InvalidLocationConstraint,
    #[error("The requested range is not satisfiable")]
    InvalidRange,
    #[error("{0}")]
    InvalidRequest(String),
    #[error("Your key is too long")]
    KeyTooLong,
    #[error("The request contained trailing data that was not well-formed or did not conform to our published schema.")]
    MalformedTrailer,
    #[error("The XML you provided was not well-formed or did not validate against our published schema")]
    MalformedXml,
    #[error("Your metadata headers exceed the maximum allowed metadata size")]
    MetadataTooLarge,
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    #[error("The specified key does not exist.")]
    NoSuchKey,
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed,
}

service::errors! { Error;
    Error::AccessDenied => errors::ACCESS_DENIED,
    Error::BadDigest(_) => errors::BAD_DIGEST,
    Error::BucketAlreadyExists => errors::BUCKET_ALREADY_EXISTS,
    Error::BucketAlreadyOwnedByYou => errors::BUCKET_ALREADY_OWNED_BY_YOU,
    Error::BucketNotEmpty => errors::BUCKET_NOT_EMPTY,
    Error::EntityTooLarge => errors::ENTITY_TOO_LARGE,
    Error::HeaderNotImplemented => errors::HEADER_NOT_IMPLEMENTED,
    Error::IllegalLocationConstraint(_) => errors::ILLEGAL_LOCATION_CONSTRAINT_EXCEPTION,
    Error::InvalidArgument(_) => errors::INVALID_ARGUMENT,
    Error::InvalidBucketName => errors::INVALID_BUCKET_NAME,
    Error::InvalidDigest => errors::INVALID_DIGEST,
    Error::InvalidLocationConstraint => errors::INVALID_LOCATION_CONSTRAINT,
    Error::InvalidRange => errors::INVALID_RANGE,
    Error::InvalidRequest(_) => errors::INVALID_REQUEST,
    Error::KeyTooLong => errors::KEY_TOO_LONG_ERROR,
    Error::MalformedTrailer => errors::MALFORMED_TRAILER_ERROR,
    Error::MalformedXml => errors::MALFORMED_XML,
    Error::MetadataTooLarge => errors::METADATA_TOO_LARGE,
    Error::NoSuchBucket => errors::NO_SUCH_BUCKET,
    Error::NoSuchKey => errors::NO_SUCH_KEY,
    Error::PreconditionFailed => errors::PRECONDITION_FAILED,
}

impl Error {
    /// With a further element of the error's answer.
    pub(crate) fn with(self, name: &'static str, value: impl Into<Value>) -> Self {
        Self::Failed(Failure::from(self).with(name, value))
    }

    /// An argument that S3 names in its answer.
    pub(crate) fn argument(text: impl Into<String>, name: &str, value: &str) -> Self {
        Self::InvalidArgument(text.into()).with("ArgumentName", name).with("ArgumentValue", value)
    }
}
