//! IAM and STS: users, groups, roles, their policies, and sessions. What a principal is and may do is answered here.

mod documents;
mod errors;
mod identity;
mod key_id;
mod keys;
mod last_use;
mod managed;
mod model;
mod ops;
mod session;
mod standing;
mod store;
mod wire;
mod worker;

pub use identity::{Identities, RootKey};
pub use worker::{start, store_last_uses};

use service::{Anonymous, Service, common};

/// Bodies have at most this many bytes: a policy document of 131,072 characters (model), percent-encoded, with room.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// IAM and STS, both without regions.
pub fn services() -> Vec<Service> {
    let iam = Service {
        name: "iam",
        model: &wire::iam::MODEL,
        operations: ops::iam::OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Query,
        errors: common::QUERY,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        blob_rows: &[],
        plane: None,
    };
    let sts = Service {
        name: "sts",
        model: &wire::sts::MODEL,
        operations: ops::sts::OPERATIONS,
        resource_policy: Some(|_, tx, arn| Box::pin(store::trust(tx, arn))),
        resource_tags: None,
        blob_rows: &[],
        ..iam
    };
    vec![iam, sts]
}
