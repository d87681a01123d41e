//! What was decoded is written, read and written again: the second writing is the first one.

use wire::codec::{CborReader, CborWriter, JsonReader, JsonWriter, Node, TreeReader, TreeStyle, XmlWriter};
use wire::{ReadError, Reader, Structure, Writer};

/// An empty structure of the type that is sent round.
type Empty = fn() -> Box<dyn Structure>;

pub fn json(empty: Empty, value: &dyn Structure) {
    let write = |value: &dyn Structure| {
        let mut writer = JsonWriter::default();
        writer.structure(value);
        writer.out
    };
    twice(empty, value, write, |into, text| {
        let mut reader = JsonReader::new(text);
        reader.structure(into)?;
        reader.finish()
    });
}

pub fn cbor(empty: Empty, value: &dyn Structure) {
    let write = |value: &dyn Structure| {
        let mut writer = CborWriter::default();
        writer.structure(value);
        writer.into_bytes()
    };
    twice(empty, value, write, |into, bytes| {
        let mut reader = CborReader::new(bytes);
        reader.structure(into)?;
        reader.finish()
    });
}

pub fn xml(empty: Empty, value: &dyn Structure) {
    let write = |value: &dyn Structure| {
        let mut writer = XmlWriter::new("Root", "").with_milliseconds();
        writer.structure(value);
        writer.out.into_bytes()
    };
    twice(empty, value, write, |into, bytes| {
        let (_, node) = Node::from_xml(&String::from_utf8_lossy(bytes))?;
        TreeReader::new(&node, TreeStyle::Xml).structure(into)
    });
}

fn twice(
    empty: Empty,
    value: &dyn Structure,
    write: impl Fn(&dyn Structure) -> Vec<u8>,
    read: impl Fn(&mut dyn Structure, &[u8]) -> Result<(), ReadError>,
) {
    let first = write(value);
    let mut again = empty();
    let outcome = read(again.as_mut(), &first);
    assert_eq!(outcome, Ok(()), "what was written is not read: {}", first.escape_ascii());
    let second = write(again.as_ref());
    assert!(first == second, "written: {}\nread and written: {}", first.escape_ascii(), second.escape_ascii());
}
