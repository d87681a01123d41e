//! Inline policies of users, groups and roles.

use kv::Tx;
use policy::{Policy, PolicyKind};
use service::{Cx, demand};

use super::encoded;
use super::entity::permitted;
use super::paging::{At, Page, page};
use crate::errors::Error;
use crate::model::{self, Entity, policy_chars};
use crate::store;
use crate::wire::iam::{
    DeleteGroupPolicyNothing, DeleteGroupPolicyRequest, DeleteRolePolicyNothing, DeleteRolePolicyRequest,
    DeleteUserPolicyNothing, DeleteUserPolicyRequest, GetGroupPolicyRequest, GetGroupPolicyResponse,
    GetRolePolicyRequest, GetRolePolicyResponse, GetUserPolicyRequest, GetUserPolicyResponse, ListGroupPoliciesRequest,
    ListGroupPoliciesResponse, ListRolePoliciesRequest, ListRolePoliciesResponse, ListUserPoliciesRequest,
    ListUserPoliciesResponse, PolicyDetail, PutGroupPolicyNothing, PutGroupPolicyRequest, PutRolePolicyNothing,
    PutRolePolicyRequest, PutUserPolicyNothing, PutUserPolicyRequest,
};

macro_rules! inline_policies {
    ($entity:ty, $name:ident: $put:ident, $put_action:ident, $PutRequest:ident, $PutNothing:ident;
     $get:ident, $get_action:ident, $GetRequest:ident, $GetResponse:ident;
     $list:ident, $list_action:ident, $ListRequest:ident, $ListResponse:ident;
     $delete:ident, $delete_action:ident, $DeleteRequest:ident, $DeleteNothing:ident) => {
        pub(crate) async fn $put(cx: &Cx, tx: &mut Tx, input: &$PutRequest) -> Result<$PutNothing, Error> {
            let $PutRequest { $name, policy_name, policy_document } = input;
            let mut found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$put_action(arn))).await?;
            put(&mut found, policy_name, policy_document)?;
            store::put(tx, &cx.scope.account, &found)?;
            Ok($PutNothing {})
        }

        pub(crate) async fn $get(cx: &Cx, tx: &mut Tx, input: &$GetRequest) -> Result<$GetResponse, Error> {
            let $GetRequest { $name, policy_name } = input;
            let found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$get_action(arn))).await?;
            let policy_document = document(&found, policy_name)?;
            Ok($GetResponse { policy_document, $name: found.holder.name, policy_name: policy_name.clone() })
        }

        pub(crate) async fn $list(cx: &Cx, tx: &mut Tx, input: &$ListRequest) -> Result<$ListResponse, Error> {
            let $ListRequest { $name, marker, max_items } = input;
            let found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$list_action(arn))).await?;
            let page = names(cx, found, At { marker, max_items })?;
            Ok($ListResponse { is_truncated: page.is_truncated(), policy_names: page.items, marker: page.marker })
        }

        pub(crate) async fn $delete(cx: &Cx, tx: &mut Tx, input: &$DeleteRequest) -> Result<$DeleteNothing, Error> {
            let $DeleteRequest { $name, policy_name } = input;
            let mut found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$delete_action(arn))).await?;
            document(&found, policy_name)?;
            found.holder.inline_policies.remove(policy_name);
            store::put(tx, &cx.scope.account, &found)?;
            Ok($DeleteNothing {})
        }
    };
}

inline_policies! { model::Role, role_name:
    put_role_policy, PutRolePolicy, PutRolePolicyRequest, PutRolePolicyNothing;
    get_role_policy, GetRolePolicy, GetRolePolicyRequest, GetRolePolicyResponse;
    list_role_policies, ListRolePolicies, ListRolePoliciesRequest, ListRolePoliciesResponse;
    delete_role_policy, DeleteRolePolicy, DeleteRolePolicyRequest, DeleteRolePolicyNothing
}

inline_policies! { model::User, user_name:
    put_user_policy, PutUserPolicy, PutUserPolicyRequest, PutUserPolicyNothing;
    get_user_policy, GetUserPolicy, GetUserPolicyRequest, GetUserPolicyResponse;
    list_user_policies, ListUserPolicies, ListUserPoliciesRequest, ListUserPoliciesResponse;
    delete_user_policy, DeleteUserPolicy, DeleteUserPolicyRequest, DeleteUserPolicyNothing
}

inline_policies! { model::Group, group_name:
    put_group_policy, PutGroupPolicy, PutGroupPolicyRequest, PutGroupPolicyNothing;
    get_group_policy, GetGroupPolicy, GetGroupPolicyRequest, GetGroupPolicyResponse;
    list_group_policies, ListGroupPolicies, ListGroupPoliciesRequest, ListGroupPoliciesResponse;
    delete_group_policy, DeleteGroupPolicy, DeleteGroupPolicyRequest, DeleteGroupPolicyNothing
}

fn put<E: Entity>(entity: &mut E, name: &str, document: &str) -> Result<(), Error> {
    Policy::parse(document, PolicyKind::Inline)?;
    let holder = entity.holder_mut();
    holder.inline_policies.insert(name.into(), document.into());
    let chars: usize = holder.inline_policies.values().map(|document| policy_chars(document)).sum();
    let limit = E::KIND.inline_chars_max();
    if limit < chars {
        return Err(Error::InlinePoliciesTooLarge { kind: E::KIND, name: holder.name.clone(), limit });
    }
    Ok(())
}

fn document<E: Entity>(entity: &E, name: &str) -> Result<String, Error> {
    let document = entity.holder().inline_policies.get(name);
    document.map(|document| encoded(document)).ok_or_else(|| Error::NoSuchInlinePolicy(E::KIND, name.into()))
}

fn names<E: Entity>(cx: &Cx, mut entity: E, at: At<'_>) -> Result<Page<String>, Error> {
    let holder = entity.holder_mut();
    let names = std::mem::take(&mut holder.inline_policies).into_keys();
    page(cx, &format!("InlinePolicies:{}", holder.id), at, names, String::clone)
}

/// Every inline policy with its document.
pub(super) fn shown(holder: &model::Holder) -> Vec<PolicyDetail> {
    let detail = |(name, document): (&String, &String)| PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(encoded(document)),
    };
    holder.inline_policies.iter().map(detail).collect()
}
