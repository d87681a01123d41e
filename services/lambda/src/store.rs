//! Reads and writes of functions in a transaction.

pub(crate) mod events;
pub(crate) mod layers;
pub(crate) mod shares;
pub(crate) mod versions;

use base::Scope;
use kv::{Key, Limit, Range, Tx, Watch};

use crate::errors::Error;
use crate::keys::{self, FunctionKey};
use crate::model::{Function, Record};

/// The function, if it is there, whatever the qualifier.
pub(crate) async fn load(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Option<Function>, kv::Error> {
    let found = tx.get(&FunctionKey { scope, name }.encode()).await?;
    found.map(|bytes| decode(&bytes)).transpose()
}

/// Keeps a function, or one version of it.
pub(crate) fn save(tx: &mut Tx, scope: &Scope, function: &Function) -> Result<(), Error> {
    if let Some(number) = function.version {
        return versions::save_version(tx, scope, function, number);
    }
    let key = FunctionKey { scope, name: &function.name }.encode();
    let record = Record::V1(function.clone());
    tx.put(key, serde_json::to_vec(&record).map_err(service::Failure::internal)?);
    Ok(())
}

pub(crate) fn remove(tx: &mut Tx, scope: &Scope, name: &str) {
    tx.delete(FunctionKey { scope, name }.encode());
}

/// Functions behind a name, in order of their names, and whether there are more.
pub(crate) async fn page(
    tx: &mut Tx,
    scope: &Scope,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Function>, bool), kv::Error> {
    let mut range = Range::prefix(Key::from(keys::functions(scope)));
    if let Some(name) = after {
        range = range.after(&FunctionKey { scope, name }.encode());
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let functions: Result<Vec<_>, _> = page.rows.iter().map(|(_, value)| decode(value)).collect();
    Ok((functions?, page.more))
}

fn decode(bytes: &[u8]) -> Result<Function, kv::Error> {
    let record = serde_json::from_slice(bytes).map_err(|error| kv::Error::Damaged(format!("a function: {error}")))?;
    match record {
        Record::V1(function) => Ok(function),
    }
}

/// Reads a row of any kind.
fn read<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, kv::Error> {
    serde_json::from_slice(bytes).map_err(|error| kv::Error::Damaged(format!("{what}: {error}")))
}
