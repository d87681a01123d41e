//! Typed reads and writes of tables and items inside a transaction.

use std::ops::Range as ByteRange;
use std::sync::{Arc, LazyLock};

use base::{Scope, Timestamp};
use bytes::Bytes;
use kv::{Abort, Key, Limit, Position, Range, Timer, Tx, Watch};
use service::{Failure, Parsed, Platform};

use crate::engine::{codec, index};
use crate::errors::Error;
use crate::keys::{self, Space};
use crate::model::{
    Counts, CountsRecord, Index, IndexState, Item, PrimaryKey, RequestToken, RequestTokenRecord, Table, TableId,
    TableRecord, TableStatus, item_size_bytes,
};

/// Rows that one transaction of a sweep deletes.
const SWEEP_ROWS: usize = 1000;
/// Items that one transaction of the filling of an index reads at most. One that conflicts reads fewer the next time.
const FILL_ROWS: usize = 256;
/// Bytes of items that it reads at most.
const FILL_BYTES: usize = 1024 * 1024;
/// Tables whose records are read at once when all are counted.
const PAGE_TABLES: usize = 100;

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
    for index in &table.indexes {
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

/// Writes an item, or removes it, with all that follows from it: what its table's indexes have of it.
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
        for (at, index) in table.indexes.iter().enumerate() {
            let bytes = write_entry(tx, table, index, key, before, after);
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

/// Counts what is in all tables, page by page of fresh snapshots, so no writer ever waits for it or conflicts with it.
pub(crate) async fn count_tables(platform: &Platform) -> Result<(), Error> {
    let mut range = Range::prefix(keys::row(&keys::all_tables()));
    loop {
        let mut tx = platform.begin().await?;
        let page = tx.range(range.clone(), Limit::rows(PAGE_TABLES), Watch::Untracked).await?;
        drop(tx);
        for (key, record) in &page.rows {
            let TableRecord::V1(table) = serde_json::from_slice(record).map_err(Failure::internal)?;
            count(platform, key, Space::Items(table.id)).await?;
            for index in table.indexes.iter().filter(|index| index.state == IndexState::Active) {
                count(platform, key, Space::Entries(table.id, index.number)).await?;
            }
        }
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => return Ok(()),
        }
    }
}

/// Counts what lies in a table or in an index, and keeps it.
async fn count(platform: &Platform, table: &Key, space: Space) -> Result<(), Error> {
    let counted = count_items(platform, &keys::prefix_range(space.prefix())).await?;
    let mut tx = platform.begin().await?;
    // A table or an index that has gone meanwhile leaves nothing behind.
    let Some(table) = table_at(&mut tx, table).await? else { return Ok(()) };
    let row = match space {
        Space::Items(id) if id == table.id => keys::counts(id),
        Space::Entries(id, number) if id == table.id && table.indexes.iter().any(|index| index.number == number) => {
            keys::index_counts(id, number)
        }
        Space::Items(_) | Space::Entries(..) => return Ok(()),
    };
    let row = keys::row(&row);
    if counts_at(&mut tx, &row).await? != counted {
        tx.put(row, serde_json::to_vec(&CountsRecord::V1(counted)).map_err(Failure::internal)?);
        tx.commit().await?;
    }
    Ok(())
}

async fn count_items(platform: &Platform, range: &ByteRange<Vec<u8>>) -> Result<Counts, Error> {
    let (mut range, mut counts) = (keys::rows(range), Counts::default());
    loop {
        let page = items(&mut platform.begin().await?, range.clone(), Limit::PAGE).await?;
        for (_, row) in &page.rows {
            counts.items += 1;
            counts.bytes += item_size_bytes(&decode(row)?) as u64;
        }
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => return Ok(counts),
        }
    }
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

/// Removes a page of the request tokens that have expired. Answers when the next one does.
pub(crate) async fn forget_tokens(platform: &Platform) -> Result<Option<Timestamp>, Error> {
    let now = platform.clock.now();
    let due = platform.store.due(&keys::TOKENS, now, Limit::PAGE).await?;
    for (id, key) in &due.timers {
        let mut tx = platform.begin().await?;
        let Some(_) = tx.take(id).await? else { continue };
        let key = Key::new(key.clone());
        // A token that was used again after it expired has a later timer.
        if let Some(bytes) = tx.get(&key).await?
            && decode_token(&bytes)?.expires_at <= now
        {
            tx.delete(key);
        }
        tx.commit().await?;
    }
    Ok(due.next)
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

/// Waits for indexes to be created behind a place in the log of created ones, and fills them. Answers the place to go on
/// from.
pub(crate) async fn fill_indexes(platform: &Platform, after: Position) -> Result<Position, Error> {
    let created = platform.store.tail(&keys::CREATED, after, Limit::PAGE).await?;
    for record in &created.records {
        if let Some((number, row)) = record.body.split_first_chunk::<4>() {
            fill(platform, &Key::from(row), u32::from_be_bytes(*number)).await?;
        }
        platform.store.trim(&keys::CREATED, record.position).await?;
    }
    Ok(created.last().unwrap_or(after))
}

/// Gives an index the entries of all items, a bounded transaction at a time, from where it was left; then it is active.
async fn fill(platform: &Platform, row: &Key, number: u32) -> Result<(), Error> {
    let mut rows = FILL_ROWS;
    loop {
        let mut tx = platform.begin().await?;
        let more = fill_page(&mut tx, row, number, Limit::rows(rows).bytes(FILL_BYTES)).await?;
        match tx.commit().await {
            Ok(_) if !more => return Ok(()),
            Ok(_) => rows = FILL_ROWS.min(rows * 2),
            // Somebody wrote to one of these items: its entry must be made of what it is now.
            Err(error) if error.as_abort().is_some_and(|abort| matches!(abort, Abort::Conflict(_))) => {
                rows = (rows / 2).max(1);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether there is more to do.
async fn fill_page(tx: &mut Tx, row: &Key, number: u32, limit: Limit) -> Result<bool, Error> {
    let Some(table) = table_at(tx, row).await? else { return Ok(false) };
    let creating = |index: &&Index| index.number == number && index.state == IndexState::Creating;
    let Some(index) = table.indexes.iter().find(creating) else { return Ok(false) };
    let progress = keys::row(&keys::progress(table.id, number));
    let mut range = keys::rows(&all_items(table.id));
    if let Some(done) = tx.get(&progress).await? {
        range = range.after(&Key::new(done));
    }
    let page = tx.range(range, limit, Watch::Tracked).await?;
    for (item_row, bytes) in &page.rows {
        let item = decode(bytes)?;
        let key = keys::of_row(item_row).and_then(keys::decode_item).map_err(Failure::internal)?.1;
        write_entry(tx, &table, index, &key, None, Some(&item));
    }
    match page.last() {
        Some(last) if page.more => {
            tx.put(progress, Bytes::copy_from_slice(last.as_bytes()));
            Ok(true)
        }
        _ => {
            let mut table = Arc::unwrap_or_clone(table);
            table.status = TableStatus::Active;
            table.indexes.iter_mut().filter(|index| index.number == number).for_each(|index| {
                index.state = IndexState::Active;
            });
            tx.delete(progress);
            put_table_at(tx, row.clone(), table)?;
            Ok(false)
        }
    }
}

/// Waits for tables or indexes to be deleted behind a place in the log of deleted ones, and removes their rows, a bounded
/// transaction at a time. Answers the place to go on from.
pub(crate) async fn sweep(platform: &Platform, after: Position) -> Result<Position, Error> {
    let deleted = platform.store.tail(&keys::DELETED, after, Limit::PAGE).await?;
    for record in &deleted.records {
        if let Some((id, number)) = record.body.split_first_chunk::<16>() {
            let table = TableId(*id);
            match number.first_chunk::<4>() {
                Some(number) => {
                    let index = Space::Entries(table, u32::from_be_bytes(*number));
                    sweep_rows(platform, index.prefix()).await?;
                }
                None => {
                    sweep_rows(platform, keys::items(table)).await?;
                    sweep_rows(platform, keys::entries(table)).await?;
                }
            }
        }
        platform.store.trim(&keys::DELETED, record.position).await?;
    }
    Ok(deleted.last().unwrap_or(after))
}

async fn sweep_rows(platform: &Platform, prefix: Vec<u8>) -> Result<(), Error> {
    let mut range = keys::rows(&keys::prefix_range(prefix));
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use service::testing::Kit;

    use super::*;

    fn album() -> serde_json::Value {
        json!({
            "TableName": "album",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        })
    }

    #[tokio::test]
    async fn tables_say_what_was_counted_in_them() {
        let kit = Kit::new(kv::Store::new(kv_memory::Memory::default()), vec![crate::service()]);
        kit.call("dynamodb", "CreateTable", album()).await.unwrap();
        let put = |pk: &str| json!({ "TableName": "album", "Item": { "pk": { "S": pk } } });
        let described = async || {
            let document = json!({ "TableName": "album" });
            let table = kit.call("dynamodb", "DescribeTable", document).await.unwrap()["Table"].clone();
            (table["ItemCount"].clone(), table["TableSizeBytes"].clone())
        };
        kit.call("dynamodb", "PutItem", put("a")).await.unwrap();
        kit.call("dynamodb", "PutItem", put("long")).await.unwrap();
        assert_eq!(described().await, (json!(0), json!(0)));
        count_tables(&kit.platform).await.unwrap();
        assert_eq!(described().await, (json!(2), json!(9)));

        kit.call("dynamodb", "DeleteTable", json!({ "TableName": "album" })).await.unwrap();
        kit.call("dynamodb", "CreateTable", album()).await.unwrap();
        assert_eq!(described().await, (json!(0), json!(0)));
    }

    #[tokio::test]
    async fn request_tokens_are_removed_once_they_have_expired() {
        let kit = Kit::new(kv::Store::new(kv_memory::Memory::default()), vec![crate::service()]);
        let request = json!({
            "ClientRequestToken": "token",
            "TransactItems": [{ "Put": { "TableName": "album", "Item": { "pk": { "S": "a" } } } }],
        });
        kit.call("dynamodb", "CreateTable", album()).await.unwrap();
        let rows = async || {
            let tokens = keys::prefix_range(vec![b'r']);
            let mut tx = kit.platform.begin().await.unwrap();
            tx.range(keys::rows(&tokens), Limit::PAGE, Watch::Untracked).await.unwrap().rows.len()
        };
        kit.call("dynamodb", "TransactWriteItems", request.clone()).await.unwrap();
        assert!(forget_tokens(&kit.platform).await.unwrap().is_some());
        assert_eq!(rows().await, 1);

        kit.clock.advance_ms(10 * 60 * 1000);
        // Used again: the first timer must leave it alone.
        kit.call("dynamodb", "TransactWriteItems", request).await.unwrap();
        assert!(forget_tokens(&kit.platform).await.unwrap().is_some());
        assert_eq!(rows().await, 1);

        kit.clock.advance_ms(10 * 60 * 1000);
        assert_eq!(forget_tokens(&kit.platform).await.unwrap(), None);
        assert_eq!(rows().await, 0);
    }
}
