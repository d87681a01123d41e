//! What functions reserve of an account's concurrency.

use base::Scope;
use kv::{Key, Limit, Range, Tx, Watch};
use serde::{Deserialize, Serialize};

use crate::engine::share::{ACCOUNT_MAX, Share};
use crate::errors::Error;
use crate::keys::{self, ReservedKey};
use crate::store::{decode, read};

/// A number of requests as it is kept: of one function, or of all together.
#[derive(Debug, Serialize, Deserialize)]
enum Record {
    V1(u32),
}

/// What a function may use now.
pub(crate) async fn share(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Share, kv::Error> {
    let reserved = number(tx.peek(&ReservedKey { scope, name }.encode()).await?)?;
    let all = number(tx.peek(&keys::reserved(scope)).await?)?.unwrap_or_default();
    Ok(Share { reserved, unreserved: ACCOUNT_MAX.saturating_sub(all) })
}

/// What a function reserves, and what all of them do, to be changed.
pub(crate) async fn reserved(tx: &mut Tx, scope: &Scope, name: &str) -> Result<(Option<u32>, u32), kv::Error> {
    let own = number(tx.get(&ReservedKey { scope, name }.encode()).await?)?;
    let all = number(tx.get(&keys::reserved(scope)).await?)?.unwrap_or_default();
    Ok((own, all))
}

/// Reserves so many for a function, or none any more.
pub(crate) async fn reserve(tx: &mut Tx, scope: &Scope, name: &str, wanted: Option<u32>) -> Result<(), Error> {
    let (own, all) = reserved(tx, scope, name).await?;
    if own == wanted {
        return Ok(());
    }
    let all = all.saturating_sub(own.unwrap_or_default()).saturating_add(wanted.unwrap_or_default());
    let write = |number: u32| serde_json::to_vec(&Record::V1(number)).map_err(service::Failure::internal);
    tx.put(keys::reserved(scope), write(all)?);
    match wanted {
        Some(wanted) => tx.put(ReservedKey { scope, name }.encode(), write(wanted)?),
        None => tx.delete(ReservedKey { scope, name }.encode()),
    }
    Ok(())
}

/// How much code an account's published versions have together.
pub(crate) async fn published_bytes(tx: &mut Tx, scope: &Scope) -> Result<u64, kv::Error> {
    let mut range = Range::prefix(Key::from(keys::published(scope)));
    let mut bytes = 0_u64;
    loop {
        let page = tx.range(range.clone(), Limit::PAGE, Watch::Untracked).await?;
        for (_, value) in &page.rows {
            bytes = bytes.saturating_add(decode(value)?.code.bytes);
        }
        match page.rows.last() {
            Some((last, _)) if page.more => range = range.after(last),
            _ => return Ok(bytes),
        }
    }
}

fn number(found: Option<bytes::Bytes>) -> Result<Option<u32>, kv::Error> {
    let found = found.map(|bytes| read(&bytes, "a reserved concurrency")).transpose()?;
    Ok(found.map(|Record::V1(number)| number))
}
