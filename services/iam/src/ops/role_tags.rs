//! Tags of roles.

use std::collections::{BTreeMap, BTreeSet};

use kv::Tx;
use service::{Cx, Demand, demand};

use super::page_items;
use super::role::permitted;
use crate::errors::Error;
use crate::store;
use crate::wire::iam::{
    ListRoleTagsRequest, ListRoleTagsResponse, Tag, TagRoleNothing, TagRoleRequest, UntagRoleNothing, UntagRoleRequest,
};

/// IAM quota: tags of one role.
const TAGS_MAX: usize = 50;

pub(crate) async fn tag_role(cx: &Cx, tx: &mut Tx, input: &TagRoleRequest) -> Result<TagRoleNothing, Error> {
    let TagRoleRequest { role_name, tags } = input;
    let mut role = permitted(cx, tx, role_name, |arn| requested(demand!(iam::TagRole(arn)), tags)).await?;
    put(&mut role.tags, tags)?;
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(TagRoleNothing {})
}

pub(crate) async fn untag_role(cx: &Cx, tx: &mut Tx, input: &UntagRoleRequest) -> Result<UntagRoleNothing, Error> {
    let UntagRoleRequest { role_name, tag_keys } = input;
    let demand = |arn: &base::Arn| with_keys(demand!(iam::UntagRole(arn)), tag_keys.iter().cloned());
    let mut role = permitted(cx, tx, role_name, demand).await?;
    // Keys that are not there are no error (docs).
    let gone: BTreeSet<String> = tag_keys.iter().map(|key| key.to_lowercase()).collect();
    role.tags.retain(|key, _| !gone.contains(&key.to_lowercase()));
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(UntagRoleNothing {})
}

pub(crate) async fn list_role_tags(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListRoleTagsRequest,
) -> Result<ListRoleTagsResponse, Error> {
    let ListRoleTagsRequest { role_name, marker, max_items } = input;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::ListRoleTags(arn))).await?;
    let page = cx.page(&format!("ListRoleTags:{}", role.id));
    let after = marker.as_ref().map(|marker| page.open(marker)).transpose().map_err(|_| Error::InvalidMarker)?;
    let mut tags = shown(&role.tags);
    tags.retain(|tag| after.as_deref().is_none_or(|after| after < tag.key.as_bytes()));
    let most = page_items(*max_items);
    let more = most < tags.len();
    tags.truncate(most);
    let marker = tags.last().filter(|_| more).map(|last| page.after(last.key.as_bytes()));
    Ok(ListRoleTagsResponse { tags, is_truncated: Some(more), marker })
}

/// Adds tags to those that are there. Keys differ by more than their case (docs); the last spelling stays.
pub(super) fn put(known: &mut BTreeMap<String, String>, tags: &[Tag]) -> Result<(), Error> {
    let mut keys = BTreeSet::new();
    for Tag { key, value } in tags {
        let folded = key.to_lowercase();
        if folded.starts_with("aws:") {
            return Err(Error::SystemTag);
        }
        known.retain(|other, _| other.to_lowercase() != folded);
        known.insert(key.clone(), value.clone());
        if !keys.insert(folded) {
            return Err(Error::DuplicateTags);
        }
    }
    if TAGS_MAX < known.len() {
        return Err(Error::Quota { quota: "TagsPerRole", limit: TAGS_MAX });
    }
    Ok(())
}

/// What policies may ask of the tags in a request.
pub(super) fn requested(demand: Demand, tags: &[Tag]) -> Demand {
    let demand = with_keys(demand, tags.iter().map(|tag| tag.key.clone()));
    tags.iter().fold(demand, |demand, Tag { key, value }| demand.with_tag("aws:RequestTag", key, value))
}

fn with_keys(mut demand: Demand, keys: impl Iterator<Item = String>) -> Demand {
    demand.context.push(("aws:TagKeys", keys.collect()));
    demand
}

/// Tags as answers have them.
pub(super) fn shown(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}
