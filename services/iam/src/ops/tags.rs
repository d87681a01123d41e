//! Tags of users, roles and policies.

use std::collections::{BTreeMap, BTreeSet};

use kv::Tx;
use service::{Cx, Demand, demand};

use super::entity::permitted;
use super::paging::{At, Page, page};
use crate::errors::Error;
use crate::model;
use crate::store;
use crate::wire::iam::{
    ListRoleTagsRequest, ListRoleTagsResponse, ListUserTagsRequest, ListUserTagsResponse, Tag, TagRoleNothing,
    TagRoleRequest, TagUserNothing, TagUserRequest, UntagRoleNothing, UntagRoleRequest, UntagUserNothing,
    UntagUserRequest,
};

/// IAM quota: tags of one thing.
const TAGS_MAX: usize = 50;

/// What has tags. Keys of users' and roles' tags differ by more than their case, those of policies by case too (docs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagged {
    User,
    Role,
    Policy,
}

impl Tagged {
    fn folded(self, key: &str) -> String {
        if self == Self::Policy { key.to_owned() } else { key.to_lowercase() }
    }
}

macro_rules! tags {
    ($entity:ty, $tagged:expr, $name:ident: $tag:ident, $tag_action:ident, $TagRequest:ident, $TagNothing:ident;
     $untag:ident, $untag_action:ident, $UntagRequest:ident, $UntagNothing:ident;
     $list:ident, $list_action:ident, $ListRequest:ident, $ListResponse:ident) => {
        pub(crate) async fn $tag(cx: &Cx, tx: &mut Tx, input: &$TagRequest) -> Result<$TagNothing, Error> {
            let $TagRequest { $name, tags } = input;
            let demand = |arn: &base::Arn| requested(demand!(iam::$tag_action(arn)), tags);
            let mut found: $entity = permitted(cx, tx, $name, demand).await?;
            put(&mut found.holder.tags, tags, $tagged)?;
            store::put(tx, &cx.scope.account, &found)?;
            Ok($TagNothing {})
        }

        pub(crate) async fn $untag(cx: &Cx, tx: &mut Tx, input: &$UntagRequest) -> Result<$UntagNothing, Error> {
            let $UntagRequest { $name, tag_keys } = input;
            let demand = |arn: &base::Arn| with_keys(demand!(iam::$untag_action(arn)), tag_keys);
            let mut found: $entity = permitted(cx, tx, $name, demand).await?;
            remove(&mut found.holder.tags, tag_keys, $tagged);
            store::put(tx, &cx.scope.account, &found)?;
            Ok($UntagNothing {})
        }

        pub(crate) async fn $list(cx: &Cx, tx: &mut Tx, input: &$ListRequest) -> Result<$ListResponse, Error> {
            let $ListRequest { $name, marker, max_items } = input;
            let found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$list_action(arn))).await?;
            let page = listed(cx, &found.holder.id, At { marker, max_items }, &found.holder.tags)?;
            Ok($ListResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
        }
    };
}

tags! { model::Role, Tagged::Role, role_name: tag_role, TagRole, TagRoleRequest, TagRoleNothing;
    untag_role, UntagRole, UntagRoleRequest, UntagRoleNothing;
    list_role_tags, ListRoleTags, ListRoleTagsRequest, ListRoleTagsResponse
}

tags! { model::User, Tagged::User, user_name: tag_user, TagUser, TagUserRequest, TagUserNothing;
    untag_user, UntagUser, UntagUserRequest, UntagUserNothing;
    list_user_tags, ListUserTags, ListUserTagsRequest, ListUserTagsResponse
}

/// A page of the tags of the thing with this id.
pub(super) fn listed(cx: &Cx, id: &str, at: At<'_>, tags: &BTreeMap<String, String>) -> Result<Page<Tag>, Error> {
    page(cx, &format!("Tags:{id}"), at, shown(tags), |tag| tag.key.clone())
}

/// Adds tags to those that are there; the last spelling of a key stays.
pub(super) fn put(known: &mut BTreeMap<String, String>, tags: &[Tag], tagged: Tagged) -> Result<(), Error> {
    let mut keys = BTreeSet::new();
    for Tag { key, value } in tags {
        if key.to_lowercase().starts_with("aws:") {
            return Err(Error::SystemTag);
        }
        let folded = tagged.folded(key);
        known.retain(|other, _| tagged.folded(other) != folded);
        known.insert(key.clone(), value.clone());
        if !keys.insert(folded) {
            return Err(Error::DuplicateTags);
        }
    }
    if TAGS_MAX < known.len() {
        return Err(Error::quota(format!("TagsPer{tagged:?}"), TAGS_MAX));
    }
    Ok(())
}

/// Takes tags away. Keys that are not there are no error (docs).
pub(super) fn remove(known: &mut BTreeMap<String, String>, keys: &[String], tagged: Tagged) {
    let gone: BTreeSet<String> = keys.iter().map(|key| tagged.folded(key)).collect();
    known.retain(|key, _| !gone.contains(&tagged.folded(key)));
}

/// What policies may ask of the tags in a request.
pub(super) fn requested(demand: Demand, tags: &[Tag]) -> Demand {
    let keys: Vec<String> = tags.iter().map(|tag| tag.key.clone()).collect();
    let demand = with_keys(demand, &keys);
    tags.iter().fold(demand, |demand, Tag { key, value }| demand.with_tag("aws:RequestTag", key, value))
}

/// What policies may ask of the keys of tags in a request.
pub(super) fn with_keys(mut demand: Demand, keys: &[String]) -> Demand {
    demand.context.push(("aws:TagKeys", keys.to_vec()));
    demand
}

/// What policies may ask of the tags of what a request is about, under each of these names.
pub(super) fn of_resource(demand: Demand, names: &[&'static str], tags: &BTreeMap<String, String>) -> Demand {
    let each = tags.iter().flat_map(|(key, value)| names.iter().map(move |name| (name, key, value)));
    each.fold(demand, |demand, (name, key, value)| demand.with_tag(name, key, value))
}

/// Tags as answers have them.
pub(super) fn shown(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// The same, where an answer leaves them out when there are none.
pub(super) fn shown_if_any(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    (!tags.is_empty()).then(|| shown(tags))
}
