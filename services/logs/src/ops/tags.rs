//! Tags of groups.

use std::collections::BTreeMap;

use base::Arn;
use kv::Tx;
use service::{Cx, Demand, action, demand};

use crate::errors::Error;
use crate::model::Group;
use crate::store;
use crate::wire::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceNothing, TagResourceRequest,
    UntagResourceNothing, UntagResourceRequest,
};

/// Tags of one resource (docs).
const TAGS_MAX: usize = 50;

/// What creating a group demands; with tags, the right to tag it as well (docs).
pub(crate) fn creation(cx: &Cx, group: &str, tags: Option<&BTreeMap<String, String>>) -> Vec<Demand> {
    let arn = crate::group_arn(cx, group);
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else {
        return vec![demand!(logs::CreateLogGroup(&arn))];
    };
    [action!(logs::CreateLogGroup), action!(logs::TagResource)]
        .map(|action| requested(Demand::new(action, &arn), tags))
        .into()
}

pub(crate) fn tagging(arn: &str, tags: &BTreeMap<String, String>) -> Vec<Demand> {
    named(arn).map(|arn| requested(demand!(logs::TagResource(arn)), tags)).into_iter().collect()
}

pub(crate) fn untagging(arn: &str, keys: &[String]) -> Vec<Demand> {
    named(arn).map(|arn| with_keys(demand!(logs::UntagResource(arn)), keys.iter().cloned())).into_iter().collect()
}

pub(crate) fn listing(arn: &str) -> Vec<Demand> {
    named(arn).map(|arn| demand!(logs::ListTagsForResource(arn))).into_iter().collect()
}

/// The ARN that a request names, if it is one of this service; the operation refuses what is not.
fn named(arn: &str) -> Option<Arn> {
    arn.parse().ok().filter(|arn: &Arn| arn.service == "logs")
}

/// What policies may ask of the tags in a request.
fn requested(demand: Demand, tags: &BTreeMap<String, String>) -> Demand {
    let demand = with_keys(demand, tags.keys().cloned());
    tags.iter().fold(demand, |demand, (key, value)| demand.with_tag("aws:RequestTag", key, value))
}

fn with_keys(mut demand: Demand, keys: impl Iterator<Item = String>) -> Demand {
    demand.context.push(("aws:TagKeys", keys.collect()));
    demand
}

/// Adds tags to a group's.
pub(crate) async fn tag_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &TagResourceRequest,
) -> Result<TagResourceNothing, Error> {
    let TagResourceRequest { resource_arn, tags } = input;
    let (name, mut group) = found(cx, tx, resource_arn).await?;
    group.tags.extend(tags.clone());
    if TAGS_MAX < group.tags.len() {
        return Err(Error::TooManyTags);
    }
    store::put_group(tx, &cx.scope, &name, group)?;
    Ok(TagResourceNothing {})
}

/// Removes tags; keys that are not there are no error.
pub(crate) async fn untag_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &UntagResourceRequest,
) -> Result<UntagResourceNothing, Error> {
    let UntagResourceRequest { resource_arn, tag_keys } = input;
    let (name, mut group) = found(cx, tx, resource_arn).await?;
    group.tags.retain(|key, _| !tag_keys.contains(key));
    store::put_group(tx, &cx.scope, &name, group)?;
    Ok(UntagResourceNothing {})
}

/// A group's tags.
pub(crate) async fn list_tags_for_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Error> {
    let ListTagsForResourceRequest { resource_arn } = input;
    let (_, group) = found(cx, tx, resource_arn).await?;
    Ok(ListTagsForResourceResponse { tags: Some(group.tags) })
}

/// The group of an ARN without `:*` (docs); of resources only groups can be tagged here.
async fn found(cx: &Cx, tx: &mut Tx, resource_arn: &str) -> Result<(String, Group), Error> {
    let arn = named(resource_arn).ok_or_else(|| Error::invalid("The specified resource ARN is invalid."))?;
    let ours = arn.account == cx.scope.account.as_str() && arn.region == cx.scope.region.as_str();
    let name = arn.resource.strip_prefix("log-group:").filter(|_| ours).ok_or(Error::NoSuchResource)?;
    let group = store::group(tx, &cx.scope, name).await?.ok_or(Error::NoSuchResource)?;
    Ok((name.to_owned(), group))
}
