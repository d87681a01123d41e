//! The errors of IAM and STS.

use policy::PolicyError;
use service::{Failure, common};

use crate::model::Kind;
use crate::wire::iam::errors as iam;
use crate::wire::sts::errors as sts;

/// What IAM and STS answer when they refuse.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("The {0} with name {1} cannot be found.")]
    NoSuch(Kind, String),
    #[error("The {0} policy with name {1} cannot be found.")]
    NoSuchInlinePolicy(Kind, String),
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    #[error("Scope ARN: {0} does not exist or is not attachable.")]
    NoSuchBoundary(String),
    #[error("Policy {0} was not found.")]
    NoSuchPolicy(String),
    #[error("Policy {0} version {1} does not exist or is not attachable.")]
    NoSuchPolicyVersion(String, String),
    #[error("The Access Key with id {0} cannot be found.")]
    NoSuchAccessKey(String),
    #[error("The user with name {user} is not a member of the group with name {group}.")]
    NoMember { user: String, group: String },
    #[error("{0:#} with name {1} already exists.")]
    AlreadyExists(Kind, String),
    #[error("A policy called {0} already exists. Duplicate names are not allowed.")]
    PolicyAlreadyExists(String),
    #[error("Cannot delete entity, must detach all policies first.")]
    PoliciesAttached,
    #[error("Cannot delete entity, must delete policies first.")]
    InlinePoliciesLeft,
    #[error("Cannot delete entity, must delete access keys first.")]
    AccessKeysLeft,
    #[error("Cannot delete entity, must remove users from group first.")]
    MembersLeft,
    #[error("Cannot delete a policy attached to entities.")]
    PolicyInUse,
    #[error(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
         The default version is deleted with the policy."
    )]
    VersionsLeft,
    #[error("Cannot delete the default version of a policy.")]
    DefaultVersion,
    #[error(transparent)]
    Malformed(#[from] PolicyError),
    #[error("Cannot exceed quota for {quota}: {limit}")]
    Quota { quota: String, limit: usize },
    #[error(
        "A managed policy can have up to {0} versions. Before you create a new version, you must delete an existing version."
    )]
    TooManyVersions(usize),
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTags,
    #[error("Only AWS service can use System Tags, prefixed with 'aws:'.")]
    SystemTag,
    #[error("Maximum policy size of {limit} bytes exceeded for {kind} {name}")]
    InlinePoliciesTooLarge { kind: Kind, name: String, limit: usize },
    #[error("ARN {0} is not valid.")]
    InvalidArn(String),
    /// A managed policy of another account, or of AWS's, is not the caller's to change.
    #[error("Policy {0} is outside your own account.")]
    ForeignPolicy(String),
    #[error("Invalid Marker.")]
    InvalidMarker,
    #[error("Must specify userName when calling with non-User credentials")]
    UserNameNeeded,
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
    #[error("Cannot call GetSessionToken with session credentials")]
    SessionForSession,
    /// The same for a role that is not there: who may not assume it learns nothing.
    #[error("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}")]
    MayNotAssume { caller: String, role: String },
    /// What a simulation was asked with makes no sense.
    #[error("{0}")]
    Simulation(String),
    /// A key's id that tells no account.
    #[error("The access key id {0} is not valid.")]
    InvalidAccessKeyId(String),
}

impl Error {
    /// A quota of AWS's, by its name.
    pub(crate) fn quota(quota: impl Into<String>, limit: usize) -> Self {
        Self::Quota { quota: quota.into(), limit }
    }
}

service::errors! { Error;
    Error::NoSuch(..) | Error::NoSuchInlinePolicy(..) | Error::NotAttachable(_) | Error::NoSuchPolicy(_)
        | Error::NoSuchPolicyVersion(..) | Error::NoSuchBoundary(_) | Error::NoSuchAccessKey(_) | Error::NoMember { .. }
        => iam::NO_SUCH_ENTITY_EXCEPTION,
    Error::AlreadyExists(..) | Error::PolicyAlreadyExists(_) => iam::ENTITY_ALREADY_EXISTS_EXCEPTION,
    Error::PoliciesAttached | Error::InlinePoliciesLeft | Error::AccessKeysLeft | Error::MembersLeft | Error::PolicyInUse
        | Error::VersionsLeft | Error::DefaultVersion => iam::DELETE_CONFLICT_EXCEPTION,
    Error::Malformed(_) => iam::MALFORMED_POLICY_DOCUMENT_EXCEPTION,
    Error::Quota { .. } | Error::InlinePoliciesTooLarge { .. } | Error::TooManyVersions(_) => iam::LIMIT_EXCEEDED_EXCEPTION,
    Error::InvalidArn(_) | Error::DuplicateTags | Error::SystemTag | Error::Simulation(_) => iam::INVALID_INPUT_EXCEPTION,
    Error::InvalidMarker | Error::InvalidRoleArn(_) | Error::NoSuchSessionPolicy(_) | Error::SessionTooLong
        | Error::ChainedSessionTooLong | Error::UserNameNeeded | Error::InvalidAccessKeyId(_) => common::QUERY.validation,
    Error::PackedPolicyTooLarge(_) => sts::PACKED_POLICY_TOO_LARGE_EXCEPTION,
    Error::MayNotAssume { .. } | Error::ForeignPolicy(_) | Error::SessionForSession => common::QUERY.access_denied,
}
