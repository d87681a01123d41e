//! What the platform needs to know of a service: its descriptor.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use kv::Tx;
use policy::ResourcePolicy;
use sigv4::{Dialect, Family};
use wire::Model;

use crate::common::CommonErrors;
use crate::{Cx, Entry, Failure, Plane};

/// A service's descriptor.
pub struct Service {
    /// The house's name, and what `cx.call` knows it by.
    pub name: &'static str,
    pub model: &'static Model,
    pub operations: &'static [Entry],
    /// How its requests are signed.
    pub signing: Dialect,
    /// How it names errors of authentication.
    pub family: Family,
    /// How it names the other errors that happen before an operation.
    pub errors: CommonErrors,
    pub anonymous: Anonymous,
    /// Bodies that are not streamed may have this many bytes.
    pub body_bytes_max: usize,
    /// Host names that are its own.
    pub hosts: &'static [HostStyle],
    /// Paths that are its own, among services that sign by the same name.
    pub paths: &'static [&'static str],
    /// The policy of the resource with this ARN.
    #[allow(clippy::type_complexity)]
    pub resource_policy:
        Option<for<'a> fn(&'a Cx, &'a mut Tx, &'a str) -> BoxFuture<'a, Result<Option<ResourcePolicy>, Failure>>>,
    /// The tags of the resource with this ARN: what conditions read as `aws:ResourceTag` (and as the service's own
    /// `ResourceTag`). None: conditions find no tags, unless an operation's own demands carry them.
    #[allow(clippy::type_complexity)]
    pub resource_tags:
        Option<for<'a> fn(&'a Cx, &'a mut Tx, &'a str) -> BoxFuture<'a, Result<BTreeMap<String, String>, Failure>>>,
    /// Prefixes of the rows that refer to blobs: ids stand in them as text, and the sweeper removes old blobs that stand
    /// in none. A reference may move to another row, once between two looks of the sweeper. Empty: holds no blobs.
    pub blob_rows: &'static [&'static [u8]],
    /// Raw HTTP that is no modelled operation.
    pub plane: Option<(&'static [PlaneClaim], &'static dyn Plane)>,
}

/// What happens to requests that nobody signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    /// They are refused.
    Refused,
    /// They are judged by the resource's policy.
    Judged,
}

/// How a service is recognised by the request's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostStyle {
    /// `s3.*`: the first label.
    Label(&'static str),
    /// `{name}.<label>.*`, and `{name}.localhost` or `{name}.` and the host of the public URL: the name is the first
    /// segment of the path (S3's virtual hosts).
    FirstSegment(&'static str),
    /// Every request that no other rule recognises (S3's path style).
    Any,
}

/// Requests that a plane serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaneClaim {
    /// `{id}.<label>.*`
    Host(&'static str),
    /// `<prefix>/{id}/...`, where the prefix starts with `/_clearsky/`.
    Path(&'static str),
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}
