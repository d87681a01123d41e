//! Keys and small records as they stand on disk. Order-preserving within a log or a timer list.

use std::ops::Bound;

use base::Timestamp;
use bytes::{BufMut, Bytes, BytesMut};
use kv::{Direction, Error, LogId, Position, Range, Result, TimerId};

const POSITION_BYTES: usize = 8;
const DUE_BYTES: usize = 8;
const HEAD_BYTES: usize = 24;

/// What is kept of a log beside its records; it outlives them, so positions are never given twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last position given.
    pub last: u64,
    /// Records up to this position are gone for readers.
    pub floor: u64,
    /// Records up to this position are gone from the disk.
    pub purged: u64,
}

impl Head {
    pub(crate) fn encode(self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEAD_BYTES);
        out.put_u64(self.last);
        out.put_u64(self.floor);
        out.put_u64(self.purged);
        out.freeze()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let (last, rest) = split_u64(bytes)?;
        let (floor, rest) = split_u64(rest)?;
        let (purged, _) = split_u64(rest)?;
        Ok(Self { last, floor, purged })
    }
}

/// The length goes first, so that no log's name is the beginning of another one's key.
fn prefix(log: &LogId, room: usize) -> BytesMut {
    let name = log.as_bytes();
    let mut out = BytesMut::with_capacity(2 + name.len() + room);
    out.put_u16(u16::try_from(name.len()).unwrap_or(u16::MAX));
    out.put_slice(name);
    out
}

pub(crate) fn record(log: &LogId, position: u64) -> Bytes {
    let mut out = prefix(log, POSITION_BYTES);
    out.put_u64(position);
    out.freeze()
}

pub(crate) fn decode_record(key: &[u8]) -> Result<Position> {
    let at = key.len().checked_sub(POSITION_BYTES).ok_or_else(|| damaged("a record's key"))?;
    Ok(Position::new(split_u64(key.get(at..).unwrap_or_default())?.0))
}

pub(crate) fn timer(id: &TimerId) -> Bytes {
    let mut out = prefix(&id.list, DUE_BYTES + id.name.len());
    out.put_u64(ordered(id.due));
    out.put_slice(&id.name);
    out.freeze()
}

/// From a list's first timer due at `from` or later to the end of the list.
pub(crate) fn timers_from(list: &LogId, from: Timestamp) -> Range {
    let mut start = prefix(list, DUE_BYTES);
    let end = Range::prefix(start.clone().freeze()).end;
    start.put_u64(ordered(from));
    Range { start: Bound::Included(start.freeze().into()), end, direction: Direction::Forward }
}

pub(crate) fn decode_timer(list: &LogId, key: &Bytes) -> Result<TimerId> {
    let at = 2 + list.as_bytes().len();
    let (due, _) = split_u64(key.get(at..).unwrap_or_default())?;
    let name = key.slice((at + DUE_BYTES).min(key.len())..);
    Ok(TimerId { list: list.clone(), due: Timestamp::from_ms((due ^ SIGN) as i64), name })
}

/// The timer of whatever list.
pub(crate) fn decode_any_timer(key: &Bytes) -> Result<TimerId> {
    let (length, _) = key.split_first_chunk().ok_or_else(|| damaged("a timer's key"))?;
    let end = 2 + usize::from(u16::from_be_bytes(*length));
    if key.len() < end + DUE_BYTES {
        return Err(damaged("a timer's key"));
    }
    decode_timer(&LogId::new(key.slice(2..end)), key)
}

const SIGN: u64 = 1 << 63;

fn ordered(due: Timestamp) -> u64 {
    due.as_ms() as u64 ^ SIGN
}

fn split_u64(bytes: &[u8]) -> Result<(u64, &[u8])> {
    let (first, rest) = bytes.split_first_chunk().ok_or_else(|| damaged("a number"))?;
    Ok((u64::from_be_bytes(*first), rest))
}

fn damaged(what: &str) -> Error {
    Error::Damaged(format!("{what} is too short"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back() {
        let head = Head { last: 7, floor: 3, purged: 1 };
        assert_eq!(Head::decode(&head.encode()), Ok(head));
        assert!(Head::decode(b"short").is_err());
        let list = LogId::from_static("list");
        assert_eq!(decode_record(&record(&list, 9)), Ok(Position::new(9)));
        for ms in [i64::MIN, -1, 0, 1, i64::MAX] {
            let id = TimerId { list: list.clone(), due: Timestamp::from_ms(ms), name: Bytes::from_static(b"n") };
            assert_eq!(decode_timer(&list, &timer(&id)), Ok(id.clone()));
            assert_eq!(decode_any_timer(&timer(&id)), Ok(id));
        }
    }

    #[test]
    fn timers_stand_in_order_of_their_due_time() {
        let list = LogId::from_static("list");
        let key = |ms, name: &'static [u8]| {
            timer(&TimerId { list: list.clone(), due: Timestamp::from_ms(ms), name: Bytes::from_static(name) })
        };
        let keys = [key(i64::MIN, b""), key(-1, b"z"), key(0, b"a"), key(0, b"b"), key(i64::MAX, b"\xff\xff")];
        assert!(keys.is_sorted_by(|a, b| a < b));
        let range = timers_from(&list, Timestamp::from_ms(i64::MIN));
        assert!(keys.iter().all(|key| range.contains(&key.clone().into())));
        assert!(!timers_from(&list, Timestamp::from_ms(0)).contains(&keys[1].clone().into()));
    }
}
