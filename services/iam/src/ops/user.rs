//! Users.

use base::Arn;
use kv::Tx;
use policy::Principal;
use service::{Cx, Demand, action, demand};

use super::entity::{self, permitted, shown_boundary};
use super::paging::{At, table};
use super::tags::{self, Tagged};
use crate::errors::Error;
use crate::model::{self, Kind, Stored};
use crate::store;
use crate::wire::iam::{
    CreateUserRequest, CreateUserResponse, DeleteUserNothing, DeleteUserRequest, GetUserRequest, GetUserResponse,
    ListUsersRequest, ListUsersResponse, Tag, UpdateUserNothing, UpdateUserRequest, User,
};

/// IAM quota: users of an account.
pub(super) const USERS_MAX: usize = 5000;

/// What creating a user demands.
pub(super) fn creation(
    cx: &Cx,
    (path, name): (&Option<String>, &str),
    tags: &Option<Vec<Tag>>,
    boundary: &Option<String>,
) -> Vec<Demand> {
    let resource = Kind::User.resource(path.as_deref().unwrap_or("/"), name);
    entity::creation(cx, [action!(iam::CreateUser), action!(iam::TagUser)], &resource, tags, boundary)
}

pub(crate) async fn create_user(cx: &Cx, tx: &mut Tx, input: &CreateUserRequest) -> Result<CreateUserResponse, Error> {
    let CreateUserRequest { path, user_name, permissions_boundary, tags } = input;
    let made = |holder| model::User { holder, groups: Default::default(), access_keys: Default::default() };
    let mut user = entity::create(cx, tx, USERS_MAX, "AIDA", made, (user_name, path)).await?;
    tags::put(&mut user.holder.tags, tags.as_deref().unwrap_or_default(), Tagged::User)?;
    if let Some(arn) = permissions_boundary {
        let boundary = entity::boundary(cx, tx, arn).await?;
        entity::put_boundary(cx, tx, &mut user, Some(boundary))?;
    }
    store::put(tx, &cx.scope.account, &user)?;
    Ok(CreateUserResponse { user: Some(shown(user)) })
}

/// Of the caller itself where no user is named; the root user has neither name nor path.
pub(crate) async fn get_user(cx: &Cx, tx: &mut Tx, input: &GetUserRequest) -> Result<GetUserResponse, Error> {
    let GetUserRequest { user_name } = input;
    if let (None, Principal::Root(arn)) = (user_name, &cx.caller.principal) {
        let user = User { user_id: cx.caller.user_id.clone(), arn: arn.to_string(), ..User::default() };
        return Ok(GetUserResponse { user });
    }
    let name = entity::user_name(cx, user_name)?;
    let user = permitted(cx, tx, &name, |arn| demand!(iam::GetUser(arn))).await?;
    Ok(GetUserResponse { user: shown(user) })
}

pub(crate) async fn list_users(cx: &Cx, tx: &mut Tx, input: &ListUsersRequest) -> Result<ListUsersResponse, Error> {
    let ListUsersRequest { path_prefix, marker, max_items } = input;
    let page = table::<model::User>(cx, tx, At { marker, max_items }, path_prefix).await?;
    let is_truncated = page.is_truncated();
    Ok(ListUsersResponse { users: page.items.into_iter().map(listed).collect(), is_truncated, marker: page.marker })
}

/// The id and all that hangs on the user stay; its ARN is another, also for policies that name it.
pub(crate) async fn update_user(cx: &Cx, tx: &mut Tx, input: &UpdateUserRequest) -> Result<UpdateUserNothing, Error> {
    let UpdateUserRequest { user_name, new_path, new_user_name } = input;
    let demand = |arn: &Arn| demand!(iam::UpdateUser(arn));
    let mut user: model::User = permitted(cx, tx, user_name, demand).await?;
    let (path, name) = (new_path.as_ref().unwrap_or(&user.holder.path), new_user_name.as_ref());
    let new_resource = Kind::User.resource(path, name.unwrap_or(&user.holder.name));
    cx.demand(demand(&cx.scope.global_arn("iam", &new_resource))).await?;
    let account = &cx.scope.account;
    let old = user.holder.name.clone();
    entity::rename(cx, tx, &mut user, (new_user_name, new_path)).await?;
    for group in &user.groups {
        store::put_member(tx, account, group, &old, false);
        store::put_member(tx, account, group, user.name(), true);
    }
    for id in &user.access_keys {
        if let Some(key) = store::access_key(tx, id).await? {
            store::put_access_key(tx, &model::AccessKey { user: user.name().to_lowercase(), ..key })?;
        }
    }
    Ok(UpdateUserNothing {})
}

pub(crate) async fn delete_user(cx: &Cx, tx: &mut Tx, input: &DeleteUserRequest) -> Result<DeleteUserNothing, Error> {
    let DeleteUserRequest { user_name } = input;
    let user: model::User = permitted(cx, tx, user_name, |arn| demand!(iam::DeleteUser(arn))).await?;
    entity::bare(&user.holder)?;
    if !user.groups.is_empty() {
        return Err(Error::MembersLeft);
    }
    if !user.access_keys.is_empty() {
        return Err(Error::AccessKeysLeft);
    }
    entity::delete(cx, tx, &user).await?;
    Ok(DeleteUserNothing {})
}

/// Listings leave tags and boundaries out (docs).
pub(super) fn listed(user: model::User) -> User {
    User { tags: None, permissions_boundary: None, ..shown(user) }
}

fn shown(user: model::User) -> User {
    let model::Holder { name, path, id, arn, created, tags, permissions_boundary, .. } = user.holder;
    User {
        path: Some(path),
        user_name: Some(name),
        user_id: id,
        arn: arn.to_string(),
        create_date: Some(created),
        permissions_boundary: shown_boundary(&permissions_boundary),
        tags: tags::shown_if_any(&tags),
    }
}
