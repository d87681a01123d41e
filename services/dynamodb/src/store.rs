//! Typed reads and writes of tables and items inside a transaction.

pub(crate) mod upkeep;

use std::sync::{Arc, LazyLock};

use base::Scope;
use bytes::Bytes;
use kv::{Key, Limit, Range, Timer, Tx, Watch};
use service::{Failure, Parsed};

use crate::engine::{codec, index};
use crate::errors::Error;
use crate::keys;
use crate::model::{
    Counts, CountsRecord, Index, Item, PrimaryKey, RequestToken, RequestTokenRecord, Table, TableId, TableRecord,
    item_size_bytes,
};

/// A table; a change of it by another transaction is a conflict.
pub(crate) async fn table(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Option<Arc<Table>>, Error> {
    table_at(tx, &keys::row(&keys::table(scope, name))).await
}

async fn table_at(tx: &mut Tx, row: &Key) -> Result<Option<Arc<Table>>, Error> {
    let Some(bytes) = tx.get(row).await? else { return Ok(None) };
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).map(|TableRecord::V1(table)| table);
    Ok(Some(TABLES.parsed(&bytes, parse).map_err(Failure::internal)?))
}

/// Every request about an item needs its table's record, which seldom changes. Some thousand tables, of a KiB each.
static TABLES: LazyLock<Parsed<Table>> = LazyLock::new(|| Parsed::new(4096));

pub(crate) fn put_table(tx: &mut Tx, scope: &Scope, table: Table) -> Result<(), Error> {
    put_table_at(tx, keys::row(&keys::table(scope, &table.name)), table)
}

fn put_table_at(tx: &mut Tx, row: Key, table: Table) -> Result<(), Error> {
    tx.put(row, serde_json::to_vec(&TableRecord::V1(table)).map_err(Failure::internal)?);
    Ok(())
}

/// Removes a table. Its items, which nothing leads to any more, are swept later, and so are the entries of its indexes.
pub(crate) fn delete_table(tx: &mut Tx, scope: &Scope, table: &Table) {
    tx.delete(keys::row(&keys::table(scope, &table.name)));
    tx.delete(keys::row(&keys::counts(table.id)));
    for index in table.all_indexes() {
        forget_index(tx, table.id, index.number);
    }
    tx.append(keys::DELETED, table.id.0.to_vec());
}

/// Sees to it that the entries of an index, which the table's record does not name any more, are swept.
pub(crate) fn delete_index(tx: &mut Tx, table: TableId, number: u32) {
    forget_index(tx, table, number);
    tx.append(keys::DELETED, [table.0.as_slice(), &number.to_be_bytes()].concat());
}

fn forget_index(tx: &mut Tx, table: TableId, number: u32) {
    tx.delete(keys::row(&keys::index_counts(table, number)));
    tx.delete(keys::row(&keys::progress(table, number)));
}

/// Sees to it that an index, which the table's record names, gets its entries.
pub(crate) fn fill_index(tx: &mut Tx, scope: &Scope, table: &str, number: u32) {
    let row = keys::row(&keys::table(scope, table));
    tx.append(keys::CREATED, [number.to_be_bytes().as_slice(), row.as_bytes()].concat());
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

/// What is known of what a write replaces.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Before<'i> {
    Unread,
    Read(Option<&'i Item>),
}

/// A write to an index: which of the table's, and the size of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryWrite {
    pub index: usize,
    pub bytes: usize,
}

/// Writes an item, or removes it, with all that follows from it: what its table's indexes have of it, and when it expires.
///
/// Where nothing follows, nothing is read.
pub(crate) async fn write(
    tx: &mut Tx,
    table: &Table,
    key: &PrimaryKey,
    before: Before<'_>,
    after: Option<&Item>,
) -> Result<Vec<EntryWrite>, Error> {
    let mut writes = Vec::new();
    if table.follows_items() {
        let read;
        let before = match before {
            Before::Read(item) => item,
            Before::Unread => {
                read = item(tx, table.id, key).await?;
                read.as_ref()
            }
        };
        for (at, index) in table.all_indexes().enumerate() {
            let bytes = write_entry(tx, table, index, key, before, after);
            // Nobody pays for the one by which items expire, which is the last.
            let bytes = if at < table.indexes.len() { bytes } else { [None, None] };
            writes.extend(bytes.into_iter().flatten().map(|bytes| EntryWrite { index: at, bytes }));
        }
    }
    let row = keys::row(&keys::item(table.id, key));
    match after {
        Some(item) => tx.put(row, codec::encode(item)),
        None => tx.delete(row),
    }
    Ok(writes)
}

/// Brings an index from one state of an item to another. Answers the sizes of what it removed and put.
fn write_entry(
    tx: &mut Tx,
    table: &Table,
    index: &Index,
    key: &PrimaryKey,
    before: Option<&Item>,
    after: Option<&Item>,
) -> [Option<usize>; 2] {
    let entry = |item| index::entry(index, &table.key_schema, item);
    let (old, new) = (before.and_then(entry), after.and_then(entry));
    let row = |place: &PrimaryKey| keys::row(&keys::entry(table.id, index.number, place, key));
    let (old_bytes, new_bytes) = match (&old, &new) {
        (Some(old), Some(new)) if old == new => return [None, None],
        (Some(old), Some(new)) if old.place == new.place => {
            (None, Some(item_size_bytes(&old.item).max(item_size_bytes(&new.item))))
        }
        (Some(old), _) => {
            tx.delete(row(&old.place));
            (Some(item_size_bytes(&old.item)), new.as_ref().map(|new| item_size_bytes(&new.item)))
        }
        (None, new) => (None, new.as_ref().map(|new| item_size_bytes(&new.item))),
    };
    if let Some(new) = &new {
        tx.put(row(&new.place), codec::encode(&new.item));
    }
    [old_bytes, new_bytes]
}

/// What a table held when it was last counted; none of it before that. Never a conflict.
pub(crate) async fn counts(tx: &mut Tx, table: TableId) -> Result<Counts, Error> {
    counts_at(tx, &keys::row(&keys::counts(table))).await
}

/// What an index held when it was last counted; none of it before that. Never a conflict.
pub(crate) async fn index_counts(tx: &mut Tx, table: TableId, number: u32) -> Result<Counts, Error> {
    counts_at(tx, &keys::row(&keys::index_counts(table, number))).await
}

async fn counts_at(tx: &mut Tx, row: &Key) -> Result<Counts, Error> {
    let Some(bytes) = tx.peek(row).await? else { return Ok(Counts::default()) };
    let CountsRecord::V1(counts) = serde_json::from_slice(&bytes).map_err(Failure::internal)?;
    Ok(counts)
}

/// What is known of a request by its token; a change of it by another transaction is a conflict.
pub(crate) async fn request_token(tx: &mut Tx, scope: &Scope, token: &str) -> Result<Option<RequestToken>, Error> {
    let Some(bytes) = tx.get(&keys::row(&keys::request_token(scope, token))).await? else { return Ok(None) };
    Ok(Some(decode_token(&bytes)?))
}

/// Keeps it until it expires.
pub(crate) fn put_request_token(tx: &mut Tx, scope: &Scope, token: &str, known: RequestToken) -> Result<(), Error> {
    let (key, due) = (keys::row(&keys::request_token(scope, token)), known.expires_at);
    let name = Bytes::copy_from_slice(key.as_bytes());
    tx.at(due, Timer { list: keys::TOKENS, name: name.clone(), body: name });
    tx.put(key, serde_json::to_vec(&RequestTokenRecord::V1(known)).map_err(Failure::internal)?);
    Ok(())
}

fn decode_token(bytes: &[u8]) -> Result<RequestToken, Error> {
    let RequestTokenRecord::V1(known) = serde_json::from_slice(bytes).map_err(Failure::internal)?;
    Ok(known)
}

/// Rows of items as of the snapshot; their values are for `decode`.
pub(crate) async fn items(tx: &mut Tx, range: Range, limit: Limit) -> Result<kv::Page, Error> {
    Ok(tx.range(range, limit, Watch::Untracked).await?)
}

/// The item in a row.
pub(crate) fn decode(bytes: &[u8]) -> Result<Item, Error> {
    codec::decode(bytes).map_err(|error| Failure::internal(error).into())
}
