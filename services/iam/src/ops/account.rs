//! What an account has, in numbers.

use std::collections::BTreeMap;

use kv::Tx;
use service::Cx;

use super::access_key::ACCESS_KEYS_PER_USER_MAX;
use super::attachment::ATTACHED_POLICIES_MAX;
use super::group::GROUPS_MAX;
use super::membership::GROUPS_PER_USER_MAX;
use super::policy::{POLICIES_MAX, POLICY_CHARS_MAX};
use super::policy_version::VERSIONS_MAX;
use super::role::{ROLES_MAX, TRUST_POLICY_CHARS_MAX};
use super::user::USERS_MAX;
use crate::errors::Error;
use crate::identity::Identities;
use crate::model::{Group, Kind, ManagedPolicy, Role, User};
use crate::store;
use crate::wire::iam::{GetAccountSummaryResponse, GetAccountSummaryUnit};

/// Counts and quotas. What is not here (devices, certificates, providers) is counted as none, and has no quota.
pub(crate) async fn get_account_summary(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetAccountSummaryUnit,
) -> Result<GetAccountSummaryResponse, Error> {
    let GetAccountSummaryUnit {} = input;
    let account = &cx.scope.account;
    let has_root_keys = !cx.platform.state::<Identities>()?.root_key_ids(account).is_empty();
    let (policies, _) = store::list::<ManagedPolicy>(tx, account, None, usize::MAX, |_| true).await?;
    let numbers = [
        ("Users", store::count::<User>(tx, account).await?),
        ("UsersQuota", USERS_MAX),
        ("Groups", store::count::<Group>(tx, account).await?),
        ("GroupsQuota", GROUPS_MAX),
        ("Roles", store::count::<Role>(tx, account).await?),
        ("RolesQuota", ROLES_MAX),
        ("Policies", policies.len()),
        ("PoliciesQuota", POLICIES_MAX),
        ("PolicySizeQuota", POLICY_CHARS_MAX),
        ("PolicyVersionsInUse", policies.iter().map(|policy| policy.versions.len()).sum()),
        ("VersionsPerPolicyQuota", VERSIONS_MAX),
        ("GroupsPerUserQuota", GROUPS_PER_USER_MAX),
        ("AccessKeysPerUserQuota", ACCESS_KEYS_PER_USER_MAX),
        ("AttachedPoliciesPerUserQuota", ATTACHED_POLICIES_MAX),
        ("AttachedPoliciesPerGroupQuota", ATTACHED_POLICIES_MAX),
        ("AttachedPoliciesPerRoleQuota", ATTACHED_POLICIES_MAX),
        ("UserPolicySizeQuota", Kind::User.inline_chars_max()),
        ("GroupPolicySizeQuota", Kind::Group.inline_chars_max()),
        ("RolePolicySizeQuota", Kind::Role.inline_chars_max()),
        ("AssumeRolePolicySizeQuota", TRUST_POLICY_CHARS_MAX),
        ("AccountAccessKeysPresent", usize::from(has_root_keys)),
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("InstanceProfiles", 0),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("Providers", 0),
        ("ServerCertificates", 0),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), i32::try_from(number).ok()?)));
    Ok(GetAccountSummaryResponse { summary_map: Some(numbers.collect::<BTreeMap<_, _>>()) })
}
