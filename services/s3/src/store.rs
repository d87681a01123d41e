//! Typed reads and writes within a transaction.

use base::Account;
use bytes::Bytes;
use kv::{Limit, Range, Tx, Watch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use service::Failure;

use crate::errors::Error;
use crate::keys;
use crate::model::{Bucket, BucketName, BucketRecord, Object, ObjectKey, ObjectRecord};

/// A page of named things.
pub(crate) struct Named<T> {
    pub rows: Vec<(String, T)>,
    pub more: bool,
}

/// Where a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After<'a> {
    Start,
    /// Behind this key.
    Key(&'a str),
    /// Behind every key with this prefix.
    Prefix(&'a str),
}

pub(crate) async fn bucket(tx: &mut Tx, name: &BucketName) -> Result<Option<Bucket>, Error> {
    let found = tx.get(&keys::bucket(name)).await?;
    let record = found.map(|bytes| decode::<BucketRecord>(&bytes)).transpose()?;
    Ok(record.map(|BucketRecord::V1(bucket)| bucket))
}

pub(crate) fn put_bucket(tx: &mut Tx, name: &BucketName, bucket: &Bucket) -> Result<(), Error> {
    let bytes = encode(&BucketRecord::V1(bucket.clone()))?;
    tx.put(keys::bucket(name), bytes.clone());
    tx.put(keys::owned(&bucket.owner, name.as_str()), bytes);
    Ok(())
}

pub(crate) fn delete_bucket(tx: &mut Tx, name: &BucketName, bucket: &Bucket) {
    tx.delete(keys::bucket(name));
    tx.delete(keys::owned(&bucket.owner, name.as_str()));
}

/// The buckets of an account in the order of their names, behind `after`.
pub(crate) async fn buckets(
    tx: &mut Tx,
    owner: &Account,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Named<Bucket>, Error> {
    let range = keys::owned_range(owner, prefix);
    let range = match after {
        Some(after) => range.after(&keys::owned(owner, after)),
        None => range,
    };
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for (key, bytes) in &page.rows {
        let BucketRecord::V1(bucket) = decode(bytes)?;
        rows.push((keys::owned_name(owner, key).ok_or_else(unreadable)?.to_owned(), bucket));
    }
    Ok(Named { rows, more: page.more })
}

/// Whether a bucket has no objects; one that comes in the meantime is a conflict.
pub(crate) async fn is_empty(tx: &mut Tx, name: &BucketName) -> Result<bool, Error> {
    Ok(tx.range(keys::objects(name, ""), Limit::rows(1), Watch::Tracked).await?.rows.is_empty())
}

pub(crate) async fn object(tx: &mut Tx, bucket: &BucketName, key: &ObjectKey) -> Result<Option<Object>, Error> {
    let found = tx.get(&keys::object(bucket, key.as_str())).await?;
    let record = found.map(|bytes| decode::<ObjectRecord>(&bytes)).transpose()?;
    Ok(record.map(|ObjectRecord::V1(object)| object))
}

pub(crate) fn put_object(tx: &mut Tx, bucket: &BucketName, key: &ObjectKey, object: &Object) -> Result<(), Error> {
    tx.put(keys::object(bucket, key.as_str()), encode(&ObjectRecord::V1(object.clone()))?);
    Ok(())
}

pub(crate) fn delete_object(tx: &mut Tx, bucket: &BucketName, key: &ObjectKey) {
    tx.delete(keys::object(bucket, key.as_str()));
}

/// The objects of a bucket in the order of their keys.
pub(crate) async fn objects(
    tx: &mut Tx,
    bucket: &BucketName,
    prefix: &str,
    after: &After<'_>,
    limit: usize,
) -> Result<Named<Object>, Error> {
    let range: Range = match after {
        After::Start => keys::objects(bucket, prefix),
        After::Key(key) => keys::objects(bucket, prefix).after(&keys::object(bucket, key)),
        After::Prefix(done) => keys::objects(bucket, prefix).after(&keys::behind(bucket, done)),
    };
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for (key, bytes) in &page.rows {
        let ObjectRecord::V1(object) = decode(bytes)?;
        rows.push((keys::object_key(bucket, key).ok_or_else(unreadable)?.to_owned(), object));
    }
    Ok(Named { rows, more: page.more })
}

fn encode(record: &impl Serialize) -> Result<Bytes, Error> {
    Ok(serde_json::to_vec(record).map(Bytes::from).map_err(Failure::internal)?)
}

fn decode<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Error> {
    Ok(serde_json::from_slice(bytes).map_err(Failure::internal)?)
}

fn unreadable() -> Failure {
    Failure::defect("a key of another space in a page of this one")
}
