//! What was decoded is written, read and written again: the second writing is the first one.

use wire::codec::{CborReader, CborWriter, JsonReader, JsonWriter, Node, TreeReader, TreeStyle, XmlWriter};
use wire::{Location, ReadError, Reader, Structure, Writer};

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
    // Characters that XML 1.0 has no form for come in paths and headers. S3 writes them as references, which no reader takes.
    let text = write(value);
    if text.windows(3).enumerate().any(|(at, start)| start == b"&#x" && !is_blank(text.get(at + 3..))) {
        return;
    }
    twice(empty, value, write, |into, bytes| {
        let (_, node) = Node::from_xml(&String::from_utf8_lossy(bytes))?;
        TreeReader::new(&node, TreeStyle::Xml).structure(into)
    });
}

/// A reference to a tab or the end of a line.
fn is_blank(reference: Option<&[u8]>) -> bool {
    let digits = reference.and_then(|bytes| bytes.split(|byte| *byte == b';').next());
    digits.is_some_and(|digits| [b"9".as_slice(), b"A", b"D", b"a", b"d"].contains(&digits))
}

fn twice(
    empty: Empty,
    value: &dyn Structure,
    write: impl Fn(&dyn Structure) -> Vec<u8>,
    read: impl Fn(&mut dyn Structure, &[u8]) -> Result<(), ReadError>,
) {
    let again = |written: &[u8]| {
        let mut again = empty();
        let outcome = read(again.as_mut(), written);
        assert_eq!(outcome, Ok(()), "what was written is not read: {}", written.escape_ascii());
        again
    };
    let mut first = write(value);
    // What came in the path or the query of a request stands in an answer's body, and there no request is read from.
    if value.facts().members.iter().any(|member| member.location != Location::Body) {
        first = write(again(&first).as_ref());
    }
    let second = write(again(&first).as_ref());
    assert!(first == second, "written: {}\nread and written: {}", first.escape_ascii(), second.escape_ascii());
}
