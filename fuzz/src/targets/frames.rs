//! Frames of the event stream, as they come and with lengths and checksums put right.

use bytes::{Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, checksum};
use wire::codec::eventstream::Message;

use crate::class::{self, Class};

pub fn event_stream(data: &[u8]) -> Class {
    let Some((first, rest)) = data.split_first() else { return class::of("short") };
    let forged;
    let bytes = match first % 2 {
        0 => rest,
        _ => {
            forged = forge(rest);
            &forged
        }
    };
    let whole = taken(&mut BytesMut::from(bytes));
    assert_eq!(in_pieces(bytes, usize::from(*first) + 1), whole, "pieces are read as the whole is");
    let (messages, end) = whole;
    for message in &messages {
        let encoded = message.encode().map(|frame| taken(&mut BytesMut::from(&frame[..])));
        assert_eq!(encoded, Ok((vec![message.clone()], String::new())), "a frame goes round");
    }
    class::of((messages.iter().map(|message| message.headers.len()).collect::<Vec<_>>(), end))
}

/// The messages up to the end or an error.
fn taken(arrived: &mut BytesMut) -> (Vec<Message>, String) {
    let mut messages = Vec::new();
    loop {
        match Message::decode(arrived) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, String::new()),
            Err(error) => return (messages, error.to_string()),
        }
    }
}

fn in_pieces(bytes: &[u8], length: usize) -> (Vec<Message>, String) {
    let mut arrived = BytesMut::new();
    let mut messages = Vec::new();
    for piece in bytes.chunks(length) {
        arrived.extend_from_slice(piece);
        let (found, end) = taken(&mut arrived);
        messages.extend(found);
        if !end.is_empty() {
            return (messages, end);
        }
    }
    (messages, String::new())
}

/// A frame with the first byte's number of bytes as headers and the rest as payload.
fn forge(data: &[u8]) -> Vec<u8> {
    let length = data.first().map_or(0, |n| usize::from(*n)).min(data.len().saturating_sub(1));
    let (headers, payload) = data.get(1..).unwrap_or_default().split_at(length);
    let crc = |bytes: &[u8]| (checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32).to_be_bytes();
    let total = (16 + headers.len() + payload.len()) as u32;
    let mut frame = [total.to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
    frame.extend(crc(&frame));
    frame.extend_from_slice(headers);
    frame.extend_from_slice(payload);
    frame.extend(crc(&frame));
    frame
}

pub fn seeds() -> Vec<Vec<u8>> {
    let messages = [
        Message::default(),
        Message::event("PayloadChunk", "application/octet-stream", Bytes::from_static(b"hello")),
        Message::exception("ServiceException", "application/json", Bytes::from_static(b"{}")),
        Message::error("InternalError", "An internal error"),
    ];
    let frames = messages.iter().filter_map(|message| message.encode().ok());
    let mut found: Vec<Vec<u8>> = frames.map(|frame| [&[0], &frame[..]].concat()).collect();
    // One header of each type, for the forger.
    let headers: [&[u8]; 10] = [
        b"\x01t\x00",
        b"\x01f\x01",
        b"\x01b\x02\xff",
        b"\x01s\x03\x01\x00",
        b"\x01i\x04\0\0\0\x2a",
        b"\x01l\x05\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x01y\x06\0\x02ab",
        b"\x01x\x07\0\x02\xc3\xa9",
        b"\x01d\x08\0\0\x01\x9a\xb3\x29\0\x7b",
        b"\x01u\x09\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
    ];
    found.extend(headers.iter().map(|header| [&[1, header.len() as u8], *header, b"payload"].concat()));
    found
}
