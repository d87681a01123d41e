//! Groups.

use base::Arn;
use kv::Tx;
use service::{Cx, demand};

use super::entity::{self, permitted};
use super::paging::{At, table};
use super::user;
use crate::errors::Error;
use crate::model::{self, Kind, Stored};
use crate::wire::iam::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupNothing, DeleteGroupRequest, GetGroupRequest, GetGroupResponse,
    Group, ListGroupsRequest, ListGroupsResponse, UpdateGroupNothing, UpdateGroupRequest,
};
use crate::{keys, store};

/// IAM quota: groups of an account.
pub(super) const GROUPS_MAX: usize = 300;

pub(crate) async fn create_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateGroupRequest,
) -> Result<CreateGroupResponse, Error> {
    let CreateGroupRequest { path, group_name } = input;
    let made = |holder| model::Group { holder };
    let group = entity::create(cx, tx, GROUPS_MAX, "AGPA", made, (group_name, path)).await?;
    store::put(tx, &cx.scope.account, &group)?;
    Ok(CreateGroupResponse { group: shown(group) })
}

/// The group with a page of its members.
pub(crate) async fn get_group(cx: &Cx, tx: &mut Tx, input: &GetGroupRequest) -> Result<GetGroupResponse, Error> {
    let GetGroupRequest { group_name, marker, max_items } = input;
    let account = &cx.scope.account;
    let group: model::Group = permitted(cx, tx, group_name, |arn| demand!(iam::GetGroup(arn))).await?;
    let (at, listing) = (At { marker, max_items }, format!("GetGroup:{}", group.holder.id));
    let mut range = keys::members(account, group.name());
    if let Some(after) = at.after(cx, &listing)? {
        range = range.after(&keys::member(account, group.name(), &after));
    }
    let (members, more) = store::keys_in(tx, range, at.items(), kv::Watch::Untracked).await?;
    let names: Vec<String> = members.iter().map(keys::member_of).collect();
    let marker = names.last().filter(|_| more).map(|last| cx.page(&listing).after(last.as_bytes()));
    let mut users = Vec::with_capacity(names.len());
    for name in &names {
        users.extend(store::find::<model::User>(tx, account, name).await?.map(user::listed));
    }
    Ok(GetGroupResponse { group: shown(group), users, is_truncated: Some(more), marker })
}

pub(crate) async fn list_groups(cx: &Cx, tx: &mut Tx, input: &ListGroupsRequest) -> Result<ListGroupsResponse, Error> {
    let ListGroupsRequest { path_prefix, marker, max_items } = input;
    let page = table::<model::Group>(cx, tx, At { marker, max_items }, path_prefix).await?;
    let is_truncated = page.is_truncated();
    Ok(ListGroupsResponse { groups: page.items.into_iter().map(shown).collect(), is_truncated, marker: page.marker })
}

/// The id, the policies and the members stay.
pub(crate) async fn update_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateGroupRequest,
) -> Result<UpdateGroupNothing, Error> {
    let UpdateGroupRequest { group_name, new_path, new_group_name } = input;
    let demand = |arn: &Arn| demand!(iam::UpdateGroup(arn));
    let mut group: model::Group = permitted(cx, tx, group_name, demand).await?;
    let (path, name) = (new_path.as_ref().unwrap_or(&group.holder.path), new_group_name.as_ref());
    let new_resource = Kind::Group.resource(path, name.unwrap_or(&group.holder.name));
    cx.demand(demand(&cx.scope.global_arn("iam", &new_resource))).await?;
    let old = group.name().to_lowercase();
    entity::rename(cx, tx, &mut group, (new_group_name, new_path)).await?;
    let new = group.name().to_lowercase();
    if old != new {
        move_members(cx, tx, &old, &new).await?;
    }
    Ok(UpdateGroupNothing {})
}

async fn move_members(cx: &Cx, tx: &mut Tx, old: &str, new: &str) -> Result<(), Error> {
    let account = &cx.scope.account;
    let (members, _) = store::keys_in(tx, keys::members(account, old), usize::MAX, kv::Watch::Tracked).await?;
    for member in members.iter().map(keys::member_of) {
        store::put_member(tx, account, old, &member, false);
        store::put_member(tx, account, new, &member, true);
        if let Some(mut user) = store::find::<model::User>(tx, account, &member).await? {
            user.groups.remove(old);
            user.groups.insert(new.to_owned());
            store::put(tx, account, &user)?;
        }
    }
    Ok(())
}

pub(crate) async fn delete_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteGroupRequest,
) -> Result<DeleteGroupNothing, Error> {
    let DeleteGroupRequest { group_name } = input;
    let group: model::Group = permitted(cx, tx, group_name, |arn| demand!(iam::DeleteGroup(arn))).await?;
    entity::bare(&group.holder)?;
    let members = keys::members(&cx.scope.account, group.name());
    if !store::keys_in(tx, members, 1, kv::Watch::Tracked).await?.0.is_empty() {
        return Err(Error::MembersLeft);
    }
    entity::delete(cx, tx, &group).await?;
    Ok(DeleteGroupNothing {})
}

pub(super) fn shown(group: model::Group) -> Group {
    let model::Holder { name, path, id, arn, created, .. } = group.holder;
    Group { path, group_name: name, group_id: id, arn: arn.to_string(), create_date: created }
}
