//! What a backup is made of.

use std::collections::BTreeMap;

use base::{Secret, Timestamp};
use blob::BlobId;
use bytes::{Bytes, BytesMut};
use kv::{Item, LogId, Position, TimerId};
use serde::{Deserialize, Serialize};

use crate::fields::{Fields, put};

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Head(Head),
    Item(Item),
    /// A body of so many bytes, which follow in chunks.
    Body(BlobId, u64),
    Chunk(Bytes),
}

/// What stands in front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When the moment was that the backup shows, as an ISO 8601 text.
    pub taken_at: String,
    /// The program that wrote it.
    pub program: String,
    /// Files of the data directory that no engine keeps, by name: keys, so a backup is a secret as a whole.
    pub files: BTreeMap<String, Secret<String>>,
}

impl Head {
    pub fn new(taken_at: Timestamp, program: &str, files: BTreeMap<String, Secret<String>>) -> Self {
        Self { taken_at: taken_at.iso8601(), program: program.into(), files }
    }
}

pub(crate) const HEAD: u8 = b'H';
const ROW: u8 = b'R';
const LOG: u8 = b'L';
const RECORD: u8 = b'r';
const TIMER: u8 = b'T';
const BODY: u8 = b'B';
const CHUNK: u8 = b'c';
pub(crate) const END: u8 = b'E';

impl Frame {
    /// The frame's kind; its contents go to `out`.
    pub(crate) fn encode(&self, out: &mut BytesMut) -> u8 {
        match self {
            Self::Head(head) => {
                // Texts only: it cannot fail.
                out.extend_from_slice(&serde_json::to_vec(head).unwrap_or_default());
                HEAD
            }
            Self::Item(Item::Row(key, value)) => {
                put(out, key.as_bytes());
                out.extend_from_slice(value);
                ROW
            }
            Self::Item(Item::Log { log, last, floor }) => {
                put(out, log.as_bytes());
                out.extend_from_slice(&last.get().to_be_bytes());
                out.extend_from_slice(&floor.get().to_be_bytes());
                LOG
            }
            Self::Item(Item::Record(log, position, body)) => {
                put(out, log.as_bytes());
                out.extend_from_slice(&position.get().to_be_bytes());
                out.extend_from_slice(body);
                RECORD
            }
            Self::Item(Item::Timer(id, body)) => {
                put(out, id.list.as_bytes());
                put(out, &id.name);
                out.extend_from_slice(&id.due.as_ms().to_be_bytes());
                out.extend_from_slice(body);
                TIMER
            }
            Self::Body(id, bytes) => {
                put(out, id.as_str().as_bytes());
                out.extend_from_slice(&bytes.to_be_bytes());
                BODY
            }
            Self::Chunk(bytes) => {
                out.extend_from_slice(bytes);
                CHUNK
            }
        }
    }

    /// None where the contents are not those of this kind.
    pub(crate) fn decode(kind: u8, contents: Bytes) -> Option<Self> {
        let mut fields = Fields(contents);
        Some(match kind {
            HEAD => Self::Head(serde_json::from_slice(&fields.rest()).ok()?),
            ROW => Self::Item(Item::Row(fields.text()?.into(), fields.rest())),
            LOG => {
                let (log, last, floor) = (LogId::new(fields.text()?), fields.number()?, fields.number()?);
                Self::Item(Item::Log { log, last: Position::new(last), floor: Position::new(floor) })
            }
            RECORD => {
                let (log, position) = (LogId::new(fields.text()?), Position::new(fields.number()?));
                Self::Item(Item::Record(log, position, fields.rest()))
            }
            TIMER => {
                let (list, name) = (LogId::new(fields.text()?), fields.text()?);
                let due = Timestamp::from_ms(i64::from_be_bytes(fields.number()?.to_be_bytes()));
                Self::Item(Item::Timer(TimerId { list, due, name }, fields.rest()))
            }
            BODY => {
                let id = fields.text()?;
                Self::Body(BlobId::parse(std::str::from_utf8(&id).ok()?).ok()?, fields.number()?)
            }
            CHUNK => Self::Chunk(fields.rest()),
            _ => return None,
        })
    }
}
