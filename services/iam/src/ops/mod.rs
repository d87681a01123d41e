//! The operations of both services, and what each demands.
//!
//! What is demanded of a role names its ARN, which has the role's path: operations on roles that exist demand it once they
//! have read the role (`role::permitted`).

mod assume;
mod attachment;
mod caller;
mod inline_policy;
mod managed_policy;
mod role;
mod role_tags;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What documents in answers do not encode (RFC 3986's unreserved characters).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The items of one page where the request does not say (docs).
const MAX_ITEMS_DEFAULT: usize = 100;

/// A policy document as answers carry it: percent-encoded.
fn encoded(document: &str) -> String {
    utf8_percent_encode(document, DOCUMENT).to_string()
}

fn page_items(max_items: Option<i32>) -> usize {
    max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(MAX_ITEMS_DEFAULT)
}

/// IAM's operations.
pub(crate) mod iam {
    use service::demands;

    use super::{attachment, inline_policy, managed_policy, role, role_tags};
    use crate::model::role_resource;

    service::operations! { crate::wire::iam;
        CreateRole => role::create_role, |s, i| role::creation(
            s, i.path.as_deref(), &i.role_name, i.tags.as_deref().unwrap_or_default()
        );
        GetRole => role::get_role, |s, i| demands![inside iam::GetRole];
        ListRoles => role::list_roles, |s, i| demands![
            iam::ListRoles(s.scope.global_arn("iam", &role_resource(i.path_prefix.as_deref().unwrap_or("/"), "")))
        ];
        DeleteRole => role::delete_role, |s, i| demands![inside iam::DeleteRole];
        UpdateRole => role::update_role, |s, i| demands![inside iam::UpdateRole];
        UpdateRoleDescription => role::update_role_description, |s, i| demands![inside iam::UpdateRoleDescription];
        UpdateAssumeRolePolicy => role::update_assume_role_policy, |s, i| demands![inside iam::UpdateAssumeRolePolicy];
        TagRole => role_tags::tag_role, |s, i| demands![inside iam::TagRole];
        UntagRole => role_tags::untag_role, |s, i| demands![inside iam::UntagRole];
        ListRoleTags => role_tags::list_role_tags, |s, i| demands![inside iam::ListRoleTags];
        ListInstanceProfilesForRole => role::list_instance_profiles_for_role, |s, i| demands![inside iam::ListInstanceProfilesForRole];
        PutRolePolicy => inline_policy::put_role_policy, |s, i| demands![inside iam::PutRolePolicy];
        GetRolePolicy => inline_policy::get_role_policy, |s, i| demands![inside iam::GetRolePolicy];
        ListRolePolicies => inline_policy::list_role_policies, |s, i| demands![inside iam::ListRolePolicies];
        DeleteRolePolicy => inline_policy::delete_role_policy, |s, i| demands![inside iam::DeleteRolePolicy];
        AttachRolePolicy => attachment::attach_role_policy, |s, i| demands![inside iam::AttachRolePolicy];
        DetachRolePolicy => attachment::detach_role_policy, |s, i| demands![inside iam::DetachRolePolicy];
        ListAttachedRolePolicies => attachment::list_attached_role_policies, |s, i| demands![inside iam::ListAttachedRolePolicies];
        // What is no policy's ARN is refused by the operation.
        GetPolicy => managed_policy::get_policy, |s, i|
            attachment::parsed(&i.policy_arn).map_or_else(|_| demands![], |arn| demands![iam::GetPolicy(arn)]);
        GetPolicyVersion => managed_policy::get_policy_version, |s, i|
            attachment::parsed(&i.policy_arn).map_or_else(|_| demands![], |arn| demands![iam::GetPolicyVersion(arn)]);
    }
}

/// STS's operations.
pub(crate) mod sts {
    use service::demands;

    use super::{assume, caller};

    service::operations! { crate::wire::sts;
        GetCallerIdentity => caller::get_caller_identity, |s, i| demands![];
        AssumeRole => assume::assume_role, |s, i| assume::demands(i);
    }
}
