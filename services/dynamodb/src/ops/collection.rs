//! Item collections: all that lies under one partition key of a table with local indexes.

use kv::Tx;

use crate::engine::key;
use crate::errors::Error;
use crate::model::{Index, KeySchema, PrimaryKey, Table};
use crate::store;
use crate::wire::ItemCollectionMetrics;

/// What the estimates are given in.
const GIB: u64 = 1024 * 1024 * 1024;

/// The answer's member, if it is asked for (`SIZE`), and the table has local indexes.
///
/// A collection is no larger than its table with these indexes, which are counted from time to time.
pub(crate) async fn metrics(
    tx: &mut Tx,
    asked: Option<&str>,
    table: &Table,
    key: &PrimaryKey,
) -> Result<Option<ItemCollectionMetrics>, Error> {
    let local: Vec<&Index> = table.indexes.iter().filter(|index| !index.is_global()).collect();
    if asked != Some("SIZE") || local.is_empty() {
        return Ok(None);
    }
    let mut bytes = store::counts(tx, table.id).await?.bytes;
    for Index { number, .. } in local {
        bytes = bytes.saturating_add(store::index_counts(tx, table.id, *number).await?.bytes);
    }
    let hash = KeySchema { hash: table.key_schema.hash.clone(), range: None };
    Ok(Some(ItemCollectionMetrics {
        item_collection_key: Some(key::to_item(&hash, key)),
        size_estimate_range_gb: Some(vec![0.0, bytes.div_ceil(GIB).max(1) as f64]),
    }))
}
