//! CopyObject: a new body with the same bytes.

use std::io;

use base::Timestamp;
use blob::BlobId;
use futures::StreamExt;
use kv::Abort;
use percent_encoding::percent_decode_str;
use service::{Cx, Failure};

use super::bucket;
use super::read::existing;
use super::write::{WriteConditions, check_size, replace};
use crate::engine::checksum::Members;
use crate::engine::condition::{Conditions, Verdict, failed};
use crate::errors::Error;
use crate::model::{BucketName, Headers, Object, ObjectKey, check_metadata, content_type_of, version, whole_seconds};
use crate::wire::{CopyObjectOutput, CopyObjectRequest, CopyObjectResult};

/// How often a source is read that is replaced meanwhile.
const READS_MAX: usize = 100;

/// The object that a copy is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub bucket: BucketName,
    pub key: ObjectKey,
    /// The version that was named.
    pub version: Option<String>,
}

impl Source {
    /// Parses `x-amz-copy-source`: `bucket/key`, percent-encoded, perhaps with a slash before it and a version behind it.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let invalid = || {
            let text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            Error::argument(text, "x-amz-copy-source", "x-amz-copy-source")
        };
        let (text, named) = match text.rsplit_once("?versionId=") {
            Some((text, named)) => (text, Some(named)),
            None => (text, None),
        };
        let decoded = percent_decode_str(text).decode_utf8().map_err(|_| invalid())?;
        let (bucket, key) = decoded.strip_prefix('/').unwrap_or(&decoded).split_once('/').ok_or_else(invalid)?;
        if key.is_empty() {
            return Err(invalid());
        }
        Ok(Self { bucket: BucketName::parse(bucket)?, key: ObjectKey::parse(key)?, version: version(named)? })
    }
}

/// What is read of the source, in a transaction of its own.
#[derive(Clone)]
struct Reading {
    source: Source,
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
    expected_owner: Option<String>,
}

/// What is written at the destination, in another one.
#[derive(Clone)]
struct Writing {
    bucket: BucketName,
    key: ObjectKey,
    if_match: Option<String>,
    if_none_match: Option<String>,
    expected_owner: Option<String>,
}

/// Copies an object. Driven outside one transaction because the bytes are copied in between; a repeat writes the same
/// object again.
pub(crate) async fn copy_object(cx: &Cx, input: &CopyObjectRequest) -> Result<CopyObjectOutput, Error> {
    let CopyObjectRequest {
        // Only values are honoured that say what every object here is.
        acl: _,
        tagging_directive: _,
        storage_class,
        bucket,
        cache_control,
        content_disposition,
        content_encoding,
        content_language,
        content_type,
        copy_source,
        copy_source_if_match,
        copy_source_if_modified_since,
        copy_source_if_none_match,
        copy_source_if_unmodified_since,
        expires,
        if_match,
        if_none_match,
        key,
        metadata,
        metadata_directive,
        expected_bucket_owner,
        expected_source_bucket_owner,
    } = input;
    let reading = Reading {
        source: Source::parse(copy_source)?,
        if_match: copy_source_if_match.clone(),
        if_none_match: copy_source_if_none_match.clone(),
        if_modified_since: *copy_source_if_modified_since,
        if_unmodified_since: *copy_source_if_unmodified_since,
        expected_owner: expected_source_bucket_owner.clone(),
    };
    let writing = Writing {
        bucket: BucketName::parse(bucket)?,
        key: ObjectKey::parse(key)?,
        if_match: if_match.clone(),
        if_none_match: if_none_match.clone(),
        expected_owner: expected_bucket_owner.clone(),
    };
    let replaces = metadata_directive.as_deref() == Some("REPLACE");
    // Naming a storage class is a change, even of none (aws-cli users touch objects so).
    if !replaces
        && storage_class.is_none()
        && reading.source.bucket == writing.bucket
        && reading.source.key == writing.key
    {
        return Err(to_itself());
    }

    let metadata = metadata.clone().unwrap_or_default();
    check_metadata(&metadata)?;
    let mut object = read_whole(cx, &reading, &writing).await?;
    if replaces {
        object.metadata = metadata;
        object.headers = Headers {
            cache_control: cache_control.clone(),
            content_disposition: content_disposition.clone(),
            content_encoding: content_encoding.clone(),
            content_language: content_language.clone(),
            content_type: content_type_of(content_type.as_deref()),
            expires: expires.clone(),
        };
    }
    object.modified = whole_seconds(cx.now());
    write_or_undo(cx, writing, &object).await?;
    Ok(CopyObjectOutput { copy_object_result: Some(result(&object)) })
}

fn to_itself() -> Error {
    Error::InvalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
         metadata, storage class, website redirect location or encryption attributes."
            .into(),
    )
}

/// The source as it is now; the destination's bucket must be there too, before bytes are copied for nothing.
async fn read_source(cx: &Cx, reading: Reading, writing: Writing) -> Result<Object, Failure> {
    cx.transact(move |cx, tx| {
        let (reading, writing) = (reading.clone(), writing.clone());
        Box::pin(async move {
            bucket::open(cx, tx, &writing.bucket, writing.expected_owner.as_deref()).await?;
            let Reading { source, if_match, if_none_match, if_modified_since, if_unmodified_since, expected_owner } =
                &reading;
            bucket::open(cx, tx, &source.bucket, expected_owner.as_deref()).await?;
            let object = existing(cx, tx, &source.bucket, &source.key).await?;
            let conditions = Conditions {
                if_match: if_match.as_deref(),
                if_none_match: if_none_match.as_deref(),
                if_modified_since: *if_modified_since,
                if_unmodified_since: *if_unmodified_since,
            };
            match (conditions.judge(&object), if_none_match) {
                (Verdict::Proceed, _) => (),
                (Verdict::Failed("If-Match"), _) => return Err(failed("x-amz-copy-source-If-Match").into()),
                (Verdict::Failed(_), _) => return Err(failed("x-amz-copy-source-If-Unmodified-Since").into()),
                (Verdict::NotModified, Some(_)) => return Err(failed("x-amz-copy-source-If-None-Match").into()),
                (Verdict::NotModified, None) => return Err(failed("x-amz-copy-source-If-Modified-Since").into()),
            }
            check_size(object.size)?;
            Ok(object)
        })
    })
    .await
}

/// The source, its body copied. It may be replaced between the two: then the newer one is read.
async fn read_whole(cx: &Cx, reading: &Reading, writing: &Writing) -> Result<Object, Error> {
    for _ in 0..READS_MAX {
        let mut object = read_source(cx, reading.clone(), writing.clone()).await?;
        if let Some(copy) = copy_body(cx, &object).await? {
            object.blob = copy;
            return Ok(object);
        }
    }
    Err(Failure::defect("the source of a copy is replaced faster than it can be read").into())
}

/// A copy of an object's body. `None` where it is gone.
async fn copy_body(cx: &Cx, object: &Object) -> Result<Option<BlobId>, Error> {
    let blobs = &cx.platform.blobs;
    let id = object.blob.clone();
    let mut bytes = blobs.read(&id, 0..object.size);
    let mut upload = blobs.write();
    while let Some(chunk) = bytes.next().await {
        if chunk.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        upload.push(chunk.map_err(Failure::internal)?).await.map_err(Failure::from)?;
    }
    let stored = upload.finish().await.map_err(Failure::from)?;
    if stored.bytes != object.size {
        blobs.delete(&stored.id).await.map_err(Failure::from)?;
        return Err(Failure::defect(format!("{id} holds {} bytes, not {}", stored.bytes, object.size)).into());
    }
    Ok(Some(stored.id))
}

/// Writes the copy; where that fails its body goes again.
async fn write_or_undo(cx: &Cx, writing: Writing, object: &Object) -> Result<(), Error> {
    if let Err(failure) = write(cx, writing, object.clone()).await {
        // Of an unknown outcome the sweeper judges later.
        if failure.abort != Some(Abort::Unknown) {
            cx.platform.blobs.delete(&object.blob).await.map_err(Failure::from)?;
        }
        return Err(failure.into());
    }
    Ok(())
}

async fn write(cx: &Cx, writing: Writing, object: Object) -> Result<(), Failure> {
    cx.transact(move |cx, tx| {
        let (writing, object) = (writing.clone(), object.clone());
        Box::pin(async move {
            let Writing { bucket, key, if_match, if_none_match, expected_owner } = &writing;
            bucket::open(cx, tx, bucket, expected_owner.as_deref()).await?;
            let conditions = WriteConditions { if_match: if_match.as_deref(), if_none_match: if_none_match.as_deref() };
            Ok(replace(cx, tx, bucket, key, &object, &conditions).await?)
        })
    })
    .await
}

fn result(object: &Object) -> CopyObjectResult {
    let shown = Members::of(&object.checksum);
    CopyObjectResult {
        e_tag: Some(object.quoted_etag()),
        last_modified: Some(object.modified),
        checksum_type: shown.kind,
        checksum_crc32: shown.crc32,
        checksum_crc32c: shown.crc32c,
        checksum_crc64nvme: shown.crc64nvme,
        checksum_sha1: shown.sha1,
        checksum_sha256: shown.sha256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let source = Source::parse(text).ok();
            let shown = source.as_ref().map(|source| (source.bucket.as_str(), source.key.as_str()));
            assert_eq!(shown, expected, "{text}");
        };
        check("bucket/key", Some(("bucket", "key")));
        check("/bucket/a/b", Some(("bucket", "a/b")));
        check("bucket/a%20b%2Bc", Some(("bucket", "a b+c")));
        check("bucket%2Fkey", Some(("bucket", "key")));
        check("bucket/", None);
        check("bucket", None);
        check("bucket/%ff", None);
        check("bucket/key?versionId=1", None);
        check("bucket/key?versionId=null", Some(("bucket", "key")));
        assert_eq!(Source::parse("bucket/key?versionId=null").unwrap().version.as_deref(), Some("null"));
    }
}
