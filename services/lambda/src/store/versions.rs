//! Published versions and aliases, and what a request's qualifier means.

use base::Scope;
use kv::{Key, Limit, Range, Tx, Watch};

use super::{decode, read};
use crate::errors::Error;
use crate::keys::{self, AliasKey, VersionKey};
use crate::model::alias::{Alias, AliasRecord};
use crate::model::{Function, Permission, Record};
use crate::names::{LATEST, Target};

/// What carries a resource policy: a function, one of its versions, or an alias.
pub(crate) enum Owner {
    /// `$LATEST` or a version.
    Function(Box<Function>),
    Alias(Box<Alias>),
}

/// The function itself, whatever else there is of it. Its versions cannot be meant.
pub(crate) async fn latest(tx: &mut Tx, target: &Target) -> Result<Function, Error> {
    let found = super::load(tx, &target.scope, &target.name).await?;
    found.filter(|_| target.is_latest()).ok_or_else(|| not_found(target))
}

/// The version that a request means: for an alias its own, whatever it routes to beside.
pub(crate) async fn find(tx: &mut Tx, target: &Target) -> Result<Function, Error> {
    match owner(tx, target).await? {
        Some(Owner::Function(function)) => Ok(*function),
        Some(Owner::Alias(alias)) => numbered(tx, target, alias.version).await,
        None => Err(not_found(target)),
    }
}

/// The version that serves a request: an alias may divide them by `chance`, which is in [0, 1).
pub(crate) async fn serving(tx: &mut Tx, target: &Target, chance: f64) -> Result<Function, Error> {
    match owner(tx, target).await? {
        Some(Owner::Function(function)) => Ok(*function),
        Some(Owner::Alias(alias)) => numbered(tx, target, alias.choose(chance)).await,
        None => Err(not_found(target)),
    }
}

/// What the qualifier names.
pub(crate) async fn owner(tx: &mut Tx, target: &Target) -> Result<Option<Owner>, kv::Error> {
    let Target { scope, name, qualifier } = target;
    let function = match qualifier.as_deref() {
        None | Some(LATEST) => super::load(tx, scope, name).await?,
        Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => match number.parse() {
            Ok(number) => version(tx, scope, name, number).await?,
            Err(_) => None,
        },
        Some(of) => return Ok(alias(tx, scope, name, of).await?.map(|alias| Owner::Alias(Box::new(alias)))),
    };
    Ok(function.map(|function| Owner::Function(Box::new(function))))
}

async fn numbered(tx: &mut Tx, target: &Target, number: Option<u32>) -> Result<Function, Error> {
    let Target { scope, name, .. } = target;
    let found = match number {
        None => super::load(tx, scope, name).await?,
        Some(number) => version(tx, scope, name, number).await?,
    };
    found.ok_or_else(|| not_found(target))
}

fn not_found(target: &Target) -> Error {
    Error::FunctionNotFound(target.qualified_arn().to_string())
}

impl Owner {
    pub fn revision(&self) -> &str {
        match self {
            Self::Function(function) => &function.revision,
            Self::Alias(alias) => &alias.revision,
        }
    }

    pub fn permissions(&self) -> &[Permission] {
        match self {
            Self::Function(function) => &function.permissions,
            Self::Alias(alias) => &alias.permissions,
        }
    }

    pub fn permissions_mut(&mut self) -> &mut Vec<Permission> {
        match self {
            Self::Function(function) => &mut function.permissions,
            Self::Alias(alias) => &mut alias.permissions,
        }
    }

    /// Keeps it as another revision.
    pub fn save(&mut self, tx: &mut Tx, target: &Target, revision: String) -> Result<(), Error> {
        match self {
            Self::Function(function) => {
                function.revision = revision;
                super::save(tx, &target.scope, function)
            }
            Self::Alias(alias) => {
                alias.revision = revision;
                save_alias(tx, &target.scope, &target.name, alias)
            }
        }
    }
}

pub(crate) async fn version(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    number: u32,
) -> Result<Option<Function>, kv::Error> {
    let found = tx.get(&VersionKey { scope, name, number }.encode()).await?;
    found.map(|bytes| decode(&bytes)).transpose()
}

pub(super) fn save_version(tx: &mut Tx, scope: &Scope, function: &Function, number: u32) -> Result<(), Error> {
    let key = VersionKey { scope, name: &function.name, number }.encode();
    let record = Record::V1(function.clone());
    tx.put(key, serde_json::to_vec(&record).map_err(service::Failure::internal)?);
    Ok(())
}

pub(crate) fn remove_version(tx: &mut Tx, scope: &Scope, name: &str, number: u32) {
    tx.delete(VersionKey { scope, name, number }.encode());
}

/// A function's published versions behind a number, and whether there are more.
pub(crate) async fn versions(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    after: u32,
    limit: usize,
) -> Result<(Vec<Function>, bool), kv::Error> {
    let range = Range::prefix(Key::from(keys::versions(scope, name)));
    let range = range.after(&VersionKey { scope, name, number: after }.encode());
    let page = tx.range(range, Limit::rows(limit), Watch::Tracked).await?;
    let versions: Result<Vec<_>, _> = page.rows.iter().map(|(_, value)| decode(value)).collect();
    Ok((versions?, page.more))
}

pub(crate) async fn alias(tx: &mut Tx, scope: &Scope, name: &str, alias: &str) -> Result<Option<Alias>, kv::Error> {
    let found = tx.get(&AliasKey { scope, name, alias }.encode()).await?;
    found.map(|bytes| read_alias(&bytes)).transpose()
}

pub(crate) fn save_alias(tx: &mut Tx, scope: &Scope, name: &str, alias: &Alias) -> Result<(), Error> {
    let key = AliasKey { scope, name, alias: &alias.name }.encode();
    let record = AliasRecord::V1(alias.clone());
    tx.put(key, serde_json::to_vec(&record).map_err(service::Failure::internal)?);
    Ok(())
}

pub(crate) fn remove_alias(tx: &mut Tx, scope: &Scope, name: &str, alias: &str) {
    tx.delete(AliasKey { scope, name, alias }.encode());
}

/// A function's aliases behind a name, and whether there are more.
pub(crate) async fn aliases(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Alias>, bool), kv::Error> {
    let mut range = Range::prefix(Key::from(keys::aliases(scope, name)));
    if let Some(alias) = after {
        range = range.after(&AliasKey { scope, name, alias }.encode());
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Tracked).await?;
    let aliases: Result<Vec<_>, _> = page.rows.iter().map(|(_, value)| read_alias(value)).collect();
    Ok((aliases?, page.more))
}

/// The names of a function's aliases that may lead to a version, in order.
pub(crate) async fn naming(tx: &mut Tx, scope: &Scope, name: &str, number: u32) -> Result<Vec<String>, kv::Error> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let (page, more) = aliases(tx, scope, name, after.as_deref(), kv::PAGE_ROWS_MAX).await?;
        after = page.last().map(|alias| alias.name.clone());
        found.extend(page.into_iter().filter(|alias| alias.names(number)).map(|alias| alias.name));
        if !more {
            return Ok(found);
        }
    }
}

/// Removes a function's versions and aliases; answers the versions.
pub(crate) async fn remove_published(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Vec<Function>, kv::Error> {
    let mut removed: Vec<Function> = Vec::new();
    loop {
        let after = removed.last().and_then(|version| version.version).unwrap_or_default();
        let (page, more) = versions(tx, scope, name, after, kv::PAGE_ROWS_MAX).await?;
        removed.extend(page);
        if !more {
            break;
        }
    }
    for number in removed.iter().filter_map(|version| version.version) {
        remove_version(tx, scope, name, number);
    }
    let mut after = None::<String>;
    loop {
        let (page, more) = aliases(tx, scope, name, after.as_deref(), kv::PAGE_ROWS_MAX).await?;
        for alias in &page {
            remove_alias(tx, scope, name, &alias.name);
        }
        after = page.last().map(|alias| alias.name.clone());
        if !more {
            return Ok(removed);
        }
    }
}

fn read_alias(bytes: &[u8]) -> Result<Alias, kv::Error> {
    let AliasRecord::V1(alias) = read(bytes, "an alias")?;
    Ok(alias)
}
