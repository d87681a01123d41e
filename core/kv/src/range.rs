//! Ranges of keys, page limits and pages.

use std::ops::Bound;

use bytes::Bytes;

use crate::Key;

/// The most rows of one page (S3 and DynamoDB page well below).
pub const PAGE_ROWS_MAX: usize = 10_000;

/// The most bytes of one page: four of DynamoDB's 1 MiB pages.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Reverse,
}

/// Whether a change by another transaction to what was read is a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    Tracked,
    Untracked,
}

/// Keys between two bounds, and the direction to walk them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub start: Bound<Key>,
    pub end: Bound<Key>,
    pub direction: Direction,
}

impl Range {
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded, direction: Direction::Forward }
    }

    /// From `start` (in it) to `end` (not in it).
    pub fn between(start: Key, end: Key) -> Self {
        Self { start: Bound::Included(start), end: Bound::Excluded(end), direction: Direction::Forward }
    }

    /// Every key that starts with the prefix.
    pub fn prefix(prefix: impl Into<Key>) -> Self {
        let start = prefix.into();
        let end = successor(start.as_bytes()).map_or(Bound::Unbounded, |end| Bound::Excluded(Key::from(end)));
        Self { start: Bound::Included(start), end, direction: Direction::Forward }
    }

    /// The same keys, last one first.
    pub fn reverse(self) -> Self {
        Self { direction: Direction::Reverse, ..self }
    }

    pub fn direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// Only what comes behind `key` in this direction: where the page that ended with `key` continues.
    pub fn after(mut self, key: &Key) -> Self {
        match self.direction {
            Direction::Forward if !self.is_below_start(key) => self.start = Bound::Excluded(key.clone()),
            Direction::Reverse if !self.is_above_end(key) => self.end = Bound::Excluded(key.clone()),
            Direction::Forward | Direction::Reverse => (),
        }
        self
    }

    /// Only what comes up to and including `key` in this direction.
    pub fn until(mut self, key: &Key) -> Self {
        match self.direction {
            Direction::Forward if !self.is_above_end(key) => self.end = Bound::Included(key.clone()),
            Direction::Reverse if !self.is_below_start(key) => self.start = Bound::Included(key.clone()),
            Direction::Forward | Direction::Reverse => (),
        }
        self
    }

    pub fn contains(&self, key: &Key) -> bool {
        !self.is_below_start(key) && !self.is_above_end(key)
    }

    /// Whether no key can be in it. Maps of the standard library panic on such bounds.
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => end < start,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
                end <= start
            }
        }
    }

    pub fn bounds(&self) -> (Bound<&Key>, Bound<&Key>) {
        (self.start.as_ref(), self.end.as_ref())
    }

    fn is_below_start(&self, key: &Key) -> bool {
        match &self.start {
            Bound::Included(start) => key < start,
            Bound::Excluded(start) => key <= start,
            Bound::Unbounded => false,
        }
    }

    fn is_above_end(&self, key: &Key) -> bool {
        match &self.end {
            Bound::Included(end) => end < key,
            Bound::Excluded(end) => end <= key,
            Bound::Unbounded => false,
        }
    }
}

/// The smallest byte string above everything that starts with the prefix; None if there is none.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    if let Some(byte) = end.last_mut() {
        *byte += 1;
    }
    Some(end)
}

/// How much to read at most. The first row comes whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub rows: usize,
    /// Keys and values together.
    pub bytes: usize,
}

impl Limit {
    /// As much as a page may hold.
    pub const PAGE: Self = Self { rows: PAGE_ROWS_MAX, bytes: PAGE_BYTES_MAX };

    /// Up to `rows` rows, and not more than a page may hold.
    pub const fn rows(rows: usize) -> Self {
        Self { rows: if rows < PAGE_ROWS_MAX { rows } else { PAGE_ROWS_MAX }, bytes: PAGE_BYTES_MAX }
    }

    /// Up to `bytes` of keys and values.
    pub const fn bytes(self, bytes: usize) -> Self {
        Self { rows: self.rows, bytes: if bytes < PAGE_BYTES_MAX { bytes } else { PAGE_BYTES_MAX } }
    }
}

/// Rows in the direction of the range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<(Key, Bytes)>,
    /// Whether the range holds more rows behind the last one.
    pub more: bool,
}

impl Page {
    /// The key to continue after.
    pub fn last(&self) -> Option<&Key> {
        self.rows.last().map(|(key, _)| key)
    }
}

/// Counts rows and bytes against a limit; every engine fills its pages with one.
#[derive(Debug)]
pub struct PageBuilder<T> {
    limit: Limit,
    items: Vec<T>,
    bytes: usize,
}

impl<T> PageBuilder<T> {
    pub fn new(limit: Limit) -> Self {
        Self { limit, items: Vec::new(), bytes: 0 }
    }

    /// Takes the item, or answers false when the page is full without it.
    pub fn push(&mut self, item: T, bytes: usize) -> bool {
        if !self.has_room(bytes) {
            return false;
        }
        self.bytes += bytes;
        self.items.push(item);
        true
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.items.len() < self.limit.rows
            && (self.items.is_empty() || self.bytes.saturating_add(bytes) <= self.limit.bytes)
    }

    /// What is left of the limit; at least one row, so that "is there more" can be answered.
    pub fn rest(&self) -> Limit {
        Limit {
            rows: self.limit.rows.saturating_sub(self.items.len()).max(1),
            bytes: self.limit.bytes.saturating_sub(self.bytes),
        }
    }

    pub fn items(self) -> Vec<T> {
        self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        let check = |prefix: &[u8], end: Bound<&[u8]>| {
            assert_eq!(Range::prefix(Key::from(prefix)).end, end.map(Key::from));
        };
        check(b"ab", Bound::Excluded(b"ac"));
        check(b"a\xff\xff", Bound::Excluded(b"b"));
        check(b"\xff", Bound::Unbounded);
        check(b"", Bound::Unbounded);
    }

    #[test]
    fn after_and_until_only_narrow() {
        let range = || Range::between(Key::from("b"), Key::from("m"));
        assert_eq!(range().after(&Key::from("a")), range());
        assert_eq!(range().until(&Key::from("z")), range());
        assert_eq!(range().reverse().after(&Key::from("z")), range().reverse());
        assert!(!range().after(&Key::from("c")).contains(&Key::from("c")));
        assert!(range().reverse().until(&Key::from("c")).contains(&Key::from("c")));
        assert!(range().after(&Key::from("z")).is_empty());
        assert!(!range().is_empty());
    }
}
