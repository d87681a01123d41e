//! Managed policies attached to users, groups and roles.

use base::Arn;
use kv::Tx;
use service::{Cx, demand};

use super::entity::permitted;
use super::paging::{At, Page, page};
use crate::errors::Error;
use crate::keys::Usage;
use crate::model::{self, Entity};
use crate::store;
use crate::wire::iam::{
    AttachGroupPolicyNothing, AttachGroupPolicyRequest, AttachRolePolicyNothing, AttachRolePolicyRequest,
    AttachUserPolicyNothing, AttachUserPolicyRequest, AttachedPolicy, DetachGroupPolicyNothing,
    DetachGroupPolicyRequest, DetachRolePolicyNothing, DetachRolePolicyRequest, DetachUserPolicyNothing,
    DetachUserPolicyRequest, ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse,
    ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse, ListAttachedUserPoliciesRequest,
    ListAttachedUserPoliciesResponse,
};

/// IAM quota: managed policies attached to one user, group or role.
pub(super) const ATTACHED_POLICIES_MAX: usize = 10;

macro_rules! attachments {
    ($entity:ty, $name:ident: $attach:ident, $attach_action:ident, $AttachRequest:ident, $AttachNothing:ident;
     $detach:ident, $detach_action:ident, $DetachRequest:ident, $DetachNothing:ident;
     $list:ident, $list_action:ident, $ListRequest:ident, $ListResponse:ident) => {
        pub(crate) async fn $attach(cx: &Cx, tx: &mut Tx, input: &$AttachRequest) -> Result<$AttachNothing, Error> {
            let $AttachRequest { $name, policy_arn } = input;
            let demand = |arn: &Arn| demand!(iam::$attach_action(arn)).with("iam:PolicyARN", policy_arn.as_str());
            let mut found: $entity = permitted(cx, tx, $name, demand).await?;
            attach(cx, tx, &mut found, policy_arn).await?;
            Ok($AttachNothing {})
        }

        pub(crate) async fn $detach(cx: &Cx, tx: &mut Tx, input: &$DetachRequest) -> Result<$DetachNothing, Error> {
            let $DetachRequest { $name, policy_arn } = input;
            let demand = |arn: &Arn| demand!(iam::$detach_action(arn)).with("iam:PolicyARN", policy_arn.as_str());
            let mut found: $entity = permitted(cx, tx, $name, demand).await?;
            detach(cx, tx, &mut found, policy_arn)?;
            Ok($DetachNothing {})
        }

        pub(crate) async fn $list(cx: &Cx, tx: &mut Tx, input: &$ListRequest) -> Result<$ListResponse, Error> {
            let $ListRequest { $name, path_prefix, marker, max_items } = input;
            let found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$list_action(arn))).await?;
            let prefix = path_prefix.as_deref().unwrap_or("/");
            let page = listed(cx, tx, &found, prefix, At { marker, max_items }).await?;
            let is_truncated = page.is_truncated();
            Ok($ListResponse { is_truncated, attached_policies: Some(page.items), marker: page.marker })
        }
    };
}

attachments! { model::Role, role_name:
    attach_role_policy, AttachRolePolicy, AttachRolePolicyRequest, AttachRolePolicyNothing;
    detach_role_policy, DetachRolePolicy, DetachRolePolicyRequest, DetachRolePolicyNothing;
    list_attached_role_policies, ListAttachedRolePolicies, ListAttachedRolePoliciesRequest,
    ListAttachedRolePoliciesResponse
}

attachments! { model::User, user_name:
    attach_user_policy, AttachUserPolicy, AttachUserPolicyRequest, AttachUserPolicyNothing;
    detach_user_policy, DetachUserPolicy, DetachUserPolicyRequest, DetachUserPolicyNothing;
    list_attached_user_policies, ListAttachedUserPolicies, ListAttachedUserPoliciesRequest,
    ListAttachedUserPoliciesResponse
}

attachments! { model::Group, group_name:
    attach_group_policy, AttachGroupPolicy, AttachGroupPolicyRequest, AttachGroupPolicyNothing;
    detach_group_policy, DetachGroupPolicy, DetachGroupPolicyRequest, DetachGroupPolicyNothing;
    list_attached_group_policies, ListAttachedGroupPolicies, ListAttachedGroupPoliciesRequest,
    ListAttachedGroupPoliciesResponse
}

async fn attach<E: Entity>(cx: &Cx, tx: &mut Tx, entity: &mut E, policy_arn: &str) -> Result<(), Error> {
    let account = &cx.scope.account;
    let found = store::policy(tx, account, &parsed(policy_arn)?).await?;
    found.ok_or_else(|| Error::NotAttachable(policy_arn.into()))?;
    let attached = &mut entity.holder_mut().attached_policies;
    attached.insert(policy_arn.into());
    if ATTACHED_POLICIES_MAX < attached.len() {
        return Err(Error::quota(format!("PoliciesPer{}", E::KIND.title()), ATTACHED_POLICIES_MAX));
    }
    store::note_use(tx, Usage::Permissions, policy_arn, (account, E::KIND, entity.name()), true);
    store::put(tx, account, entity)
}

fn detach<E: Entity>(cx: &Cx, tx: &mut Tx, entity: &mut E, policy_arn: &str) -> Result<(), Error> {
    let account = &cx.scope.account;
    parsed(policy_arn)?;
    if !entity.holder_mut().attached_policies.remove(policy_arn) {
        return Err(Error::NoSuchPolicy(policy_arn.into()));
    }
    store::note_use(tx, Usage::Permissions, policy_arn, (account, E::KIND, entity.name()), false);
    store::put(tx, account, entity)
}

async fn listed<E: Entity>(
    cx: &Cx,
    tx: &mut Tx,
    entity: &E,
    prefix: &str,
    at: At<'_>,
) -> Result<Page<AttachedPolicy>, Error> {
    let holder = entity.holder();
    let listing = format!("AttachedPolicies:{}:{prefix}", holder.id);
    page(cx, &listing, at, shown(cx, tx, holder, prefix).await?, |one| one.policy_arn.clone().unwrap_or_default())
}

/// The managed policies attached whose paths start like this.
pub(super) async fn shown(
    cx: &Cx,
    tx: &mut Tx,
    holder: &model::Holder,
    prefix: &str,
) -> Result<Vec<AttachedPolicy>, Error> {
    let mut shown = Vec::with_capacity(holder.attached_policies.len());
    for arn in &holder.attached_policies {
        let found = store::policy(tx, &cx.scope.account, &parsed(arn)?).await?;
        if let Some(policy) = found.filter(|policy| policy.path().starts_with(prefix)) {
            shown.push(AttachedPolicy { policy_name: Some(policy.name().into()), policy_arn: Some(arn.clone()) });
        }
    }
    Ok(shown)
}

/// The ARN of a policy.
pub(super) fn parsed(policy_arn: &str) -> Result<Arn, Error> {
    let arn = policy_arn.parse::<Arn>().ok();
    let of_policy = arn.filter(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"));
    of_policy.ok_or_else(|| Error::InvalidArn(policy_arn.into()))
}
