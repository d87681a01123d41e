//! S3: buckets and objects. Bodies lie in the blob store, everything else in one row per bucket and object.

mod engine;
mod errors;
mod keys;
mod model;
mod ops;
mod port;
mod store;
#[allow(clippy::indexing_slicing, reason = "generated: constant indexes into a constant table")]
mod wire;

pub use port::Reader;

use base::Arn;
use service::{Anonymous, Cx, Demand, HostStyle, Service, demand, demands};

use crate::ops::{bucket, copy, delete, list, read, write};

/// Bodies that are not streamed: the largest is a DeleteObjects of 1000 keys of 1024 bytes, which XML may escape.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

service::operations! { crate::wire;
    CreateBucket => bucket::create_bucket, |s, i| demands![s3::CreateBucket(arn(s, &i.bucket))];
    ListBuckets => bucket::list_buckets, |s, i| demands![s3::ListAllMyBuckets("*")];
    HeadBucket => bucket::head_bucket, |s, i| demands![s3::ListBucket(arn(s, &i.bucket))];
    DeleteBucket => bucket::delete_bucket, |s, i| demands![s3::DeleteBucket(arn(s, &i.bucket))];
    GetBucketLocation => bucket::get_bucket_location, |s, i| demands![s3::GetBucketLocation(arn(s, &i.bucket))];
    PutObject => put write::put_object, |s, i| writing(s, &i.bucket, &i.key, i.if_match.as_deref());
    GetObject => get read::get_object, |s, i| reading(s, &i.bucket, &i.key, i.version_id.as_deref());
    HeadObject => read::head_object, |s, i| reading(s, &i.bucket, &i.key, i.version_id.as_deref());
    CopyObject => run copy::copy_object, |s, i| copying(s, i);
    DeleteObject => delete::delete_object, |s, i|
        deleting(s, &i.bucket, &i.key, i.version_id.as_deref(), i.if_match.as_deref());
    // Each key is demanded on its own: those that are denied are errors among the answers.
    DeleteObjects => batch delete::DeleteObjects, |s, i| demands![inside s3::DeleteObject, s3::DeleteObjectVersion, s3::GetObject];
    ListObjects => list::list_objects, |s, i|
        listing(s, &i.bucket, i.prefix.as_deref(), i.delimiter.as_deref(), i.max_keys);
    ListObjectsV2 => list::list_objects_v2, |s, i|
        listing(s, &i.bucket, i.prefix.as_deref(), i.delimiter.as_deref(), i.max_keys);
}

/// The descriptor.
pub fn service() -> Service {
    Service {
        name: "s3",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::S3,
        family: sigv4::Family::S3,
        errors: service::common::S3,
        anonymous: Anonymous::Judged,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[HostStyle::Label("s3"), HostStyle::FirstSegment("s3"), HostStyle::Any],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        blob_rows: keys::BLOB_ROWS,
        plane: None,
    }
}

pub(crate) fn arn(cx: &Cx, bucket: &str) -> Arn {
    cx.scope.bare_arn("s3", bucket)
}

pub(crate) fn object_arn(cx: &Cx, bucket: &str, key: &str) -> Arn {
    cx.scope.bare_arn("s3", &format!("{bucket}/{key}"))
}

/// Who names a version needs the permission for versions, though it is the only one there (docs).
fn reading(cx: &Cx, bucket: &str, key: &str, version_id: Option<&str>) -> Vec<Demand> {
    let object = object_arn(cx, bucket, key);
    match version_id {
        None => demands![s3::GetObject(object)],
        Some(_) => demands![s3::GetObjectVersion(object)],
    }
}

/// A write that depends on the object that is there reads it too (docs).
fn writing(cx: &Cx, bucket: &str, key: &str, if_match: Option<&str>) -> Vec<Demand> {
    let object = object_arn(cx, bucket, key);
    let mut demands = demands![s3::PutObject(&object)];
    if if_match.is_some() {
        demands.extend(demands![s3::GetObject(&object)]);
    }
    demands
}

/// Likewise.
pub(crate) fn deleting(
    cx: &Cx,
    bucket: &str,
    key: &str,
    version_id: Option<&str>,
    if_match: Option<&str>,
) -> Vec<Demand> {
    let object = object_arn(cx, bucket, key);
    let mut demands = match version_id {
        None => demands![s3::DeleteObject(&object)],
        Some(_) => demands![s3::DeleteObjectVersion(&object)],
    };
    if if_match.is_some_and(|tags| tags.trim() != "*") {
        demands.extend(demands![s3::GetObject(&object)]);
    }
    demands
}

fn copying(cx: &Cx, input: &wire::CopyObjectRequest) -> Vec<Demand> {
    let mut demands = writing(cx, &input.bucket, &input.key, input.if_match.as_deref());
    // A source that cannot be read as one is refused by the operation.
    if let Ok(source) = copy::Source::parse(&input.copy_source) {
        let version = source.version.as_deref();
        demands.extend(reading(cx, source.bucket.as_str(), source.key.as_str(), version));
    }
    demands
}

fn listing(cx: &Cx, bucket: &str, prefix: Option<&str>, delimiter: Option<&str>, max_keys: Option<i32>) -> Vec<Demand> {
    let mut demand = demand!(s3::ListBucket(arn(cx, bucket)));
    if let Some(prefix) = prefix {
        demand = demand.with("s3:prefix", prefix);
    }
    if let Some(delimiter) = delimiter {
        demand = demand.with("s3:delimiter", delimiter);
    }
    if let Some(max_keys) = max_keys {
        demand = demand.with("s3:max-keys", max_keys.to_string());
    }
    vec![demand]
}
