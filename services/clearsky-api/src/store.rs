//! Typed reads and writes of what was used.

use std::collections::BTreeMap;

use kv::{Key, Limit, Range, Tx, Watch};
use service::{Failure, Use, Verdict};

use crate::errors::Error;
use crate::keys;
use crate::model::VerdictRecord;

/// The uses of an account's principals.
pub(crate) async fn uses(tx: &mut Tx, account: &str) -> Result<BTreeMap<Use, Verdict>, Error> {
    below(tx, keys::uses(account)).await
}

/// All uses that are kept.
pub(crate) async fn all_uses(tx: &mut Tx) -> Result<BTreeMap<Use, Verdict>, Error> {
    below(tx, keys::all_uses()).await
}

async fn below(tx: &mut Tx, prefix: Key) -> Result<BTreeMap<Use, Verdict>, Error> {
    let mut found = BTreeMap::new();
    let mut rest = Range::prefix(prefix);
    loop {
        let page = tx.range(rest.clone(), Limit::PAGE, Watch::Untracked).await?;
        for (key, bytes) in &page.rows {
            let record: VerdictRecord = serde_json::from_slice(bytes).map_err(Failure::internal)?;
            found.extend(keys::use_of(key).map(|used| (used, record.into())));
        }
        match page.last() {
            Some(last) if page.more => rest = rest.after(last),
            _ => return Ok(found),
        }
    }
}

/// Keeps a use.
pub(crate) fn put(tx: &mut Tx, used: &Use, verdict: Verdict) -> Result<(), Error> {
    let record = serde_json::to_vec(&VerdictRecord::from(verdict)).map_err(Failure::internal)?;
    tx.put(keys::used(used), record);
    Ok(())
}
