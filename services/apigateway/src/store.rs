//! Typed reads and writes of APIs and what belongs to them, inside a transaction.

use base::Scope;
use kv::{Key, Limit, Range, Tx, Watch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use service::Failure;

use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{Api, Cors, Home, Identified, Record};

/// Where the API of this id lives.
pub(crate) async fn home(tx: &mut Tx, api: &str) -> Result<Option<Scope>, Error> {
    let home: Option<Home> = get(tx, &keys::home(api)).await?;
    Ok(home.map(|Home { account, region }| Scope::new(account, region)))
}

pub(crate) async fn api(tx: &mut Tx, scope: &Scope, id: &str) -> Result<Api, Error> {
    let found = get(tx, &keys::under(&keys::apis(scope), id)).await?;
    found.ok_or_else(|| Error::NoSuchApi { account: scope.account.to_string(), api: id.to_owned() })
}

/// What the API of this id tells browsers, if it is there and tells them something.
pub(crate) async fn cors(tx: &mut Tx, id: &str) -> Result<Option<Cors>, Error> {
    let Some(scope) = home(tx, id).await? else { return Ok(None) };
    let found: Option<Api> = get(tx, &keys::under(&keys::apis(&scope), id)).await?;
    Ok(found.and_then(|api| api.cors))
}

pub(crate) fn put_api(tx: &mut Tx, scope: &Scope, api: &Api) -> Result<(), Error> {
    let home = Home { account: scope.account.clone(), region: scope.region.clone() };
    tx.put(keys::home(&api.id), write(&home)?);
    tx.put(keys::under(&keys::apis(scope), &api.id), write(api)?);
    Ok(())
}

/// Removes an API with all that belongs to it.
pub(crate) async fn delete_api(tx: &mut Tx, scope: &Scope, id: &str) -> Result<(), Error> {
    for part in [Part::Integration, Part::Route, Part::Stage, Part::Deployment] {
        let mut range = Range::prefix(keys::parts(scope, id, part));
        loop {
            let page = tx.range(range.clone(), Limit::PAGE, Watch::Tracked).await?;
            page.rows.iter().for_each(|(key, _)| tx.delete(key.clone()));
            match page.last() {
                Some(last) if page.more => range = range.after(last),
                _ => break,
            }
        }
    }
    tx.delete(keys::home(id));
    tx.delete(keys::under(&keys::apis(scope), id));
    Ok(())
}

/// The integration, route, stage or deployment of an API.
pub(crate) async fn part<T: DeserializeOwned>(tx: &mut Tx, prefix: &Key, id: &str) -> Result<Option<T>, Error> {
    get(tx, &keys::under(prefix, id)).await
}

pub(crate) fn put_part<T: Serialize + Identified>(tx: &mut Tx, prefix: &Key, part: &T) -> Result<(), Error> {
    tx.put(keys::under(prefix, part.id()), write(part)?);
    Ok(())
}

pub(crate) fn delete_part(tx: &mut Tx, prefix: &Key, id: &str) {
    tx.delete(keys::under(prefix, id));
}

/// Everything under a prefix; a change by another is a conflict.
pub(crate) async fn all<T: DeserializeOwned>(tx: &mut Tx, prefix: &Key) -> Result<Vec<T>, Error> {
    let (mut found, mut range) = (Vec::new(), Range::prefix(prefix.clone()));
    loop {
        let page = tx.range(range.clone(), Limit::PAGE, Watch::Tracked).await?;
        for (_, bytes) in &page.rows {
            found.push(read(bytes)?);
        }
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => return Ok(found),
        }
    }
}

/// A page of what is under a prefix, behind the last key of the page before; and the last key if there is more.
pub(crate) async fn page<T: DeserializeOwned>(
    tx: &mut Tx,
    prefix: &Key,
    after: Option<Vec<u8>>,
    limit: usize,
) -> Result<(Vec<T>, Option<Key>), Error> {
    let mut range = Range::prefix(prefix.clone());
    if let Some(after) = after {
        range = range.after(&Key::from(after));
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let next = if page.more { page.last().cloned() } else { None };
    let items = page.rows.iter().map(|(_, bytes)| read(bytes)).collect::<Result<_, _>>()?;
    Ok((items, next))
}

async fn get<T: DeserializeOwned>(tx: &mut Tx, key: &Key) -> Result<Option<T>, Error> {
    tx.get(key).await?.map(|bytes| read(&bytes)).transpose()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let Record::V1(value) = serde_json::from_slice(bytes).map_err(Failure::internal)?;
    Ok(value)
}

fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(&Record::V1(value)).map_err(Failure::internal)?)
}
