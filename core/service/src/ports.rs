//! What houses do for each other, without knowing each other.

use std::sync::Arc;

use base::{Arn, Secret, Timestamp};
use bytes::Bytes;
use futures::future::BoxFuture;
use policy::Policies;

use crate::{Caller, Credentials, Failure};

/// Why credentials are not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unaccepted {
    UnknownKey,
    InvalidToken,
    ExpiredToken,
}

/// Temporary credentials of a role's session.
#[derive(Debug, Clone)]
pub struct Session {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    pub session_token: Secret<String>,
    pub expires: Timestamp,
    pub caller: Caller,
}

/// Who callers are and what they may do (IAM with STS).
pub trait Identity: Send + Sync {
    /// The secret and the caller behind an access key.
    fn credentials<'a>(
        &'a self,
        access_key_id: &'a str,
        session_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>>;

    /// The caller's identity policies, boundary and session policies, as they are now.
    fn policies<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Policies, Failure>>;

    /// A session of a role for a service that the role trusts, such as `lambda.amazonaws.com`.
    fn assume<'a>(
        &'a self,
        role: &'a Arn,
        service: &'a str,
        session: &'a str,
    ) -> BoxFuture<'a, Result<Session, Failure>>;

    /// Whether the role exists and trusts the service (checked when a function is created).
    fn trusts<'a>(&'a self, role: &'a Arn, service: &'a str) -> BoxFuture<'a, Result<Trust, Failure>>;

    /// A request that this key signed has been verified: for those who ask when a key was used last.
    fn used(&self, _access_key_id: &str, _service: &str, _region: &str) {}
}

/// What a role says to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    Yes,
    No,
    NoSuchRole,
}

/// A function's answer.
#[derive(Debug, Clone)]
pub struct Invoked {
    pub payload: Bytes,
    /// `Handled` or `Unhandled` where the function failed.
    pub function_error: Option<String>,
    pub executed_version: String,
}

/// Runs functions (Lambda).
pub trait Invoke: Send + Sync {
    /// Invokes and waits for the answer. Demands `lambda:InvokeFunction` of the caller, by the function's policy for a service.
    fn invoke<'a>(
        &'a self,
        caller: &'a Caller,
        function: &'a Arn,
        payload: Bytes,
    ) -> BoxFuture<'a, Result<Invoked, Failure>>;
}

/// An object, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    pub bucket: String,
    pub key: String,
    pub version: Option<String>,
}

/// Reads objects (S3).
pub trait Objects: Send + Sync {
    /// A whole object of at most so many bytes; a longer one is refused with `EntityTooLarge`. Demands what GetObject demands
    /// of the caller.
    fn read<'a>(
        &'a self,
        caller: &'a Caller,
        region: &'a str,
        object: &'a ObjectName,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<Bytes, Failure>>;
}

/// The ports of a server: each is there once its house has been wired.
#[derive(Clone)]
pub struct Ports {
    pub identity: Arc<dyn Identity>,
    pub invoke: Arc<dyn Invoke>,
    pub objects: Arc<dyn Objects>,
}
