//! Names and keys as the tables have them.

use std::ops::Bound;

use bytes::Bytes;
use kv::{Key, LogId, Range};
use sha2::{Digest, Sha256};

/// Bytes of a key that are indexed as they are: with a digest behind them they fit into an index entry (2704 bytes).
const HEAD_BYTES: usize = 2_000;

/// A key's two parts.
pub(crate) fn split(key: &[u8]) -> (&[u8], &[u8]) {
    key.split_at(key.len().min(HEAD_BYTES))
}

/// The key of which these are the parts.
pub(crate) fn join(head: &[u8], tail: &[u8]) -> Key {
    Key::from([head, tail].concat())
}

/// What stands for a log's or list's name.
pub(crate) fn digest(log: &LogId) -> Vec<u8> {
    Sha256::digest(log.as_bytes()).to_vec()
}

/// The first key in a range and the first one behind it, if there is an end.
pub(crate) fn edges(range: &Range) -> (Bytes, Option<Bytes>) {
    let next = |key: &Key| Bytes::from([key.as_bytes(), &[0]].concat());
    let low = match &range.start {
        Bound::Included(key) => key.bytes().clone(),
        Bound::Excluded(key) => next(key),
        Bound::Unbounded => Bytes::new(),
    };
    let high = match &range.end {
        Bound::Included(key) => Some(next(key)),
        Bound::Excluded(key) => Some(key.bytes().clone()),
        Bound::Unbounded => None,
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_in_the_order_of_their_keys() {
        let long = |last: &[u8]| Key::from([&[b'k'; HEAD_BYTES], last].concat());
        let keys = [Key::from("a"), Key::from("k"), long(b""), long(b"\0"), long(b"a"), long(b"ab"), Key::from("l")];
        let parts: Vec<_> = keys.iter().map(|key| split(key.as_bytes())).collect();
        assert!(parts.is_sorted_by(|a, b| a < b));
        for (key, (head, tail)) in keys.iter().zip(parts) {
            assert_eq!(&join(head, tail), key);
        }
    }

    #[test]
    fn edges_hold_what_the_range_holds() {
        let keys: Vec<Key> = ["a", "a\0", "b", "b\0", "c"].into_iter().map(Key::from).collect();
        for range in [
            Range::all(),
            Range::between("a".into(), "b".into()),
            Range::all().after(&"a".into()),
            Range::all().until(&"b".into()),
        ] {
            let (low, high) = edges(&range);
            let inside = |key: &&Key| low <= key.bytes() && high.as_ref().is_none_or(|high| key.bytes() < high);
            let found: Vec<&Key> = keys.iter().filter(inside).collect();
            assert_eq!(found, keys.iter().filter(|key| range.contains(key)).collect::<Vec<_>>(), "{range:?}");
        }
    }
}
