//! Conflicts: what is one, and what is not.

use crate::{
    Abort, Limit, Range, Store, Watch,
    suite::{assert_conflict, key, put, range_text, read, text, value},
};

pub async fn lost_update(store: Store) {
    put(&store, &["a=1"]).await;
    let mut first = store.begin().await.unwrap();
    let mut second = store.begin().await.unwrap();
    first.get(&key("a")).await.unwrap();
    second.get(&key("a")).await.unwrap();
    first.put(key("a"), value("first"));
    second.put(key("a"), value("second"));
    first.commit().await.unwrap();
    assert_conflict(second.commit().await, "a");
    assert_eq!(read(&store, "a").await, Some("first".into()));
}

pub async fn write_skew(store: Store) {
    let mut first = store.begin().await.unwrap();
    let mut second = store.begin().await.unwrap();
    assert_eq!(first.get(&key("a")).await.unwrap(), None);
    assert_eq!(second.get_many(&[key("x"), key("b")]).await.unwrap(), [None, None]);
    first.put(key("b"), value("1"));
    second.put(key("a"), value("1"));
    first.commit().await.unwrap();
    assert_conflict(second.commit().await, "b");
    assert_eq!(read(&store, "a").await, None);
}

pub async fn phantom(store: Store) {
    for range in [Range::prefix("p/"), Range::prefix("p/").reverse()] {
        let mut first = store.begin().await.unwrap();
        let mut second = store.begin().await.unwrap();
        assert_eq!(range_text(&mut first, range.clone(), Limit::PAGE).await, "");
        assert_eq!(range_text(&mut second, range, Limit::PAGE).await, "");
        first.put(key("p/1"), value("1"));
        second.put(key("p/2"), value("1"));
        first.commit().await.unwrap();
        assert_conflict(second.commit().await, "p/1");
        let mut tx = store.begin().await.unwrap();
        tx.get(&key("p/1")).await.unwrap();
        tx.delete(key("p/1"));
        tx.commit().await.unwrap();
    }
    let mut deleting = store.begin().await.unwrap();
    put(&store, &["p/1=1"]).await;
    assert_eq!(range_text(&mut deleting, Range::prefix("p/"), Limit::PAGE).await, "");
    deleting.put(key("q"), value(""));
    assert_conflict(deleting.commit().await, "p/1");
}

pub async fn the_unread_rest_of_a_page(store: Store) {
    put(&store, &["a=1", "c=1", "e=1"]).await;
    for (range, inside, outside) in
        [(Range::all(), "b", "d"), (Range::all().reverse(), "d", "b"), (Range::all(), "c", "e")]
    {
        let mut outsider = store.begin().await.unwrap();
        let mut insider = store.begin().await.unwrap();
        for tx in [&mut outsider, &mut insider] {
            assert!(tx.range(range.clone(), Limit::rows(2), Watch::Tracked).await.unwrap().more);
            tx.put(key("zz"), value(""));
            tx.delete(key("zz"));
        }
        put(&store, &[outside]).await;
        outsider.commit().await.unwrap();
        put(&store, &[inside]).await;
        assert_conflict(insider.commit().await, inside);
        let mut tx = store.begin().await.unwrap();
        tx.delete(key("b"));
        tx.delete(key("d"));
        tx.commit().await.unwrap();
    }
}

pub async fn peek_and_untracked_ranges_do_not_conflict(store: Store) {
    put(&store, &["a=1"]).await;
    let mut tx = store.begin().await.unwrap();
    tx.peek(&key("a")).await.unwrap();
    tx.range(Range::all(), Limit::PAGE, Watch::Untracked).await.unwrap();
    tx.put(key("b"), value("1"));
    put(&store, &["a=2"]).await;
    tx.commit().await.unwrap();
    assert_eq!(read(&store, "b").await, Some("1".into()));
}

pub async fn reading_only_never_conflicts(store: Store) {
    put(&store, &["a=1"]).await;
    let mut tx = store.begin().await.unwrap();
    tx.get(&key("a")).await.unwrap();
    range_text(&mut tx, Range::all(), Limit::PAGE).await;
    put(&store, &["a=2"]).await;
    tx.commit().await.unwrap();
}

pub async fn blind_writes_do_not_conflict(store: Store) {
    let mut first = store.begin().await.unwrap();
    let mut second = store.begin().await.unwrap();
    first.put(key("a"), value("first"));
    second.put(key("a"), value("second"));
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(read(&store, "a").await, Some("first".into()));
}

/// Sixteen tasks add to one counter, standing in line after a conflict: nothing is lost.
pub async fn counters_add_up(store: Store) {
    const TASKS: usize = 16;
    const ADDS: usize = 10;
    let add = async |store: Store| {
        for _ in 0..ADDS {
            let mut turn = None;
            loop {
                let mut tx = store.begin().await.unwrap();
                let count: usize = text(tx.get(&key("n")).await.unwrap()).map_or(0, |text| text.parse().unwrap());
                tokio::task::yield_now().await;
                tx.put(key("n"), value(&(count + 1).to_string()));
                match tx.commit().await {
                    Ok(_) => break,
                    Err(crate::Error::Abort(Abort::Conflict(on))) if turn.is_none() => {
                        turn = Some(store.turns().wait(&on).await);
                    }
                    Err(error) => assert!(matches!(error.as_abort(), Some(Abort::Conflict(_))), "{error}"),
                }
            }
        }
    };
    futures::future::join_all((0..TASKS).map(|_| add(store.clone()))).await;
    assert_eq!(read(&store, "n").await, Some((TASKS * ADDS).to_string()));
}
