//! The service over a store that is slow and conflicts for nothing; the clock stands still.

use std::sync::{Arc, Mutex};

use futures::future::join_all;
use kv::chaos::{Chaos, Odds, Seed};
use kv::{Key, Tx};
use kv_memory::Memory;
use serde_json::json;
use service::Failure;
use service::testing::Kit;

use super::kit::{album, call, key, with};

const CLIENTS: usize = 64;

async fn hostile(seed: u64, odds: Odds) -> Kit {
    let kit = Kit::new(Chaos::over(&Memory::store(), seed, odds), vec![dynamodb::service()]);
    call(&kit, "CreateTable", album()).await;
    kit
}

/// Adds one and answers what the counter is then.
async fn count(kit: &Kit) -> u64 {
    let add = json!({
        "TableName": "album", "Key": key("a", 1), "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": { ":one": { "N": "1" } }, "ReturnValues": "UPDATED_NEW",
    });
    call(kit, "UpdateItem", add).await["Attributes"]["n"]["N"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn sixty_four_clients_on_one_counter_all_succeed() {
    for (seed, odds) in [(1, Odds::SLOW), (2, Odds::CONTENDED), (3, Odds::CONTENDED)] {
        let _seed = Seed(seed);
        let kit = hostile(seed, odds).await;
        let client = async || {
            let mut seen = Vec::new();
            for _ in 0..4 {
                seen.push(count(&kit).await);
            }
            assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
            seen
        };
        let mut all = join_all((0..CLIENTS).map(|_| client())).await.concat();
        all.sort_unstable();
        assert_eq!(all, (1..=4 * CLIENTS as u64).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_an_error_and_never_a_second_run() {
    let seed = 4;
    let _seed = Seed(seed);
    let odds = Odds { unheard: 200, ..Odds::CONTENDED };
    let kit = hostile(seed, Odds { unheard: 0, ..odds }).await;
    let broken = Kit::new(Chaos::over(&kit.platform.store, seed, odds), vec![dynamodb::service()]);
    let add = || {
        let add = json!({
            "TableName": "album", "Key": key("a", 1), "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": { ":one": { "N": "1" } },
        });
        broken.call("dynamodb", "UpdateItem", add)
    };
    let answers = join_all((0..CLIENTS).map(|_| add())).await;
    let errors: Vec<u16> = answers.iter().filter_map(|a| a.as_ref().err()).map(|f| f.facts.status).collect();
    assert!(!errors.is_empty() && errors.iter().all(|status| *status == 500), "{errors:?}");
    // Each ran once, and those that were told of an error had been done.
    assert_eq!(count(&kit).await, CLIENTS as u64 + 1);
}

/// Reads a counter, lets the others read it too, and writes.
async fn add_one(tx: &mut Tx) -> Result<usize, Failure> {
    let found = tx.get(&Key::from("counter")).await?;
    let count: usize = found.map_or(0, |text| String::from_utf8_lossy(&text).parse().unwrap());
    tokio::task::yield_now().await;
    tx.put(Key::from("counter"), (count + 1).to_string());
    Ok(count + 1)
}

#[tokio::test]
async fn whoever_conflicts_takes_turns_and_runs_once_more() {
    let kit = Kit::new(Memory::store(), vec![dynamodb::service()]);
    let runs = Arc::new(Mutex::new(Vec::new()));
    let client = async |client: usize| {
        let (cx, runs) = (kit.cx(&Kit::root(), "dynamodb").unwrap(), Arc::clone(&runs));
        let counted = cx.transact(move |_, tx| {
            let runs = Arc::clone(&runs);
            Box::pin(async move {
                let count = add_one(tx).await?;
                runs.lock().unwrap().push(client);
                Ok(count)
            })
        });
        counted.await.unwrap()
    };
    let answers = join_all((0..CLIENTS).map(client)).await;
    let runs = runs.lock().unwrap();
    assert_eq!(runs.len(), 2 * CLIENTS - 1, "all run at once, then each but the first once more");
    let served: Vec<usize> = runs[..CLIENTS].iter().map(|client| answers[*client]).collect();
    assert_eq!(served, (1..=CLIENTS).collect::<Vec<_>>(), "first come, first served");
}

/// Whether the index of places has exactly the items with a place, as they are.
async fn in_step(kit: &Kit) -> usize {
    let scan = async |more: serde_json::Value| {
        let found = call(kit, "Scan", with(json!({ "TableName": "photos" }), more)).await;
        let mut items = found["Items"].as_array().unwrap().clone();
        items.retain(|item| item.get("place").is_some());
        items.sort_by_key(|item| item["sk"]["N"].as_str().unwrap().parse::<u32>().unwrap());
        items
    };
    let (items, entries) = (scan(json!({})).await, scan(json!({ "IndexName": "places" })).await);
    assert_eq!(items, entries);
    items.len()
}

#[tokio::test]
async fn indexes_stay_in_step_whatever_the_store_does_and_while_they_are_filled() {
    let places = json!({
        "IndexName": "places", "KeySchema": [{ "AttributeName": "place", "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "ALL" },
    });
    let place = json!({ "AttributeName": "place", "AttributeType": "S" });
    for (seed, live) in [(11, false), (12, true), (13, true)] {
        let _seed = Seed(seed);
        let kit = hostile(seed, Odds::CONTENDED).await;
        let mut table = with(album(), json!({ "TableName": "photos" }));
        if !live {
            table["AttributeDefinitions"].as_array_mut().unwrap().push(place.clone());
            table["GlobalSecondaryIndexes"] = json!([places]);
        }
        call(&kit, "CreateTable", table).await;
        // Each client writes to all ten items in an order of its own.
        let client = async |client: u64| {
            for step in 0..30 {
                let n = (client * 7 + step * 3) % 10;
                let named = json!({ "TableName": "photos" });
                let moved = json!({
                    "Key": key("a", n as i64), "UpdateExpression": "SET place = :p",
                    "ExpressionAttributeValues": { ":p": { "S": format!("city{}", (client + step) % 3) } },
                });
                match (client + step) % 4 {
                    0 => call(&kit, "DeleteItem", with(named, json!({ "Key": key("a", n as i64) }))).await,
                    1 => call(&kit, "PutItem", with(named, json!({ "Item": key("a", n as i64) }))).await,
                    2 => call(&kit, "UpdateItem", with(named, moved)).await,
                    _ => {
                        let update = json!({ "Update": with(named, moved) });
                        call(&kit, "TransactWriteItems", json!({ "TransactItems": [update] })).await
                    }
                };
            }
        };
        let change = json!({
            "TableName": "photos", "AttributeDefinitions": [place],
            "GlobalSecondaryIndexUpdates": [{ "Create": places }],
        });
        let index = async || {
            if live {
                dynamodb::start(&kit.platform).await.unwrap();
                call(&kit, "UpdateTable", change.clone()).await;
            }
        };
        futures::join!(join_all((0..8).map(client)), index());
        let described = async || call(&kit, "DescribeTable", json!({ "TableName": "photos" })).await;
        while described().await["Table"]["TableStatus"] != "ACTIVE" {
            tokio::task::yield_now().await;
        }
        kit.platform.tasks.shutdown().await;
        assert!(0 < in_step(&kit).await);
    }
}
