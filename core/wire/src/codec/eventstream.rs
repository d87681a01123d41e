//! The event stream: frames of headers and a payload, each with its checksums (`application/vnd.amazon.eventstream`).

use base::Timestamp;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, checksum};

/// One frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    pub headers: Vec<(String, HeaderValue)>,
    pub payload: Bytes,
}

/// A header's value, in one of the ten types of the format.
#[derive(Debug, Clone, PartialEq)]
pub enum HeaderValue {
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    Bytes(Bytes),
    String(String),
    Timestamp(Timestamp),
    Uuid([u8; 16]),
}

/// Why bytes are no frame, or a message makes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the checksum does not match")]
    Checksum,
    #[error("the frame's lengths do not fit each other")]
    Lengths,
    #[error("a header is not well-formed")]
    Header,
    #[error("the message is too large for a frame")]
    TooLarge,
}

/// Total length, length of the headers, checksum of the two.
const PRELUDE_BYTES: usize = 12;

/// The prelude, and the checksum at the end.
const FRAME_BYTES_MIN: usize = PRELUDE_BYTES + 4;

/// What botocore 1.44 takes.
const HEADERS_BYTES_MAX: usize = 128 * 1024;

/// What botocore 1.44 takes.
const PAYLOAD_BYTES_MAX: usize = 24 * 1024 * 1024;

impl Message {
    /// An event of a modelled stream: the union's member that it is, and its payload. One without a payload has no content type.
    pub fn event(kind: &str, content_type: &str, payload: Bytes) -> Self {
        Self::of("event", &[(":event-type", kind), (":content-type", content_type)], payload)
    }

    /// A modelled exception, which ends the stream.
    pub fn exception(kind: &str, content_type: &str, payload: Bytes) -> Self {
        Self::of("exception", &[(":exception-type", kind), (":content-type", content_type)], payload)
    }

    /// An error that is not modelled, which ends the stream.
    pub fn error(code: &str, text: &str) -> Self {
        Self::of("error", &[(":error-code", code), (":error-message", text)], Bytes::new())
    }

    fn of(kind: &str, texts: &[(&str, &str)], payload: Bytes) -> Self {
        let said = texts.iter().copied().filter(|(name, value)| *name != ":content-type" || !value.is_empty());
        let all = std::iter::once((":message-type", kind)).chain(said);
        let headers = all.map(|(name, value)| (name.to_owned(), HeaderValue::String(value.to_owned()))).collect();
        Self { headers, payload }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The frame.
    pub fn encode(&self) -> Result<Bytes, FrameError> {
        let mut headers = BytesMut::new();
        for (name, value) in &self.headers {
            headers.put_u8(u8::try_from(name.len()).map_err(|_| FrameError::TooLarge)?);
            headers.put_slice(name.as_bytes());
            value.encode(&mut headers)?;
        }
        if headers.len() > HEADERS_BYTES_MAX || self.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(FrameError::TooLarge);
        }
        let total = FRAME_BYTES_MIN + headers.len() + self.payload.len();
        let mut frame = BytesMut::with_capacity(total);
        // Both fit 32 bits: their sum is at most the two limits and the frame's own bytes.
        frame.put_u32(total as u32);
        frame.put_u32(headers.len() as u32);
        frame.put_u32(crc32(&frame));
        frame.put_slice(&headers);
        frame.put_slice(&self.payload);
        frame.put_u32(crc32(&frame));
        Ok(frame.freeze())
    }

    /// Takes one frame off the front of what has arrived; `None` while it is not there as a whole. After an error the stream
    /// cannot be read on.
    pub fn decode(arrived: &mut BytesMut) -> Result<Option<Self>, FrameError> {
        let Some(mut prelude) = arrived.get(..PRELUDE_BYTES) else { return Ok(None) };
        let checked = crc32(prelude.get(..8).unwrap_or_default());
        let (total, headers) = (prelude.get_u32() as usize, prelude.get_u32() as usize);
        if prelude.get_u32() != checked {
            return Err(FrameError::Checksum);
        }
        let payload = total.checked_sub(FRAME_BYTES_MIN).and_then(|rest| rest.checked_sub(headers));
        let payload = payload.ok_or(FrameError::Lengths)?;
        if headers > HEADERS_BYTES_MAX || payload > PAYLOAD_BYTES_MAX {
            return Err(FrameError::TooLarge);
        }
        if arrived.len() < total {
            return Ok(None);
        }
        let mut frame = arrived.split_to(total).freeze();
        let mut checksum = frame.split_off(total - 4);
        if checksum.get_u32() != crc32(&frame) {
            return Err(FrameError::Checksum);
        }
        frame.advance(PRELUDE_BYTES);
        let mut rest = frame.split_to(headers);
        let mut message = Self { headers: Vec::new(), payload: frame };
        while rest.has_remaining() {
            let length = rest.try_get_u8().map_err(|_| FrameError::Header)?;
            let name = text(&mut rest, length.into())?;
            message.headers.push((name, HeaderValue::decode(&mut rest)?));
        }
        Ok(Some(message))
    }
}

impl HeaderValue {
    fn encode(&self, out: &mut BytesMut) -> Result<(), FrameError> {
        let mut sized = |kind: u8, bytes: &[u8]| {
            out.put_u8(kind);
            out.put_u16(u16::try_from(bytes.len()).map_err(|_| FrameError::TooLarge)?);
            out.put_slice(bytes);
            Ok(())
        };
        match self {
            Self::Bytes(value) => return sized(6, value),
            Self::String(value) => return sized(7, value.as_bytes()),
            Self::Boolean(true) => out.put_u8(0),
            Self::Boolean(false) => out.put_u8(1),
            Self::Byte(value) => {
                out.put_u8(2);
                out.put_i8(*value);
            }
            Self::Short(value) => {
                out.put_u8(3);
                out.put_i16(*value);
            }
            Self::Integer(value) => {
                out.put_u8(4);
                out.put_i32(*value);
            }
            Self::Long(value) => {
                out.put_u8(5);
                out.put_i64(*value);
            }
            Self::Timestamp(value) => {
                out.put_u8(8);
                out.put_i64(value.as_ms());
            }
            Self::Uuid(value) => {
                out.put_u8(9);
                out.put_slice(value);
            }
        }
        Ok(())
    }

    fn decode(from: &mut Bytes) -> Result<Self, FrameError> {
        let short = |_| FrameError::Header;
        Ok(match from.try_get_u8().map_err(short)? {
            0 => Self::Boolean(true),
            1 => Self::Boolean(false),
            2 => Self::Byte(from.try_get_i8().map_err(short)?),
            3 => Self::Short(from.try_get_i16().map_err(short)?),
            4 => Self::Integer(from.try_get_i32().map_err(short)?),
            5 => Self::Long(from.try_get_i64().map_err(short)?),
            6 => {
                let length = from.try_get_u16().map_err(short)?;
                Self::Bytes(take(from, length.into())?)
            }
            7 => {
                let length = from.try_get_u16().map_err(short)?;
                Self::String(text(from, length.into())?)
            }
            8 => Self::Timestamp(Timestamp::from_ms(from.try_get_i64().map_err(short)?)),
            9 => {
                let mut value = [0; 16];
                from.try_copy_to_slice(&mut value).map_err(short)?;
                Self::Uuid(value)
            }
            _ => return Err(FrameError::Header),
        })
    }
}

fn take(from: &mut Bytes, length: usize) -> Result<Bytes, FrameError> {
    if from.len() < length { Err(FrameError::Header) } else { Ok(from.split_to(length)) }
}

fn text(from: &mut Bytes, length: usize) -> Result<String, FrameError> {
    String::from_utf8(take(from, length)?.into()).map_err(|_| FrameError::Header)
}

fn crc32(bytes: &[u8]) -> u32 {
    // The algorithm's values have 32 bits.
    checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32
}
