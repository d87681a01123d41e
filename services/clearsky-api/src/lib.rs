//! What AWS has no API for: backups, why a request was answered as it was, and what policy would allow what was seen.

mod engine;
mod errors;
mod keys;
mod model;
mod ops;
mod store;
#[allow(clippy::indexing_slicing)]
mod wire;
mod worker;

pub use engine::backup::Backups;
pub use worker::start;

use service::{Anonymous, Service, common, demands};

use ops::{backup, policy, request};

/// Inputs are an id or two.
const BODY_BYTES_MAX: usize = 64 * 1024;

service::operations! { crate::wire;
    Backup => get backup::backup, |s, _| demands![clearsky::Backup(s.arn("clearsky", "store"))];
    ExplainRequest => request::explain_request, |s, i| demands![clearsky::ExplainRequest(s.arn("clearsky", &format!("request/{}", i.request_id)))];
    GetRecordedPolicy => policy::get_recorded_policy,
        |s, i| demands![clearsky::GetRecordedPolicy(s.arn("clearsky", &format!("recorded-policy/{}", i.role_name.as_deref().or(i.user_name.as_deref()).unwrap_or("*"))))];
}

pub fn service() -> Service {
    Service {
        name: "clearsky",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Json,
        errors: common::JSON,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        plane: None,
        blob_rows: &[],
    }
}
