//! TransactGetItems: items of any tables, as they were at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kv::Tx;
use service::{Cx, action};

use crate::engine::key::{self, KeyError};
use crate::engine::projection::Projection;
use crate::errors::Error;
use crate::model::{PrimaryKey, Table, item_size_bytes};
use crate::ops::capacity::{self, Transacted};
use crate::ops::request::{self, Asked};
use crate::ops::source::item_row;
use crate::ops::transaction::{self, TRANSACTION_BYTES_MAX};
use crate::store;
use crate::wire::{Get, ItemResponse, TransactGetItem, TransactGetItemsInput, TransactGetItemsOutput};

/// One item to get.
struct Wanted {
    table: Arc<Table>,
    key: Result<PrimaryKey, KeyError>,
    projection: Option<Projection>,
}

/// Reads items by their keys, of one snapshot.
pub(crate) async fn transact_get_items(
    cx: &Cx,
    tx: &mut Tx,
    input: &TransactGetItemsInput,
) -> Result<TransactGetItemsOutput, Error> {
    let TransactGetItemsInput { transact_items, return_consumed_capacity } = input;
    let parsed = transact_items.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let mut wanted = Vec::with_capacity(parsed.len());
    for (get, projection, asked) in parsed {
        let table = request::table(cx, tx, action!(dynamodb::GetItem), &get.table_name).await?;
        let key = key::of_request(&table.key_schema, &get.key);
        let key = transaction::permitted(cx, action!(dynamodb::GetItem), &table, key, asked).await?;
        wanted.push(Wanted { table, key, projection });
    }
    let mut rows = BTreeSet::new();
    if !wanted.iter().all(|one| one.key.as_ref().map_or(true, |key| rows.insert(item_row(&one.table, key)))) {
        return Err(transaction::repeated());
    }

    let (count, asked) = (wanted.len(), return_consumed_capacity.as_deref());
    let mut responses = Vec::with_capacity(count);
    let mut units: BTreeMap<String, Transacted> = BTreeMap::new();
    let mut bytes_total = 0;
    for (at, one) in wanted.into_iter().enumerate() {
        let key = one.checked_key().map_err(|error| transaction::refused(count, at, error))?;
        let item = store::item(tx, one.table.id, &key).await?;
        let bytes = item.as_ref().map_or(0, item_size_bytes);
        bytes_total += bytes;
        capacity::add(&mut units, &one.table, Transacted::read(bytes));
        let item = match one.projection {
            Some(projection) => item.map(|item| projection.project(&item)),
            None => item,
        };
        responses.push(ItemResponse { item });
    }
    if TRANSACTION_BYTES_MAX < bytes_total {
        return Err(transaction::too_large());
    }
    let capacity: Vec<_> = units.iter().filter_map(|(table, units)| units.consumed(asked, table)).collect();
    let consumed_capacity = Some(capacity).filter(|capacity| !capacity.is_empty());
    Ok(TransactGetItemsOutput { consumed_capacity, responses: Some(responses) })
}

fn parse(item: &TransactGetItem) -> Result<(&Get, Option<Projection>, Asked), Error> {
    let TransactGetItem { get } = item;
    let Get { key: _, table_name: _, projection_expression, expression_attribute_names } = get;
    let (projection, asked) = request::projection(projection_expression, expression_attribute_names, None)?;
    Ok((get, projection, asked))
}

impl Wanted {
    fn checked_key(&self) -> Result<PrimaryKey, Error> {
        let key = self.key.clone()?;
        request::check_projection(&self.table, self.projection.as_ref())?;
        Ok(key)
    }
}
