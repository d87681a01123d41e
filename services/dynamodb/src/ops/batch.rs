//! Many items at once: BatchGetItem and BatchWriteItem.

use std::collections::{BTreeMap, BTreeSet};

use kv::Tx;
use service::{Cx, action};

use crate::engine::{index, key};
use crate::errors::Error;
use crate::model::{Item, PrimaryKey, Table, item_size_bytes};
use crate::ops::capacity::{Consistency, Units, read_units};
use crate::ops::collection;
use crate::ops::item::check_size;
use crate::ops::request::{self, Asked};
use crate::ops::source::item_row;
use crate::store::{self, Before};
use crate::wire::{
    BatchGetItemInput, BatchGetItemOutput, BatchWriteItemInput, BatchWriteItemOutput, ConsumedCapacity, DeleteRequest,
    KeysAndAttributes, PutRequest, WriteRequest,
};

/// Items that one BatchGetItem may ask for (docs).
const GET_ITEMS_MAX: usize = 100;
/// What one BatchGetItem answers at most; the rest is left unprocessed (docs).
const GET_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Items that one BatchWriteItem may write (docs).
const WRITE_ITEMS_MAX: usize = 25;

/// Reads items by their keys, of one snapshot.
pub(crate) async fn batch_get_item(
    cx: &Cx,
    tx: &mut Tx,
    input: &BatchGetItemInput,
) -> Result<BatchGetItemOutput, Error> {
    let BatchGetItemInput { request_items, return_consumed_capacity } = input;
    if GET_ITEMS_MAX < request_items.values().map(|asked| asked.keys.len()).sum() {
        return Err(Error::invalid("Too many items requested for the BatchGetItem call"));
    }
    let mut responses = BTreeMap::new();
    let mut unprocessed = BTreeMap::new();
    let mut capacity = Vec::new();
    let mut bytes = 0;
    for (given, asked) in request_items {
        let got = get(cx, tx, given, asked, &mut bytes).await?;
        capacity.extend(Units::of_table(got.units).consumed(return_consumed_capacity.as_deref(), &got.table));
        responses.insert(given.clone(), got.items);
        if !got.left.is_empty() {
            unprocessed.insert(given.clone(), KeysAndAttributes { keys: got.left, ..asked.clone() });
        }
    }
    Ok(BatchGetItemOutput {
        responses: Some(responses),
        unprocessed_keys: Some(unprocessed),
        consumed_capacity: asked_for(return_consumed_capacity.as_ref(), capacity),
    })
}

/// What was read of one table.
struct Got {
    table: String,
    items: Vec<Item>,
    left: Vec<Item>,
    units: f64,
}

async fn get(
    cx: &Cx,
    tx: &mut Tx,
    given: &str,
    asked: &KeysAndAttributes,
    bytes_so_far: &mut usize,
) -> Result<Got, Error> {
    let KeysAndAttributes {
        keys,
        attributes_to_get,
        consistent_read,
        projection_expression,
        expression_attribute_names,
    } = asked;
    let old = attributes_to_get.as_ref();
    let (projection, asked) = request::projection(projection_expression, expression_attribute_names, old)?;
    let table = request::table(cx, tx, action!(dynamodb::BatchGetItem), given).await?;
    let primary = keys.iter().map(|key| key::of_request(&table.key_schema, key)).collect::<Result<Vec<_>, _>>();
    let primary = request::permitted(cx, action!(dynamodb::BatchGetItem), &table, primary, asked).await?;
    request::check_projection(&table, projection.as_ref())?;
    let mut rows = BTreeSet::new();
    if !primary.iter().all(|key| rows.insert(item_row(&table, key))) {
        return Err(Error::invalid("Provided list of item keys contains duplicates"));
    }
    let mut got = Got { table: table.name.clone(), items: Vec::new(), left: Vec::new(), units: 0.0 };
    for (key, given_key) in primary.iter().zip(keys) {
        if !got.left.is_empty() || GET_BYTES_MAX <= *bytes_so_far {
            got.left.push(given_key.clone());
            continue;
        }
        let item = store::item(tx, table.id, key).await?;
        let bytes = item.as_ref().map_or(0, item_size_bytes);
        if GET_BYTES_MAX < *bytes_so_far + bytes {
            got.left.push(given_key.clone());
            continue;
        }
        *bytes_so_far += bytes;
        got.units += read_units(bytes, Consistency::of(*consistent_read));
        got.items.extend(item.map(|item| match &projection {
            Some(projection) => projection.project(&item),
            None => item,
        }));
    }
    Ok(got)
}

/// Puts and deletes items, all of them or, on an error, none: stricter than AWS, which promises it only for each.
pub(crate) async fn batch_write_item(
    cx: &Cx,
    tx: &mut Tx,
    input: &BatchWriteItemInput,
) -> Result<BatchWriteItemOutput, Error> {
    let BatchWriteItemInput { request_items, return_consumed_capacity, return_item_collection_metrics } = input;
    if WRITE_ITEMS_MAX < request_items.values().map(Vec::len).sum() {
        return Err(Error::invalid("Too many items requested for the BatchWriteItem call"));
    }
    let counted = return_consumed_capacity.as_deref().is_some_and(|asked| asked != "NONE");
    let mut written = BTreeSet::new();
    let mut capacity = Vec::new();
    let mut collections = BTreeMap::new();
    for (given, requests) in request_items {
        let table = request::table(cx, tx, action!(dynamodb::BatchWriteItem), given).await?;
        let items = requests.iter().filter_map(|request| request.put_request.as_ref().map(|put| &put.item));
        let asked = items.fold(Asked::default(), Asked::naming);
        let keys = requests.iter().map(|request| key_of(&table, request)).collect::<Result<Vec<_>, _>>();
        let keys = request::permitted(cx, action!(dynamodb::BatchWriteItem), &table, keys, asked).await?;
        let mut units = Units::default();
        for (request, key) in requests.iter().zip(&keys) {
            if !written.insert(item_row(&table, key)) {
                return Err(Error::invalid("Provided list of item keys contains duplicates"));
            }
            units.add(write(tx, &table, request, key, counted).await?);
            let asked = return_item_collection_metrics.as_deref();
            if let Some(metrics) = collection::metrics(tx, asked, &table, key).await? {
                collections.entry(given.clone()).or_insert_with(Vec::new).push(metrics);
            }
        }
        capacity.extend(units.consumed(return_consumed_capacity.as_deref(), &table.name));
    }
    Ok(BatchWriteItemOutput {
        unprocessed_items: Some(BTreeMap::new()),
        item_collection_metrics: Some(collections).filter(|collections| !collections.is_empty()),
        consumed_capacity: asked_for(return_consumed_capacity.as_ref(), capacity),
    })
}

fn key_of(table: &Table, request: &WriteRequest) -> Result<PrimaryKey, Error> {
    let WriteRequest { put_request, delete_request } = request;
    match (put_request, delete_request) {
        (Some(PutRequest { item }), None) => {
            let key = key::of_item(&table.key_schema, item)?;
            index::check_item(table, item)?;
            Ok(key)
        }
        (None, Some(DeleteRequest { key })) => Ok(key::of_request(&table.key_schema, key)?),
        _ => Err(Error::invalid(
            "Supplied WriteRequest is empty or has both, must contain exactly one of PutRequest and DeleteRequest",
        )),
    }
}

async fn write(
    tx: &mut Tx,
    table: &Table,
    request: &WriteRequest,
    key: &PrimaryKey,
    counted: bool,
) -> Result<Units, Error> {
    let item = request.put_request.as_ref().map(|put| &put.item);
    let bytes = item.map(check_size).transpose()?.unwrap_or(0);
    let stored = if counted { store::item(tx, table.id, key).await? } else { None };
    let before = if counted { Before::Read(stored.as_ref()) } else { Before::Unread };
    let entries = store::write(tx, table, key, before, item).await?;
    Ok(Units::written(table, bytes.max(stored.as_ref().map_or(0, item_size_bytes)), &entries))
}

fn asked_for(asked: Option<&String>, capacity: Vec<ConsumedCapacity>) -> Option<Vec<ConsumedCapacity>> {
    asked.filter(|asked| *asked != "NONE").map(|_| capacity)
}
