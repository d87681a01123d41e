//! Recorded histories of concurrent transactions, and the proof that some order of one after another explains them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base::Ids;
use bytes::Bytes;

use crate::{
    Abort, Error, Key, Limit, Range, Result, Store, Tx, Watch,
    chaos::{Chaos, Odds, Seed},
};

const CLIENTS: usize = 8;
const TRANSACTIONS: usize = 40;
const KEYS: usize = 8;

/// The names of the transactions that wrote a key, in the order in which they did.
pub type Writers = Vec<u32>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    Aborted,
    Unknown,
}

/// A transaction as its client saw it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: u32,
    /// On one clock for all clients.
    pub begun: u64,
    pub ended: u64,
    pub outcome: Outcome,
    /// What each key held, as of the transaction's snapshot.
    pub reads: Vec<(usize, Writers)>,
    /// Keys to which it added its name, each read before.
    pub writes: BTreeSet<usize>,
}

/// A recorded run.
#[derive(Debug, Default)]
pub struct History {
    pub entries: Vec<Entry>,
    /// What each key holds in the end.
    pub last: BTreeMap<usize, Writers>,
}

pub async fn concurrent_transactions_are_serialisable(store: Store) {
    let (mut all, mut conflicts) = (0, 0);
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let history = record(&Chaos::over(&store, seed, Odds::SLOW), seed).await;
        history.check().unwrap();
        assert!(history.entries.len() < 4 * history.count(Outcome::Committed));
        all += history.entries.len();
        conflicts += history.count(Outcome::Aborted);
    }
    assert!(all < 50 * conflicts, "{conflicts} conflicts among {all} transactions prove nothing");
}

pub async fn serialisable_under_chaos(store: Store) {
    for seed in 11..=13 {
        let _seed = Seed(seed);
        let history = record(&Chaos::over(&store, seed, Odds::HOSTILE), seed).await;
        history.check().unwrap();
        assert!(0 < history.count(Outcome::Unknown));
    }
}

/// Runs clients at the same time, each with transactions that read and write a few keys at random.
pub async fn record(store: &Store, seed: u64) -> History {
    let clock = Arc::new(AtomicU64::new(0));
    let mut clients = tokio::task::JoinSet::new();
    let start = Arc::new(tokio::sync::Barrier::new(CLIENTS));
    for client in 0..CLIENTS {
        let random = Ids::seeded(seed.wrapping_mul(1_000) + client as u64);
        let names = client * TRANSACTIONS..(client + 1) * TRANSACTIONS;
        let client = Client { store: store.clone(), clock: Arc::clone(&clock), random, space: seed };
        let start = Arc::clone(&start);
        clients.spawn(async move {
            start.wait().await;
            let mut entries = Vec::new();
            for name in names {
                entries.push(client.transaction(name as u32).await);
            }
            entries
        });
    }
    let entries = clients.join_all().await.into_iter().flatten().collect();
    let mut tx = store.begin().await.unwrap();
    let mut last = BTreeMap::new();
    for index in 0..KEYS {
        last.insert(index, decode(tx.peek(&key(seed, index)).await.unwrap()));
    }
    History { entries, last }
}

fn key(space: u64, index: usize) -> Key {
    Key::from(format!("history/{space}/{index}").into_bytes())
}

fn decode(found: Option<Bytes>) -> Writers {
    let text = String::from_utf8(found.unwrap_or_default().to_vec()).unwrap();
    text.split_whitespace().map(|name| name.parse().unwrap()).collect()
}

struct Client {
    store: Store,
    clock: Arc<AtomicU64>,
    random: Ids,
    space: u64,
}

impl Client {
    fn below(&self, n: usize) -> usize {
        u32::from_le_bytes(self.random.bytes()) as usize % n
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    async fn transaction(&self, name: u32) -> Entry {
        let (reads, writes) = (Vec::new(), BTreeSet::new());
        let mut entry = Entry { name, begun: self.tick(), ended: 0, outcome: Outcome::Committed, reads, writes };
        let result = self.attempt(&mut entry).await;
        entry.ended = self.tick();
        entry.outcome = match result {
            Ok(()) => Outcome::Committed,
            Err(Error::Abort(Abort::Conflict(_))) => Outcome::Aborted,
            Err(Error::Abort(Abort::Unknown)) => Outcome::Unknown,
            Err(error) => panic!("{error}"),
        };
        entry
    }

    async fn attempt(&self, entry: &mut Entry) -> Result<()> {
        let mut tx = self.store.begin().await?;
        // A transaction without writes is its snapshot, whatever it tracks.
        let is_reader = self.below(4) == 0;
        for _ in 0..1 + self.below(3) {
            match self.below(4) {
                0 => self.scan(&mut tx, is_reader, entry).await?,
                1 => drop(self.read(&mut tx, self.below(KEYS), is_reader, entry).await?),
                _ => {
                    let index = self.below(KEYS);
                    let mut writers = self.read(&mut tx, index, is_reader, entry).await?;
                    if !is_reader && entry.writes.insert(index) {
                        writers.push(entry.name);
                        let text: Vec<String> = writers.iter().map(u32::to_string).collect();
                        tx.put(key(self.space, index), text.join(" "));
                    }
                }
            }
        }
        tx.commit().await.map(drop)
    }

    async fn read(&self, tx: &mut Tx, index: usize, is_reader: bool, entry: &mut Entry) -> Result<Writers> {
        let key = key(self.space, index);
        let found = decode(if is_reader { tx.peek(&key).await? } else { tx.get(&key).await? });
        entry.saw(index, found.clone());
        Ok(found)
    }

    async fn scan(&self, tx: &mut Tx, is_reader: bool, entry: &mut Entry) -> Result<()> {
        let watch = if is_reader { Watch::Untracked } else { Watch::Tracked };
        let first = self.below(KEYS);
        let range = Range::between(key(self.space, first), key(self.space, KEYS));
        let page = tx.range(range, Limit::rows(1 + self.below(KEYS)), watch).await?;
        let end = page.last().filter(|_| page.more).cloned();
        let rows: BTreeMap<Key, Bytes> = page.rows.into_iter().collect();
        for index in first..KEYS {
            let key = key(self.space, index);
            if end.as_ref().is_none_or(|end| key <= *end) {
                entry.saw(index, decode(rows.get(&key).cloned()));
            }
        }
        Ok(())
    }
}

impl Entry {
    /// What it wrote itself is no news.
    fn saw(&mut self, index: usize, mut found: Writers) {
        found.retain(|name| *name != self.name);
        self.reads.push((index, found));
    }
}

impl History {
    pub fn count(&self, outcome: Outcome) -> usize {
        self.entries.iter().filter(|entry| entry.outcome == outcome).count()
    }

    /// Whether one order explains everything: each transaction whole or absent, each read of the state at its place, and
    /// none before one that had ended when it began.
    pub fn check(&self) -> Result<(), String> {
        let by_name: BTreeMap<u32, usize> = self.entries.iter().enumerate().map(|(n, entry)| (entry.name, n)).collect();
        for (key, writers) in &self.last {
            let mut seen = BTreeSet::new();
            for name in writers {
                let wrote = by_name.get(name).is_some_and(|n| self.entries[*n].writes.contains(key));
                if !wrote || !seen.insert(name) {
                    return Err(format!("key {key} holds {name}, written never or twice: {writers:?}"));
                }
            }
        }
        let mut after = vec![BTreeSet::new(); self.entries.len()];
        for writers in self.last.values() {
            for pair in writers.windows(2) {
                after[by_name[&pair[0]]].insert(by_name[&pair[1]]);
            }
        }
        for (n, entry) in self.entries.iter().enumerate() {
            let happened = self.happened(entry)?;
            for (key, seen) in &entry.reads {
                let writers: Writers = self.last[key].iter().copied().filter(|name| *name != entry.name).collect();
                if !writers.starts_with(seen) {
                    return Err(format!("{entry:?} read of key {key} what never was there: {writers:?}"));
                }
                seen.last().map(|name| after[by_name[name]].insert(n));
                writers.get(seen.len()).map(|name| after[n].insert(by_name[name]));
            }
            for (other, later) in self.entries.iter().enumerate() {
                // What happened without its client being told may have happened at any later time.
                let is_over = entry.outcome != Outcome::Unknown || !happened;
                if is_over && entry.ended < later.begun {
                    after[n].insert(other);
                }
            }
        }
        self.order(&after)
    }

    /// Whether what it wrote is there. All of it or nothing, as its client was told.
    fn happened(&self, entry: &Entry) -> Result<bool, String> {
        let there = entry.writes.iter().filter(|key| self.last[key].contains(&entry.name)).count();
        let (all, none) = (there == entry.writes.len(), there == 0);
        let fits = match entry.outcome {
            Outcome::Committed => all,
            Outcome::Aborted => none,
            Outcome::Unknown => all || none,
        };
        if fits { Ok(all) } else { Err(format!("{entry:?}: {there} of {} writes are there", entry.writes.len())) }
    }

    fn order(&self, after: &[BTreeSet<usize>]) -> Result<(), String> {
        let mut before = vec![0; after.len()];
        after.iter().flatten().for_each(|n| before[*n] += 1);
        let mut ready: Vec<usize> = (0..after.len()).filter(|n| before[*n] == 0).collect();
        let mut left: BTreeSet<usize> = (0..after.len()).collect();
        while let Some(n) = ready.pop() {
            left.remove(&n);
            for later in &after[n] {
                before[*later] -= 1;
                if before[*later] == 0 {
                    ready.push(*later);
                }
            }
        }
        let Some(first) = left.first() else { return Ok(()) };
        let (mut path, mut at) = (vec![*first], *first);
        loop {
            // Everything left has something left before it, so walking backwards ends in a circle.
            at = *left.iter().find(|n| after[**n].contains(&at)).unwrap();
            if let Some(start) = path.iter().position(|n| *n == at) {
                let circle: Vec<String> = path[start..].iter().map(|n| format!("{:?}", self.entries[*n])).collect();
                return Err(format!(
                    "no order explains these, each of which comes before the one above it:\n{}",
                    circle.join("\n")
                ));
            }
            path.push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: u32, times: (u64, u64), reads: &[(usize, &[u32])], writes: &[usize]) -> Entry {
        let reads = reads.iter().map(|(key, seen)| (*key, seen.to_vec())).collect();
        let (begun, ended) = times;
        Entry { name, begun, ended, outcome: Outcome::Committed, reads, writes: writes.iter().copied().collect() }
    }

    fn check(entries: Vec<Entry>, last: &[&[u32]]) -> Result<(), String> {
        let last = last.iter().enumerate().map(|(key, writers)| (key, writers.to_vec())).collect();
        History { entries, last }.check()
    }

    #[test]
    fn what_has_an_order_is_accepted() {
        let first = entry(1, (0, 5), &[(0, &[])], &[0]);
        let second = entry(2, (1, 6), &[(0, &[1]), (1, &[])], &[1]);
        let reader = entry(3, (2, 9), &[(0, &[]), (1, &[])], &[]);
        assert_eq!(check(vec![first, second, reader], &[&[1], &[2]]), Ok(()));
    }

    #[test]
    fn what_has_none_is_refused() {
        let skew = vec![entry(1, (0, 9), &[(0, &[]), (1, &[])], &[0]), entry(2, (0, 9), &[(0, &[]), (1, &[])], &[1])];
        assert!(check(skew, &[&[1], &[2]]).unwrap_err().contains("no order"));
        let lost = vec![entry(1, (0, 9), &[(0, &[])], &[0]), entry(2, (0, 9), &[(0, &[])], &[0])];
        assert!(check(lost.clone(), &[&[2]]).unwrap_err().contains("0 of 1"));
        assert!(check(lost, &[&[1, 2]]).unwrap_err().contains("no order"));
        let stale = vec![entry(1, (0, 1), &[(0, &[])], &[0]), entry(2, (2, 3), &[(0, &[])], &[])];
        assert!(check(stale, &[&[1]]).unwrap_err().contains("no order"));
        let torn = vec![entry(1, (0, 9), &[], &[0, 1]), entry(2, (0, 9), &[(0, &[1]), (1, &[])], &[])];
        assert!(check(torn, &[&[1], &[1]]).unwrap_err().contains("no order"));
        let mut ghost = entry(1, (0, 9), &[], &[0, 1]);
        ghost.outcome = Outcome::Unknown;
        assert!(check(vec![ghost.clone()], &[&[1], &[]]).unwrap_err().contains("1 of 2"));
        assert_eq!(check(vec![ghost.clone()], &[&[1], &[1]]), Ok(()));
        ghost.outcome = Outcome::Aborted;
        assert!(check(vec![ghost], &[&[1], &[1]]).unwrap_err().contains("2 of 2"));
        assert!(check(vec![], &[&[7]]).unwrap_err().contains("never"));
    }
}
