//! Inline policies of roles.

use kv::Tx;
use policy::{Policy, PolicyKind};
use service::{Cx, demand};

use super::role::permitted;
use super::{encoded, page_items};
use crate::errors::Error;
use crate::model::policy_chars;
use crate::store;
use crate::wire::iam::{
    DeleteRolePolicyNothing, DeleteRolePolicyRequest, GetRolePolicyRequest, GetRolePolicyResponse,
    ListRolePoliciesRequest, ListRolePoliciesResponse, PutRolePolicyNothing, PutRolePolicyRequest,
};

/// IAM quota: characters of a role's inline policies together, white space not counted.
const INLINE_POLICIES_CHARS_MAX: usize = 10_240;

pub(crate) async fn put_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutRolePolicyRequest,
) -> Result<PutRolePolicyNothing, Error> {
    let PutRolePolicyRequest { role_name, policy_name, policy_document } = input;
    let mut role = permitted(cx, tx, role_name, |arn| demand!(iam::PutRolePolicy(arn))).await?;
    Policy::parse(policy_document, PolicyKind::Inline)?;
    role.inline_policies.insert(policy_name.clone(), policy_document.clone());
    let chars: usize = role.inline_policies.values().map(|document| policy_chars(document)).sum();
    if INLINE_POLICIES_CHARS_MAX < chars {
        return Err(Error::InlinePoliciesTooLarge { role: role.name, limit: INLINE_POLICIES_CHARS_MAX });
    }
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(PutRolePolicyNothing {})
}

pub(crate) async fn get_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetRolePolicyRequest,
) -> Result<GetRolePolicyResponse, Error> {
    let GetRolePolicyRequest { role_name, policy_name } = input;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::GetRolePolicy(arn))).await?;
    let document = role.inline_policies.get(policy_name);
    let document = document.ok_or_else(|| Error::NoSuchRolePolicy(policy_name.clone()))?;
    Ok(GetRolePolicyResponse {
        policy_document: encoded(document),
        role_name: role.name,
        policy_name: policy_name.clone(),
    })
}

pub(crate) async fn list_role_policies(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListRolePoliciesRequest,
) -> Result<ListRolePoliciesResponse, Error> {
    let ListRolePoliciesRequest { role_name, marker, max_items } = input;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::ListRolePolicies(arn))).await?;
    let page = cx.page(&format!("ListRolePolicies:{}", role.id));
    let after = marker.as_ref().map(|marker| page.open(marker)).transpose().map_err(|_| Error::InvalidMarker)?;
    let behind = |name: &String| after.as_deref().is_none_or(|after| after < name.as_bytes());
    let mut names: Vec<String> = role.inline_policies.into_keys().filter(behind).collect();
    let most = page_items(*max_items);
    let more = most < names.len();
    names.truncate(most);
    let marker = names.last().filter(|_| more).map(|last| page.after(last.as_bytes()));
    Ok(ListRolePoliciesResponse { policy_names: names, is_truncated: Some(more), marker })
}

pub(crate) async fn delete_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteRolePolicyRequest,
) -> Result<DeleteRolePolicyNothing, Error> {
    let DeleteRolePolicyRequest { role_name, policy_name } = input;
    let mut role = permitted(cx, tx, role_name, |arn| demand!(iam::DeleteRolePolicy(arn))).await?;
    if role.inline_policies.remove(policy_name).is_none() {
        return Err(Error::NoSuchRolePolicy(policy_name.clone()));
    }
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(DeleteRolePolicyNothing {})
}
