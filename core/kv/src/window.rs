//! The window of recent commits that tracked reads are validated against.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
};

use tokio::time::Instant;

use crate::{Abort, Commit, Key, Reads, SNAPSHOT_AGE_MAX, TimerId, Version};

/// The most keys that the window remembers: three seconds of the write rate this is built for (20,000 commits a second).
pub const WINDOW_KEYS_MAX: usize = 65_536;

/// Which keys the recent commits wrote, and when.
///
/// A snapshot from before the window aborts as a conflict: what it missed is no longer known.
#[derive(Debug)]
pub struct Window {
    latest: Version,
    /// Everything newer than this version is in the window.
    floor: Version,
    capacity: usize,
    commits: VecDeque<Entry>,
    rows: BTreeMap<Key, Version>,
    timers: BTreeMap<TimerId, Version>,
    weight: usize,
}

#[derive(Debug)]
struct Entry {
    version: Version,
    at: Instant,
    rows: Vec<Key>,
    timers: Vec<TimerId>,
}

impl Default for Window {
    fn default() -> Self {
        Self::with_capacity(WINDOW_KEYS_MAX)
    }
}

impl Window {
    /// A window over the commits that wrote the last `capacity` keys.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            latest: 0,
            floor: 0,
            capacity,
            commits: VecDeque::new(),
            rows: BTreeMap::new(),
            timers: BTreeMap::new(),
            weight: 0,
        }
    }

    /// The version of the last recorded commit.
    pub fn latest(&self) -> Version {
        self.latest
    }

    /// Whether nothing that was read has been written since the snapshot.
    pub fn validate(&self, snapshot: Version, reads: &Reads) -> Result<(), Abort> {
        if reads.is_empty() || self.latest <= snapshot {
            return Ok(());
        }
        if snapshot < self.floor {
            return Err(Abort::Conflict(reads.first_key()));
        }
        for key in &reads.keys {
            if self.rows.get(key).is_some_and(|version| snapshot < *version) {
                return Err(Abort::Conflict(key.clone()));
            }
        }
        for range in reads.ranges.iter().filter(|range| !range.is_empty()) {
            let mut written = self.rows.range::<Key, _>(range.bounds());
            if let Some((key, _)) = written.find(|(_, version)| snapshot < **version) {
                return Err(Abort::Conflict(key.clone()));
            }
        }
        for timer in &reads.timers {
            if self.timers.get(timer).is_some_and(|version| snapshot < *version) {
                return Err(Abort::Conflict(Key::new(timer.name.clone())));
            }
        }
        Ok(())
    }

    /// Remembers a validated commit and gives it its version.
    pub fn record(&mut self, commit: &Commit, now: Instant) -> Version {
        self.latest += 1;
        let version = self.latest;
        let rows: Vec<Key> = commit.writes.iter().map(|(key, _)| key.clone()).collect();
        let timers: Vec<TimerId> = commit.timers.iter().map(|(timer, _)| timer.clone()).collect();
        for key in &rows {
            self.rows.insert(key.clone(), version);
        }
        for timer in &timers {
            self.timers.insert(timer.clone(), version);
        }
        self.weight += rows.len() + timers.len();
        if !(rows.is_empty() && timers.is_empty()) {
            self.commits.push_back(Entry { version, at: now, rows, timers });
        }
        self.forget(now);
        version
    }

    fn forget(&mut self, now: Instant) {
        while let Some(entry) = self.commits.front() {
            let is_old = SNAPSHOT_AGE_MAX < now.saturating_duration_since(entry.at);
            if !is_old && self.weight <= self.capacity {
                return;
            }
            let Some(entry) = self.commits.pop_front() else { return };
            self.weight -= entry.rows.len() + entry.timers.len();
            self.floor = entry.version;
            for key in entry.rows {
                if self.rows.get(&key) == Some(&entry.version) {
                    self.rows.remove(&key);
                }
            }
            for timer in entry.timers {
                if self.timers.get(&timer) == Some(&entry.version) {
                    self.timers.remove(&timer);
                }
            }
        }
    }
}

impl Reads {
    /// Something to stand in the queue of, when no single key is to blame.
    fn first_key(&self) -> Key {
        let of_ranges = self.ranges.iter().find_map(|range| match &range.start {
            Bound::Included(key) | Bound::Excluded(key) => Some(key.clone()),
            Bound::Unbounded => None,
        });
        self.keys.first().cloned().or(of_ranges).unwrap_or_else(|| Key::from_static(b""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Range;
    use bytes::Bytes;

    fn writing(keys: &[&str]) -> Commit {
        let writes = keys.iter().map(|key| (Key::from(*key), Some(Bytes::new()))).collect();
        Commit { writes, ..Commit::default() }
    }

    fn reading(key: &str) -> Reads {
        Reads { keys: vec![Key::from(key)], ..Reads::default() }
    }

    #[test]
    fn a_read_conflicts_with_later_writes_only() {
        let (mut window, now) = (Window::default(), Instant::now());
        assert_eq!(window.record(&writing(&["a"]), now), 1);
        assert_eq!(window.record(&writing(&["b", "c"]), now), 2);
        assert_eq!(window.validate(1, &reading("a")), Ok(()));
        assert_eq!(window.validate(0, &reading("a")), Err(Abort::Conflict(Key::from("a"))));
        assert_eq!(window.validate(1, &reading("x")), Ok(()));
        let range = Reads { ranges: vec![Range::prefix("c")], ..Reads::default() };
        assert_eq!(window.validate(1, &range), Err(Abort::Conflict(Key::from("c"))));
        assert_eq!(window.validate(2, &range), Ok(()));
    }

    #[test]
    fn a_snapshot_from_before_the_window_is_a_conflict() {
        let (mut window, now) = (Window::with_capacity(2), Instant::now());
        for key in ["a", "b", "c", "d"] {
            window.record(&writing(&[key]), now);
        }
        assert_eq!(window.validate(1, &reading("x")), Err(Abort::Conflict(Key::from("x"))));
        assert_eq!(window.validate(2, &reading("x")), Ok(()));
        assert_eq!(window.validate(1, &Reads::default()), Ok(()));
        window.record(&writing(&["e"]), now + SNAPSHOT_AGE_MAX * 2);
        assert_eq!(window.rows.len(), 1);
        assert_eq!(window.weight, 1);
    }

    #[test]
    fn a_key_written_again_outlives_its_first_entry() {
        let (mut window, now) = (Window::with_capacity(2), Instant::now());
        for key in ["a", "a", "b"] {
            window.record(&writing(&[key]), now);
        }
        assert_eq!(window.validate(1, &reading("a")), Err(Abort::Conflict(Key::from("a"))));
    }
}
