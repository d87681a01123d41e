//! Tags of parameters.

use std::collections::BTreeMap;

use kv::Tx;
use service::{Cx, Demand, Failure, demand};

use crate::errors::Error;
use crate::model::Parameter;
use crate::names::{Name, Reference, resource};
use crate::store;
use crate::wire::{
    AddTagsToResourceRequest, AddTagsToResourceResult, ListTagsForResourceRequest, ListTagsForResourceResult,
    RemoveTagsFromResourceRequest, RemoveTagsFromResourceResult, Tag,
};

/// What adding tags demands, with what policies may ask of them.
pub(crate) fn adding(cx: &Cx, parameter: &str, tags: &[Tag]) -> Demand {
    let mut demand = demand!(ssm::AddTagsToResource(resource(&cx.scope, parameter)));
    demand.context.push(("aws:TagKeys", tags.iter().map(|tag| tag.key.clone()).collect()));
    tags.iter().fold(demand, |demand, tag| demand.with_tag("aws:RequestTag", &tag.key, &tag.value))
}

/// What removing tags demands.
pub(crate) fn removing(cx: &Cx, parameter: &str, keys: &[String]) -> Demand {
    let mut demand = demand!(ssm::RemoveTagsFromResource(resource(&cx.scope, parameter)));
    demand.context.push(("aws:TagKeys", keys.to_vec()));
    demand
}

/// The tags that conditions of policies read; of a path below which parameters are, none.
pub(crate) async fn of_resource(cx: &Cx, tx: &mut Tx, arn: &str) -> Result<BTreeMap<String, String>, Failure> {
    let Ok(Reference { name, .. }) = Reference::parse(arn, &cx.scope) else { return Ok(BTreeMap::new()) };
    let found = store::parameter(tx, &cx.scope, &name).await?;
    Ok(found.map(|found| found.tags).unwrap_or_default())
}

/// Adds tags to a parameter's, or gives them other values.
pub(crate) async fn add_tags_to_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &AddTagsToResourceRequest,
) -> Result<AddTagsToResourceResult, Error> {
    // Only parameters are here to be tagged (support.toml).
    let AddTagsToResourceRequest { resource_type: _, resource_id, tags } = input;
    let (name, mut found) = found(cx, tx, resource_id).await?;
    found.tag(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())))?;
    store::put_parameter(tx, &cx.scope, &name, found)?;
    Ok(AddTagsToResourceResult {})
}

/// Removes tags; keys that are not there are no error.
pub(crate) async fn remove_tags_from_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &RemoveTagsFromResourceRequest,
) -> Result<RemoveTagsFromResourceResult, Error> {
    let RemoveTagsFromResourceRequest { resource_type: _, resource_id, tag_keys } = input;
    let (name, mut found) = found(cx, tx, resource_id).await?;
    found.tags.retain(|key, _| !tag_keys.contains(key));
    store::put_parameter(tx, &cx.scope, &name, found)?;
    Ok(RemoveTagsFromResourceResult {})
}

/// A parameter's tags.
pub(crate) async fn list_tags_for_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResult, Error> {
    let ListTagsForResourceRequest { resource_type: _, resource_id } = input;
    let (_, found) = found(cx, tx, resource_id).await?;
    let tags = found.tags.into_iter().map(|(key, value)| Tag { key, value });
    Ok(ListTagsForResourceResult { tag_list: Some(tags.collect()) })
}

async fn found(cx: &Cx, tx: &mut Tx, resource_id: &str) -> Result<(Name, Parameter), Error> {
    let name = Name::parse(resource_id).map_err(|_| Error::InvalidResourceId)?;
    let found = store::parameter(tx, &cx.scope, &name).await?.ok_or(Error::InvalidResourceId)?;
    Ok((name, found))
}
