//! A blob's name: random, and safe as a file name or an object key.

use std::fmt;

use base::Ids;
use serde::{Deserialize, Serialize};

/// 26 letters of 5 bits: 130 random bits.
const LENGTH: usize = 26;

/// The name of a blob, given by the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobId(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a blob's id: {0:?}")]
pub struct BlobIdError(pub String);

impl BlobId {
    /// A name that no other blob has.
    pub fn random(ids: &Ids) -> Self {
        Self(ids.lower(LENGTH))
    }

    pub fn parse(text: &str) -> Result<Self, BlobIdError> {
        text.to_owned().try_into()
    }

    /// Every place in the bytes where an id may stand; few that do not are among them.
    pub fn candidates(bytes: &[u8]) -> impl Iterator<Item = &str> {
        let runs = bytes.split(|byte| !is_letter(*byte));
        runs.flat_map(|run| run.windows(LENGTH)).filter_map(|window| std::str::from_utf8(window).ok())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

impl TryFrom<String> for BlobId {
    type Error = BlobIdError;

    fn try_from(text: String) -> Result<Self, BlobIdError> {
        let is_id = text.len() == LENGTH && text.bytes().all(is_letter);
        if is_id { Ok(Self(text)) } else { Err(BlobIdError(text)) }
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_ids() {
        let id = BlobId::random(&Ids::seeded(1));
        assert_eq!(BlobId::parse(id.as_str()), Ok(id));
        for text in ["", "short", "../../../../etc/passwd....", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"] {
            assert!(BlobId::parse(text).is_err());
        }
    }

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        let id = BlobId::random(&Ids::seeded(1));
        for text in [format!(r#"{{"blob":"{id}"}}"#), format!("x{id}"), format!("{id}9"), id.to_string()] {
            assert!(BlobId::candidates(text.as_bytes()).any(|found| found == id.as_str()), "{text}");
        }
        assert_eq!(BlobId::candidates(&id.as_str().as_bytes()[1..]).count(), 0);
        assert_eq!(BlobId::candidates(b"\xff\xfe A b").count(), 0);
    }
}
