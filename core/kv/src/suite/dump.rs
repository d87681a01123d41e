//! Dumps: one moment, whole.

use std::collections::BTreeSet;

use base::Timestamp;
use futures::TryStreamExt;

use crate::{
    Item, LogId, LogRange, Position, Store, Timer,
    suite::{key, put, value},
};

const LOG: LogId = LogId::from_static("log");

fn timer(name: &str) -> Timer {
    Timer { list: LogId::from_static("list"), name: value(name), body: value("body") }
}

/// Rows, a log of which the first half is trimmed, timers.
pub async fn fill(store: &Store) {
    put(store, &["a=1", "b=2", "gone=x"]).await;
    let mut tx = store.begin().await.unwrap();
    (0..600).for_each(|n| tx.append(LOG, value(&n.to_string())));
    let (kept, taken) = (Timestamp::from_ms(5), Timestamp::from_ms(-5));
    tx.at(kept, timer("kept"));
    let taken = tx.at(taken, timer("taken"));
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.delete(key("gone"));
    tx.trim(LOG, Position::new(300));
    assert!(tx.take(&taken).await.unwrap().is_some());
    tx.commit().await.unwrap();
}

/// What stands in the store, as text.
pub async fn shown(store: &Store) -> BTreeSet<String> {
    let Some(dump) = store.dump() else { return BTreeSet::new() };
    let lots: Vec<Vec<Item>> = dump.try_collect().await.unwrap();
    lots.iter().flatten().map(|item| format!("{item:?}")).collect()
}

pub async fn a_dump_is_one_moment(store: Store) {
    fill(&store).await;
    let Some(dump) = store.dump() else { return };
    put(&store, &["a=changed", "c=new"]).await;
    let lots: Vec<Vec<Item>> = dump.try_collect().await.unwrap();
    let items: Vec<Item> = lots.into_iter().flatten().collect();
    assert!(items.contains(&Item::Row(key("a"), value("1"))) && items.contains(&Item::Row(key("b"), value("2"))));
    let rows = items.iter().filter(|item| matches!(item, Item::Row(..))).count();
    let timers = items.iter().filter(|item| matches!(item, Item::Timer(..))).count();
    assert_eq!((rows, timers), (2, 1));
    assert!(items.contains(&Item::Log { log: LOG, last: Position::new(600), floor: Position::new(300) }));
    let records: Vec<u64> = items
        .iter()
        .filter_map(|item| match item {
            Item::Record(_, position, _) => Some(position.get()),
            _ => None,
        })
        .collect();
    assert_eq!(records, (301..=600).collect::<Vec<_>>());
    let read = store.read_log(&LOG, LogRange::forward(), crate::Limit::PAGE).await.unwrap();
    assert_eq!(read.records.len(), records.len());
}
