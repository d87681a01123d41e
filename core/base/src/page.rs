//! Page tokens: the last key seen, sealed, and bound to the operation and its filters.

use crate::{Ids, Seal};

/// Makes and opens the tokens of one listing.
///
/// `listing` names the operation and everything that narrows it (scope, prefix, parent); a token of another listing
/// does not open.
#[derive(Debug, Clone)]
pub struct PageToken<'a> {
    pub seal: &'a Seal,
    pub ids: &'a Ids,
    pub listing: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this listing")]
pub struct PageTokenError;

impl PageToken<'_> {
    /// The token that continues after `last_key`.
    pub fn after(&self, last_key: &[u8]) -> String {
        self.seal.seal(self.ids, &self.purpose(), last_key)
    }

    /// The key to continue after.
    pub fn open(&self, token: &str) -> Result<Vec<u8>, PageTokenError> {
        self.seal.open(&self.purpose(), token).map_err(|_| PageTokenError)
    }

    fn purpose(&self) -> String {
        format!("page:{}", self.listing)
    }
}
