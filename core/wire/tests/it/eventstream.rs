//! Frames of the event stream. The literals are frames that botocore 1.44.5's EventStreamBuffer reads as what stands here.

use base::Timestamp;
use bytes::{Bytes, BytesMut};
use wire::codec::eventstream::{FrameError, HeaderValue, Message};

const EMPTY: &str = "000000100000000005c248eb7d98c8ff";
const EVENT: &str = "0000006f0000005af5fe871f0d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479706507000c5061796c6f61644368756e6b0d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d68656c6c6f4fe061f2";
const EXCEPTION: &str = "0000007e0000005eaf13fd340d3a6d6573736167652d74797065070009657863657074696f6e0f3a657863657074696f6e2d7479706507001053657276696365457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b226d657373616765223a226e6f227d3d02cb28";
const ERROR: &str = "00000065000000552ff1822f0d3a6d6573736167652d747970650700056572726f720b3a6572726f722d636f646507000d496e7465726e616c4572726f720e3a6572726f722d6d657373616765070011416e20696e7465726e616c206572726f72ef21f42b";
const EVERY_TYPE: &str = "0000005e0000004dea6c93ee017400016601016202ff01730301000169040000002a016c05ffffffffffffffff017906000200010178070002c3a90164080000019ab329007b017509000102030405060708090a0b0c0d0e0f00d98279ce";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn decode(frame: &[u8]) -> Result<Option<Message>, FrameError> {
    Message::decode(&mut BytesMut::from(frame))
}

fn check(message: &Message, hex: &str) {
    assert_eq!(&message.encode().unwrap()[..], bytes(hex));
    assert_eq!(decode(&bytes(hex)), Ok(Some(message.clone())));
}

#[test]
fn messages_are_the_frames_that_botocore_reads() {
    check(&Message::default(), EMPTY);
    check(&Message::event("PayloadChunk", "application/octet-stream", Bytes::from_static(b"hello")), EVENT);
    let no = Bytes::from_static(br#"{"message":"no"}"#);
    check(&Message::exception("ServiceException", "application/json", no), EXCEPTION);
    check(&Message::error("InternalError", "An internal error"), ERROR);
    let headers = [
        ("t", HeaderValue::Boolean(true)),
        ("f", HeaderValue::Boolean(false)),
        ("b", HeaderValue::Byte(-1)),
        ("s", HeaderValue::Short(256)),
        ("i", HeaderValue::Integer(42)),
        ("l", HeaderValue::Long(-1)),
        ("y", HeaderValue::Bytes(Bytes::from_static(&[0, 1]))),
        ("x", HeaderValue::String("é".into())),
        ("d", HeaderValue::Timestamp(Timestamp::from_ms(1_763_942_400_123))),
        ("u", HeaderValue::Uuid(std::array::from_fn(|n| n as u8))),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    check(&Message { headers, payload: Bytes::from_static(&[0]) }, EVERY_TYPE);
}

#[test]
fn frames_are_taken_as_they_arrive_whole() {
    let mut arrived = BytesMut::new();
    let mut taken = Vec::new();
    for byte in [bytes(EVENT), bytes(ERROR)].concat() {
        arrived.extend_from_slice(&[byte]);
        taken.extend(Message::decode(&mut arrived).unwrap());
    }
    let kinds: Vec<_> = taken.iter().map(|message| message.header(":message-type").cloned().unwrap()).collect();
    assert_eq!(kinds, [HeaderValue::String("event".into()), HeaderValue::String("error".into())]);
    assert!(arrived.is_empty());
}

#[test]
fn a_flipped_bit_is_never_read() {
    let frame = bytes(EVERY_TYPE);
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode(&flipped), Err(FrameError::Checksum), "bit {bit}");
    }
}

/// A frame with these lengths and headers, and checksums that are right.
fn forged(total: u32, headers_length: u32, headers: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| (crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes) as u32).to_be_bytes();
    let mut frame = [total.to_be_bytes(), headers_length.to_be_bytes()].concat();
    frame.extend(crc(&frame));
    frame.extend(headers);
    frame.extend(crc(&frame));
    frame
}

#[test]
fn forged_lengths_and_headers_are_refused() {
    assert_eq!(decode(&forged(15, 0, b"")), Err(FrameError::Lengths));
    assert_eq!(decode(&forged(16, 1, b"")), Err(FrameError::Lengths));
    assert_eq!(decode(&forged(u32::MAX, 0, b"")), Err(FrameError::TooLarge));
    assert_eq!(decode(&forged(u32::MAX, u32::MAX - 16, b"")), Err(FrameError::TooLarge));
    for headers in
        [&b"\x05a"[..], b"\x01a", b"\x01a\x0a", b"\x01a\x07\xff\xff", b"\x01a\x08\x00", b"\x01\xff\x00", b"\x01a\x09"]
    {
        let total = 16 + headers.len() as u32;
        assert_eq!(decode(&forged(total, headers.len() as u32, headers)), Err(FrameError::Header), "{headers:?}");
    }
}

#[test]
fn what_does_not_fit_a_frame_is_refused() {
    let long = |length: usize| HeaderValue::String("a".repeat(length));
    let with = |name: &str, value| Message { headers: vec![(name.to_owned(), value)], payload: Bytes::new() }.encode();
    assert_eq!(with(&"n".repeat(256), HeaderValue::Boolean(true)), Err(FrameError::TooLarge));
    assert_eq!(with("n", long(65_536)), Err(FrameError::TooLarge));
    assert!(with("n", long(65_535)).is_ok());
    let payload = Bytes::from(vec![0; 24 * 1024 * 1024 + 1]);
    assert_eq!(Message { headers: Vec::new(), payload }.encode(), Err(FrameError::TooLarge));
}
