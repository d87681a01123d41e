//! Versions of managed policies.

use kv::Tx;
use service::{Cx, action, demand};

use super::encoded;
use super::paging::{At, page};
use super::policy::{any, checked, ours};
use crate::errors::Error;
use crate::model::{self, Stored, whole_seconds};
use crate::store::{self, AnyPolicy};
use crate::wire::iam::{
    CreatePolicyVersionRequest, CreatePolicyVersionResponse, DeletePolicyVersionNothing, DeletePolicyVersionRequest,
    GetPolicyVersionRequest, GetPolicyVersionResponse, ListPolicyVersionsRequest, ListPolicyVersionsResponse,
    PolicyVersion, SetDefaultPolicyVersionNothing, SetDefaultPolicyVersionRequest,
};

/// IAM quota: versions of one managed policy.
pub(super) const VERSIONS_MAX: usize = 5;

pub(crate) async fn create_policy_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreatePolicyVersionRequest,
) -> Result<CreatePolicyVersionResponse, Error> {
    let CreatePolicyVersionRequest { policy_arn, policy_document, set_as_default } = input;
    let demand = |arn: &base::Arn| demand!(iam::CreatePolicyVersion(arn));
    let mut policy = ours(cx, tx, policy_arn, demand).await?;
    checked(policy_document)?;
    if VERSIONS_MAX <= policy.versions.len() {
        return Err(Error::TooManyVersions(VERSIONS_MAX));
    }
    let (account, now) = (&cx.scope.account, whole_seconds(cx.now()));
    policy.last_version = policy.last_version.saturating_add(1);
    let version = policy.last_version;
    policy.versions.insert(version, now);
    policy.updated = now;
    if set_as_default.unwrap_or(false) {
        policy.default_version = version;
    }
    store::put_policy_document(tx, account, policy.name(), version, policy_document);
    store::put(tx, account, &policy)?;
    Ok(CreatePolicyVersionResponse { policy_version: Some(shown(&policy, version)) })
}

pub(crate) async fn get_policy_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetPolicyVersionRequest,
) -> Result<GetPolicyVersionResponse, Error> {
    let GetPolicyVersionRequest { policy_arn, version_id } = input;
    let unknown = || Error::NoSuchPolicyVersion(policy_arn.clone(), version_id.clone());
    let version = match any(cx, tx, policy_arn, action!(iam::GetPolicyVersion)).await? {
        AnyPolicy::Aws(managed) if version_id == managed.version => PolicyVersion {
            document: Some(encoded(managed.document)),
            version_id: Some(managed.version.into()),
            is_default_version: Some(true),
            create_date: None,
        },
        AnyPolicy::Aws(_) => return Err(unknown()),
        AnyPolicy::Own(policy) => {
            let version = numbered(&policy, version_id).ok_or_else(unknown)?;
            with_document(tx, &policy, version).await?
        }
    };
    Ok(GetPolicyVersionResponse { policy_version: Some(version) })
}

/// The newest first.
pub(crate) async fn list_policy_versions(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListPolicyVersionsRequest,
) -> Result<ListPolicyVersionsResponse, Error> {
    let ListPolicyVersionsRequest { policy_arn, marker, max_items } = input;
    let (id, versions) = match any(cx, tx, policy_arn, action!(iam::ListPolicyVersions)).await? {
        AnyPolicy::Aws(managed) => {
            let (version_id, is_default_version) = (Some(managed.version.to_owned()), Some(true));
            let only = PolicyVersion { document: None, version_id, is_default_version, create_date: None };
            (managed.id.to_owned(), vec![(0, only)])
        }
        AnyPolicy::Own(policy) => {
            let versions = policy.versions.keys().rev().map(|version| (*version, shown(&policy, *version)));
            (policy.id.clone(), versions.collect())
        }
    };
    // The lower the version, the later its key.
    let key = |(version, _): &(u32, PolicyVersion)| format!("{:010}", u32::MAX - version);
    let page = page(cx, &format!("ListPolicyVersions:{id}"), At { marker, max_items }, versions, key)?;
    let is_truncated = page.is_truncated();
    let versions = page.items.into_iter().map(|(_, version)| version).collect();
    Ok(ListPolicyVersionsResponse { versions: Some(versions), is_truncated, marker: page.marker })
}

pub(crate) async fn set_default_policy_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &SetDefaultPolicyVersionRequest,
) -> Result<SetDefaultPolicyVersionNothing, Error> {
    let SetDefaultPolicyVersionRequest { policy_arn, version_id } = input;
    let demand = |arn: &base::Arn| demand!(iam::SetDefaultPolicyVersion(arn));
    let mut policy = ours(cx, tx, policy_arn, demand).await?;
    let version = numbered(&policy, version_id);
    policy.default_version =
        version.ok_or_else(|| Error::NoSuchPolicyVersion(policy_arn.clone(), version_id.clone()))?;
    policy.updated = whole_seconds(cx.now());
    store::put(tx, &cx.scope.account, &policy)?;
    Ok(SetDefaultPolicyVersionNothing {})
}

pub(crate) async fn delete_policy_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeletePolicyVersionRequest,
) -> Result<DeletePolicyVersionNothing, Error> {
    let DeletePolicyVersionRequest { policy_arn, version_id } = input;
    let demand = |arn: &base::Arn| demand!(iam::DeletePolicyVersion(arn));
    let mut policy = ours(cx, tx, policy_arn, demand).await?;
    let version = numbered(&policy, version_id);
    let version = version.ok_or_else(|| Error::NoSuchPolicyVersion(policy_arn.clone(), version_id.clone()))?;
    if version == policy.default_version {
        return Err(Error::DefaultVersion);
    }
    policy.versions.remove(&version);
    policy.updated = whole_seconds(cx.now());
    store::delete_policy_document(tx, &cx.scope.account, policy.name(), version);
    store::put(tx, &cx.scope.account, &policy)?;
    Ok(DeletePolicyVersionNothing {})
}

/// Every version with its document, the newest first.
pub(super) async fn all(tx: &mut Tx, policy: &model::ManagedPolicy) -> Result<Vec<PolicyVersion>, Error> {
    let mut versions = Vec::with_capacity(policy.versions.len());
    for version in policy.versions.keys().rev() {
        versions.push(with_document(tx, policy, *version).await?);
    }
    Ok(versions)
}

/// The number of a version that the policy has.
fn numbered(policy: &model::ManagedPolicy, version_id: &str) -> Option<u32> {
    let number = version_id.strip_prefix('v')?.parse().ok()?;
    policy.versions.contains_key(&number).then_some(number)
}

async fn with_document(tx: &mut Tx, policy: &model::ManagedPolicy, version: u32) -> Result<PolicyVersion, Error> {
    let document = store::text(&store::policy_document(tx, policy, version).await?)?;
    Ok(PolicyVersion { document: Some(encoded(&document)), ..shown(policy, version) })
}

fn shown(policy: &model::ManagedPolicy, version: u32) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(format!("v{version}")),
        is_default_version: Some(version == policy.default_version),
        create_date: policy.versions.get(&version).copied(),
    }
}
