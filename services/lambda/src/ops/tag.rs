//! ListTags, TagResource, UntagResource.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model;
use crate::names::Target;
use crate::store;
use crate::wire::{
    ListTagsRequest, ListTagsResponse, TagResourceNothing, TagResourceRequest, UntagResourceNothing,
    UntagResourceRequest,
};

pub(crate) async fn list_tags(cx: &Cx, tx: &mut Tx, input: &ListTagsRequest) -> Result<ListTagsResponse, Error> {
    let ListTagsRequest { resource } = input;
    let function = store::versions::latest(tx, &unqualified(cx, resource)?).await?;
    Ok(ListTagsResponse { tags: Some(function.tags) })
}

pub(crate) async fn tag_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &TagResourceRequest,
) -> Result<TagResourceNothing, Error> {
    let TagResourceRequest { resource, tags } = input;
    let target = unqualified(cx, resource)?;
    let mut function = store::versions::latest(tx, &target).await?;
    function.tags.extend(tags.clone());
    model::check_tags(&function.tags)?;
    store::save(tx, &target.scope, &function)?;
    Ok(TagResourceNothing {})
}

pub(crate) async fn untag_resource(
    cx: &Cx,
    tx: &mut Tx,
    input: &UntagResourceRequest,
) -> Result<UntagResourceNothing, Error> {
    let UntagResourceRequest { resource, tag_keys } = input;
    let target = unqualified(cx, resource)?;
    let mut function = store::versions::latest(tx, &target).await?;
    function.tags.retain(|key, _| !tag_keys.contains(key));
    store::save(tx, &target.scope, &function)?;
    Ok(UntagResourceNothing {})
}

/// Only functions have tags, not their versions and aliases.
fn unqualified(cx: &Cx, resource: &str) -> Result<Target, Error> {
    let target = Target::new(cx, resource, None)?;
    if target.qualifier.is_some() {
        let text = "Tags on function aliases and versions are not supported. Please specify either a function name or an unqualified function ARN.";
        return Err(Error::InvalidParameter(text.into()));
    }
    Ok(target)
}
