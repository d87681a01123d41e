//! Typed reads and writes of parameters inside a transaction.

use std::ops::RangeInclusive;

use base::Scope;
use kv::{Key, Limit, Range, Tx, Watch};
use serde::{Serialize, de::DeserializeOwned};
use service::Failure;

use crate::errors::Error;
use crate::keys;
use crate::model::{Parameter, ParameterRecord, Version, VersionRecord};
use crate::names::Name;

pub(crate) async fn parameter(tx: &mut Tx, scope: &Scope, name: &Name) -> Result<Option<Parameter>, Error> {
    let key = keys::Parameter { scope, path: name.path() }.encode();
    let Some(bytes) = tx.get(&key).await? else { return Ok(None) };
    let ParameterRecord::V1(parameter) = read(&bytes)?;
    Ok(Some(parameter))
}

pub(crate) fn put_parameter(tx: &mut Tx, scope: &Scope, name: &Name, parameter: Parameter) -> Result<(), Error> {
    let key = keys::Parameter { scope, path: name.path() }.encode();
    tx.put(key, write(&ParameterRecord::V1(parameter))?);
    Ok(())
}

/// Removes a parameter with its former versions.
pub(crate) fn delete_parameter(tx: &mut Tx, scope: &Scope, name: &Name, parameter: &Parameter) {
    for number in parameter.oldest()..parameter.current.number {
        delete_version(tx, scope, name, number);
    }
    tx.delete(keys::Parameter { scope, path: name.path() }.encode());
}

/// Parameters whose paths begin so, in the order of paths: as many as a page of the store holds, and whether there are
/// more.
pub(crate) async fn parameters(
    tx: &mut Tx,
    scope: &Scope,
    prefix: &str,
    after: Option<&Name>,
) -> Result<(Vec<(Name, Parameter)>, bool), Error> {
    let mut range = Range::prefix(keys::Parameter { scope, path: prefix }.encode());
    if let Some(after) = after {
        range = range.after(&keys::Parameter { scope, path: after.path() }.encode());
    }
    let page = tx.range(range, Limit::PAGE, Watch::Untracked).await?;
    let mut parameters = Vec::with_capacity(page.rows.len());
    for (key, bytes) in &page.rows {
        let ParameterRecord::V1(parameter) = read(bytes)?;
        parameters.extend(keys::Parameter::decode(scope, key).map(|name| (name, parameter)));
    }
    Ok((parameters, page.more))
}

/// Keeps a version that is no longer the current one.
pub(crate) fn put_version(tx: &mut Tx, scope: &Scope, name: &Name, version: Version) -> Result<(), Error> {
    let key = keys::Version { scope, name, number: version.number }.encode();
    tx.put(key, write(&VersionRecord::V1(version))?);
    Ok(())
}

pub(crate) fn delete_version(tx: &mut Tx, scope: &Scope, name: &Name, number: u64) {
    tx.delete(keys::Version { scope, name, number }.encode());
}

/// The versions of a parameter with these numbers, those that are there.
pub(crate) async fn versions(
    tx: &mut Tx,
    scope: &Scope,
    name: &Name,
    parameter: &Parameter,
    numbers: RangeInclusive<u64>,
) -> Result<Vec<Version>, Error> {
    let current = &parameter.current;
    let former = (*numbers.start()).max(parameter.oldest())..numbers.end().saturating_add(1).min(current.number);
    let keys: Vec<Key> = former.map(|number| keys::Version { scope, name, number }.encode()).collect();
    let mut versions = Vec::with_capacity(keys.len() + 1);
    for bytes in tx.get_many(&keys).await?.into_iter().flatten() {
        let VersionRecord::V1(version) = read(&bytes)?;
        versions.push(version);
    }
    versions.extend(numbers.contains(&current.number).then(|| current.clone()));
    Ok(versions)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Failure::internal(error).into())
}

fn write<T: Serialize>(record: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(record).map_err(|error| Failure::internal(error).into())
}
