//! Managed policies attached to roles.

use base::Arn;
use kv::Tx;
use service::{Cx, demand};

use super::page_items;
use super::role::permitted;
use crate::errors::Error;
use crate::managed::Managed;
use crate::store;
use crate::wire::iam::{
    AttachRolePolicyNothing, AttachRolePolicyRequest, AttachedPolicy, DetachRolePolicyNothing, DetachRolePolicyRequest,
    ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse,
};

/// IAM quota: managed policies attached to one role.
const ATTACHED_POLICIES_MAX: usize = 10;

pub(crate) async fn attach_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &AttachRolePolicyRequest,
) -> Result<AttachRolePolicyNothing, Error> {
    let AttachRolePolicyRequest { role_name, policy_arn } = input;
    let demand = |arn: &Arn| demand!(iam::AttachRolePolicy(arn)).with("iam:PolicyARN", policy_arn.as_str());
    let mut role = permitted(cx, tx, role_name, demand).await?;
    let arn = parsed(policy_arn)?;
    Managed::find(&arn).ok_or_else(|| Error::NotAttachable(policy_arn.clone()))?;
    role.attached_policies.insert(policy_arn.clone());
    if ATTACHED_POLICIES_MAX < role.attached_policies.len() {
        return Err(Error::Quota { quota: "PoliciesPerRole", limit: ATTACHED_POLICIES_MAX });
    }
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(AttachRolePolicyNothing {})
}

pub(crate) async fn detach_role_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &DetachRolePolicyRequest,
) -> Result<DetachRolePolicyNothing, Error> {
    let DetachRolePolicyRequest { role_name, policy_arn } = input;
    let demand = |arn: &Arn| demand!(iam::DetachRolePolicy(arn)).with("iam:PolicyARN", policy_arn.as_str());
    let mut role = permitted(cx, tx, role_name, demand).await?;
    parsed(policy_arn)?;
    if !role.attached_policies.remove(policy_arn) {
        return Err(Error::NoSuchPolicy(policy_arn.clone()));
    }
    store::put_role(tx, &cx.scope.account, &role)?;
    Ok(DetachRolePolicyNothing {})
}

pub(crate) async fn list_attached_role_policies(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListAttachedRolePoliciesRequest,
) -> Result<ListAttachedRolePoliciesResponse, Error> {
    let ListAttachedRolePoliciesRequest { role_name, path_prefix, marker, max_items } = input;
    let role = permitted(cx, tx, role_name, |arn| demand!(iam::ListAttachedRolePolicies(arn))).await?;
    let prefix = path_prefix.as_deref().unwrap_or("/");
    let page = cx.page(&format!("ListAttachedRolePolicies:{}:{prefix}", role.id));
    let after = marker.as_ref().map(|marker| page.open(marker)).transpose().map_err(|_| Error::InvalidMarker)?;
    let behind = |arn: &String| after.as_deref().is_none_or(|after| after < arn.as_bytes());
    let listed = role.attached_policies.into_iter().filter(behind).filter_map(|arn| {
        let managed = Managed::find(&arn.parse().ok()?)?;
        managed.path.starts_with(prefix).then_some((arn, managed.name))
    });
    let mut listed: Vec<(String, &str)> = listed.collect();
    let most = page_items(*max_items);
    let more = most < listed.len();
    listed.truncate(most);
    let marker = listed.last().filter(|_| more).map(|(arn, _)| page.after(arn.as_bytes()));
    let shown = |(arn, name): (String, &str)| AttachedPolicy { policy_name: Some(name.into()), policy_arn: Some(arn) };
    let attached_policies = Some(listed.into_iter().map(shown).collect());
    Ok(ListAttachedRolePoliciesResponse { attached_policies, is_truncated: Some(more), marker })
}

/// The ARN of a policy.
pub(super) fn parsed(policy_arn: &str) -> Result<Arn, Error> {
    let arn = policy_arn.parse::<Arn>().ok();
    let of_policy = arn.filter(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"));
    of_policy.ok_or_else(|| Error::InvalidArn(policy_arn.into()))
}
