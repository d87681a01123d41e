//! The operations of both services, and what each demands.
//!
//! What is demanded of a user, group, role or policy names its ARN, which has a path, and the tags that it has: operations on
//! those that exist demand it once they have read them (`entity::permitted`, `policy::any`, `policy::ours`).

mod access_key;
mod account;
mod account_details;
mod assume;
mod attachment;
mod boundary;
mod caller;
mod context_keys;
mod entity;
mod group;
mod inline_policy;
mod membership;
mod paging;
mod policy;
mod policy_listing;
mod policy_version;
mod role;
mod session_token;
mod simulate;
mod tags;
mod user;

use base::Arn;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use service::Cx;

use crate::model::{Kind, name_in};

/// What documents in answers do not encode (RFC 3986's unreserved characters).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A policy document as answers carry it: percent-encoded.
fn encoded(document: &str) -> String {
    utf8_percent_encode(document, DOCUMENT).to_string()
}

/// What listing demands: of a path, not of one thing.
fn below(cx: &Cx, kind: Kind, path_prefix: &Option<String>) -> Arn {
    cx.scope.global_arn("iam", &kind.resource(path_prefix.as_deref().unwrap_or("/"), ""))
}

/// The ARN of a user, group or role. What is none is refused by the operation.
fn principal(text: &str) -> Option<Arn> {
    let kinds = [Kind::User, Kind::Group, Kind::Role];
    text.parse().ok().filter(|arn| kinds.iter().any(|kind| name_in(arn, kind.word()).is_some()))
}

/// IAM's operations.
pub(crate) mod iam {
    use super::{
        access_key, account, account_details, attachment, below, boundary, context_keys, group, inline_policy,
        membership, policy, policy_listing, policy_version, principal, role, simulate, tags, user,
    };
    use service::demands;

    use crate::model::Kind;

    service::operations! { crate::wire::iam;
        CreateRole => role::create_role, |s, i| role::creation(s, (&i.path, &i.role_name), &i.tags, &i.permissions_boundary);
        GetRole => role::get_role, |s, i| demands![inside iam::GetRole];
        ListRoles => role::list_roles, |s, i| demands![iam::ListRoles(below(s, Kind::Role, &i.path_prefix))];
        DeleteRole => role::delete_role, |s, i| demands![inside iam::DeleteRole];
        UpdateRole => role::update_role, |s, i| demands![inside iam::UpdateRole];
        UpdateRoleDescription => role::update_role_description, |s, i| demands![inside iam::UpdateRoleDescription];
        UpdateAssumeRolePolicy => role::update_assume_role_policy, |s, i| demands![inside iam::UpdateAssumeRolePolicy];
        ListInstanceProfilesForRole => role::list_instance_profiles_for_role, |s, i| demands![inside iam::ListInstanceProfilesForRole];
        TagRole => tags::tag_role, |s, i| demands![inside iam::TagRole];
        UntagRole => tags::untag_role, |s, i| demands![inside iam::UntagRole];
        ListRoleTags => tags::list_role_tags, |s, i| demands![inside iam::ListRoleTags];
        PutRolePermissionsBoundary => boundary::put_role_permissions_boundary, |s, i| demands![inside iam::PutRolePermissionsBoundary];
        DeleteRolePermissionsBoundary => boundary::delete_role_permissions_boundary, |s, i| demands![inside iam::DeleteRolePermissionsBoundary];
        PutRolePolicy => inline_policy::put_role_policy, |s, i| demands![inside iam::PutRolePolicy];
        GetRolePolicy => inline_policy::get_role_policy, |s, i| demands![inside iam::GetRolePolicy];
        ListRolePolicies => inline_policy::list_role_policies, |s, i| demands![inside iam::ListRolePolicies];
        DeleteRolePolicy => inline_policy::delete_role_policy, |s, i| demands![inside iam::DeleteRolePolicy];
        AttachRolePolicy => attachment::attach_role_policy, |s, i| demands![inside iam::AttachRolePolicy];
        DetachRolePolicy => attachment::detach_role_policy, |s, i| demands![inside iam::DetachRolePolicy];
        ListAttachedRolePolicies => attachment::list_attached_role_policies, |s, i| demands![inside iam::ListAttachedRolePolicies];
        CreateUser => user::create_user, |s, i| user::creation(s, (&i.path, &i.user_name), &i.tags, &i.permissions_boundary);
        GetUser => user::get_user, |s, i| demands![inside iam::GetUser];
        ListUsers => user::list_users, |s, i| demands![iam::ListUsers(below(s, Kind::User, &i.path_prefix))];
        UpdateUser => user::update_user, |s, i| demands![inside iam::UpdateUser];
        DeleteUser => user::delete_user, |s, i| demands![inside iam::DeleteUser];
        TagUser => tags::tag_user, |s, i| demands![inside iam::TagUser];
        UntagUser => tags::untag_user, |s, i| demands![inside iam::UntagUser];
        ListUserTags => tags::list_user_tags, |s, i| demands![inside iam::ListUserTags];
        PutUserPermissionsBoundary => boundary::put_user_permissions_boundary, |s, i| demands![inside iam::PutUserPermissionsBoundary];
        DeleteUserPermissionsBoundary => boundary::delete_user_permissions_boundary, |s, i| demands![inside iam::DeleteUserPermissionsBoundary];
        PutUserPolicy => inline_policy::put_user_policy, |s, i| demands![inside iam::PutUserPolicy];
        GetUserPolicy => inline_policy::get_user_policy, |s, i| demands![inside iam::GetUserPolicy];
        ListUserPolicies => inline_policy::list_user_policies, |s, i| demands![inside iam::ListUserPolicies];
        DeleteUserPolicy => inline_policy::delete_user_policy, |s, i| demands![inside iam::DeleteUserPolicy];
        AttachUserPolicy => attachment::attach_user_policy, |s, i| demands![inside iam::AttachUserPolicy];
        DetachUserPolicy => attachment::detach_user_policy, |s, i| demands![inside iam::DetachUserPolicy];
        ListAttachedUserPolicies => attachment::list_attached_user_policies, |s, i| demands![inside iam::ListAttachedUserPolicies];
        CreateAccessKey => access_key::create_access_key, |s, i| demands![inside iam::CreateAccessKey];
        UpdateAccessKey => access_key::update_access_key, |s, i| demands![inside iam::UpdateAccessKey];
        DeleteAccessKey => access_key::delete_access_key, |s, i| demands![inside iam::DeleteAccessKey];
        ListAccessKeys => access_key::list_access_keys, |s, i| demands![inside iam::ListAccessKeys];
        GetAccessKeyLastUsed => access_key::get_access_key_last_used, |s, i| demands![inside iam::GetAccessKeyLastUsed];
        CreateGroup => group::create_group, |s, i| demands![
            iam::CreateGroup(s.scope.global_arn(
                "iam", &Kind::Group.resource(i.path.as_deref().unwrap_or("/"), &i.group_name)
            ))
        ];
        GetGroup => group::get_group, |s, i| demands![inside iam::GetGroup];
        ListGroups => group::list_groups, |s, i| demands![
            iam::ListGroups(below(s, Kind::Group, &i.path_prefix))
        ];
        UpdateGroup => group::update_group, |s, i| demands![inside iam::UpdateGroup];
        DeleteGroup => group::delete_group, |s, i| demands![inside iam::DeleteGroup];
        AddUserToGroup => membership::add_user_to_group, |s, i| demands![inside iam::AddUserToGroup];
        RemoveUserFromGroup => membership::remove_user_from_group, |s, i| demands![inside iam::RemoveUserFromGroup];
        ListGroupsForUser => membership::list_groups_for_user, |s, i| demands![inside iam::ListGroupsForUser];
        PutGroupPolicy => inline_policy::put_group_policy, |s, i| demands![inside iam::PutGroupPolicy];
        GetGroupPolicy => inline_policy::get_group_policy, |s, i| demands![inside iam::GetGroupPolicy];
        ListGroupPolicies => inline_policy::list_group_policies, |s, i| demands![inside iam::ListGroupPolicies];
        DeleteGroupPolicy => inline_policy::delete_group_policy, |s, i| demands![inside iam::DeleteGroupPolicy];
        AttachGroupPolicy => attachment::attach_group_policy, |s, i| demands![inside iam::AttachGroupPolicy];
        DetachGroupPolicy => attachment::detach_group_policy, |s, i| demands![inside iam::DetachGroupPolicy];
        ListAttachedGroupPolicies => attachment::list_attached_group_policies, |s, i| demands![inside iam::ListAttachedGroupPolicies];
        CreatePolicy => policy::create_policy, |s, i| policy::creation(s, (&i.path, &i.policy_name), &i.tags);
        GetPolicy => policy::get_policy, |s, i| demands![inside iam::GetPolicy];
        DeletePolicy => policy::delete_policy, |s, i| demands![inside iam::DeletePolicy];
        TagPolicy => policy::tag_policy, |s, i| demands![inside iam::TagPolicy];
        UntagPolicy => policy::untag_policy, |s, i| demands![inside iam::UntagPolicy];
        ListPolicyTags => policy::list_policy_tags, |s, i| demands![inside iam::ListPolicyTags];
        ListPolicies => policy_listing::list_policies, |s, i| demands![iam::ListPolicies("*")];
        ListEntitiesForPolicy => policy_listing::list_entities_for_policy, |s, i| demands![inside iam::ListEntitiesForPolicy];
        CreatePolicyVersion => policy_version::create_policy_version, |s, i| demands![inside iam::CreatePolicyVersion];
        GetPolicyVersion => policy_version::get_policy_version, |s, i| demands![inside iam::GetPolicyVersion];
        ListPolicyVersions => policy_version::list_policy_versions, |s, i| demands![inside iam::ListPolicyVersions];
        SetDefaultPolicyVersion => policy_version::set_default_policy_version, |s, i| demands![inside iam::SetDefaultPolicyVersion];
        DeletePolicyVersion => policy_version::delete_policy_version, |s, i| demands![inside iam::DeletePolicyVersion];
        SimulateCustomPolicy => simulate::simulate_custom_policy, |s, i| demands![iam::SimulateCustomPolicy("*")];
        SimulatePrincipalPolicy => simulate::simulate_principal_policy, |s, i|
            principal(&i.policy_source_arn).map_or_else(Vec::new, |arn| demands![iam::SimulatePrincipalPolicy(arn)]);
        GetContextKeysForCustomPolicy => context_keys::get_context_keys_for_custom_policy, |s, i| demands![
            iam::GetContextKeysForCustomPolicy("*")
        ];
        GetContextKeysForPrincipalPolicy => context_keys::get_context_keys_for_principal_policy, |s, i|
            principal(&i.policy_source_arn)
                .map_or_else(Vec::new, |arn| demands![iam::GetContextKeysForPrincipalPolicy(arn)]);
        GetAccountSummary => account::get_account_summary, |s, i| demands![iam::GetAccountSummary("*")];
        GetAccountAuthorizationDetails => account_details::get_account_authorization_details, |s, i| demands![
            iam::GetAccountAuthorizationDetails("*")
        ];
    }
}

/// STS's operations.
pub(crate) mod sts {
    use service::demands;

    use super::{assume, caller, session_token};

    service::operations! { crate::wire::sts;
        GetCallerIdentity => caller::get_caller_identity, |s, i| demands![];
        AssumeRole => assume::assume_role, |s, i| assume::demands(i);
        GetSessionToken => session_token::get_session_token, |s, i| demands![];
        GetAccessKeyInfo => caller::get_access_key_info, |s, i| demands![sts::GetAccessKeyInfo("*")];
    }
}
