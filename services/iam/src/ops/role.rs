//! Roles.

use base::Arn;
use kv::Tx;
use policy::{Policy, PolicyKind};
use service::{Cx, Demand, action, demand};

use super::{encoded, page_items, role_tags};
use crate::errors::Error;
use crate::model::{self, SESSION_SECONDS_DEFAULT, policy_chars, role_resource};
use crate::store;
use crate::wire::iam::{
    CreateRoleRequest, CreateRoleResponse, DeleteRoleNothing, DeleteRoleRequest, GetRoleRequest, GetRoleResponse,
    ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse, ListRolesRequest, ListRolesResponse, Role,
    Tag, UpdateAssumeRolePolicyNothing, UpdateAssumeRolePolicyRequest, UpdateRoleDescriptionRequest,
    UpdateRoleDescriptionResponse, UpdateRoleRequest, UpdateRoleResponse,
};

/// IAM quota: roles of an account, as far as it can be raised.
const ROLES_MAX: usize = 5000;

/// IAM quota: characters of a trust policy, white space not counted.
const TRUST_POLICY_CHARS_MAX: usize = 2048;

/// Behind `AROA` in a role's id (observed).
const ROLE_ID_CHARS: usize = 17;

/// The role of this name, once the caller may do this to it.
pub(super) async fn permitted(
    cx: &Cx,
    tx: &mut Tx,
    name: &str,
    demand: impl FnOnce(&Arn) -> Demand,
) -> Result<model::Role, Error> {
    let found = store::role(tx, &cx.scope.account, name).await?;
    let arn = found.as_ref().map(|role| role.arn.clone());
    let arn = arn.unwrap_or_else(|| cx.scope.global_arn("iam", &role_resource("/", name)));
    let tags = found.iter().flat_map(|role| &role.tags);
    let demand = tags.fold(demand(&arn), |demand, (key, value)| {
        demand.with_tag("aws:ResourceTag", key, value).with_tag("iam:ResourceTag", key, value)
    });
    cx.demand(demand).await?;
    found.ok_or_else(|| Error::NoSuchRole(name.into()))
}

/// What creating a role demands; with tags, the right to tag it as well (docs).
pub(super) fn creation(cx: &Cx, path: Option<&str>, name: &str, tags: &[Tag]) -> Vec<Demand> {
    let arn = cx.scope.global_arn("iam", &role_resource(path.unwrap_or("/"), name));
    let actions: &[&'static str] =
        if tags.is_empty() { &[action!(iam::CreateRole)] } else { &[action!(iam::CreateRole), action!(iam::TagRole)] };
    actions.iter().map(|action| role_tags::requested(Demand::new(action, &arn), tags)).collect()
}

/// A trust policy that IAM takes.
fn trusted(document: &str) -> Result<(), Error> {
    Policy::parse(document, PolicyKind::Trust)?;
    if TRUST_POLICY_CHARS_MAX < policy_chars(document) {
        return Err(Error::Quota { quota: "ACLSizePerRole", limit: TRUST_POLICY_CHARS_MAX });
    }
    Ok(())
}

pub(crate) async fn create_role(cx: &Cx, tx: &mut Tx, input: &CreateRoleRequest) -> Result<CreateRoleResponse, Error> {
    let CreateRoleRequest { path, role_name, assume_role_policy_document, description, max_session_duration, tags } =
        input;
    let account = &cx.scope.account;
    trusted(assume_role_policy_document)?;
    let mut known = std::collections::BTreeMap::new();
    role_tags::put(&mut known, tags.as_deref().unwrap_or_default())?;
    if store::role(tx, account, role_name).await?.is_some() {
        return Err(Error::RoleAlreadyExists(role_name.clone()));
    }
    let count = store::role_count(tx, account).await?;
    if ROLES_MAX <= count {
        return Err(Error::Quota { quota: "RolesPerAccount", limit: ROLES_MAX });
    }
    let path = path.as_deref().unwrap_or("/");
    let role = model::Role {
        name: role_name.clone(),
        path: path.into(),
        id: format!("AROA{}", cx.platform.ids.upper(ROLE_ID_CHARS)),
        arn: cx.scope.global_arn("iam", &role_resource(path, role_name)),
        // IAM knows whole seconds.
        created: base::Timestamp::default().plus_seconds(cx.now().as_seconds()),
        trust_policy: assume_role_policy_document.clone(),
        description: description.clone(),
        max_session_seconds: max_session_duration.unwrap_or(SESSION_SECONDS_DEFAULT),
        inline_policies: Default::default(),
        attached_policies: Default::default(),
        tags: known,
    };
    store::put_role(tx, account, &role)?;
    store::put_role_count(tx, account, count + 1);
    Ok(CreateRoleResponse { role: shown(role) })
}

pub(crate) async fn get_role(cx: &Cx, tx: &mut Tx, input: &GetRoleRequest) -> Result<GetRoleResponse, Error> {
    let GetRoleRequest { role_name } = input;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::GetRole(arn))).await?;
    Ok(GetRoleResponse { role: shown(role) })
}

pub(crate) async fn list_roles(cx: &Cx, tx: &mut Tx, input: &ListRolesRequest) -> Result<ListRolesResponse, Error> {
    let ListRolesRequest { path_prefix, marker, max_items } = input;
    let prefix = path_prefix.as_deref().unwrap_or("/");
    let page = cx.page(&format!("ListRoles:{prefix}"));
    let after = marker.as_ref().map(|marker| page.open(marker)).transpose().map_err(|_| Error::InvalidMarker)?;
    let after = after.map(String::from_utf8).transpose().map_err(|_| Error::InvalidMarker)?;
    let wanted = |role: &model::Role| role.path.starts_with(prefix);
    let (roles, more) = store::roles(tx, &cx.scope.account, after.as_deref(), page_items(*max_items), wanted).await?;
    let marker = roles.last().filter(|_| more).map(|last| page.after(last.name.as_bytes()));
    // Listings leave tags out (docs).
    let listed = |role| Role { tags: None, ..shown(role) };
    Ok(ListRolesResponse { roles: roles.into_iter().map(listed).collect(), is_truncated: Some(more), marker })
}

pub(crate) async fn update_role(cx: &Cx, tx: &mut Tx, input: &UpdateRoleRequest) -> Result<UpdateRoleResponse, Error> {
    let UpdateRoleRequest { role_name, description, max_session_duration } = input;
    let mut role = permitted(cx, tx, role_name, |arn| demand!(iam::UpdateRole(arn))).await?;
    role.description = description.clone().or(role.description);
    role.max_session_seconds = max_session_duration.unwrap_or(role.max_session_seconds);
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(UpdateRoleResponse {})
}

pub(crate) async fn update_role_description(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateRoleDescriptionRequest,
) -> Result<UpdateRoleDescriptionResponse, Error> {
    let UpdateRoleDescriptionRequest { role_name, description } = input;
    let mut role = permitted(cx, tx, role_name, |arn| demand!(iam::UpdateRoleDescription(arn))).await?;
    role.description = Some(description.clone());
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(UpdateRoleDescriptionResponse { role: Some(shown(role)) })
}

pub(crate) async fn update_assume_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateAssumeRolePolicyRequest,
) -> Result<UpdateAssumeRolePolicyNothing, Error> {
    let UpdateAssumeRolePolicyRequest { role_name, policy_document } = input;
    let mut role = permitted(cx, tx, role_name, |arn| demand!(iam::UpdateAssumeRolePolicy(arn))).await?;
    trusted(policy_document)?;
    role.trust_policy = policy_document.clone();
    store::put_role(tx, &cx.scope.account, &role)?;
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
    permitted(cx, tx, role_name, |arn| demand!(iam::ListInstanceProfilesForRole(arn))).await?;
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
    let account = &cx.scope.account;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::DeleteRole(arn))).await?;
    if !role.attached_policies.is_empty() {
        return Err(Error::PoliciesAttached);
    }
    if !role.inline_policies.is_empty() {
        return Err(Error::InlinePoliciesLeft);
    }
    store::delete_role(tx, account, &role.name);
    let count = store::role_count(tx, account).await?;
    store::put_role_count(tx, account, count.saturating_sub(1));
    Ok(DeleteRoleNothing {})
}

fn shown(role: model::Role) -> Role {
    let model::Role {
        name,
        path,
        id,
        arn,
        created,
        trust_policy,
        description,
        max_session_seconds,
        inline_policies: _,
        attached_policies: _,
        tags,
    } = role;
    Role {
        path,
        role_name: name,
        role_id: id,
        arn: arn.to_string(),
        create_date: created,
        assume_role_policy_document: Some(encoded(&trust_policy)),
        description,
        max_session_duration: Some(max_session_seconds),
        tags: (!tags.is_empty()).then(|| role_tags::shown(&tags)),
    }
}
