//! Key spaces: where each API lives, APIs by scope, and what belongs to an API.

use base::Scope;
use kv::Key;

const TAG: &[u8] = b"apigateway\0";

/// What belongs to an API, each kind a space of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Integration,
    Route,
    Stage,
    Deployment,
}

impl Part {
    const fn tag(self) -> &'static [u8] {
        match self {
            Self::Integration => b"integration\0",
            Self::Route => b"route\0",
            Self::Stage => b"stage\0",
            Self::Deployment => b"deployment\0",
        }
    }
}

/// Says in which scope the API of this id lives: requests to an API name nothing but the id.
pub(crate) fn home(api: &str) -> Key {
    Key::from([TAG, b"home\0", api.as_bytes()].concat())
}

/// What the records of all APIs of a scope start with.
pub(crate) fn apis(scope: &Scope) -> Key {
    Key::from([TAG, b"api\0", &place(scope)].concat())
}

/// What the records of one kind of an API start with.
pub(crate) fn parts(scope: &Scope, api: &str, part: Part) -> Key {
    Key::from([TAG, part.tag(), &place(scope), api.as_bytes(), &[0]].concat())
}

/// The record of this id or name under a prefix. It comes last, so it may hold anything.
pub(crate) fn under(prefix: &Key, id: &str) -> Key {
    Key::from([prefix.as_bytes(), id.as_bytes()].concat())
}

fn place(scope: &Scope) -> Vec<u8> {
    [scope.account.as_str().as_bytes(), &[0], scope.region.as_str().as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    #[test]
    fn the_parts_of_one_api_are_not_those_of_another() {
        let scope = Scope::new(Account::from("000000000000"), Region::from("us-east-1"));
        let prefix = parts(&scope, "abc", Part::Route);
        assert!(under(&prefix, "r1").starts_with(prefix.as_bytes()));
        assert!(under(&prefix, "r1") < under(&prefix, "r2"));
        for other in [parts(&scope, "abcd", Part::Route), parts(&scope, "abc", Part::Stage), home("abc")] {
            assert!(!under(&other, "r1").starts_with(prefix.as_bytes()));
        }
    }
}
