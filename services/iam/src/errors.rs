//! The errors of IAM and STS.

use policy::PolicyError;
use service::{Failure, common};

use crate::wire::iam::errors as iam;
use crate::wire::sts::errors as sts;

/// What IAM and STS answer when they refuse.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("The role with name {0} cannot be found.")]
    NoSuchRole(String),
    #[error("The role policy with name {0} cannot be found.")]
    NoSuchRolePolicy(String),
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    #[error("Policy {0} was not found.")]
    NoSuchPolicy(String),
    #[error("Policy {0} version {1} does not exist or is not attachable.")]
    NoSuchPolicyVersion(String, String),
    #[error("Role with name {0} already exists.")]
    RoleAlreadyExists(String),
    #[error("Cannot delete entity, must detach all policies first.")]
    PoliciesAttached,
    #[error("Cannot delete entity, must delete policies first.")]
    InlinePoliciesLeft,
    #[error(transparent)]
    Malformed(#[from] PolicyError),
    #[error("Cannot exceed quota for {quota}: {limit}")]
    Quota { quota: &'static str, limit: usize },
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTags,
    #[error("Only AWS service can use System Tags, prefixed with 'aws:'.")]
    SystemTag,
    #[error("Maximum policy size of {limit} bytes exceeded for role {role}")]
    InlinePoliciesTooLarge { role: String, limit: usize },
    #[error("ARN {0} is not valid.")]
    InvalidArn(String),
    #[error("Invalid Marker.")]
    InvalidMarker,
    #[error("{0} is invalid")]
    InvalidRoleArn(String),
    /// A managed policy named for a session.
    #[error("Policy {0} does not exist or is not attachable.")]
    NoSuchSessionPolicy(String),
    #[error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")]
    SessionTooLong,
    #[error("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")]
    ChainedSessionTooLong,
    #[error("Packed policy consumes {0}% of allotted space, please use smaller policy.")]
    PackedPolicyTooLarge(usize),
    /// The same for a role that is not there: who may not assume it learns nothing.
    #[error("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}")]
    MayNotAssume { caller: String, role: String },
}

service::errors! { Error;
    Error::NoSuchRole(_) | Error::NoSuchRolePolicy(_) | Error::NotAttachable(_) | Error::NoSuchPolicy(_)
        | Error::NoSuchPolicyVersion(..) => iam::NO_SUCH_ENTITY_EXCEPTION,
    Error::RoleAlreadyExists(_) => iam::ENTITY_ALREADY_EXISTS_EXCEPTION,
    Error::PoliciesAttached | Error::InlinePoliciesLeft => iam::DELETE_CONFLICT_EXCEPTION,
    Error::Malformed(_) => iam::MALFORMED_POLICY_DOCUMENT_EXCEPTION,
    Error::Quota { .. } | Error::InlinePoliciesTooLarge { .. } => iam::LIMIT_EXCEEDED_EXCEPTION,
    Error::InvalidArn(_) | Error::DuplicateTags | Error::SystemTag => iam::INVALID_INPUT_EXCEPTION,
    Error::InvalidMarker | Error::InvalidRoleArn(_) | Error::NoSuchSessionPolicy(_) | Error::SessionTooLong | Error::ChainedSessionTooLong
        => common::QUERY.validation,
    Error::PackedPolicyTooLarge(_) => sts::PACKED_POLICY_TOO_LARGE_EXCEPTION,
    Error::MayNotAssume { .. } => common::QUERY.access_denied,
}
