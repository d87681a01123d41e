//! Buckets: create, list, look at, delete.

use base::Region;
use kv::{PAGE_ROWS_MAX, Tx};
use service::Cx;

use crate::arn;
use crate::errors::Error;
use crate::model::{Bucket, BucketName, LocationConstraint, canonical_id, whole_seconds};
use crate::store;
use crate::wire::{
    Bucket as BucketShape, CreateBucketConfiguration, CreateBucketOutput, CreateBucketRequest, DeleteBucketNothing,
    DeleteBucketRequest, GetBucketLocationOutput, GetBucketLocationRequest, HeadBucketOutput, HeadBucketRequest,
    ListBucketsOutput, ListBucketsRequest, Owner,
};

/// The name that eu-west-1 had first.
const EU: (&str, &str) = ("EU", "eu-west-1");

/// Creates a bucket. In us-east-1 creating one's own again is fine (docs).
pub(crate) async fn create_bucket(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateBucketRequest,
) -> Result<CreateBucketOutput, Error> {
    // Of these members only the values are honoured that say what every bucket here is.
    let CreateBucketRequest {
        acl: _,
        bucket,
        create_bucket_configuration,
        object_lock_enabled_for_bucket: _,
        object_ownership: _,
        bucket_namespace: _,
    } = input;
    let name = BucketName::parse(bucket)?;
    let constraint = create_bucket_configuration.as_ref().and_then(|configuration| {
        let CreateBucketConfiguration { location_constraint } = configuration;
        location_constraint.as_ref().map(|LocationConstraint(region)| region.as_str())
    });
    let region = region(cx.scope.region.as_str(), constraint)?;

    match store::bucket(tx, &name).await? {
        None => {
            let created = whole_seconds(cx.now());
            store::put_bucket(tx, &name, &Bucket { owner: cx.scope.account.clone(), region, created })?;
        }
        Some(found) if found.owner != cx.scope.account => {
            return Err(Error::BucketAlreadyExists.with("BucketName", name.as_str()));
        }
        Some(found) if found.region == Region::DEFAULT && region == Region::DEFAULT => (),
        Some(_) => return Err(Error::BucketAlreadyOwnedByYou.with("BucketName", name.as_str())),
    }

    Ok(CreateBucketOutput {
        location: Some(format!("/{}", name.as_str())),
        bucket_arn: Some(arn(cx, name.as_str()).to_string()),
    })
}

/// The region of a new bucket. A request in us-east-1 may name any other, one elsewhere must name its own (docs). What clients
/// sign with in want of a region (s3cmd: `US`, others: `auto`) stands for us-east-1.
fn region(here: &str, constraint: Option<&str>) -> Result<String, Error> {
    let here = if is_region(here) { here } else { Region::DEFAULT };
    let wanted = constraint.filter(|constraint| !constraint.is_empty());
    let wanted = wanted.map(|wanted| if wanted == EU.0 { EU.1 } else { wanted });
    match wanted {
        None if here == Region::DEFAULT => Ok(here.to_owned()),
        None => Err(Error::IllegalLocationConstraint("unspecified".into())),
        Some(wanted) if wanted == Region::DEFAULT || !is_region(wanted) => {
            Err(Error::InvalidLocationConstraint.with("LocationConstraint", wanted))
        }
        Some(wanted) if here == Region::DEFAULT || here == wanted => Ok(wanted.to_owned()),
        Some(wanted) => Err(Error::IllegalLocationConstraint(wanted.to_owned())),
    }
}

/// Whether a text has the form of a region's name: `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let Some((number, names)) = words.split_last() else { return false };
    let is_name = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    names.len() >= 2 && text.len() <= 32 && names.iter().all(is_name) && matches!(number.parse::<u8>(), Ok(1..=9))
}

/// The caller's buckets, in the order of their names.
pub(crate) async fn list_buckets(cx: &Cx, tx: &mut Tx, input: &ListBucketsRequest) -> Result<ListBucketsOutput, Error> {
    let ListBucketsRequest { max_buckets, continuation_token, prefix, bucket_region } = input;
    let owner = &cx.scope.account;
    let wanted = prefix.as_deref().unwrap_or_default();
    let tokens = cx.page(&format!("ListBuckets:{}:{wanted}", bucket_region.as_deref().unwrap_or_default()));
    let after = continuation_token.as_deref().map(|token| {
        let opened = tokens.open(token).ok().and_then(|name| String::from_utf8(name).ok());
        opened
            .ok_or_else(|| Error::argument("The continuation token provided is incorrect", "continuation-token", token))
    });
    let after = after.transpose()?;
    let limit = max_buckets.and_then(|max| usize::try_from(max).ok()).unwrap_or(PAGE_ROWS_MAX);

    let page = store::buckets(tx, owner, wanted, after.as_deref(), limit).await?;
    let next = page.rows.last().filter(|_| page.more).map(|(name, _)| tokens.after(name.as_bytes()));
    let of_region = |bucket: &Bucket| bucket_region.as_ref().is_none_or(|region| *region == bucket.region);
    let buckets = page.rows.into_iter().filter(|(_, bucket)| of_region(bucket)).map(|(name, bucket)| BucketShape {
        creation_date: Some(bucket.created),
        bucket_region: Some(bucket.region),
        bucket_arn: Some(arn(cx, &name).to_string()),
        name: Some(name),
    });

    Ok(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        owner: Some(Owner { id: Some(canonical_id(owner)) }),
        continuation_token: next,
        prefix: prefix.clone(),
    })
}

/// Says that the bucket is there, and where.
pub(crate) async fn head_bucket(cx: &Cx, tx: &mut Tx, input: &HeadBucketRequest) -> Result<HeadBucketOutput, Error> {
    let HeadBucketRequest { bucket, expected_bucket_owner } = input;
    let name = BucketName::parse(bucket)?;
    let found = open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    Ok(HeadBucketOutput {
        bucket_arn: Some(arn(cx, name.as_str()).to_string()),
        bucket_region: Some(found.region),
        access_point_alias: Some(false),
    })
}

/// Says where the bucket is; us-east-1 is written as nothing (docs).
pub(crate) async fn get_bucket_location(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetBucketLocationRequest,
) -> Result<GetBucketLocationOutput, Error> {
    let GetBucketLocationRequest { bucket, expected_bucket_owner } = input;
    let name = BucketName::parse(bucket)?;
    let found = open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    let shown = if found.region == Region::DEFAULT { String::new() } else { found.region };
    Ok(GetBucketLocationOutput { location_constraint: Some(LocationConstraint(shown)) })
}

/// Deletes a bucket that has no objects.
pub(crate) async fn delete_bucket(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteBucketRequest,
) -> Result<DeleteBucketNothing, Error> {
    let DeleteBucketRequest { bucket, expected_bucket_owner } = input;
    let name = BucketName::parse(bucket)?;
    let found = open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    if !store::is_empty(tx, &name).await? {
        return Err(Error::BucketNotEmpty.with("BucketName", name.as_str()));
    }
    store::delete_bucket(tx, &name, &found);
    Ok(DeleteBucketNothing {})
}

/// A bucket of the caller's account. Deleting it in the meantime is a conflict.
pub(crate) async fn open(
    cx: &Cx,
    tx: &mut Tx,
    name: &BucketName,
    expected_owner: Option<&str>,
) -> Result<Bucket, Error> {
    let found = store::bucket(tx, name).await?;
    let found = found.ok_or_else(|| Error::NoSuchBucket.with("BucketName", name.as_str()))?;
    let expected = expected_owner.is_none_or(|expected| expected == found.owner.as_str());
    if found.owner != cx.scope.account || !expected {
        return Err(Error::AccessDenied);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_new_buckets() {
        let check = |here: &str, constraint: Option<&str>, expected: &str| {
            let shown = region(here, constraint).unwrap_or_else(|e| service::Failure::from(e).facts.code.to_owned());
            assert_eq!(shown, expected, "{constraint:?} in {here}");
        };
        check("us-east-1", None, "us-east-1");
        check("us-east-1", Some(""), "us-east-1");
        check("us-east-1", Some("us-east-1"), "InvalidLocationConstraint");
        check("us-east-1", Some("eu-west-1"), "eu-west-1");
        check("us-east-1", Some("EU"), "eu-west-1");
        check("us-east-1", Some("nowhere"), "InvalidLocationConstraint");
        check("US", None, "us-east-1");
        check("auto", Some("eu-west-1"), "eu-west-1");
        check("eu-west-1", None, "IllegalLocationConstraintException");
        check("eu-west-1", Some("eu-west-1"), "eu-west-1");
        check("eu-west-1", Some("us-gov-west-1"), "IllegalLocationConstraintException");
    }
}
