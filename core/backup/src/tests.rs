//! Every frame comes back; whatever is cut off or changed is refused.

use std::collections::BTreeMap;

use base::{Ids, Secret, Timestamp};
use blob::BlobId;
use bytes::Bytes;
use kv::{Item, LogId, Position, TimerId};

use crate::{Error, Frame, Head, MAGIC, Reader, Writer};

fn frames() -> Vec<Frame> {
    let log = LogId::from_static("log");
    let timer = TimerId { list: log.clone(), due: Timestamp::from_ms(-5), name: Bytes::from_static(b"t") };
    vec![
        Frame::Item(Item::Row("key".into(), Bytes::from_static(b"value"))),
        Frame::Item(Item::Row("empty".into(), Bytes::new())),
        Frame::Item(Item::Log { log: log.clone(), last: Position::new(9), floor: Position::new(7) }),
        Frame::Item(Item::Record(log, Position::new(8), Bytes::from_static(b"record"))),
        Frame::Item(Item::Timer(timer, Bytes::from_static(b"body"))),
        Frame::Body(BlobId::random(&Ids::seeded(1)), 5),
        Frame::Chunk(Bytes::from_static(b"bytes")),
    ]
}

fn head() -> Head {
    let files = BTreeMap::from([("root-key.json".to_owned(), Secret::new("hunter2".to_owned()))]);
    Head::new(Timestamp::from_ms(0), "clearsky 0", files)
}

fn file() -> Vec<u8> {
    let mut writer = Writer::begin(head());
    let mut out = Vec::new();
    for frame in frames() {
        writer.push(&frame);
        out.extend_from_slice(&writer.take());
    }
    out.extend_from_slice(&writer.end());
    out
}

fn read(file: &[u8]) -> Result<Vec<Frame>, Error> {
    let mut reader = Reader::open(file)?;
    let mut found = Vec::new();
    while let Some(frame) = reader.frame()? {
        found.push(frame);
    }
    Ok(found)
}

#[test]
fn everything_comes_back() {
    let mut expected = vec![Frame::Head(head())];
    expected.extend(frames());
    assert_eq!(read(&file()).unwrap(), expected);
    assert!(!format!("{expected:?}").contains("hunter2"));
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    let file = file();
    for bytes in 0..file.len() {
        let error = read(&file[..bytes]).unwrap_err();
        let is_named =
            if bytes < MAGIC.len() { matches!(error, Error::Foreign) } else { matches!(error, Error::Truncated) };
        assert!(is_named, "{bytes}: {error}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let good = file();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(read(&bad).is_err(), "byte {at}");
    }
    assert!(matches!(read(&[&good[..], b"x"].concat()), Err(Error::Damaged(_))));
}

#[test]
fn another_version_is_named() {
    let text = |file: &[u8]| read(file).unwrap_err().to_string();
    assert!(text(b"clearsky-backup 2\nwhatever").contains("version 2"));
    assert!(text(b"PK and so on, not ours at all").contains("not a backup"));
}
