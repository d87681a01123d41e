//! Objects away: DeleteObject and DeleteObjects.

use futures::FutureExt;
use futures::future::BoxFuture;
use kv::Tx;
use service::{Batch, Cx, Effect, Failure};

use super::bucket;
use crate::engine::condition::judge_write;
use crate::errors::Error;
use crate::model::{BucketName, ObjectKey, version};
use crate::wire::{
    Delete, DeleteObjectOutput, DeleteObjectRequest, DeleteObjectsOutput, DeleteObjectsRequest, DeletedObject,
    ErrorShape, ObjectIdentifier,
};
use crate::{deleting, store};

/// Keys of one DeleteObjects (docs).
const KEYS_MAX: usize = 1000;

/// Deletes an object; one that is not there is fine.
pub(crate) async fn delete_object(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteObjectRequest,
) -> Result<DeleteObjectOutput, Error> {
    let DeleteObjectRequest { bucket, key, version_id, expected_bucket_owner, if_match } = input;
    let (name, key) = (BucketName::parse(bucket)?, ObjectKey::parse(key)?);
    let version_id = version(version_id.as_deref())?;
    bucket::open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    delete(cx, tx, &name, &key, if_match.as_deref()).await?;
    Ok(DeleteObjectOutput { version_id })
}

/// Deletes up to a thousand objects; each is authorised, deleted and answered on its own.
pub(crate) struct DeleteObjects;

/// One of them.
pub(crate) struct Doomed {
    bucket: BucketName,
    expected_owner: Option<String>,
    object: ObjectIdentifier,
}

impl Batch for DeleteObjects {
    type Input = DeleteObjectsRequest;
    type Output = DeleteObjectsOutput;
    type Entry = Doomed;
    type Done = ();

    fn entries<'a>(
        cx: &'a Cx,
        tx: &'a mut Tx,
        input: &'a DeleteObjectsRequest,
    ) -> BoxFuture<'a, Result<Vec<Doomed>, Failure>> {
        async move { Ok(doomed(cx, tx, input).await?) }.boxed()
    }

    fn entry<'a>(cx: &'a Cx, tx: &'a mut Tx, entry: &'a Doomed) -> BoxFuture<'a, Result<(), Failure>> {
        async move { Ok(delete_one(cx, tx, entry).await?) }.boxed()
    }

    fn output(
        _: &Cx,
        input: &DeleteObjectsRequest,
        done: Vec<Result<(), Failure>>,
    ) -> Result<DeleteObjectsOutput, Failure> {
        let DeleteObjectsRequest {
            bucket: _,
            delete: Delete { objects, quiet },
            expected_bucket_owner: _,
            checksum_algorithm: _,
        } = input;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for (object, done) in objects.iter().zip(done) {
            let ObjectIdentifier { key, version_id, e_tag: _ } = object;
            match done {
                Ok(()) if *quiet == Some(true) => (),
                Ok(()) => deleted.push(DeletedObject { key: Some(key.clone()), version_id: version_id.clone() }),
                Err(failure) => errors.push(refusal(object, failure)),
            }
        }
        let errors = Some(errors).filter(|errors| !errors.is_empty());
        Ok(DeleteObjectsOutput { deleted: Some(deleted).filter(|deleted| !deleted.is_empty()), errors })
    }
}

async fn doomed(cx: &Cx, tx: &mut Tx, input: &DeleteObjectsRequest) -> Result<Vec<Doomed>, Error> {
    // The body was checked against its checksum when it came in.
    let DeleteObjectsRequest {
        bucket,
        delete: Delete { objects, quiet: _ },
        expected_bucket_owner,
        checksum_algorithm: _,
    } = input;
    let name = BucketName::parse(bucket)?;
    if objects.is_empty() || objects.len() > KEYS_MAX {
        return Err(Error::MalformedXml);
    }
    bucket::open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    let doomed = |object: &ObjectIdentifier| Doomed {
        bucket: name.clone(),
        expected_owner: expected_bucket_owner.clone(),
        object: object.clone(),
    };
    Ok(objects.iter().map(doomed).collect())
}

async fn delete_one(cx: &Cx, tx: &mut Tx, doomed: &Doomed) -> Result<(), Error> {
    let Doomed { bucket: name, expected_owner, object: ObjectIdentifier { key, version_id, e_tag } } = doomed;
    let (parsed, if_match) = (ObjectKey::parse(key)?, e_tag.as_deref());
    version(version_id.as_deref())?;
    for demand in deleting(cx, name.as_str(), key, version_id.as_deref(), if_match) {
        cx.demand(demand).await?;
    }
    bucket::open(cx, tx, name, expected_owner.as_deref()).await?;
    delete(cx, tx, name, &parsed, if_match).await
}

/// What one key's refusal looks like among the answers. An outage of ours is one of that key.
fn refusal(object: &ObjectIdentifier, failure: Failure) -> ErrorShape {
    let (code, message) = (failure.facts.code.to_owned(), failure.message);
    let (key, version_id) = (object.key.clone(), object.version_id.clone());
    ErrorShape { key: Some(key), version_id, code: Some(code), message: Some(message) }
}

async fn delete(cx: &Cx, tx: &mut Tx, name: &BucketName, key: &ObjectKey, if_match: Option<&str>) -> Result<(), Error> {
    let there = store::object(tx, name, key).await?;
    judge_write(if_match, None, there.as_ref())?;
    if let Some(there) = there {
        store::delete_object(tx, name, key);
        cx.after_commit(Effect::DeleteBlob(there.blob));
    }
    Ok(())
}
