//! Percent-encoding as SigV4 wants it.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, for paths.
const PATH: &AsciiSet = &STRICT.remove(b'/');

/// Encodes a query name or value.
pub(crate) fn strict(bytes: &[u8]) -> String {
    percent_encode(bytes, STRICT).to_string()
}

/// Encodes a path, leaving its slashes.
pub(crate) fn path(bytes: &[u8]) -> String {
    percent_encode(bytes, PATH).to_string()
}

/// Decodes percent signs only.
pub(crate) fn decode(text: &str) -> Cow<'_, [u8]> {
    percent_decode_str(text).into()
}

/// Decodes a query name or value, where `+` is a space.
pub(crate) fn decode_query(text: &str) -> Vec<u8> {
    percent_decode_str(&text.replace('+', " ")).collect()
}

/// Decodes a query value to text; what is not UTF-8 shows as U+FFFD.
pub(crate) fn query_text(text: &str) -> String {
    String::from_utf8_lossy(&decode_query(text)).into_owned()
}

/// Resolves `.` and `..` and drops empty segments; a final slash stays.
pub(crate) fn normalise(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => (),
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let last = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{last}", kept.join("/"))
}
