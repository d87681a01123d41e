//! What the store holds at one moment, in persistent maps: a clone shares everything.

use base::Timestamp;
use bytes::Bytes;
use kv::{
    Commit, Direction, Due, Item, Key, Limit, LogId, LogRange, Page, PageBuilder, Position, Range, Record, Records,
    TimerId,
};
use rpds::RedBlackTreeMapSync;

/// Rows, logs and timers.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    rows: RedBlackTreeMapSync<Key, Bytes>,
    logs: RedBlackTreeMapSync<LogId, Log>,
    timers: RedBlackTreeMapSync<TimerId, Bytes>,
}

/// A log: its last given position outlives its records.
#[derive(Debug, Clone, Default)]
struct Log {
    head: Position,
    records: RedBlackTreeMapSync<Position, Bytes>,
}

impl State {
    /// Does what a validated commit asks for; answers the positions of its records.
    pub(crate) fn apply(&mut self, commit: &Commit) -> Vec<Position> {
        for (key, value) in &commit.writes {
            match value {
                Some(value) => self.rows.insert_mut(key.clone(), value.clone()),
                None => drop(self.rows.remove_mut(key)),
            }
        }
        for (timer, body) in &commit.timers {
            match body {
                Some(body) => self.timers.insert_mut(timer.clone(), body.clone()),
                None => drop(self.timers.remove_mut(timer)),
            }
        }
        for (log, up_to) in &commit.trims {
            self.trim(log, *up_to);
        }
        commit.appends.iter().map(|(log, record)| self.append(log, record)).collect()
    }

    fn append(&mut self, id: &LogId, record: &Bytes) -> Position {
        let mut log = self.logs.get(id).cloned().unwrap_or_default();
        log.head = log.head.next();
        let position = log.head;
        log.records.insert_mut(position, record.clone());
        self.logs.insert_mut(id.clone(), log);
        position
    }

    fn trim(&mut self, id: &LogId, up_to: Position) {
        let Some(mut log) = self.logs.get(id).cloned() else { return };
        while let Some((first, _)) = log.records.first().filter(|(first, _)| **first <= up_to) {
            let first = *first;
            log.records.remove_mut(&first);
        }
        self.logs.insert_mut(id.clone(), log);
    }

    /// Everything.
    pub(crate) fn items(&self) -> Vec<Item> {
        let rows = self.rows.iter().map(|(key, value)| Item::Row(key.clone(), value.clone()));
        let logs = self.logs.iter().flat_map(|(id, log)| {
            let record = |(position, body): (&Position, &Bytes)| Item::Record(id.clone(), *position, body.clone());
            let floor = log.records.first().map_or(log.head.get(), |(first, _)| first.get().saturating_sub(1));
            let head = Item::Log { log: id.clone(), last: log.head, floor: Position::new(floor) };
            std::iter::once(head).chain(log.records.iter().map(record))
        });
        let timers = self.timers.iter().map(|(id, body)| Item::Timer(id.clone(), body.clone()));
        rows.chain(logs).chain(timers).collect()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Bytes> {
        self.rows.get(key).cloned()
    }

    pub(crate) fn timer(&self, id: &TimerId) -> Option<Bytes> {
        self.timers.get(id).cloned()
    }

    pub(crate) fn range(&self, range: &Range, limit: Limit) -> Page {
        if range.is_empty() {
            return Page::default();
        }
        let found = self.rows.range::<Key, _>((range.start.clone(), range.end.clone()));
        let sized = |(key, value): (&Key, &Bytes)| ((key.clone(), value.clone()), key.len() + value.len());
        let (rows, more) = match range.direction {
            Direction::Forward => fill(found.map(sized), limit),
            Direction::Reverse => fill(found.rev().map(sized), limit),
        };
        Page { rows, more }
    }

    pub(crate) fn read_log(&self, id: &LogId, range: LogRange, limit: Limit) -> Records {
        let Some(log) = self.logs.get(id) else { return Records::default() };
        if range.before <= range.after.next() {
            return Records::default();
        }
        let found = log.records.range(range.after.next()..range.before);
        let sized =
            |(position, body): (&Position, &Bytes)| (Record { position: *position, body: body.clone() }, body.len());
        let (records, more) = match range.direction {
            Direction::Forward => fill(found.map(sized), limit),
            Direction::Reverse => fill(found.rev().map(sized), limit),
        };
        Records { records, more }
    }

    pub(crate) fn due(&self, list: &LogId, now: Timestamp, limit: Limit) -> Due {
        let first = TimerId { list: list.clone(), due: Timestamp::from_ms(i64::MIN), name: Bytes::new() };
        let mut timers = PageBuilder::new(limit);
        for (id, body) in self.timers.range(first..).take_while(|(id, _)| id.list == *list) {
            if now < id.due || !timers.push((id.clone(), body.clone()), body.len()) {
                return Due { timers: timers.items(), next: Some(id.due) };
            }
        }
        Due { timers: timers.items(), next: None }
    }
}

/// Items until the page is full, and whether there were more.
fn fill<T>(items: impl Iterator<Item = (T, usize)>, limit: Limit) -> (Vec<T>, bool) {
    let mut page = PageBuilder::new(limit);
    for (item, bytes) in items {
        if !page.push(item, bytes) {
            return (page.items(), true);
        }
    }
    (page.items(), false)
}
