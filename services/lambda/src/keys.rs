//! Key spaces: `lambda\0 account \0 region \0 f name`. Account, region and name never hold a NUL.

use base::Scope;
use kv::Key;

const TAG: &[u8] = b"lambda\0";

/// Rows that refer to packages: all of the house's, so that no kind is forgotten.
pub(crate) const BLOB_ROWS: &[&[u8]] = &[TAG];

/// A function's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
}

impl FunctionKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = functions(self.scope);
        bytes.extend_from_slice(self.name.as_bytes());
        Key::from(bytes)
    }
}

/// What the keys of all functions of an account and region start with.
pub(crate) fn functions(scope: &Scope) -> Vec<u8> {
    let mut bytes = TAG.to_vec();
    bytes.extend_from_slice(scope.account.as_str().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(scope.region.as_str().as_bytes());
    bytes.extend_from_slice(b"\0f");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Account, Region};

    fn scope(account: &str, region: &str) -> Scope {
        Scope::new(Account::from(account), Region::from(region))
    }

    #[test]
    fn keys_keep_the_order_of_names_and_scopes_do_not_mix() {
        let here = scope("000000000000", "us-east-1");
        let keys: Vec<Key> = ["A", "Z", "_", "a", "a-b", "aa", "b"]
            .iter()
            .map(|name| FunctionKey { scope: &here, name }.encode())
            .collect();
        assert!(keys.is_sorted());
        assert!(keys.iter().all(|key| key.starts_with(&functions(&here))));
        let other = FunctionKey { scope: &scope("000000000000", "us-east-12"), name: "A" }.encode();
        assert!(!other.starts_with(&functions(&here)));
    }
}
