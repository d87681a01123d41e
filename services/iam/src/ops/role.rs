//! Roles.

use kv::Tx;
use policy::{Policy, PolicyKind};
use service::{Cx, Demand, action, demand};

use super::encoded;
use super::entity::{self, permitted, shown_boundary};
use super::paging::{At, table};
use super::tags::{self, Tagged};
use crate::errors::Error;
use crate::model::{self, Kind, SESSION_SECONDS_DEFAULT, policy_chars};
use crate::store;
use crate::wire::iam::{
    CreateRoleRequest, CreateRoleResponse, DeleteRoleNothing, DeleteRoleRequest, GetRoleRequest, GetRoleResponse,
    ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse, ListRolesRequest, ListRolesResponse, Role,
    Tag, UpdateAssumeRolePolicyNothing, UpdateAssumeRolePolicyRequest, UpdateRoleDescriptionRequest,
    UpdateRoleDescriptionResponse, UpdateRoleRequest, UpdateRoleResponse,
};

/// IAM quota: roles of an account, as far as it can be raised.
pub(super) const ROLES_MAX: usize = 5000;

/// IAM quota: characters of a trust policy, white space not counted.
pub(super) const TRUST_POLICY_CHARS_MAX: usize = 2048;

/// What creating a role demands.
pub(super) fn creation(
    cx: &Cx,
    (path, name): (&Option<String>, &str),
    tags: &Option<Vec<Tag>>,
    boundary: &Option<String>,
) -> Vec<Demand> {
    let resource = Kind::Role.resource(path.as_deref().unwrap_or("/"), name);
    entity::creation(cx, [action!(iam::CreateRole), action!(iam::TagRole)], &resource, tags, boundary)
}

/// A trust policy that IAM takes.
fn trusted(document: &str) -> Result<(), Error> {
    Policy::parse(document, PolicyKind::Trust)?;
    if TRUST_POLICY_CHARS_MAX < policy_chars(document) {
        return Err(Error::quota("ACLSizePerRole", TRUST_POLICY_CHARS_MAX));
    }
    Ok(())
}

pub(crate) async fn create_role(cx: &Cx, tx: &mut Tx, input: &CreateRoleRequest) -> Result<CreateRoleResponse, Error> {
    let CreateRoleRequest {
        path,
        role_name,
        assume_role_policy_document,
        description,
        max_session_duration,
        permissions_boundary,
        tags,
    } = input;
    trusted(assume_role_policy_document)?;
    let made = |holder| model::Role {
        holder,
        trust_policy: assume_role_policy_document.clone(),
        description: description.clone(),
        max_session_seconds: max_session_duration.unwrap_or(SESSION_SECONDS_DEFAULT),
    };
    let mut role = entity::create(cx, tx, ROLES_MAX, "AROA", made, (role_name, path)).await?;
    tags::put(&mut role.holder.tags, tags.as_deref().unwrap_or_default(), Tagged::Role)?;
    if let Some(arn) = permissions_boundary {
        let boundary = entity::boundary(cx, tx, arn).await?;
        entity::put_boundary(cx, tx, &mut role, Some(boundary))?;
    }
    store::put(tx, &cx.scope.account, &role)?;
    Ok(CreateRoleResponse { role: shown(role) })
}

pub(crate) async fn get_role(cx: &Cx, tx: &mut Tx, input: &GetRoleRequest) -> Result<GetRoleResponse, Error> {
    let GetRoleRequest { role_name } = input;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::GetRole(arn))).await?;
    Ok(GetRoleResponse { role: shown(role) })
}

pub(crate) async fn list_roles(cx: &Cx, tx: &mut Tx, input: &ListRolesRequest) -> Result<ListRolesResponse, Error> {
    let ListRolesRequest { path_prefix, marker, max_items } = input;
    let page = table::<model::Role>(cx, tx, At { marker, max_items }, path_prefix).await?;
    let is_truncated = page.is_truncated();
    // Listings leave tags and boundaries out (docs).
    let listed = |role| Role { tags: None, permissions_boundary: None, ..shown(role) };
    Ok(ListRolesResponse { roles: page.items.into_iter().map(listed).collect(), is_truncated, marker: page.marker })
}

pub(crate) async fn update_role(cx: &Cx, tx: &mut Tx, input: &UpdateRoleRequest) -> Result<UpdateRoleResponse, Error> {
    let UpdateRoleRequest { role_name, description, max_session_duration } = input;
    let mut role: model::Role = permitted(cx, tx, role_name, |arn| demand!(iam::UpdateRole(arn))).await?;
    role.description = description.clone().or(role.description);
    role.max_session_seconds = max_session_duration.unwrap_or(role.max_session_seconds);
    store::put(tx, &cx.scope.account, &role)?;
    Ok(UpdateRoleResponse {})
}

pub(crate) async fn update_role_description(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateRoleDescriptionRequest,
) -> Result<UpdateRoleDescriptionResponse, Error> {
    let UpdateRoleDescriptionRequest { role_name, description } = input;
    let mut role: model::Role = permitted(cx, tx, role_name, |arn| demand!(iam::UpdateRoleDescription(arn))).await?;
    role.description = Some(description.clone());
    store::put(tx, &cx.scope.account, &role)?;
    Ok(UpdateRoleDescriptionResponse { role: Some(shown(role)) })
}

pub(crate) async fn update_assume_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateAssumeRolePolicyRequest,
) -> Result<UpdateAssumeRolePolicyNothing, Error> {
    let UpdateAssumeRolePolicyRequest { role_name, policy_document } = input;
    let mut role: model::Role = permitted(cx, tx, role_name, |arn| demand!(iam::UpdateAssumeRolePolicy(arn))).await?;
    trusted(policy_document)?;
    role.trust_policy = policy_document.clone();
    store::put(tx, &cx.scope.account, &role)?;
    Ok(UpdateAssumeRolePolicyNothing {})
}

/// Tools ask before they delete a role. There are no instances here, so no profile can hold it.
pub(crate) async fn list_instance_profiles_for_role(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListInstanceProfilesForRoleRequest,
) -> Result<ListInstanceProfilesForRoleResponse, Error> {
    // Of nothing there is one page.
    let ListInstanceProfilesForRoleRequest { role_name, marker, max_items: _ } = input;
    permitted::<model::Role>(cx, tx, role_name, |arn| demand!(iam::ListInstanceProfilesForRole(arn))).await?;
    match marker {
        Some(_) => Err(Error::InvalidMarker),
        None => Ok(ListInstanceProfilesForRoleResponse {
            instance_profiles: Vec::new(),
            is_truncated: Some(false),
            marker: None,
        }),
    }
}

pub(crate) async fn delete_role(cx: &Cx, tx: &mut Tx, input: &DeleteRoleRequest) -> Result<DeleteRoleNothing, Error> {
    let DeleteRoleRequest { role_name } = input;
    let role: model::Role = permitted(cx, tx, role_name, |arn| demand!(iam::DeleteRole(arn))).await?;
    entity::bare(&role.holder)?;
    entity::delete(cx, tx, &role).await?;
    Ok(DeleteRoleNothing {})
}

fn shown(role: model::Role) -> Role {
    let model::Role { holder, trust_policy, description, max_session_seconds } = role;
    let model::Holder { name, path, id, arn, created, tags, permissions_boundary, .. } = holder;
    Role {
        path,
        role_name: name,
        role_id: id,
        arn: arn.to_string(),
        create_date: created,
        assume_role_policy_document: Some(encoded(&trust_policy)),
        description,
        max_session_duration: Some(max_session_seconds),
        permissions_boundary: shown_boundary(&permissions_boundary),
        tags: tags::shown_if_any(&tags),
    }
}
