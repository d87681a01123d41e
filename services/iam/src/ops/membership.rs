//! Who belongs to which group.

use base::Arn;
use kv::Tx;
use service::{Cx, Demand, demand};

use super::entity::permitted;
use super::group;
use super::paging::{At, page};
use crate::errors::Error;
use crate::model::{self, Kind, Stored};
use crate::store;
use crate::wire::iam::{
    AddUserToGroupNothing, AddUserToGroupRequest, ListGroupsForUserRequest, ListGroupsForUserResponse,
    RemoveUserFromGroupNothing, RemoveUserFromGroupRequest,
};

/// IAM quota: groups of one user.
pub(super) const GROUPS_PER_USER_MAX: usize = 10;

pub(crate) async fn add_user_to_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &AddUserToGroupRequest,
) -> Result<AddUserToGroupNothing, Error> {
    let AddUserToGroupRequest { group_name, user_name } = input;
    let (group, mut user) = both(cx, tx, group_name, user_name, |arn| demand!(iam::AddUserToGroup(arn))).await?;
    user.groups.insert(group.name().to_lowercase());
    if GROUPS_PER_USER_MAX < user.groups.len() {
        return Err(Error::quota("GroupsPerUser", GROUPS_PER_USER_MAX));
    }
    store::put_member(tx, &cx.scope.account, group.name(), user.name(), true);
    store::put(tx, &cx.scope.account, &user)?;
    Ok(AddUserToGroupNothing {})
}

pub(crate) async fn remove_user_from_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &RemoveUserFromGroupRequest,
) -> Result<RemoveUserFromGroupNothing, Error> {
    let RemoveUserFromGroupRequest { group_name, user_name } = input;
    let demand = |arn: &Arn| demand!(iam::RemoveUserFromGroup(arn));
    let (group, mut user) = both(cx, tx, group_name, user_name, demand).await?;
    if !user.groups.remove(&group.name().to_lowercase()) {
        return Err(Error::NoMember { user: user.holder.name, group: group.holder.name });
    }
    store::put_member(tx, &cx.scope.account, group.name(), user.name(), false);
    store::put(tx, &cx.scope.account, &user)?;
    Ok(RemoveUserFromGroupNothing {})
}

pub(crate) async fn list_groups_for_user(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListGroupsForUserRequest,
) -> Result<ListGroupsForUserResponse, Error> {
    let ListGroupsForUserRequest { user_name, marker, max_items } = input;
    let user: model::User = permitted(cx, tx, user_name, |arn| demand!(iam::ListGroupsForUser(arn))).await?;
    let listing = format!("ListGroupsForUser:{}", user.holder.id);
    let names = page(cx, &listing, At { marker, max_items }, user.groups, String::clone)?;
    let is_truncated = names.is_truncated();
    let mut groups = Vec::with_capacity(names.items.len());
    for name in &names.items {
        groups.extend(store::find::<model::Group>(tx, &cx.scope.account, name).await?.map(group::shown));
    }
    Ok(ListGroupsForUserResponse { groups, is_truncated, marker: names.marker })
}

/// The group, once the caller may do this to it, and the user.
async fn both(
    cx: &Cx,
    tx: &mut Tx,
    group: &str,
    user: &str,
    demand: impl FnOnce(&Arn) -> Demand,
) -> Result<(model::Group, model::User), Error> {
    let group = permitted(cx, tx, group, demand).await?;
    let found = store::find(tx, &cx.scope.account, user).await?;
    Ok((group, found.ok_or_else(|| Error::NoSuch(Kind::User, user.into()))?))
}
