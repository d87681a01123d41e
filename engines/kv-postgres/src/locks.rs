//! Which advisory locks a commit takes: two that must not validate and write at the same time share one that one of
//! them holds alone.

use std::collections::BTreeMap;

use bytes::Bytes;
use kv::{Commit, LogId};

use crate::row;

/// More locks than this are not worth their place in the server's table (64 per connection by default): one for all.
const LOCKS_MAX: usize = 256;

/// Lengths of the prefixes that are locked against reads of ranges: everything, a house, about one account or bucket.
const LEVELS: [usize; 3] = [0, 8, 24];

/// Locks by their number, in the order in which everybody takes them, and whether others may hold them too.
pub(crate) type Locks = BTreeMap<i64, bool>;

const SHARED: bool = true;
const ALONE: bool = false;

/// Everything a commit has to hold.
pub(crate) fn of(commit: &Commit) -> Locks {
    let mut locks = Locks::new();
    take(&mut locks, number(b'p', b""), SHARED);
    for key in &commit.reads.keys {
        take(&mut locks, number(b'k', key.as_bytes()), SHARED);
    }
    for (key, _) in &commit.writes {
        take(&mut locks, number(b'k', key.as_bytes()), ALONE);
        for prefix in LEVELS.iter().filter_map(|length| key.as_bytes().get(..*length)) {
            take(&mut locks, number(b'p', prefix), SHARED);
        }
    }
    for range in commit.reads.ranges.iter().filter(|range| !range.is_empty()) {
        let (low, high) = row::edges(range);
        take(&mut locks, number(b'p', common(&low, high.as_ref())), ALONE);
    }
    let timers = commit.reads.timers.iter().map(|timer| (timer, SHARED));
    for (timer, mode) in timers.chain(commit.timers.iter().map(|(timer, _)| (timer, ALONE))) {
        let name = [&row::digest(&timer.list), &timer.due.as_ms().to_be_bytes()[..], &timer.name].concat();
        take(&mut locks, number(b't', &name), mode);
    }
    let logs = commit.appends.iter().map(|(log, _)| log);
    for log in logs.chain(commit.trims.iter().map(|(log, _)| log)) {
        take(&mut locks, number_of_log(log), ALONE);
    }
    if LOCKS_MAX < locks.len() {
        return Locks::from([(number(b'p', b""), ALONE)]);
    }
    locks
}

fn take(locks: &mut Locks, number: i64, mode: bool) {
    let held = locks.entry(number).or_insert(mode);
    *held &= mode;
}

fn number_of_log(log: &LogId) -> i64 {
    number(b'l', log.as_bytes())
}

/// The longest level that all keys of a range have in common.
fn common<'a>(low: &'a Bytes, high: Option<&Bytes>) -> &'a [u8] {
    let shared = high.map_or(0, |high| low.iter().zip(high).take_while(|(a, b)| a == b).count());
    let length = LEVELS.into_iter().filter(|length| *length <= shared).max().unwrap_or(0);
    low.get(..length).unwrap_or_default()
}

/// FNV-1a: the same on every server, whatever it was built with.
fn number(kind: u8, name: &[u8]) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = name.iter().fold(step(0xcbf2_9ce4_8422_2325, kind), |hash, byte| step(hash, *byte));
    hash as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use kv::{Key, Range, Reads};

    fn writing(key: &str) -> Commit {
        Commit { writes: vec![(Key::from(key), None)], ..Commit::default() }
    }

    fn scanning(range: Range) -> Commit {
        Commit { reads: Reads { ranges: vec![range], ..Reads::default() }, ..Commit::default() }
    }

    fn excludes(one: &Commit, other: &Commit) -> bool {
        let (one, other) = (of(one), of(other));
        one.iter().any(|(number, mode)| other.get(number).is_some_and(|theirs| !(*mode && *theirs)))
    }

    #[test]
    fn whoever_may_disturb_is_locked_out() {
        let reading = Commit { reads: Reads { keys: vec!["a".into()], ..Reads::default() }, ..Commit::default() };
        assert!(excludes(&reading, &writing("a")) && excludes(&writing("a"), &writing("a")));
        assert!(!excludes(&reading, &reading) && !excludes(&reading, &writing("b")));
        let long = "0123456789abcdefghijklmnopqrstuvwxyz";
        for range in [Range::all(), Range::prefix("01"), Range::prefix(&long[..9]), Range::prefix(&long[..30])] {
            assert!(excludes(&scanning(range.clone()), &writing(long)), "{range:?}");
        }
        assert!(!excludes(&scanning(Range::prefix("another/house/another/account")), &writing(long)));
        let many = Commit {
            writes: (0..1_000u32).map(|n| (Key::from(n.to_be_bytes().to_vec()), None)).collect(),
            ..Commit::default()
        };
        assert!(excludes(&many, &reading) && excludes(&many, &writing("z")) && of(&many).len() == 1);
    }
}
