//! Objects in: PutObject.

use kv::Tx;
use service::{Cx, Effect, Received};

use super::bucket;
use crate::engine::checksum::{Claims, Members, check_md5};
use crate::engine::condition::judge_write;
use crate::errors::Error;
use crate::model::{
    BucketName, Headers, OBJECT_BYTES_MAX, Object, ObjectKey, check_metadata, content_type_of, whole_seconds,
};
use crate::store;
use crate::wire::{PutObjectOutput, PutObjectRequest};

/// Makes the body that was received an object, in place of the one that was there.
pub(crate) async fn put_object(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutObjectRequest,
    received: &Received,
) -> Result<PutObjectOutput, Error> {
    let PutObjectRequest {
        // Only values are honoured that say what every object here is.
        acl: _,
        storage_class: _,
        bucket,
        cache_control,
        content_disposition,
        content_encoding,
        content_language,
        // The length was checked while the body came in.
        content_length: _,
        content_md5,
        content_type,
        checksum_algorithm,
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        expires,
        if_match,
        if_none_match,
        key,
        metadata,
        expected_bucket_owner,
    } = input;
    let (name, key) = (BucketName::parse(bucket)?, ObjectKey::parse(key)?);
    check_size(received.bytes)?;
    let metadata = metadata.clone().unwrap_or_default();
    check_metadata(&metadata)?;
    check_md5(content_md5.as_deref(), &received.digests)?;
    let claims = Claims {
        algorithm: checksum_algorithm.as_deref(),
        crc32: checksum_crc32.as_deref(),
        crc32c: checksum_crc32c.as_deref(),
        crc64nvme: checksum_crc64nvme.as_deref(),
        sha1: checksum_sha1.as_deref(),
        sha256: checksum_sha256.as_deref(),
    };
    let checksum = claims.check(received)?;
    let headers = Headers {
        cache_control: cache_control.clone(),
        content_disposition: content_disposition.clone(),
        content_encoding: content_encoding.clone(),
        content_language: content_language.clone(),
        content_type: content_type_of(content_type.as_deref()),
        expires: expires.clone(),
    };

    bucket::open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    let object = Object {
        blob: received.blob.clone(),
        size: received.bytes,
        etag: hex::encode(received.digests.md5),
        modified: whole_seconds(cx.now()),
        checksum,
        headers: headers.without_framing(),
        metadata,
    };
    let conditions = WriteConditions { if_match: if_match.as_deref(), if_none_match: if_none_match.as_deref() };
    replace(cx, tx, &name, &key, &object, &conditions).await?;

    Ok(output(&object))
}

fn output(object: &Object) -> PutObjectOutput {
    let shown = Members::of(&object.checksum);
    PutObjectOutput {
        e_tag: Some(object.quoted_etag()),
        checksum_crc32: shown.crc32,
        checksum_crc32c: shown.crc32c,
        checksum_crc64nvme: shown.crc64nvme,
        checksum_sha1: shown.sha1,
        checksum_sha256: shown.sha256,
        checksum_type: shown.kind,
    }
}

/// What a write makes depend on the object that is there.
pub(crate) struct WriteConditions<'a> {
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
}

/// Puts an object; the body of the one that was there goes once that is committed.
pub(crate) async fn replace(
    cx: &Cx,
    tx: &mut Tx,
    name: &BucketName,
    key: &ObjectKey,
    object: &Object,
    conditions: &WriteConditions<'_>,
) -> Result<(), Error> {
    let there = store::object(tx, name, key).await?;
    judge_write(conditions.if_match, conditions.if_none_match, there.as_ref())?;
    store::put_object(tx, name, key, object)?;
    if let Some(there) = there {
        cx.after_commit(Effect::DeleteBlob(there.blob));
    }
    Ok(())
}

/// Refuses an object that is larger than one write may make it.
pub(crate) fn check_size(bytes: u64) -> Result<(), Error> {
    if bytes > OBJECT_BYTES_MAX {
        let error = Error::EntityTooLarge.with("ProposedSize", bytes.to_string());
        return Err(error.with("MaxSizeAllowed", OBJECT_BYTES_MAX.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_write_makes_at_most_five_gibibytes() {
        assert!(check_size(5 << 30).is_ok());
        assert_eq!(service::Failure::from(check_size((5 << 30) + 1).unwrap_err()).facts.code, "EntityTooLarge");
    }
}
