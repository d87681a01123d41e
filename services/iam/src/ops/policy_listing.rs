//! Which managed policies there are, and who uses them.

use base::Account;
use kv::{Tx, Watch};
use service::{Cx, action};

use super::paging::{At, page};
use super::policy::{any, shown};
use crate::errors::Error;
use crate::keys::{self, Usage};
use crate::managed::Managed;
use crate::model::{self, Entity, Kind};
use crate::store::{self, AnyPolicy};
use crate::wire::iam::{
    ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, ListPoliciesRequest, ListPoliciesResponse, Policy,
    PolicyGroup, PolicyRole, PolicyUser,
};

/// Those of the account by name, then AWS's.
pub(crate) async fn list_policies(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListPoliciesRequest,
) -> Result<ListPoliciesResponse, Error> {
    let ListPoliciesRequest { scope, only_attached, path_prefix, policy_usage_filter, marker, max_items } = input;
    let (scope, prefix) = (scope.as_deref().unwrap_or("All"), path_prefix.as_deref().unwrap_or("/"));
    let only_attached = only_attached.unwrap_or(false);
    let usages = usages(policy_usage_filter);
    let account = &cx.scope.account;
    let mut wanted = Vec::new();
    for (arn, policy) in candidates(cx, tx, scope, prefix).await? {
        // A usage alone asks for those that are used so (docs).
        if (only_attached || policy_usage_filter.is_some()) && !used(tx, account, usages, &arn).await? {
            continue;
        }
        wanted.push((arn, policy));
    }
    let key = |(arn, policy): &(String, AnyPolicy)| match policy {
        AnyPolicy::Own(_) => format!("1{}", policy.name().to_lowercase()),
        AnyPolicy::Aws(_) => format!("2{arn}"),
    };
    let listing = format!("ListPolicies:{scope}:{only_attached}:{prefix}:{policy_usage_filter:?}");
    let page = page(cx, &listing, At { marker, max_items }, wanted, key)?;
    let is_truncated = page.is_truncated();
    let mut policies = Vec::with_capacity(page.items.len());
    for (arn, policy) in &page.items {
        // Listings leave descriptions and tags out (docs).
        policies.push(Policy { description: None, tags: None, ..shown(cx, tx, policy, arn).await? });
    }
    Ok(ListPoliciesResponse { policies: Some(policies), is_truncated, marker: page.marker })
}

async fn candidates(cx: &Cx, tx: &mut Tx, scope: &str, prefix: &str) -> Result<Vec<(String, AnyPolicy)>, Error> {
    let mut found = Vec::new();
    if scope != "AWS" {
        let wanted = |policy: &model::ManagedPolicy| policy.path.starts_with(prefix);
        let (ours, _) = store::list(tx, &cx.scope.account, None, usize::MAX, wanted).await?;
        found.extend(ours.into_iter().map(|policy| (policy.arn.to_string(), AnyPolicy::Own(Box::new(policy)))));
    }
    if scope != "Local" {
        let mut theirs: Vec<_> = Managed::all().iter().filter(|managed| managed.path.starts_with(prefix)).collect();
        theirs.sort_by_key(|managed| (managed.path, managed.name));
        found.extend(theirs.into_iter().map(|managed| (managed.arn(&cx.scope).to_string(), AnyPolicy::Aws(managed))));
    }
    Ok(found)
}

/// How policies are to be used.
fn usages(filter: &Option<String>) -> &'static [Usage] {
    match filter.as_deref() {
        Some("PermissionsPolicy") => &[Usage::Permissions],
        Some("PermissionsBoundary") => &[Usage::Boundary],
        _ => &[Usage::Permissions, Usage::Boundary],
    }
}

async fn used(tx: &mut Tx, account: &Account, usages: &[Usage], arn: &str) -> Result<bool, Error> {
    for usage in usages {
        let range = keys::uses(account, *usage, arn);
        if !store::keys_in(tx, range, 1, Watch::Untracked).await?.0.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) async fn list_entities_for_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListEntitiesForPolicyRequest,
) -> Result<ListEntitiesForPolicyResponse, Error> {
    let ListEntitiesForPolicyRequest { policy_arn, entity_filter, path_prefix, policy_usage_filter, marker, max_items } =
        input;
    any(cx, tx, policy_arn, action!(iam::ListEntitiesForPolicy)).await?;
    let (account, prefix) = (&cx.scope.account, path_prefix.as_deref().unwrap_or("/"));
    let mut found = Vec::new();
    for usage in usages(policy_usage_filter) {
        let (uses, _) =
            store::keys_in(tx, keys::uses(account, *usage, policy_arn), usize::MAX, Watch::Untracked).await?;
        found.extend(uses.iter().filter_map(keys::user_of));
    }
    found.retain(|(kind, _)| entity_filter.as_ref().is_none_or(|filter| filter == kind.title()));
    // In the order of the pages' keys.
    found.sort_by(|(a, one), (b, other)| (a.word(), one).cmp(&(b.word(), other)));
    found.dedup();
    let mut using = Vec::with_capacity(found.len());
    for (kind, name) in found {
        using.extend(Using::read(tx, account, kind, &name).await?.filter(|using| using.path.starts_with(prefix)));
    }
    let listing = format!("ListEntities:{policy_arn}:{entity_filter:?}:{prefix}:{policy_usage_filter:?}");
    let page = page(cx, &listing, At { marker, max_items }, using, |using| {
        format!("{}:{}", using.kind.word(), using.name.to_lowercase())
    })?;
    let mut answer = ListEntitiesForPolicyResponse {
        policy_groups: Some(Vec::new()),
        policy_users: Some(Vec::new()),
        policy_roles: Some(Vec::new()),
        is_truncated: page.is_truncated(),
        marker: page.marker,
    };
    for Using { kind, name, id, path: _ } in page.items {
        let (name, id) = (Some(name), Some(id));
        match kind {
            Kind::User => answer.policy_users.get_or_insert_default().push(PolicyUser { user_name: name, user_id: id }),
            Kind::Group => {
                answer.policy_groups.get_or_insert_default().push(PolicyGroup { group_name: name, group_id: id });
            }
            Kind::Role => answer.policy_roles.get_or_insert_default().push(PolicyRole { role_name: name, role_id: id }),
        }
    }
    Ok(answer)
}

/// Something that uses a policy.
struct Using {
    kind: Kind,
    name: String,
    id: String,
    path: String,
}

impl Using {
    async fn read(tx: &mut Tx, account: &Account, kind: Kind, name: &str) -> Result<Option<Self>, Error> {
        let holder = match kind {
            Kind::User => holder::<model::User>(tx, account, name).await?,
            Kind::Group => holder::<model::Group>(tx, account, name).await?,
            Kind::Role => holder::<model::Role>(tx, account, name).await?,
        };
        Ok(holder.map(|model::Holder { name, id, path, .. }| Self { kind, name, id, path }))
    }
}

async fn holder<E: Entity>(tx: &mut Tx, account: &Account, name: &str) -> Result<Option<model::Holder>, Error> {
    Ok(store::find::<E>(tx, account, name).await?.map(|entity| entity.holder().clone()))
}
