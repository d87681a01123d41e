//! Bounds on XML documents, checked before they are parsed: the parser compares attributes and namespaces with each other.

use crate::shape::ReadError;

/// Attributes of one element; S3's documents have two at most.
const ATTRIBUTES_MAX: usize = 64;

/// Declarations of namespaces in one document; S3's access control lists have one for each of their 100 grants.
const NAMESPACES_MAX: usize = 1_000;

/// Refuses a document that would take the parser quadratic time or memory.
pub fn check(text: &str) -> Result<(), ReadError> {
    if text.matches("xmlns").count() > NAMESPACES_MAX {
        return Err(ReadError::Malformed("The XML declares too many namespaces".into()));
    }
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        let (attributes, behind) = tag(behind);
        if attributes > ATTRIBUTES_MAX {
            return Err(ReadError::Malformed("An element of the XML has too many attributes".into()));
        }
        rest = behind;
    }
    Ok(())
}

/// The attributes of the tag that begins here, and the text behind it. Comments and the like have none.
fn tag(text: &str) -> (usize, &str) {
    for (opens, closes) in [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")] {
        if let Some(inside) = text.strip_prefix(opens) {
            return (0, inside.split_once(closes).map_or("", |(_, behind)| behind));
        }
    }
    let (mut attributes, mut quote) = (0, None);
    for (at, letter) in text.bytes().enumerate() {
        match (quote, letter) {
            (None, b'>') => return (attributes, text.get(at + 1..).unwrap_or("")),
            (None, b'=') => attributes += 1,
            (None, b'"' | b'\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => (),
        }
    }
    (attributes, "")
}
