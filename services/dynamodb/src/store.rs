//! Typed reads and writes of tables and items inside a transaction.

use std::ops::Range as ByteRange;

use base::Scope;
use kv::{Key, Limit, Position, Range, Tx, Watch};
use service::{Failure, Platform};

use crate::engine::codec;
use crate::errors::Error;
use crate::keys;
use crate::model::{Item, PrimaryKey, Table, TableId, TableRecord};

/// Rows that one transaction of a sweep deletes.
const SWEEP_ROWS: usize = 1000;

/// A table; a change of it by another transaction is a conflict.
pub(crate) async fn table(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Option<Table>, Error> {
    let Some(bytes) = tx.get(&keys::row(&keys::table(scope, name))).await? else { return Ok(None) };
    let TableRecord::V1(table) = serde_json::from_slice(&bytes).map_err(Failure::internal)?;
    Ok(Some(table))
}

pub(crate) fn put_table(tx: &mut Tx, scope: &Scope, table: Table) -> Result<(), Error> {
    let key = keys::row(&keys::table(scope, &table.name));
    tx.put(key, serde_json::to_vec(&TableRecord::V1(table)).map_err(Failure::internal)?);
    Ok(())
}

/// Removes a table. Its items, which nothing leads to any more, are swept later.
pub(crate) fn delete_table(tx: &mut Tx, scope: &Scope, table: &Table) {
    tx.delete(keys::row(&keys::table(scope, &table.name)));
    tx.append(keys::DELETED, table.id.0.to_vec());
}

/// Names of tables behind one, in their order; and whether there are more.
pub(crate) async fn table_names(
    tx: &mut Tx,
    scope: &Scope,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<String>, bool), Error> {
    let mut range = Range::prefix(keys::row(&keys::tables(scope)));
    if let Some(after) = after {
        range = range.after(&keys::row(&keys::table(scope, after)));
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let name = |key: &Key| keys::decode_table(scope, keys::of_row(key)?);
    let names = page.rows.iter().map(|(key, _)| name(key)).collect::<Result<_, _>>().map_err(Failure::internal)?;
    Ok((names, page.more))
}

/// An item; a change of it by another transaction is a conflict.
pub(crate) async fn item(tx: &mut Tx, table: TableId, key: &PrimaryKey) -> Result<Option<Item>, Error> {
    let bytes = tx.get(&keys::row(&keys::item(table, key))).await?;
    bytes.map(|bytes| decode(&bytes)).transpose()
}

pub(crate) fn put_item(tx: &mut Tx, table: TableId, key: &PrimaryKey, item: &Item) {
    tx.put(keys::row(&keys::item(table, key)), codec::encode(item));
}

pub(crate) fn delete_item(tx: &mut Tx, table: TableId, key: &PrimaryKey) {
    tx.delete(keys::row(&keys::item(table, key)));
}

/// Rows of items as of the snapshot; their values are for `decode`.
pub(crate) async fn items(tx: &mut Tx, range: Range, limit: Limit) -> Result<kv::Page, Error> {
    Ok(tx.range(range, limit, Watch::Untracked).await?)
}

/// The item in a row.
pub(crate) fn decode(bytes: &[u8]) -> Result<Item, Error> {
    codec::decode(bytes).map_err(|error| Failure::internal(error).into())
}

/// All keys of a table's items.
pub(crate) fn all_items(table: TableId) -> ByteRange<Vec<u8>> {
    keys::prefix_range(keys::items(table))
}

/// Waits for tables to be deleted behind a place in the log of deleted tables, and removes their items, a bounded
/// transaction at a time. Answers the place to go on from.
pub(crate) async fn sweep(platform: &Platform, after: Position) -> Result<Position, Error> {
    let deleted = platform.store.tail(&keys::DELETED, after, Limit::PAGE).await?;
    for record in &deleted.records {
        if let Some(id) = record.body.first_chunk::<16>() {
            sweep_items(platform, TableId(*id)).await?;
        }
        platform.store.trim(&keys::DELETED, record.position).await?;
    }
    Ok(deleted.last().unwrap_or(after))
}

async fn sweep_items(platform: &Platform, table: TableId) -> Result<(), Error> {
    let mut range = keys::rows(&all_items(table));
    loop {
        let mut tx = platform.begin().await?;
        let page = tx.range(range.clone(), Limit::rows(SWEEP_ROWS), Watch::Untracked).await?;
        page.rows.iter().for_each(|(key, _)| tx.delete(key.clone()));
        tx.commit().await?;
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => return Ok(()),
        }
    }
}
