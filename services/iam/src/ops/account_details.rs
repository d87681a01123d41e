//! All that an account's users, groups, roles and policies may do, in one listing.

use std::collections::BTreeMap;

use kv::Tx;
use service::Cx;

use super::paging::{At, page};
use super::{attachment, encoded, entity, inline_policy, policy, policy_version, tags};
use crate::errors::Error;
use crate::managed::Managed;
use crate::model::{Group, Holder, ManagedPolicy, Role, Stored, User};
use crate::store::{self, AnyPolicy};
use crate::wire::iam::{
    GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse, GroupDetail, ManagedPolicyDetail,
    Policy, PolicyVersion, RoleDetail, UserDetail,
};

/// One entry of the listing.
enum One {
    User(User),
    Group(Group),
    Role(Role),
    Policy(AnyPolicy),
}

/// Users, groups, roles, then policies, each by name: pages hold up to so many of them together. AWS's policies are those in
/// use (docs).
pub(crate) async fn get_account_authorization_details(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetAccountAuthorizationDetailsRequest,
) -> Result<GetAccountAuthorizationDetailsResponse, Error> {
    let GetAccountAuthorizationDetailsRequest { filter, max_items, marker } = input;
    let wanted =
        |kind: &str| filter.as_ref().is_none_or(|filter| filter.is_empty() || filter.iter().any(|f| f == kind));
    let all = all(cx, tx, wanted).await?;
    let page = page(cx, &format!("AccountDetails:{filter:?}"), At { marker, max_items }, all, |(key, _)| key.clone())?;
    let mut answer = GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(Vec::new()),
        group_detail_list: Some(Vec::new()),
        role_detail_list: Some(Vec::new()),
        policies: Some(Vec::new()),
        is_truncated: page.is_truncated(),
        marker: page.marker,
    };
    for (_, one) in page.items {
        match one {
            One::User(user) => answer.user_detail_list.get_or_insert_default().push(shown_user(cx, tx, user).await?),
            One::Group(group) => {
                answer.group_detail_list.get_or_insert_default().push(shown_group(cx, tx, group).await?)
            }
            One::Role(role) => answer.role_detail_list.get_or_insert_default().push(shown_role(cx, tx, role).await?),
            One::Policy(policy) => answer.policies.get_or_insert_default().push(shown_policy(cx, tx, &policy).await?),
        }
    }
    Ok(answer)
}

async fn all(cx: &Cx, tx: &mut Tx, wanted: impl Fn(&str) -> bool + Send) -> Result<BTreeMap<String, One>, Error> {
    let mut found = BTreeMap::new();
    if wanted("User") {
        found.extend(named::<User>(cx, tx, "1").await?.into_iter().map(|(key, user)| (key, One::User(user))));
    }
    if wanted("Group") {
        found.extend(named::<Group>(cx, tx, "2").await?.into_iter().map(|(key, group)| (key, One::Group(group))));
    }
    if wanted("Role") {
        found.extend(named::<Role>(cx, tx, "3").await?.into_iter().map(|(key, role)| (key, One::Role(role))));
    }
    if wanted("LocalManagedPolicy") {
        let own = named::<ManagedPolicy>(cx, tx, "4").await?.into_iter();
        found.extend(own.map(|(key, policy)| (key, One::Policy(AnyPolicy::Own(Box::new(policy))))));
    }
    if wanted("AWSManagedPolicy") {
        for managed in Managed::all() {
            let arn = managed.arn(&cx.scope).to_string();
            if store::is_used(tx, &cx.scope.account, &arn).await? {
                found.insert(format!("5{arn}"), One::Policy(AnyPolicy::Aws(managed)));
            }
        }
    }
    Ok(found)
}

async fn named<T: Stored>(cx: &Cx, tx: &mut Tx, kind: &str) -> Result<Vec<(String, T)>, Error> {
    let (found, _) = store::list::<T>(tx, &cx.scope.account, None, usize::MAX, |_| true).await?;
    Ok(found.into_iter().map(|one| (format!("{kind}{}", one.name().to_lowercase()), one)).collect())
}

async fn shown_user(cx: &Cx, tx: &mut Tx, user: User) -> Result<UserDetail, Error> {
    let attached = attachment::shown(cx, tx, &user.holder, "/").await?;
    let mut groups = Vec::with_capacity(user.groups.len());
    for name in &user.groups {
        groups.extend(store::find::<Group>(tx, &cx.scope.account, name).await?.map(|group| group.holder.name));
    }
    let inline = inline_policy::shown(&user.holder);
    let Holder { name, path, id, arn, created, tags, permissions_boundary, .. } = user.holder;
    Ok(UserDetail {
        path: Some(path),
        user_name: Some(name),
        user_id: Some(id),
        arn: Some(arn.to_string()),
        create_date: Some(created),
        user_policy_list: Some(inline),
        group_list: Some(groups),
        attached_managed_policies: Some(attached),
        permissions_boundary: entity::shown_boundary(&permissions_boundary),
        tags: Some(tags::shown(&tags)),
    })
}

async fn shown_group(cx: &Cx, tx: &mut Tx, group: Group) -> Result<GroupDetail, Error> {
    let attached = attachment::shown(cx, tx, &group.holder, "/").await?;
    let inline = inline_policy::shown(&group.holder);
    let Holder { name, path, id, arn, created, .. } = group.holder;
    Ok(GroupDetail {
        path: Some(path),
        group_name: Some(name),
        group_id: Some(id),
        arn: Some(arn.to_string()),
        create_date: Some(created),
        group_policy_list: Some(inline),
        attached_managed_policies: Some(attached),
    })
}

async fn shown_role(cx: &Cx, tx: &mut Tx, role: Role) -> Result<RoleDetail, Error> {
    let attached = attachment::shown(cx, tx, &role.holder, "/").await?;
    let inline = inline_policy::shown(&role.holder);
    let Role { holder, trust_policy, description: _, max_session_seconds: _ } = role;
    let Holder { name, path, id, arn, created, tags, permissions_boundary, .. } = holder;
    Ok(RoleDetail {
        path: Some(path),
        role_name: Some(name),
        role_id: Some(id),
        arn: Some(arn.to_string()),
        create_date: Some(created),
        assume_role_policy_document: Some(encoded(&trust_policy)),
        instance_profile_list: Some(Vec::new()),
        role_policy_list: Some(inline),
        attached_managed_policies: Some(attached),
        permissions_boundary: entity::shown_boundary(&permissions_boundary),
        tags: Some(tags::shown(&tags)),
    })
}

async fn shown_policy(cx: &Cx, tx: &mut Tx, found: &AnyPolicy) -> Result<ManagedPolicyDetail, Error> {
    let (arn, versions) = match found {
        AnyPolicy::Own(own) => (own.arn.to_string(), policy_version::all(tx, own).await?),
        AnyPolicy::Aws(managed) => {
            let only = PolicyVersion {
                document: Some(encoded(managed.document)),
                version_id: Some(managed.version.into()),
                is_default_version: Some(true),
                create_date: None,
            };
            (managed.arn(&cx.scope).to_string(), vec![only])
        }
    };
    let Policy {
        policy_name,
        policy_id,
        arn,
        path,
        default_version_id,
        attachment_count,
        permissions_boundary_usage_count,
        is_attachable,
        description,
        create_date,
        update_date,
        tags: _,
    } = policy::shown(cx, tx, found, &arn).await?;
    Ok(ManagedPolicyDetail {
        policy_name,
        policy_id,
        arn,
        path,
        default_version_id,
        attachment_count,
        permissions_boundary_usage_count,
        is_attachable,
        description,
        create_date,
        update_date,
        policy_version_list: Some(versions),
    })
}
