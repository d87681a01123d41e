//! Timers: order, taking, bells.

use base::Timestamp;
use bytes::Bytes;
use futures::FutureExt;

use crate::{
    Abort, Due, Limit, LogId, Store, Timer, TimerId,
    suite::{key, value},
};

const LIST: LogId = LogId::from_static("list");

async fn set(store: &Store, list: &LogId, due_ms: i64, name: &str) -> TimerId {
    let mut tx = store.begin().await.unwrap();
    let timer = Timer { list: list.clone(), name: value(name), body: value(&format!("{name}!")) };
    let id = tx.at(Timestamp::from_ms(due_ms), timer);
    tx.commit().await.unwrap();
    id
}

async fn due(store: &Store, list: &LogId, now_ms: i64, limit: Limit) -> String {
    let Due { timers, next } = store.due(list, Timestamp::from_ms(now_ms), limit).await.unwrap();
    let found = timers.iter().map(|(id, body)| format!("{}:{}", id.due.as_ms(), body.escape_ascii()));
    let next = next.map(|next| format!("next {}", next.as_ms()));
    found.chain(next).collect::<Vec<_>>().join(" ")
}

pub async fn due_in_order(store: Store) {
    assert_eq!(due(&store, &LIST, i64::MAX, Limit::PAGE).await, "");
    for (due_ms, name) in [(30, "c"), (10, "b"), (10, "a"), (-5, "old"), (40, "d")] {
        set(&store, &LIST, due_ms, name).await;
    }
    assert_eq!(due(&store, &LIST, 30, Limit::PAGE).await, "-5:old! 10:a! 10:b! 30:c! next 40");
    assert_eq!(due(&store, &LIST, 9, Limit::PAGE).await, "-5:old! next 10");
    assert_eq!(due(&store, &LIST, -6, Limit::PAGE).await, "next -5");
    assert_eq!(due(&store, &LIST, 30, Limit::rows(2)).await, "-5:old! 10:a! next 10");
    set(&store, &LIST, -7, "older").await;
    assert_eq!(due(&store, &LIST, -6, Limit::PAGE).await, "-7:older! next -5");
}

pub async fn one_of_two_takes_it(store: Store) {
    let id = set(&store, &LIST, 10, "a").await;
    let mut first = store.begin().await.unwrap();
    let mut second = store.begin().await.unwrap();
    assert_eq!(first.take(&id).await.unwrap(), Some(value("a!")));
    assert_eq!(first.take(&id).await.unwrap(), None);
    assert_eq!(second.take(&id).await.unwrap(), Some(value("a!")));
    second.put(key("done"), value(""));
    first.commit().await.unwrap();
    let lost = second.commit().await.unwrap_err();
    assert!(matches!(lost.as_abort(), Some(Abort::Conflict(_))), "{lost}");
    assert_eq!(store.begin().await.unwrap().take(&id).await.unwrap(), None);
    assert_eq!(due(&store, &LIST, 100, Limit::PAGE).await, "");

    let mut both = store.begin().await.unwrap();
    let timer = Timer { list: LIST, name: value("b"), body: Bytes::new() };
    let id = both.at(Timestamp::from_ms(5), timer);
    assert_eq!(both.take(&id).await.unwrap(), Some(Bytes::new()));
    both.commit().await.unwrap();
    assert_eq!(due(&store, &LIST, 100, Limit::PAGE).await, "");
}

pub async fn lists_do_not_mix(store: Store) {
    let names: [&[u8]; 4] = [b"a", b"a\0", b"aa", b"\xff"];
    for (n, name) in names.iter().enumerate() {
        set(&store, &LogId::new(name.to_vec()), n as i64, "t").await;
    }
    for (n, name) in names.iter().enumerate() {
        assert_eq!(due(&store, &LogId::new(name.to_vec()), 100, Limit::PAGE).await, format!("{n}:t!"));
    }
}

pub async fn bells_ring(store: Store) {
    let mut bell = store.bell(&LIST);
    set(&store, &LogId::from_static("another"), 10, "a").await;
    assert!(bell.rung().now_or_never().is_none());
    set(&store, &LIST, 10, "a").await;
    bell.rung().await;
}
