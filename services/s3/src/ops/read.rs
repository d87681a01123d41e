//! Objects out: GetObject and HeadObject.

use std::collections::BTreeMap;
use std::ops::Range;

use base::Timestamp;
use kv::Tx;
use service::{Cx, Outgoing, demand};

use super::bucket;
use crate::arn;
use crate::engine::byte_range;
use crate::engine::checksum::Members;
use crate::engine::condition::{Conditions, Verdict, failed};
use crate::errors::Error;
use crate::model::{BucketName, Headers, Object, ObjectKey, shown_metadata, version};
use crate::store;
use crate::wire::{GetObjectOutput, GetObjectRequest, HeadObjectOutput, HeadObjectRequest};

const PARTIAL_CONTENT: i32 = 206;
const NOT_MODIFIED: i32 = 304;

/// What both operations ask for.
struct Wanted<'a> {
    bucket: &'a str,
    key: &'a str,
    expected_bucket_owner: Option<&'a str>,
    conditions: Conditions<'a>,
    range: Option<&'a str>,
    overrides: Headers,
    checksum_mode: Option<&'a str>,
    version_id: Option<&'a str>,
}

/// What both operations answer.
enum Found {
    NotModified(Object),
    Whole { object: Object, overrides: Headers, checksum: Members },
    Part { object: Object, overrides: Headers, range: Range<u64> },
}

/// The inputs differ in nothing but their type.
macro_rules! wanted {
    ($input:expr, $type:ident) => {{
        let $type {
            bucket,
            if_match,
            if_modified_since,
            if_none_match,
            if_unmodified_since,
            key,
            range,
            response_cache_control,
            response_content_disposition,
            response_content_encoding,
            response_content_language,
            response_content_type,
            response_expires,
            version_id,
            expected_bucket_owner,
            checksum_mode,
        } = $input;
        Wanted {
            bucket,
            key,
            expected_bucket_owner: expected_bucket_owner.as_deref(),
            conditions: Conditions {
                if_match: if_match.as_deref(),
                if_none_match: if_none_match.as_deref(),
                if_modified_since: *if_modified_since,
                if_unmodified_since: *if_unmodified_since,
            },
            range: range.as_deref(),
            overrides: Headers {
                cache_control: response_cache_control.clone(),
                content_disposition: response_content_disposition.clone(),
                content_encoding: response_content_encoding.clone(),
                content_language: response_content_language.clone(),
                content_type: response_content_type.clone(),
                expires: response_expires.map(Timestamp::http_date),
            },
            checksum_mode: checksum_mode.as_deref(),
            version_id: version_id.as_deref(),
        }
    }};
}

/// Nor do the outputs.
macro_rules! shown {
    ($found:expr, $type:ident) => {{
        let (found, version_id) = $found;
        let Shown { status, object, length, content_range, headers, metadata, checksum } = found.shown();
        $type {
            status_code: status,
            accept_ranges: Some("bytes".into()),
            version_id,
            last_modified: Some(object.modified),
            content_length: length,
            e_tag: Some(object.quoted_etag()),
            checksum_crc32: checksum.crc32,
            checksum_crc32c: checksum.crc32c,
            checksum_crc64nvme: checksum.crc64nvme,
            checksum_sha1: checksum.sha1,
            checksum_sha256: checksum.sha256,
            checksum_type: checksum.kind,
            cache_control: headers.cache_control,
            content_disposition: headers.content_disposition,
            content_encoding: headers.content_encoding,
            content_language: headers.content_language,
            content_range,
            content_type: headers.content_type,
            expires: headers.expires,
            metadata,
        }
    }};
}

/// An object with its bytes, or a part of them.
pub(crate) async fn get_object(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetObjectRequest,
) -> Result<(GetObjectOutput, Outgoing), Error> {
    let found = find(cx, tx, wanted!(input, GetObjectRequest)).await?;
    let body = match &found.0 {
        Found::NotModified(_) => Outgoing::Nothing,
        Found::Whole { object, .. } => Outgoing::Blob { id: object.blob.clone(), range: 0..object.size },
        Found::Part { object, range, .. } => Outgoing::Blob { id: object.blob.clone(), range: range.clone() },
    };
    Ok((shown!(found, GetObjectOutput), body))
}

/// The same without the bytes.
pub(crate) async fn head_object(cx: &Cx, tx: &mut Tx, input: &HeadObjectRequest) -> Result<HeadObjectOutput, Error> {
    let found = find(cx, tx, wanted!(input, HeadObjectRequest)).await?;
    Ok(shown!(found, HeadObjectOutput))
}

/// Finds the object, and says which version was asked for.
async fn find(cx: &Cx, tx: &mut Tx, wanted: Wanted<'_>) -> Result<(Found, Option<String>), Error> {
    let Wanted { bucket, key, expected_bucket_owner, conditions, range, overrides, checksum_mode, version_id } = wanted;
    let (name, key) = (BucketName::parse(bucket)?, ObjectKey::parse(key)?);
    if cx.caller.is_anonymous() && overrides != Headers::default() {
        let text = "Request specific response headers cannot be used for anonymous GET requests.";
        return Err(Error::InvalidRequest(text.into()));
    }
    let version = version(version_id)?;
    bucket::open(cx, tx, &name, expected_bucket_owner).await?;
    let object = existing(cx, tx, &name, &key).await?;

    match conditions.judge(&object) {
        Verdict::Failed(condition) => return Err(failed(condition)),
        Verdict::NotModified => return Ok((Found::NotModified(object), version)),
        Verdict::Proceed => (),
    }
    if let Some(range) = range.map(|range| byte_range::resolve(range, object.size)).transpose()?.flatten() {
        return Ok((Found::Part { object, overrides, range }, version));
    }
    let checksum = checksum_mode.map(|_| Members::of(&object.checksum)).unwrap_or_default();
    Ok((Found::Whole { object, overrides, checksum }, version))
}

/// An object that is there. Only who may list the bucket learns that one is not (docs).
pub(crate) async fn existing(cx: &Cx, tx: &mut Tx, name: &BucketName, key: &ObjectKey) -> Result<Object, Error> {
    if let Some(object) = store::object(tx, name, key).await? {
        return Ok(object);
    }
    cx.demand(demand!(s3::ListBucket(arn(cx, name.as_str())))).await?;
    Err(Error::NoSuchKey.with("Key", key.as_str()))
}

/// An answer's members.
struct Shown {
    /// `None`: 200.
    status: Option<i32>,
    object: Object,
    length: Option<i64>,
    content_range: Option<String>,
    headers: Headers,
    metadata: Option<BTreeMap<String, String>>,
    checksum: Members,
}

impl Found {
    fn shown(self) -> Shown {
        match self {
            Self::NotModified(mut object) => {
                // Only what a cache refreshes its entry with (RFC 9110).
                let Headers { cache_control, expires, .. } = std::mem::take(&mut object.headers);
                let headers = Headers { cache_control, expires, ..Headers::default() };
                let (status, checksum) = (Some(NOT_MODIFIED), Members::default());
                Shown { status, object, length: None, content_range: None, headers, metadata: None, checksum }
            }
            Self::Whole { mut object, overrides, checksum } => {
                let headers = overridden(std::mem::take(&mut object.headers), overrides);
                let metadata = Some(shown_metadata(std::mem::take(&mut object.metadata)));
                let length = Some(object.size as i64);
                Shown { status: None, object, length, content_range: None, headers, metadata, checksum }
            }
            Self::Part { mut object, overrides, range } => {
                let headers = overridden(std::mem::take(&mut object.headers), overrides);
                let metadata = Some(shown_metadata(std::mem::take(&mut object.metadata)));
                let content_range = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), object.size);
                let length = Some((range.end - range.start) as i64);
                let (status, content_range) = (Some(PARTIAL_CONTENT), Some(content_range));
                Shown { status, object, length, content_range, headers, metadata, checksum: Members::default() }
            }
        }
    }
}

fn overridden(stored: Headers, overrides: Headers) -> Headers {
    Headers {
        cache_control: overrides.cache_control.or(stored.cache_control),
        content_disposition: overrides.content_disposition.or(stored.content_disposition),
        content_encoding: overrides.content_encoding.or(stored.content_encoding),
        content_language: overrides.content_language.or(stored.content_language),
        content_type: overrides.content_type.or(stored.content_type),
        expires: overrides.expires.or(stored.expires),
    }
}
