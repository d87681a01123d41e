//! Typed reads and writes of tables and items inside a transaction.

use std::ops::Range as ByteRange;
use std::sync::{Arc, LazyLock};

use base::{Scope, Timestamp};
use bytes::Bytes;
use kv::{Key, Limit, Position, Range, Timer, Tx, Watch};
use service::{Failure, Parsed, Platform};

use crate::engine::codec;
use crate::errors::Error;
use crate::keys;
use crate::model::{
    Counts, CountsRecord, Item, PrimaryKey, RequestToken, RequestTokenRecord, Table, TableId, TableRecord,
    item_size_bytes,
};

/// Rows that one transaction of a sweep deletes.
const SWEEP_ROWS: usize = 1000;
/// Tables whose records are read at once when all are counted.
const PAGE_TABLES: usize = 100;

/// A table; a change of it by another transaction is a conflict.
pub(crate) async fn table(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Option<Arc<Table>>, Error> {
    let Some(bytes) = tx.get(&keys::row(&keys::table(scope, name))).await? else { return Ok(None) };
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).map(|TableRecord::V1(table)| table);
    Ok(Some(TABLES.parsed(&bytes, parse).map_err(Failure::internal)?))
}

/// Every request about an item needs its table's record, which seldom changes. Some thousand tables, of a KiB each.
static TABLES: LazyLock<Parsed<Table>> = LazyLock::new(|| Parsed::new(4096));

pub(crate) fn put_table(tx: &mut Tx, scope: &Scope, table: Table) -> Result<(), Error> {
    let key = keys::row(&keys::table(scope, &table.name));
    tx.put(key, serde_json::to_vec(&TableRecord::V1(table)).map_err(Failure::internal)?);
    Ok(())
}

/// Removes a table. Its items, which nothing leads to any more, are swept later.
pub(crate) fn delete_table(tx: &mut Tx, scope: &Scope, table: &Table) {
    tx.delete(keys::row(&keys::table(scope, &table.name)));
    tx.delete(keys::row(&keys::counts(table.id)));
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

/// What a table held when it was last counted; none of it before that. Never a conflict.
pub(crate) async fn counts(tx: &mut Tx, table: TableId) -> Result<Counts, Error> {
    let Some(bytes) = tx.peek(&keys::row(&keys::counts(table))).await? else { return Ok(Counts::default()) };
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
            let counted = count_items(platform, table.id).await?;
            let mut tx = platform.begin().await?;
            // A table that has gone meanwhile leaves nothing behind.
            let stays = tx.get(key).await?.is_some();
            if stays && counts(&mut tx, table.id).await? != counted {
                let record = serde_json::to_vec(&CountsRecord::V1(counted)).map_err(Failure::internal)?;
                tx.put(keys::row(&keys::counts(table.id)), record);
                tx.commit().await?;
            }
        }
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => return Ok(()),
        }
    }
}

async fn count_items(platform: &Platform, table: TableId) -> Result<Counts, Error> {
    let (mut range, mut counts) = (keys::rows(&all_items(table)), Counts::default());
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
