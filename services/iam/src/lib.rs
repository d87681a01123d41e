//! IAM and STS: roles, their policies, and sessions of them. What a principal is and may do is answered here.

mod documents;
mod errors;
mod identity;
mod keys;
mod managed;
mod model;
mod ops;
mod session;
mod store;
mod wire;

pub use identity::{Identities, RootKey};

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
        blob_rows: &[],
        plane: None,
    };
    let sts = Service {
        name: "sts",
        model: &wire::sts::MODEL,
        operations: ops::sts::OPERATIONS,
        resource_policy: Some(|_, tx, arn| Box::pin(store::trust(tx, arn))),
        blob_rows: &[],
        ..iam
    };
    vec![iam, sts]
}
