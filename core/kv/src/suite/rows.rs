//! Rows: own writes, snapshots, ranges, limits.

use std::time::Duration;

use crate::{
    Error, KEY_BYTES_MAX, Key, Limit, Range, Store, VALUE_BYTES_MAX, Watch,
    suite::{key, page_text, put, range_text, read, text, value},
};

pub async fn own_writes_are_visible(store: Store) {
    put(&store, &["a=1", "b=2"]).await;
    let mut tx = store.begin().await.unwrap();
    tx.put(key("a"), value("own"));
    tx.delete(key("b"));
    tx.put(key("c"), value("new"));
    assert_eq!(text(tx.get(&key("a")).await.unwrap()), Some("own".into()));
    assert_eq!(tx.get(&key("b")).await.unwrap(), None);
    assert_eq!(text(tx.peek(&key("c")).await.unwrap()), Some("new".into()));
    let many = tx.get_many(&[key("c"), key("x"), key("b"), key("a")]).await.unwrap();
    assert_eq!(many.into_iter().map(text).collect::<Vec<_>>(), [Some("new".into()), None, None, Some("own".into())]);
    tx.commit().await.unwrap();
    assert_eq!(read(&store, "a").await, Some("own".into()));
    assert_eq!(read(&store, "b").await, None);
}

pub async fn a_snapshot_does_not_move(store: Store) {
    put(&store, &["a=1", "b=1"]).await;
    let mut tx = store.begin().await.unwrap();
    put(&store, &["a=2", "c=2"]).await;
    assert_eq!(text(tx.peek(&key("a")).await.unwrap()), Some("1".into()));
    assert_eq!(range_text(&mut tx, Range::all(), Limit::PAGE).await, "a=1 b=1");
    assert_eq!(range_text(&mut store.begin().await.unwrap(), Range::all(), Limit::PAGE).await, "a=2 b=1 c=2");
}

pub async fn ranges_run_both_ways(store: Store) {
    put(&store, &["a=", "b/1=", "b/2=", "b/3=", "c="]).await;
    let mut tx = store.begin().await.unwrap();
    let check = [
        (Range::prefix("b/"), "b/1= b/2= b/3="),
        (Range::prefix("b/").reverse(), "b/3= b/2= b/1="),
        (Range::prefix("b/").after(&key("b/1")), "b/2= b/3="),
        (Range::prefix("b/").reverse().after(&key("b/3")), "b/2= b/1="),
        (Range::prefix("b/").until(&key("b/2")), "b/1= b/2="),
        (Range::between(key("b/2"), key("c")), "b/2= b/3="),
        (Range::between(key("c"), key("b")), ""),
        (Range::between(key("b/2"), key("b/2")).after(&key("b/2")), ""),
        (Range::prefix("x"), ""),
        (Range::all().reverse(), "c= b/3= b/2= b/1= a="),
    ];
    for (range, expected) in check {
        assert_eq!(range_text(&mut tx, range.clone(), Limit::PAGE).await, expected, "{range:?}");
    }
}

pub async fn pages_end_at_their_limits(store: Store) {
    put(&store, &["a=1234", "b=1234", "c=1234", "d=1234"]).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(range_text(&mut tx, Range::all(), Limit::rows(3)).await, "a=1234 b=1234 c=1234 +");
    assert_eq!(range_text(&mut tx, Range::all(), Limit::rows(4)).await, "a=1234 b=1234 c=1234 d=1234");
    assert_eq!(range_text(&mut tx, Range::all().reverse(), Limit::rows(1)).await, "d=1234 +");
    assert_eq!(range_text(&mut tx, Range::all(), Limit::PAGE.bytes(10)).await, "a=1234 b=1234 +");
    assert_eq!(range_text(&mut tx, Range::all(), Limit::PAGE.bytes(1)).await, "a=1234 +");
    assert_eq!(range_text(&mut tx, Range::all(), Limit::rows(0)).await, "");

    let (mut range, mut seen) = (Range::all().reverse(), Vec::new());
    loop {
        let page = tx.range(range.clone(), Limit::rows(1), Watch::Untracked).await.unwrap();
        seen.push(page_text(&page));
        let Some(last) = page.last().filter(|_| page.more) else { break };
        range = range.after(last);
    }
    assert_eq!(seen, ["d=1234 +", "c=1234 +", "b=1234 +", "a=1234"]);
}

pub async fn ranges_hold_own_writes(store: Store) {
    put(&store, &["a=1", "b=1", "c=1", "d=1", "e=1"]).await;
    let mut tx = store.begin().await.unwrap();
    for name in ["b", "c", "e"] {
        tx.delete(key(name));
    }
    tx.put(key("d"), value("own"));
    tx.put(key("dd"), value("new"));
    tx.put(key("z"), value("end"));
    tx.delete(key("absent"));
    let all = Range::all;
    assert_eq!(range_text(&mut tx, all(), Limit::PAGE).await, "a=1 d=own dd=new z=end");
    assert_eq!(range_text(&mut tx, all().reverse(), Limit::PAGE).await, "z=end dd=new d=own a=1");
    assert_eq!(range_text(&mut tx, all(), Limit::rows(1)).await, "a=1 +");
    assert_eq!(range_text(&mut tx, all(), Limit::rows(2)).await, "a=1 d=own +");
    assert_eq!(range_text(&mut tx, all().reverse(), Limit::rows(3)).await, "z=end dd=new d=own +");
    assert_eq!(range_text(&mut tx, all(), Limit::rows(4)).await, "a=1 d=own dd=new z=end");
    assert_eq!(range_text(&mut tx, Range::between(key("b"), key("d")), Limit::rows(1)).await, "");
}

pub async fn rollback_leaves_nothing(store: Store) {
    let mut tx = store.begin().await.unwrap();
    tx.put(key("a"), value("1"));
    drop(tx);
    assert_eq!(read(&store, "a").await, None);
}

pub async fn sizes_are_checked(store: Store) {
    let check = async |name: Vec<u8>, bytes: usize| {
        let mut tx = store.begin().await.unwrap();
        tx.put(Key::from(name), vec![0; bytes]);
        matches!(tx.commit().await, Err(Error::Size { .. }))
    };
    assert!(check(Vec::new(), 1).await);
    assert!(check(vec![0; KEY_BYTES_MAX + 1], 1).await);
    assert!(check(vec![0], VALUE_BYTES_MAX + 1).await);
    assert!(!check(vec![0xff; KEY_BYTES_MAX], VALUE_BYTES_MAX).await);
    assert!(!check(vec![0], 0).await);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.get(&Key::from(vec![0])).await.unwrap().map(|bytes| bytes.len()), Some(0));
    assert!(tx.get(&Key::from("")).await.is_err());
}

pub async fn bytewise_order(store: Store) {
    let mut names: Vec<Vec<u8>> = (0..=255u8).flat_map(|byte| [vec![byte], vec![byte, 0], vec![byte, 255]]).collect();
    let mut tx = store.begin().await.unwrap();
    for name in names.iter().rev() {
        tx.put(Key::from(name.clone()), name.clone());
    }
    tx.commit().await.unwrap();
    names.sort();
    let mut tx = store.begin().await.unwrap();
    let page = tx.range(Range::all(), Limit::PAGE, Watch::Untracked).await.unwrap();
    assert_eq!(page.rows.iter().map(|(key, _)| key.as_bytes().to_vec()).collect::<Vec<_>>(), names);
    assert!(page.rows.iter().all(|(key, value)| key.bytes() == value));
}

/// For engines under a paused clock: a snapshot that is too old aborts as a conflict.
pub async fn old_snapshots_abort(store: Store, advance: impl AsyncFn(Duration)) {
    put(&store, &["a=1"]).await;
    let mut tx = store.begin().await.unwrap();
    tx.get(&key("a")).await.unwrap();
    advance(crate::SNAPSHOT_AGE_MAX + Duration::from_millis(1)).await;
    assert!(tx.get(&key("a")).await.unwrap_err().as_abort().is_some());
    assert!(tx.range(Range::all(), Limit::PAGE, Watch::Untracked).await.unwrap_err().as_abort().is_some());
}

/// More keys than an engine reads at once: twice the same, absent ones, own writes among them; each is tracked.
pub async fn many_keys_are_read_at_once(store: Store) {
    const KEYS: usize = 300;
    let name = |n: usize| format!("many/{n:04}");
    let rows: Vec<String> = (0..KEYS).step_by(2).map(|n| format!("{}={n}", name(n))).collect();
    put(&store, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut keys: Vec<Key> = (0..KEYS).rev().map(|n| key(&name(n))).collect();
    keys.push(key(&name(0)));
    let mut tx = store.begin().await.unwrap();
    tx.put(key(&name(1)), value("own"));
    tx.delete(key(&name(2)));
    let found: Vec<Option<String>> = tx.get_many(&keys).await.unwrap().into_iter().map(text).collect();
    let expected = |n: usize| match n {
        1 => Some("own".to_owned()),
        2 => None,
        n => n.is_multiple_of(2).then(|| n.to_string()),
    };
    assert_eq!(found, (0..KEYS).rev().chain([0]).map(expected).collect::<Vec<_>>());
    assert_eq!(tx.get_many(&[]).await.unwrap(), []);
    put(&store, &[&name(99)]).await;
    crate::suite::assert_conflict(tx.commit().await, &name(99));
    let empty = store.begin().await.unwrap().get_many(&[key("many/0000"), Key::new(bytes::Bytes::new())]).await;
    assert!(matches!(empty, Err(Error::Size { .. })), "{empty:?}");
}
