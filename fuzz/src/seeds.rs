//! Where inputs begin: the committed corpus, botocore's protocol vectors, and names of the models as tokens.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::targets::Target;

/// Tokens of all the languages at once: a wrong one does no harm.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "{\"S\":\"a\"}",
    "{\"N\":\"1\"}",
    "{\"L\":[",
    "{\"M\":{\"a\":",
    "<a>",
    "</a>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version=\"1.0\"?>",
    "<!DOCTYPE a [",
    "&#x0;",
    "&#13;",
    "&amp;",
    "xmlns=\"u\"",
    ".member.1",
    ".entry.1.key",
    ".entry.1.value",
    "%00",
    "%ff",
    "%2F",
    "+",
    "==",
    "\r\n",
    "\n\n",
    "0\r\n\r\n",
    ";chunk-signature=",
    "x-amz-trailer-signature:",
    "AWS4-HMAC-SHA256 ",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "X-Amz-Expires=",
    "X-Amz-Date=20251124T000000Z",
    "/aws4_request",
    "UNSIGNED-PAYLOAD",
    "\"Statement\":",
    "\"NotAction\":",
    "\"NotPrincipal\":",
    "\"Condition\":",
    "ForAllValues:",
    "IfExists",
    "${aws:username}",
    "${*}",
    "*",
    "?",
    "attribute_exists(",
    "begins_with(",
    "contains(",
    "size(",
    "if_not_exists(",
    "list_append(",
    " AND ",
    " OR ",
    "NOT ",
    " BETWEEN ",
    " IN (",
    "SET ",
    "REMOVE ",
    "ADD ",
    "DELETE ",
    "#a",
    ":s",
    ":n",
    "l[0]",
    "m.x",
    "arn:aws:",
    "{proxy+}",
    "ANY /",
    "2026-11-24T00:00:00Z",
    "\u{e9}",
    "\u{1f600}",
    "\u{202e}",
    "\u{feff}",
];

/// The target's own seeds and those of its file.
pub fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(format!("{}.txt", target.name));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut found: Vec<Vec<u8>> = text.lines().map(unescape).collect();
    found.extend((target.seeds)());
    found.push(Vec::new());
    found
}

/// What mutations put in: tokens, and what the seeds have for words.
pub fn tokens(corpus: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = TOKENS.iter().map(|token| token.as_bytes().to_vec()).collect();
    for seed in corpus {
        let words = seed.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
        found.extend(words.filter(|word| (4..40).contains(&word.len())).map(<[u8]>::to_vec));
    }
    found.sort();
    found.dedup();
    found
}

/// The bodies of botocore's vectors in these files, where `cargo xtask test` has fetched them.
pub fn vectors(files: &[&str]) -> Vec<Vec<u8>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/vectors/protocols/input");
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let suites: Value = serde_json::from_str(&text).unwrap_or_default();
        let cases = suites.as_array().into_iter().flatten().filter_map(|suite| suite.get("cases")?.as_array());
        let bodies = cases.flatten().filter_map(|case| case.get("serialized")?.get("body")?.as_str());
        found.extend(bodies.filter(|body| !body.is_empty()).map(|body| body.as_bytes().to_vec()));
    }
    found
}

/// A line of a corpus file: bytes as Rust escapes them.
pub fn unescape(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap_or(b'0')));
                let value =
                    digits.iter().filter_map(|digit| digit.to_digit(16)).fold(0, |value, digit| value * 16 + digit);
                value as u8
            }
            Some(other) => other,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_rust() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&bytes.escape_ascii().to_string()), bytes);
    }
}
