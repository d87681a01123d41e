//! Groups, streams and batches of events as they are stored, and what names a group.

use std::collections::BTreeMap;

use base::{Arn, Scope, Timestamp};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::errors::Error;

/// What each event counts for beside its message, in bytes (AWS's quota for PutLogEvents).
pub(crate) const EVENT_OVERHEAD_BYTES: usize = 26;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The first byte of a stored batch.
const BATCH_V1: u8 = 1;

/// A group as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GroupRecord {
    V1(Group),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub created: Timestamp,
    /// How long events are kept; for ever where it does not say.
    #[serde(default)]
    pub retention_days: Option<i32>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Group {
    /// The time, in milliseconds, before which events have expired.
    pub(crate) fn kept_from(&self, now: Timestamp) -> i64 {
        self.retention_days.map_or(0, |days| now.as_ms() - i64::from(days) * DAY_MS)
    }
}

/// A stream as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StreamRecord {
    V1(Stream),
}

/// A stream: its events are in the log of its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub id: u64,
    pub created: Timestamp,
    pub first_event: Option<Timestamp>,
    pub last_event: Option<Timestamp>,
    pub last_ingestion: Option<Timestamp>,
    /// Messages and their overhead.
    pub stored_bytes: u64,
    pub batches: u64,
    /// No batch began before the end of one stored earlier: positions are in the order of time.
    pub ordered: bool,
}

/// One event as a client gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub timestamp: i64,
    pub message: Bytes,
}

/// What one PutLogEvents brought: one record of the stream's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    pub ingested: Timestamp,
    /// In the order of time, never empty.
    pub events: Vec<Event>,
}

impl Stream {
    pub(crate) fn new(id: u64, created: Timestamp) -> Self {
        let (first_event, last_event, last_ingestion) = (None, None, None);
        Self { id, created, first_event, last_event, last_ingestion, stored_bytes: 0, batches: 0, ordered: true }
    }

    /// Takes note of a batch that is about to be appended.
    pub(crate) fn take(&mut self, batch: &Batch) {
        let (Some(first), Some(last)) = (batch.events.first(), batch.events.last()) else { return };
        let (first, last) = (Timestamp::from_ms(first.timestamp), Timestamp::from_ms(last.timestamp));
        self.ordered &= self.last_event.is_none_or(|previous| previous <= first);
        self.first_event = Some(self.first_event.map_or(first, |known| known.min(first)));
        self.last_event = Some(self.last_event.map_or(last, |known| known.max(last)));
        self.last_ingestion = Some(batch.ingested);
        self.stored_bytes += batch.stored_bytes();
        self.batches += 1;
    }

    /// Takes note that a batch has been removed from its beginning.
    pub(crate) fn forget(&mut self, batch: &Batch) {
        self.stored_bytes = self.stored_bytes.saturating_sub(batch.stored_bytes());
        // In a stream in order nothing is left from before the end of this batch.
        if let Some(last) = batch.events.last().filter(|_| self.ordered) {
            self.first_event = Some(Timestamp::from_ms(last.timestamp));
        }
    }

    /// What AWS still hands out as the next sequence token; nothing checks it.
    pub(crate) fn sequence_token(&self) -> String {
        format!("49{:054}", self.batches)
    }

    /// Whether events of this span of time can be in it; both ends inclusive.
    pub(crate) fn overlaps(&self, from: i64, to: i64) -> bool {
        let reach = |moment: Option<Timestamp>| moment.map(Timestamp::as_ms);
        matches!((reach(self.first_event), reach(self.last_event)), (Some(first), Some(last)) if first <= to && from <= last)
    }
}

impl Batch {
    /// What it counts for: messages and their overhead.
    fn stored_bytes(&self) -> u64 {
        self.events.iter().map(|event| (event.message.len() + EVENT_OVERHEAD_BYTES) as u64).sum()
    }

    /// The stored form: version, ingestion time, then each event's time, length and message.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(BATCH_V1);
        out.put_i64(self.ingested.as_ms());
        for event in &self.events {
            out.put_i64(event.timestamp);
            out.put_u32(event.message.len() as u32);
            out.put_slice(&event.message);
        }
        out.freeze()
    }

    /// None where the bytes are no batch.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        if bytes.try_get_u8().ok()? != BATCH_V1 {
            return None;
        }
        let ingested = Timestamp::from_ms(bytes.try_get_i64().ok()?);
        let mut events = Vec::new();
        while !bytes.is_empty() {
            let timestamp = bytes.try_get_i64().ok()?;
            let length = bytes.try_get_u32().ok()? as usize;
            if bytes.len() < length {
                return None;
            }
            events.push(Event { timestamp, message: bytes.split_to(length) });
        }
        Some(Self { ingested, events })
    }
}

/// The group that a request names, by name or by identifier (a name or the group's ARN).
pub(crate) fn group_named(scope: &Scope, name: Option<&str>, identifier: Option<&str>) -> Result<String, Error> {
    let identifier = match (name, identifier) {
        (Some(name), None) => return Ok(name.to_owned()),
        (None, Some(identifier)) => identifier,
        (Some(_), Some(_)) => {
            return Err(Error::invalid("LogGroup name and LogGroup identifier are mutually exclusive parameters."));
        }
        (None, None) => return Err(Error::invalid("LogGroup name or LogGroup identifier is required.")),
    };
    if !Arn::is_arn(identifier) {
        return Ok(identifier.to_owned());
    }
    let invalid = || Error::invalid("The specified log group identifier is invalid.");
    let arn: Arn = identifier.parse().map_err(|_| invalid())?;
    let name = arn.resource.strip_prefix("log-group:").ok_or_else(invalid)?;
    if arn.service != "logs" || name.contains([':', '*']) {
        return Err(invalid());
    }
    if arn.account != scope.account.as_str() || arn.region != scope.region.as_str() {
        return Err(Error::NoSuchGroup);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(times: &[i64]) -> Batch {
        let events = times.iter().map(|t| Event { timestamp: *t, message: Bytes::from(format!("at {t}")) }).collect();
        Batch { ingested: Timestamp::from_ms(1000), events }
    }

    #[test]
    fn a_batch_survives_the_round_trip_and_broken_bytes_are_none() {
        let bytes = batch(&[1, 2, 3]).encode();
        assert_eq!(Batch::decode(bytes.clone()), Some(batch(&[1, 2, 3])));
        for length in 0..bytes.len() {
            assert_ne!(Batch::decode(bytes.slice(..length)), Some(batch(&[1, 2, 3])));
        }
    }

    #[test]
    fn a_stream_knows_whether_its_batches_came_in_order() {
        let mut stream = Stream::new(1, Timestamp::from_ms(0));
        stream.take(&batch(&[5, 7]));
        stream.take(&batch(&[7, 9]));
        assert!(stream.ordered);
        stream.take(&batch(&[3, 20]));
        assert!(!stream.ordered);
        assert_eq!(
            (stream.first_event, stream.last_event),
            (Some(Timestamp::from_ms(3)), Some(Timestamp::from_ms(20)))
        );
        assert!(stream.overlaps(20, 30) && stream.overlaps(0, 3) && !stream.overlaps(21, 30) && !stream.overlaps(0, 2));
    }

    #[test]
    fn stored_records_of_the_first_version_are_read() {
        let stored = r#"{"V1":{"id":7,"created":1,"first_event":2,"last_event":3,"last_ingestion":4,"stored_bytes":30,"batches":1,"ordered":true}}"#;
        let StreamRecord::V1(stream) = serde_json::from_str(stored).unwrap();
        assert_eq!((stream.id, stream.batches, stream.ordered), (7, 1, true));
        assert_eq!(serde_json::to_string(&StreamRecord::V1(stream)).unwrap(), stored);
        assert!(matches!(serde_json::from_str(r#"{"V1":{"created":1}}"#).unwrap(), GroupRecord::V1(_)));
    }
}
