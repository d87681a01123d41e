//! Key spaces: parameters by name, their former versions by name and number.

use base::Scope;
use kv::Key;

use crate::names::Name;

const TAG: &[u8] = b"ssm\0";
const PARAMETER: &[u8] = b"parameter\0";
const VERSION: &[u8] = b"version\0";

/// A parameter's record. The name comes last, so the order of keys is that of names.
#[derive(Debug)]
pub(crate) struct Parameter<'a> {
    pub scope: &'a Scope,
    /// A name's path, or what paths begin with.
    pub path: &'a str,
}

impl Parameter<'_> {
    pub(crate) fn encode(&self) -> Key {
        Key::from([space(PARAMETER, self.scope), self.path.as_bytes().to_vec()].concat())
    }

    pub(crate) fn decode(scope: &Scope, key: &Key) -> Option<Name> {
        let path = key.as_bytes().strip_prefix(space(PARAMETER, scope).as_slice())?;
        String::from_utf8(path.to_vec()).ok().map(Name::from_path)
    }
}

/// A former version's record. Names hold no zero byte, so numbers are in order behind each name.
#[derive(Debug)]
pub(crate) struct Version<'a> {
    pub scope: &'a Scope,
    pub name: &'a Name,
    pub number: u64,
}

impl Version<'_> {
    pub(crate) fn encode(&self) -> Key {
        let (name, number) = (self.name.path().as_bytes(), self.number.to_be_bytes());
        Key::from([space(VERSION, self.scope).as_slice(), name, b"\0", &number].concat())
    }
}

fn space(space: &[u8], scope: &Scope) -> Vec<u8> {
    [TAG, space, scope.account.as_str().as_bytes(), b"\0", scope.region.as_str().as_bytes(), b"\0"].concat()
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "(/[a-zA-Z0-9._-]{1,4}){1,3}";

    fn scope() -> Scope {
        Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT))
    }

    fn version(name: &str, number: u64) -> Key {
        Version { scope: &scope(), name: &Name::from_path(name.to_owned()), number }.encode()
    }

    proptest! {
        #[test]
        fn names_come_back_in_their_order(a in NAME, b in NAME) {
            let scope = scope();
            let key = |path: &str| Parameter { scope: &scope, path }.encode();
            prop_assert_eq!(Parameter::decode(&scope, &key(&a)), Some(Name::from_path(a.clone())));
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
            prop_assert!(Parameter::decode(&scope, &version(&a, 1)).is_none());
        }

        #[test]
        fn versions_are_in_the_order_of_names_and_numbers(a in NAME, m: u64, b in NAME, n: u64) {
            prop_assert_eq!(version(&a, m).cmp(&version(&b, n)), (a, m).cmp(&(b, n)));
        }
    }
}
