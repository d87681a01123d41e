//! Managed policies.

use std::collections::BTreeMap;

use base::Arn;
use kv::Tx;
use policy::PolicyKind;
use service::{Cx, Demand, action, demand};

use super::attachment::parsed;
use super::paging::At;
use super::tags::{self, Tagged};
use crate::errors::Error;
use crate::keys::Usage;
use crate::managed::Managed;
use crate::model::{self, Stored, policy_chars, policy_resource, whole_seconds};
use crate::store::{self, AnyPolicy};
use crate::wire::iam::{
    CreatePolicyRequest, CreatePolicyResponse, DeletePolicyNothing, DeletePolicyRequest, GetPolicyRequest,
    GetPolicyResponse, ListPolicyTagsRequest, ListPolicyTagsResponse, Policy, Tag, TagPolicyNothing, TagPolicyRequest,
    UntagPolicyNothing, UntagPolicyRequest,
};

/// IAM quota: managed policies of an account.
pub(super) const POLICIES_MAX: usize = 1500;

/// IAM quota: characters of a managed policy, white space not counted.
pub(super) const POLICY_CHARS_MAX: usize = 6144;

/// Behind `ANPA` in a policy's id (observed).
const ID_CHARS: usize = 17;

/// What creating a policy demands; with tags, the right to tag it as well (docs).
pub(super) fn creation(cx: &Cx, (path, name): (&Option<String>, &str), tags: &Option<Vec<Tag>>) -> Vec<Demand> {
    let resource = policy_resource(path.as_deref().unwrap_or("/"), name);
    super::entity::creation(cx, [action!(iam::CreatePolicy), action!(iam::TagPolicy)], &resource, tags, &None)
}

pub(crate) async fn create_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreatePolicyRequest,
) -> Result<CreatePolicyResponse, Error> {
    let CreatePolicyRequest { policy_name, path, policy_document, description, tags } = input;
    let account = &cx.scope.account;
    checked(policy_document)?;
    let mut known = BTreeMap::new();
    tags::put(&mut known, tags.as_deref().unwrap_or_default(), Tagged::Policy)?;
    if store::find::<model::ManagedPolicy>(tx, account, policy_name).await?.is_some() {
        return Err(Error::PolicyAlreadyExists(policy_name.clone()));
    }
    let count = store::count::<model::ManagedPolicy>(tx, account).await?;
    if POLICIES_MAX <= count {
        return Err(Error::quota("PoliciesPerAccount", POLICIES_MAX));
    }
    let (path, now) = (path.as_deref().unwrap_or("/"), whole_seconds(cx.now()));
    let policy = model::ManagedPolicy {
        name: policy_name.clone(),
        path: path.into(),
        id: format!("ANPA{}", cx.platform.ids.upper(ID_CHARS)),
        arn: cx.scope.global_arn("iam", &policy_resource(path, policy_name)),
        description: description.clone(),
        created: now,
        updated: now,
        default_version: 1,
        last_version: 1,
        versions: BTreeMap::from([(1, now)]),
        tags: known,
    };
    store::put(tx, account, &policy)?;
    store::put_policy_document(tx, account, policy.name(), 1, policy_document);
    store::put_count::<model::ManagedPolicy>(tx, account, count + 1);
    let shown = Policy { description: None, ..own(&policy, 0, 0) };
    Ok(CreatePolicyResponse { policy: Some(shown) })
}

pub(crate) async fn get_policy(cx: &Cx, tx: &mut Tx, input: &GetPolicyRequest) -> Result<GetPolicyResponse, Error> {
    let GetPolicyRequest { policy_arn } = input;
    let found = any(cx, tx, policy_arn, action!(iam::GetPolicy)).await?;
    Ok(GetPolicyResponse { policy: Some(shown(cx, tx, &found, policy_arn).await?) })
}

/// The default version goes with the policy; others must have gone before.
pub(crate) async fn delete_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeletePolicyRequest,
) -> Result<DeletePolicyNothing, Error> {
    let DeletePolicyRequest { policy_arn } = input;
    let account = &cx.scope.account;
    let policy = ours(cx, tx, policy_arn, |arn| demand!(iam::DeletePolicy(arn))).await?;
    if store::is_used(tx, account, policy_arn).await? {
        return Err(Error::PolicyInUse);
    }
    if 1 < policy.versions.len() {
        return Err(Error::VersionsLeft);
    }
    for version in policy.versions.keys() {
        store::delete_policy_document(tx, account, policy.name(), *version);
    }
    store::delete::<model::ManagedPolicy>(tx, account, policy.name());
    let count = store::count::<model::ManagedPolicy>(tx, account).await?;
    store::put_count::<model::ManagedPolicy>(tx, account, count.saturating_sub(1));
    Ok(DeletePolicyNothing {})
}

pub(crate) async fn tag_policy(cx: &Cx, tx: &mut Tx, input: &TagPolicyRequest) -> Result<TagPolicyNothing, Error> {
    let TagPolicyRequest { policy_arn, tags } = input;
    let demand = |arn: &Arn| tags::requested(demand!(iam::TagPolicy(arn)), tags);
    let mut policy = ours(cx, tx, policy_arn, demand).await?;
    tags::put(&mut policy.tags, tags, Tagged::Policy)?;
    store::put(tx, &cx.scope.account, &policy)?;
    Ok(TagPolicyNothing {})
}

pub(crate) async fn untag_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &UntagPolicyRequest,
) -> Result<UntagPolicyNothing, Error> {
    let UntagPolicyRequest { policy_arn, tag_keys } = input;
    let demand = |arn: &Arn| tags::with_keys(demand!(iam::UntagPolicy(arn)), tag_keys);
    let mut policy = ours(cx, tx, policy_arn, demand).await?;
    tags::remove(&mut policy.tags, tag_keys, Tagged::Policy);
    store::put(tx, &cx.scope.account, &policy)?;
    Ok(UntagPolicyNothing {})
}

pub(crate) async fn list_policy_tags(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListPolicyTagsRequest,
) -> Result<ListPolicyTagsResponse, Error> {
    let ListPolicyTagsRequest { policy_arn, marker, max_items } = input;
    let (id, known) = match any(cx, tx, policy_arn, action!(iam::ListPolicyTags)).await? {
        AnyPolicy::Aws(managed) => (managed.id.to_owned(), BTreeMap::new()),
        AnyPolicy::Own(policy) => (policy.id, policy.tags),
    };
    let page = tags::listed(cx, &id, At { marker, max_items }, &known)?;
    Ok(ListPolicyTagsResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
}

/// A document that a managed policy may have.
pub(super) fn checked(document: &str) -> Result<(), Error> {
    policy::Policy::parse(document, PolicyKind::Managed)?;
    if POLICY_CHARS_MAX < policy_chars(document) {
        return Err(Error::quota("PolicySize", POLICY_CHARS_MAX));
    }
    Ok(())
}

/// A managed policy, once the caller may do this to it.
pub(super) async fn any(cx: &Cx, tx: &mut Tx, policy_arn: &str, action: &'static str) -> Result<AnyPolicy, Error> {
    found(cx, tx, policy_arn, |arn| Demand::new(action, arn)).await
}

/// A policy of this account, once the caller may do this to it. AWS's own are nobody's to change.
pub(super) async fn ours(
    cx: &Cx,
    tx: &mut Tx,
    policy_arn: &str,
    demand: impl FnOnce(&Arn) -> Demand,
) -> Result<model::ManagedPolicy, Error> {
    match found(cx, tx, policy_arn, demand).await? {
        AnyPolicy::Aws(_) => Err(Error::ForeignPolicy(policy_arn.into())),
        AnyPolicy::Own(policy) => Ok(*policy),
    }
}

async fn found(
    cx: &Cx,
    tx: &mut Tx,
    policy_arn: &str,
    demand: impl FnOnce(&Arn) -> Demand,
) -> Result<AnyPolicy, Error> {
    let arn = parsed(policy_arn)?;
    let found = store::policy(tx, &cx.scope.account, &arn).await?;
    let demand = match &found {
        Some(AnyPolicy::Own(policy)) => tags::of_resource(demand(&arn), &["aws:ResourceTag"], &policy.tags),
        _ => demand(&arn),
    };
    cx.demand(demand).await?;
    found.ok_or_else(|| Error::NoSuchPolicy(policy_arn.into()))
}

/// A policy with all that GetPolicy shows.
pub(super) async fn shown(cx: &Cx, tx: &mut Tx, policy: &AnyPolicy, arn: &str) -> Result<Policy, Error> {
    let account = &cx.scope.account;
    let attached = store::use_count(tx, account, Usage::Permissions, arn).await?;
    let limiting = store::use_count(tx, account, Usage::Boundary, arn).await?;
    Ok(match policy {
        AnyPolicy::Aws(managed) => aws(managed, arn, attached, limiting),
        AnyPolicy::Own(policy) => own(policy, attached, limiting),
    })
}

fn aws(managed: &Managed, arn: &str, attached: usize, limiting: usize) -> Policy {
    Policy {
        policy_name: Some(managed.name.into()),
        policy_id: Some(managed.id.into()),
        arn: Some(arn.into()),
        path: Some(managed.path.into()),
        default_version_id: Some(managed.version.into()),
        attachment_count: i32::try_from(attached).ok(),
        permissions_boundary_usage_count: i32::try_from(limiting).ok(),
        is_attachable: Some(true),
        description: Some(managed.description.into()),
        create_date: Some(managed.created()),
        // Each of AWS's is here in one version, whose date nobody wrote down.
        update_date: None,
        tags: None,
    }
}

fn own(policy: &model::ManagedPolicy, attached: usize, limiting: usize) -> Policy {
    Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn.to_string()),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default_version)),
        attachment_count: i32::try_from(attached).ok(),
        permissions_boundary_usage_count: i32::try_from(limiting).ok(),
        is_attachable: Some(true),
        description: policy.description.clone(),
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        tags: tags::shown_if_any(&policy.tags),
    }
}
