//! Typed reads and writes of roles.

use base::{Account, Arn};
use kv::{Key, Limit, Tx, Watch};
use policy::{Attached, Policy, PolicyKind, ResourcePolicy, ResourceRule};
use service::Failure;

use crate::errors::Error;
use crate::keys;
use crate::model::{Role, RoleRecord, role_name};

/// The longest name of a role (model); a longer one is not looked up.
const ROLE_NAME_CHARS_MAX: usize = 64;

/// Roles read at a time while a listing looks for those that it wants.
const ROLES_PER_READ: usize = 200;

/// The role of this name, in whatever case.
pub(crate) async fn role(tx: &mut Tx, account: &Account, name: &str) -> Result<Option<Role>, Error> {
    if ROLE_NAME_CHARS_MAX < name.chars().count() {
        return Ok(None);
    }
    let found = tx.get(&keys::role(account, name)).await?;
    found.map(|bytes| decode(&bytes)).transpose()
}

/// The role with exactly this ARN.
pub(crate) async fn role_by_arn(tx: &mut Tx, arn: &Arn) -> Result<Option<Role>, Error> {
    let (Some(name), Some(account)) = (role_name(arn), Account::parse(&arn.account)) else { return Ok(None) };
    Ok(role(tx, &account, name).await?.filter(|role| role.arn == *arn))
}

/// The trust policy of the role with this ARN, as the role's resource policy.
pub(crate) async fn trust(tx: &mut Tx, arn: &str) -> Result<Option<ResourcePolicy>, Failure> {
    let Ok(arn) = arn.parse::<Arn>() else { return Ok(None) };
    let Some(role) = role_by_arn(tx, &arn).await? else { return Ok(None) };
    let policy = Policy::parse(&role.trust_policy, PolicyKind::Trust).map_err(Failure::internal)?;
    let attached = Attached { name: role.name.as_str().into(), policy: policy.into() };
    Ok(Some(ResourcePolicy { attached, rule: ResourceRule::RoleTrust }))
}

pub(crate) fn put_role(tx: &mut Tx, account: &Account, role: &Role) -> Result<(), Error> {
    let record = RoleRecord::V1(role.clone());
    tx.put(keys::role(account, &role.name), serde_json::to_vec(&record).map_err(Failure::internal)?);
    Ok(())
}

pub(crate) fn delete_role(tx: &mut Tx, account: &Account, name: &str) {
    tx.delete(keys::role(account, name));
}

/// How many roles the account has.
pub(crate) async fn role_count(tx: &mut Tx, account: &Account) -> Result<usize, Error> {
    let found = tx.get(&keys::role_count(account)).await?;
    let count = found.map_or(Ok(0), |bytes| serde_json::from_slice(&bytes));
    Ok(count.map_err(Failure::internal)?)
}

pub(crate) fn put_role_count(tx: &mut Tx, account: &Account, count: usize) {
    tx.put(keys::role_count(account), count.to_string());
}

/// Up to `limit` roles behind the one of this name that are wanted, in the order of names, and whether there are more.
pub(crate) async fn roles(
    tx: &mut Tx,
    account: &Account,
    after: Option<&str>,
    limit: usize,
    wanted: impl Fn(&Role) -> bool + Send + Sync,
) -> Result<(Vec<Role>, bool), Error> {
    let mut rest = keys::roles(account);
    if let Some(name) = after {
        rest = rest.after(&keys::role(account, name));
    }
    let mut found = Vec::new();
    loop {
        let page = tx.range(rest.clone(), Limit::rows(ROLES_PER_READ), Watch::Untracked).await?;
        for (_, bytes) in &page.rows {
            let role = decode(bytes)?;
            if !wanted(&role) {
                continue;
            }
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(role);
        }
        let last: Option<&Key> = page.last();
        match last {
            Some(last) if page.more => rest = rest.after(last),
            _ => return Ok((found, false)),
        }
    }
}

fn decode(bytes: &[u8]) -> Result<Role, Error> {
    let RoleRecord::V1(role) = serde_json::from_slice(bytes).map_err(Failure::internal)?;
    Ok(role)
}
