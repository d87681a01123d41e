//! Random transactions, several open at once, against a map and a list of what each may have missed.

use std::collections::BTreeMap;

use base::Ids;
use bytes::Bytes;

use crate::{Abort, Direction, Error, Key, Limit, LogId, LogRange, Range, Store, Tx, Watch, suite::page_text};

/// Steps of one run: enough for some hundred conflicts.
const STEPS: usize = 6_000;
const OPEN_MAX: usize = 4;
const KEYS: usize = 24;
const LOG: LogId = LogId::from_static("model");

type Rows = BTreeMap<Key, Bytes>;

struct Random(Ids);

impl Random {
    fn below(&self, n: usize) -> usize {
        u32::from_le_bytes(self.0.bytes()) as usize % n
    }

    fn key(&self) -> Key {
        Key::from(format!("{:02}", self.below(KEYS)).into_bytes())
    }

    fn range(&self) -> Range {
        let range = match self.below(4) {
            0 => Range::all(),
            1 => Range::prefix(self.below(3).to_string().into_bytes()),
            2 => Range::between(self.key(), self.key()),
            _ => Range::all().after(&self.key()),
        };
        if self.below(2) == 0 { range.reverse() } else { range }
    }
}

/// A transaction and what the model knows of it.
struct Open {
    tx: Tx,
    /// The rows as the transaction should see them.
    view: Rows,
    records: usize,
    keys: Vec<Key>,
    ranges: Vec<Range>,
    /// Keys that others committed since it began.
    missed: Vec<Key>,
    writes: BTreeMap<Key, Option<Bytes>>,
    appends: Vec<Bytes>,
}

impl Open {
    fn must_conflict(&self) -> bool {
        self.missed.iter().any(|key| self.keys.contains(key) || self.ranges.iter().any(|range| range.contains(key)))
    }

    fn is_read_only(&self) -> bool {
        self.writes.is_empty() && self.appends.is_empty()
    }
}

#[derive(Default)]
struct Model {
    rows: Rows,
    records: Vec<Bytes>,
    open: Vec<Open>,
    conflicts: usize,
}

pub async fn random_transactions_agree_with_a_map(store: Store) {
    for seed in 1..=3 {
        run(&store, seed).await;
        clear(&store).await;
    }
}

async fn run(store: &Store, seed: u64) {
    let random = Random(Ids::seeded(seed));
    let mut model = Model::default();
    for step in 0..STEPS {
        if model.open.is_empty() || model.open.len() < OPEN_MAX && random.below(3) == 0 {
            model.begin(store).await;
        }
        let index = random.below(model.open.len());
        match random.below(16) {
            0..=12 => act(&mut model.open[index], &random, step, &model.records).await,
            13 => drop(model.open.swap_remove(index)),
            _ => model.commit(index).await,
        }
    }
    assert!(STEPS / 200 < model.conflicts, "{} conflicts", model.conflicts);
    let mut tx = store.begin().await.unwrap();
    let page = tx.range(Range::all(), Limit::PAGE, Watch::Untracked).await.unwrap();
    assert_eq!(page.rows.into_iter().collect::<Rows>(), model.rows);
}

impl Model {
    async fn begin(&mut self, store: &Store) {
        self.open.push(Open {
            tx: store.begin().await.unwrap(),
            view: self.rows.clone(),
            records: self.records.len(),
            keys: Vec::new(),
            ranges: Vec::new(),
            missed: Vec::new(),
            writes: BTreeMap::new(),
            appends: Vec::new(),
        });
    }

    async fn commit(&mut self, index: usize) {
        let open = self.open.swap_remove(index);
        let (must_conflict, is_read_only) = (open.must_conflict(), open.is_read_only());
        match open.tx.commit().await {
            Ok(_) => assert!(is_read_only || !must_conflict, "missed a conflict"),
            Err(Error::Abort(Abort::Conflict(_))) => {
                assert!(must_conflict && !is_read_only, "a conflict without reason");
                self.conflicts += 1;
                return;
            }
            Err(error) => panic!("{error}"),
        }
        for (key, value) in open.writes {
            self.open.iter_mut().for_each(|other| other.missed.push(key.clone()));
            match value {
                Some(value) => drop(self.rows.insert(key, value)),
                None => drop(self.rows.remove(&key)),
            }
        }
        self.records.extend(open.appends);
    }
}

async fn act(open: &mut Open, random: &Random, step: usize, records: &[Bytes]) {
    let key = random.key();
    match random.below(8) {
        0 => {
            assert_eq!(open.tx.get(&key).await.unwrap(), open.view.get(&key).cloned());
            if !open.writes.contains_key(&key) {
                open.keys.push(key);
            }
        }
        1 => assert_eq!(open.tx.peek(&key).await.unwrap(), open.view.get(&key).cloned()),
        2 | 3 => {
            let value = Bytes::from(step.to_string());
            open.tx.put(key.clone(), value.clone());
            open.view.insert(key.clone(), value.clone());
            open.writes.insert(key, Some(value));
        }
        4 => {
            open.tx.delete(key.clone());
            open.view.remove(&key);
            open.writes.insert(key, None);
        }
        5 => {
            let record = Bytes::from(step.to_string());
            open.tx.append(LOG, record.clone());
            open.appends.push(record);
        }
        6 => {
            let found = open.tx.read_log(&LOG, LogRange::forward(), Limit::PAGE).await.unwrap();
            let bodies: Vec<&Bytes> = found.records.iter().map(|record| &record.body).collect();
            assert_eq!(bodies, records[..open.records].iter().collect::<Vec<_>>());
        }
        _ => scan(open, random).await,
    }
}

async fn scan(open: &mut Open, random: &Random) {
    let (range, rows) = (random.range(), 1 + random.below(KEYS));
    let watch = if random.below(2) == 0 { Watch::Tracked } else { Watch::Untracked };
    let page = open.tx.range(range.clone(), Limit::rows(rows), watch).await.unwrap();

    let mut expected: Vec<(Key, Bytes)> = open.view.clone().into_iter().collect();
    if range.direction == Direction::Reverse {
        expected.reverse();
    }
    expected.retain(|(key, _)| range.contains(key));
    assert_eq!(page.more, rows < expected.len(), "{range:?} {rows}: {}", page_text(&page));
    expected.truncate(rows);
    assert_eq!(page.rows, expected, "{range:?} {rows}");
    if watch == Watch::Tracked {
        open.ranges.push(match page.last() {
            Some(last) if page.more => range.until(last),
            _ => range,
        });
    }
}

async fn clear(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    for (key, _) in tx.range(Range::all(), Limit::PAGE, Watch::Tracked).await.unwrap().rows {
        tx.delete(key);
    }
    tx.trim(LOG, crate::Position::END);
    tx.commit().await.unwrap();
}
