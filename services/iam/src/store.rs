//! Typed reads and writes of what IAM keeps.

use std::sync::Arc;

use base::{Account, Arn};
use bytes::Bytes;
use kv::{Key, Limit, Range, Tx, Watch};
use policy::{Attached, Policy, PolicyKind, ResourcePolicy, ResourceRule};
use serde::de::DeserializeOwned;
use service::Failure;

use crate::errors::Error;
use crate::keys::{self, Usage};
use crate::managed::Managed;
use crate::model::{AccessKey, Entity, Kind, LastUse, ManagedPolicy, Record, Role, Stored, name_in, role_name};

/// The longest name of anything (model); a longer one is not looked up.
const NAME_CHARS_MAX: usize = 128;

/// Rows read at a time while a listing looks for those that it wants.
const ROWS_PER_READ: usize = 200;

/// The row of this name, in whatever case, as it is stored.
pub(crate) async fn raw<T: Stored>(tx: &mut Tx, account: &Account, name: &str) -> Result<Option<(Key, Bytes)>, Error> {
    if NAME_CHARS_MAX < name.chars().count() {
        return Ok(None);
    }
    let key = keys::row::<T>(account, name);
    let found = tx.get(&key).await?;
    Ok(found.map(|bytes| (key, bytes)))
}

/// The one of this name, in whatever case.
pub(crate) async fn find<T: Stored>(tx: &mut Tx, account: &Account, name: &str) -> Result<Option<T>, Error> {
    raw::<T>(tx, account, name).await?.map(|(_, bytes)| decode(&bytes)).transpose()
}

pub(crate) fn put<T: Stored + Clone>(tx: &mut Tx, account: &Account, record: &T) -> Result<(), Error> {
    tx.put(keys::row::<T>(account, record.name()), encode(record)?);
    Ok(())
}

pub(crate) fn delete<T: Stored>(tx: &mut Tx, account: &Account, name: &str) {
    tx.delete(keys::row::<T>(account, name));
}

/// How many the account has.
pub(crate) async fn count<T: Stored>(tx: &mut Tx, account: &Account) -> Result<usize, Error> {
    let found = tx.get(&keys::count::<T>(account)).await?;
    let count = found.map_or(Ok(0), |bytes| serde_json::from_slice(&bytes));
    Ok(count.map_err(Failure::internal)?)
}

pub(crate) fn put_count<T: Stored>(tx: &mut Tx, account: &Account, count: usize) {
    tx.put(keys::count::<T>(account), count.to_string());
}

/// Up to `limit` behind the one of this name that are wanted, in the order of names, and whether there are more.
pub(crate) async fn list<T: Stored>(
    tx: &mut Tx,
    account: &Account,
    after: Option<&str>,
    limit: usize,
    wanted: impl Fn(&T) -> bool + Send + Sync,
) -> Result<(Vec<T>, bool), Error> {
    let mut rest = keys::rows::<T>(account);
    if let Some(name) = after {
        rest = rest.after(&keys::row::<T>(account, name));
    }
    let mut found = Vec::new();
    loop {
        let page = tx.range(rest.clone(), Limit::rows(ROWS_PER_READ), Watch::Untracked).await?;
        for (_, bytes) in &page.rows {
            let record = decode(bytes)?;
            if !wanted(&record) {
                continue;
            }
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(record);
        }
        match page.last() {
            Some(last) if page.more => rest = rest.after(last),
            _ => return Ok((found, false)),
        }
    }
}

/// The keys of a range, up to `limit` of them, and whether there are more.
pub(crate) async fn keys_in(tx: &mut Tx, range: Range, limit: usize, watch: Watch) -> Result<(Vec<Key>, bool), Error> {
    let mut rest = range;
    let mut found = Vec::new();
    loop {
        let page = tx.range(rest.clone(), Limit::rows(ROWS_PER_READ), watch).await?;
        for (key, _) in &page.rows {
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(key.clone());
        }
        match page.last() {
            Some(last) if page.more => rest = rest.after(last),
            _ => return Ok((found, false)),
        }
    }
}

/// The user, group or role with exactly this ARN.
pub(crate) async fn by_arn<E: Entity>(tx: &mut Tx, arn: &Arn) -> Result<Option<E>, Error> {
    let (Some(name), Some(account)) = (name_in(arn, E::KIND.word()), Account::parse(&arn.account)) else {
        return Ok(None);
    };
    Ok(find::<E>(tx, &account, name).await?.filter(|entity| entity.holder().arn == *arn))
}

/// The trust policy of the role with this ARN, as the role's resource policy.
pub(crate) async fn trust(tx: &mut Tx, arn: &str) -> Result<Option<ResourcePolicy>, Failure> {
    let Some(arn) = arn.parse::<Arn>().ok().filter(|arn| role_name(arn).is_some()) else { return Ok(None) };
    let Some(role) = by_arn::<Role>(tx, &arn).await? else { return Ok(None) };
    let policy = Policy::stored(&role.trust_policy, PolicyKind::Trust).map_err(Failure::internal)?;
    let attached = Attached { name: role.name().into(), policy: Arc::new(policy) };
    Ok(Some(ResourcePolicy { attached, rule: ResourceRule::RoleTrust }))
}

/// A managed policy: one of AWS's or one of an account's.
#[derive(Debug, Clone)]
pub(crate) enum AnyPolicy {
    Aws(&'static Managed),
    Own(Box<ManagedPolicy>),
}

impl AnyPolicy {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Aws(managed) => managed.name,
            Self::Own(policy) => &policy.name,
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Aws(managed) => managed.path,
            Self::Own(policy) => &policy.path,
        }
    }
}

/// The managed policy with exactly this ARN: one of AWS's, or one of this account.
pub(crate) async fn policy(tx: &mut Tx, account: &Account, arn: &Arn) -> Result<Option<AnyPolicy>, Error> {
    if let Some(managed) = Managed::find(arn) {
        return Ok(Some(AnyPolicy::Aws(managed)));
    }
    let name = name_in(arn, "policy").filter(|_| arn.account == account.as_str());
    let Some(name) = name else { return Ok(None) };
    let found = find::<ManagedPolicy>(tx, account, name).await?.filter(|policy| policy.arn == *arn);
    Ok(found.map(|policy| AnyPolicy::Own(Box::new(policy))))
}

/// The document of one version of an account's policy.
pub(crate) async fn policy_document(tx: &mut Tx, policy: &ManagedPolicy, version: u32) -> Result<Bytes, Error> {
    let account = Account::from(policy.arn.account.as_str());
    let found = tx.get(&keys::policy_document(&account, &policy.name, version)).await?;
    let missing = || Failure::defect(format!("no document of version {version} of {}", policy.arn));
    Ok(found.ok_or_else(missing)?)
}

/// The document of the default version of any managed policy.
pub(crate) async fn default_document(tx: &mut Tx, policy: &AnyPolicy) -> Result<String, Error> {
    match policy {
        AnyPolicy::Aws(managed) => Ok(managed.document.into()),
        AnyPolicy::Own(policy) => text(&policy_document(tx, policy, policy.default_version).await?),
    }
}

/// A raw row as text.
pub(crate) fn text(bytes: &[u8]) -> Result<String, Error> {
    Ok(String::from_utf8(bytes.to_vec()).map_err(Failure::internal)?)
}

pub(crate) fn put_policy_document(tx: &mut Tx, account: &Account, name: &str, version: u32, document: &str) {
    tx.put(keys::policy_document(account, name, version), document.to_owned());
}

pub(crate) fn delete_policy_document(tx: &mut Tx, account: &Account, name: &str, version: u32) {
    tx.delete(keys::policy_document(account, name, version));
}

/// Notes that something uses a managed policy, or no longer does.
pub(crate) fn note_use(tx: &mut Tx, usage: Usage, policy_arn: &str, of: (&Account, Kind, &str), uses: bool) {
    let (account, kind, name) = of;
    let key = keys::used(account, usage, policy_arn, kind, name);
    if uses { tx.put(key, "") } else { tx.delete(key) }
}

/// Notes every use that one thing makes of managed policies, or that it makes none any more.
pub(crate) fn note_uses<E: Entity>(tx: &mut Tx, account: &Account, entity: &E, uses: bool) {
    let of = (account, E::KIND, entity.name());
    for arn in &entity.holder().attached_policies {
        note_use(tx, Usage::Permissions, arn, of, uses);
    }
    if let Some(arn) = &entity.holder().permissions_boundary {
        note_use(tx, Usage::Boundary, arn, of, uses);
    }
}

/// How many use a managed policy.
pub(crate) async fn use_count(tx: &mut Tx, account: &Account, usage: Usage, arn: &str) -> Result<usize, Error> {
    let range = keys::uses(account, usage, arn);
    Ok(keys_in(tx, range, usize::MAX, Watch::Untracked).await?.0.len())
}

/// Whether anything uses a managed policy; whatever begins to, conflicts with this transaction.
pub(crate) async fn is_used(tx: &mut Tx, account: &Account, arn: &str) -> Result<bool, Error> {
    for usage in [Usage::Permissions, Usage::Boundary] {
        if !tx.range(keys::uses(account, usage, arn), Limit::rows(1), Watch::Tracked).await?.rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts a user into a group, or takes it out.
pub(crate) fn put_member(tx: &mut Tx, account: &Account, group: &str, user: &str, is_member: bool) {
    let key = keys::member(account, group, user);
    if is_member { tx.put(key, "") } else { tx.delete(key) }
}

/// The access key with this id, as it is stored.
pub(crate) async fn access_key(tx: &mut Tx, id: &str) -> Result<Option<AccessKey>, Error> {
    if NAME_CHARS_MAX < id.len() {
        return Ok(None);
    }
    let found = tx.get(&keys::access_key(id)).await?;
    found.map(|bytes| decode(&bytes)).transpose()
}

pub(crate) fn put_access_key(tx: &mut Tx, key: &AccessKey) -> Result<(), Error> {
    tx.put(keys::access_key(&key.id), encode(key)?);
    Ok(())
}

pub(crate) fn delete_access_key(tx: &mut Tx, id: &str) {
    tx.delete(keys::access_key(id));
    tx.delete(keys::last_use(id));
}

/// When an access key was used last, as far as it is stored.
pub(crate) async fn last_use(tx: &mut Tx, id: &str) -> Result<Option<LastUse>, Error> {
    let found = tx.peek(&keys::last_use(id)).await?;
    found.map(|bytes| decode(&bytes)).transpose()
}

/// Stores when an access key was used last, if the key is still there.
pub(crate) async fn put_last_use(tx: &mut Tx, id: &str, used: &LastUse) -> Result<(), Error> {
    if tx.get(&keys::access_key(id)).await?.is_some() {
        tx.put(keys::last_use(id), encode(used)?);
    }
    Ok(())
}

/// Notes which roles use which policies, once: stores of before the notes have none.
pub(crate) async fn index_roles(tx: &mut Tx) -> Result<(), Error> {
    if tx.get(&keys::indexed()).await?.is_some() {
        return Ok(());
    }
    let mut rest = keys::every::<Role>();
    loop {
        let page = tx.range(rest.clone(), Limit::rows(ROWS_PER_READ), Watch::Tracked).await?;
        for (_, bytes) in &page.rows {
            let role: Role = decode(bytes)?;
            let account = Account::from(role.holder.arn.account.as_str());
            note_uses(tx, &account, &role, true);
        }
        match page.last() {
            Some(last) if page.more => rest = rest.after(last),
            _ => break,
        }
    }
    tx.put(keys::indexed(), "1");
    Ok(())
}

/// A stored record.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let Record::V1(record) = serde_json::from_slice(bytes).map_err(Failure::internal)?;
    Ok(record)
}

fn encode<T: serde::Serialize + Clone>(record: &T) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(&Record::V1(record.clone())).map_err(Failure::internal)?)
}
