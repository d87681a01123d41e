//! What is done to rows behind the requests: new indexes are filled, items that have expired go, what deleted tables held is
//! swept, and all is counted.

use std::ops::Range as ByteRange;
use std::sync::Arc;

use base::Timestamp;
use bytes::Bytes;
use kv::{Abort, Key, Limit, Position, Range, Tx, Watch};
use service::{Failure, Platform};

use super::{Before, counts_at, decode, decode_token, item, items, put_table_at, table_at, write, write_entry};
use crate::engine::{expiry, key};
use crate::errors::Error;
use crate::keys::{self, Space};
use crate::model::{
    Counts, CountsRecord, Index, IndexState, KeyValue, TableId, TableRecord, TableStatus, item_size_bytes,
};

/// Rows that one transaction of a sweep deletes.
const SWEEP_ROWS: usize = 1000;
/// Items that one transaction of the filling of an index reads at most. One that conflicts reads fewer the next time.
const FILL_ROWS: usize = 256;
/// Bytes of items that it reads at most.
const FILL_BYTES: usize = 1024 * 1024;
/// Items that one transaction removes at most because they have expired.
const EXPIRE_ROWS: usize = 64;
/// Tables whose records are read at once when all are counted.
const PAGE_TABLES: usize = 100;

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
    let Some(index) = table.all_indexes().find(creating) else { return Ok(false) };
    let progress = keys::row(&keys::progress(table.id, number));
    let mut range = keys::rows(&keys::prefix_range(keys::items(table.id)));
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
            if let Some(index) = table.indexes.iter_mut().find(|index| index.number == number) {
                index.state = IndexState::Active;
                table.status = TableStatus::Active;
            }
            if let Some(ttl) = table.time_to_live.as_mut().filter(|ttl| ttl.index.number == number) {
                ttl.index.state = IndexState::Active;
            }
            tx.delete(progress);
            put_table_at(tx, row.clone(), table)?;
            Ok(false)
        }
    }
}

/// Removes the items that have expired, of all tables.
pub(crate) async fn expire_items(platform: &Platform) -> Result<(), Error> {
    let mut range = Range::prefix(keys::row(&keys::all_tables()));
    loop {
        let mut tx = platform.begin().await?;
        let page = tx.range(range.clone(), Limit::rows(PAGE_TABLES), Watch::Untracked).await?;
        drop(tx);
        for (row, record) in &page.rows {
            let TableRecord::V1(table) = serde_json::from_slice(record).map_err(Failure::internal)?;
            if table.time_to_live.is_some() {
                expire_items_of(platform, row).await?;
            }
        }
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => return Ok(()),
        }
    }
}

/// Removes the expired items of a table, a bounded transaction at a time.
async fn expire_items_of(platform: &Platform, row: &Key) -> Result<(), Error> {
    let mut rows = EXPIRE_ROWS;
    let mut after = None;
    loop {
        let mut tx = platform.begin().await?;
        let next = expire_page(&mut tx, row, platform.clock.now(), after.clone(), rows).await?;
        match tx.commit().await {
            Ok(_) if next.is_none() => return Ok(()),
            Ok(_) => (rows, after) = (EXPIRE_ROWS.min(rows * 2), next),
            // Somebody wrote to one of these items, which perhaps lives on.
            Err(error) if error.as_abort().is_some_and(|abort| matches!(abort, Abort::Conflict(_))) => {
                rows = (rows / 2).max(1);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Where to go on, if there is more.
async fn expire_page(
    tx: &mut Tx,
    row: &Key,
    now: Timestamp,
    after: Option<Key>,
    rows: usize,
) -> Result<Option<Key>, Error> {
    let Some(table) = table_at(tx, row).await? else { return Ok(None) };
    let Some(ttl) = &table.time_to_live else { return Ok(None) };
    let space = Space::Entries(table.id, ttl.index.number);
    let (oldest, newest) = expiry::range(now);
    let bound = |number| keys::row(&keys::partition(space, &KeyValue::N(number)));
    let mut range = Range::between(bound(oldest), bound(newest));
    if let Some(after) = &after {
        range = range.after(after);
    }
    let page = tx.range(range, Limit::rows(rows), Watch::Untracked).await?;
    for (entry_row, entry) in &page.rows {
        let key = key::of_item(&table.key_schema, &decode(entry)?).map_err(Failure::internal)?;
        // What the item says now counts: reading it makes a change of it a conflict.
        match item(tx, table.id, &key).await? {
            Some(found) if expiry::is_over(&ttl.attribute, &found, now) => {
                write(tx, &table, &key, Before::Read(Some(&found)), None).await?;
            }
            _ => tracing::debug!("an entry of expiry without its item: {entry_row}"),
        }
    }
    Ok(page.last().filter(|_| page.more).cloned())
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
    use base::Clock;
    use futures::future::join_all;
    use kv::chaos::{Chaos, Odds, Seed};
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

    #[tokio::test]
    async fn items_go_when_their_time_is_over_and_their_entries_with_them() {
        let kit = Kit::new(kv::Store::new(kv_memory::Memory::default()), vec![crate::service()]);
        kit.call("dynamodb", "CreateTable", album()).await.unwrap();
        let now = kit.clock.now().as_ms() / 1000;
        let put = async |pk: &str, until: serde_json::Value| {
            let item = json!({ "pk": { "S": pk }, "until": until });
            kit.call("dynamodb", "PutItem", json!({ "TableName": "album", "Item": item })).await.unwrap();
        };
        let second = |offset: i64| json!({ "N": (now + offset).to_string() });
        // Before there is a time to live, and after.
        put("before", second(5)).await;
        let enable = json!({
            "TableName": "album", "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "until" },
        });
        kit.call("dynamodb", "UpdateTimeToLive", enable).await.unwrap();
        fill_indexes(&kit.platform, Position::START).await.unwrap();
        put("soon", second(10)).await;
        put("later", second(100)).await;
        put("moved", second(10)).await;
        put("moved", second(100)).await;
        put("text", json!({ "S": "10" })).await;
        put("ancient", second(-6 * 365 * 24 * 60 * 60)).await;
        let left = async || {
            expire_items(&kit.platform).await.unwrap();
            let found = kit.call("dynamodb", "Scan", json!({ "TableName": "album" })).await.unwrap();
            let mut keys: Vec<_> = found["Items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["pk"]["S"].as_str().unwrap().to_owned())
                .collect();
            keys.sort();
            keys.join(" ")
        };
        assert_eq!(left().await, "ancient before later moved soon text");
        kit.clock.advance_ms(5_000);
        assert_eq!(left().await, "ancient before later moved soon text", "its second is not over");
        kit.clock.advance_ms(1_000);
        assert_eq!(left().await, "ancient later moved soon text");
        kit.clock.advance_ms(5_000);
        assert_eq!(left().await, "ancient later moved text");
        kit.clock.advance_ms(1_000_000);
        assert_eq!(left().await, "ancient text");
        let mut tx = kit.platform.begin().await.unwrap();
        let entries = Range::prefix(keys::row(b"x"));
        assert_eq!(tx.range(entries, Limit::PAGE, Watch::Untracked).await.unwrap().rows.len(), 1, "of what is ancient");
    }

    #[tokio::test]
    async fn more_items_than_one_transaction_removes_go_at_once() {
        let kit = Kit::new(kv::Store::new(kv_memory::Memory::default()), vec![crate::service()]);
        kit.call("dynamodb", "CreateTable", album()).await.unwrap();
        let enable = json!({
            "TableName": "album", "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "until" },
        });
        kit.call("dynamodb", "UpdateTimeToLive", enable).await.unwrap();
        let until = (kit.clock.now().as_ms() / 1000 - 1).to_string();
        for pk in 0..3 * EXPIRE_ROWS {
            let item = json!({ "pk": { "S": pk.to_string() }, "until": { "N": until } });
            kit.call("dynamodb", "PutItem", json!({ "TableName": "album", "Item": item })).await.unwrap();
        }
        expire_items(&kit.platform).await.unwrap();
        let left = kit.call("dynamodb", "Scan", json!({ "TableName": "album" })).await.unwrap();
        assert_eq!(left["Count"], json!(0));
    }

    #[tokio::test]
    async fn what_is_renewed_while_it_expires_stays_and_entries_are_in_step_whatever_the_store_does() {
        for seed in [21, 22, 23] {
            let _seed = Seed(seed);
            let store = Chaos::over(&kv_memory::Memory::store(), seed, Odds::CONTENDED);
            let kit = Kit::new(store, vec![crate::service()]);
            kit.call("dynamodb", "CreateTable", album()).await.unwrap();
            let enable = json!({
                "TableName": "album", "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "until" },
            });
            kit.call("dynamodb", "UpdateTimeToLive", enable).await.unwrap();
            let now = kit.clock.now().as_ms() / 1000;
            let set = async |pk: usize, until: i64| {
                let update = json!({
                    "TableName": "album", "Key": { "pk": { "S": pk.to_string() } }, "UpdateExpression": "SET #u = :u",
                    "ExpressionAttributeNames": { "#u": "until" },
                    "ExpressionAttributeValues": { ":u": { "N": until.to_string() } },
                });
                kit.call("dynamodb", "UpdateItem", update).await.unwrap();
            };
            join_all((0..30).map(|pk| set(pk, now - 1))).await;
            let renew = async |client: usize| {
                for n in 0..5 {
                    set(client * 4 + n, now + 100).await;
                }
            };
            let expire = async || {
                for _ in 0..5 {
                    expire_items(&kit.platform).await.unwrap();
                }
            };
            futures::join!(join_all((0..5).map(renew)), expire());
            let left = kit.call("dynamodb", "Scan", json!({ "TableName": "album" })).await.unwrap();
            // Twenty-one were renewed, and perhaps had to be begun anew.
            assert_eq!(left["Count"], json!(21));
            let mut tx = kit.platform.begin().await.unwrap();
            let entries = tx.range(Range::prefix(keys::row(b"x")), Limit::PAGE, Watch::Untracked).await.unwrap();
            assert_eq!(entries.rows.len(), 21);
        }
    }
}
