//! Logs: positions, waiting, trimming, and that a commit is one moment.

use crate::{
    Limit, LogId, LogRange, Position, Range, Records, Store, Watch,
    suite::{key, value},
};

const LOG: LogId = LogId::from_static("log");

async fn append(store: &Store, log: &LogId, records: &[&str]) -> Vec<Position> {
    let mut tx = store.begin().await.unwrap();
    records.iter().for_each(|record| tx.append(log.clone(), value(record)));
    tx.commit().await.unwrap().positions
}

fn bodies(records: &Records) -> String {
    let mut words: Vec<String> = records.records.iter().map(|record| record.body.escape_ascii().to_string()).collect();
    words.extend(records.more.then(|| "+".to_owned()));
    words.join(" ")
}

async fn all(store: &Store, log: &LogId) -> String {
    bodies(&store.read_log(log, LogRange::forward(), Limit::PAGE).await.unwrap())
}

pub async fn positions_grow_and_pages_turn(store: Store) {
    assert_eq!(all(&store, &LOG).await, "");
    let mut given = append(&store, &LOG, &["a", "b"]).await;
    given.extend(append(&store, &LOG, &["c", "d"]).await);
    assert!(given.is_sorted_by(|a, b| a < b) && Position::START < given[0]);
    let read = async |range, limit| store.read_log(&LOG, range, limit).await.unwrap();
    let whole = read(LogRange::forward(), Limit::PAGE).await;
    assert_eq!(whole.records.iter().map(|record| record.position).collect::<Vec<_>>(), given);
    assert_eq!(bodies(&whole), "a b c d");
    assert_eq!(bodies(&read(LogRange::forward(), Limit::rows(3)).await), "a b c +");
    assert_eq!(bodies(&read(LogRange::forward().after(given[2]), Limit::rows(3)).await), "d");
    assert_eq!(bodies(&read(LogRange::forward().after(given[3]), Limit::rows(3)).await), "");
    assert_eq!(bodies(&read(LogRange::reverse(), Limit::rows(2)).await), "d c +");
    assert_eq!(bodies(&read(LogRange::reverse().before(given[2]), Limit::rows(2)).await), "b a");
    assert_eq!(bodies(&read(LogRange::reverse().after(given[0]).before(given[2]), Limit::PAGE).await), "b");
    assert_eq!(bodies(&read(LogRange::forward().after(given[2]).before(given[1]), Limit::PAGE).await), "");
    assert_eq!(bodies(&read(LogRange::forward().after(Position::END), Limit::PAGE).await), "");
    assert_eq!(bodies(&read(LogRange::forward(), Limit::PAGE.bytes(2)).await), "a b +");

    let mut tx = store.begin().await.unwrap();
    append(&store, &LOG, &["e"]).await;
    assert_eq!(bodies(&tx.read_log(&LOG, LogRange::forward(), Limit::PAGE).await.unwrap()), "a b c d");
    tx.append(LOG, value("f"));
    tx.commit().await.unwrap();
    assert_eq!(all(&store, &LOG).await, "a b c d e f");
}

pub async fn tail_wakes_up(store: Store) {
    append(&store, &LOG, &["old"]).await;
    let found = store.tail(&LOG, Position::START, Limit::PAGE).await.unwrap();
    assert_eq!(bodies(&found), "old");
    let after = found.last().unwrap();
    let log = LOG;
    let waiting = store.tail(&log, after, Limit::PAGE);
    let writing = async {
        tokio::task::yield_now().await;
        append(&store, &LogId::from_static("another"), &["x"]).await;
        append(&store, &LOG, &["new"]).await;
    };
    let (found, ()) = tokio::join!(waiting, writing);
    assert_eq!(bodies(&found.unwrap()), "new");
}

/// One reader follows eight writers and sees every record once, in the order of positions.
pub async fn tail_misses_nothing(store: Store) {
    const WRITERS: usize = 8;
    const EACH: usize = 20;
    let write = async |writer: usize| {
        for n in 0..EACH {
            append(&store, &LOG, &[&format!("{writer}/{n}"), &format!("{writer}/{n}'")]).await;
            tokio::task::yield_now().await;
        }
    };
    let follow = async {
        let (mut after, mut seen) = (Position::START, Vec::new());
        while seen.len() < WRITERS * EACH * 2 {
            let found = store.tail(&LOG, after, Limit::rows(7)).await.unwrap();
            assert!(found.records.iter().map(|record| record.position).is_sorted_by(|a, b| a < b));
            assert!(found.records.iter().all(|record| after < record.position));
            after = found.last().unwrap();
            seen.extend(found.records.into_iter().map(|record| record.body));
        }
        seen
    };
    let (_, mut seen) = tokio::join!(futures::future::join_all((0..WRITERS).map(write)), follow);
    let adjacent = seen.chunks(2).all(|pair| pair[1] == [&pair[0][..], b"'"].concat());
    assert!(adjacent, "the records of one commit stand next to each other");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), WRITERS * EACH * 2);
}

pub async fn trimmed_records_are_gone(store: Store) {
    let mut given = Vec::new();
    for n in 0..10 {
        given.extend(append(&store, &LOG, &[&n.to_string()]).await);
    }
    store.trim(&LOG, given[3]).await.unwrap();
    assert_eq!(all(&store, &LOG).await, "4 5 6 7 8 9");
    store.trim(&LOG, given[1]).await.unwrap();
    assert_eq!(all(&store, &LOG).await, "4 5 6 7 8 9");
    let reverse = store.read_log(&LOG, LogRange::reverse(), Limit::PAGE).await.unwrap();
    assert_eq!(bodies(&reverse), "9 8 7 6 5 4");

    let mut tx = store.begin().await.unwrap();
    tx.trim(LOG, Position::END);
    tx.append(LOG, value("after"));
    let committed = tx.commit().await.unwrap();
    assert_eq!(all(&store, &LOG).await, "after");
    assert!(given[9] < committed.positions[0]);
    store.trim(&LOG, Position::END).await.unwrap();
    assert_eq!(all(&store, &LOG).await, "");
    assert!(committed.positions[0] < append(&store, &LOG, &["x"]).await[0]);
    store.trim(&LogId::from_static("never written"), Position::END).await.unwrap();
}

pub async fn logs_do_not_mix(store: Store) {
    let names: [&[u8]; 6] = [b"a", b"a\0", b"a\0\0\0\0\0\0\0\x01", b"aa", b"\xff", b"\0"];
    for (n, name) in names.iter().enumerate() {
        append(&store, &LogId::new(name.to_vec()), &[&n.to_string()]).await;
    }
    store.trim(&LogId::new(b"a".to_vec()), Position::END).await.unwrap();
    for (n, name) in names.iter().enumerate() {
        let expected = if n == 0 { String::new() } else { n.to_string() };
        assert_eq!(all(&store, &LogId::new(name.to_vec())).await, expected);
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.range(Range::all(), Limit::PAGE, Watch::Untracked).await.unwrap().rows.is_empty());
}

/// Pairs of rows and a record are written together; a reader never sees a part.
pub async fn a_commit_is_one_moment(store: Store) {
    let write = async |writer: usize| {
        for n in 0..20 {
            let mut tx = store.begin().await.unwrap();
            tx.put(key(&format!("left/{writer}/{n}")), value("1"));
            tx.put(key(&format!("right/{writer}/{n}")), value("1"));
            tx.append(LOG, value("1"));
            tx.commit().await.unwrap();
        }
    };
    let read = async {
        loop {
            let mut tx = store.begin().await.unwrap();
            let left = tx.range(Range::prefix("left/"), Limit::PAGE, Watch::Untracked).await.unwrap().rows.len();
            tokio::task::yield_now().await;
            let right = tx.range(Range::prefix("right/"), Limit::PAGE, Watch::Untracked).await.unwrap().rows.len();
            let records = tx.read_log(&LOG, LogRange::forward(), Limit::PAGE).await.unwrap().records.len();
            assert_eq!((left, left), (right, records));
            if left == 80 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(futures::future::join_all((0..4).map(write)), read);
}
