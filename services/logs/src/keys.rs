//! Key spaces: groups by name, streams by group and name, a log for each stream's events.

use base::Scope;
use kv::{Key, LogId};

const TAG: &[u8] = b"logs\0";
const GROUP: &[u8] = b"group\0";
const STREAM: &[u8] = b"stream\0";
const EVENTS: &[u8] = b"events\0";

/// A group's record. Names of groups hold no zero byte (model), so the order is that of the names.
pub(crate) fn group(scope: &Scope, name: &str) -> Key {
    Key::from([groups(scope).as_bytes(), name.as_bytes()].concat())
}

/// What the records of all groups of a scope start with.
pub(crate) fn groups(scope: &Scope) -> Key {
    Key::from([TAG, GROUP, &place(scope)].concat())
}

/// What the records of all groups of all scopes start with.
pub(crate) fn all_groups() -> Key {
    Key::from([TAG, GROUP].concat())
}

/// Account, region and name in the key of a group's record.
pub(crate) fn group_of(key: &Key) -> Option<(String, String, String)> {
    let rest = key.as_bytes().strip_prefix(all_groups().as_bytes())?;
    let mut parts = std::str::from_utf8(rest).ok()?.splitn(3, '\0').map(str::to_owned);
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// A stream's record. The stream's name, which may hold anything, comes last.
pub(crate) fn stream(scope: &Scope, group: &str, name: &str) -> Key {
    Key::from([streams(scope, group).as_bytes(), name.as_bytes()].concat())
}

/// What the records of all streams of a group start with.
pub(crate) fn streams(scope: &Scope, group: &str) -> Key {
    Key::from([TAG, STREAM, &place(scope), group.as_bytes(), &[0]].concat())
}

/// The events of the stream with this id.
pub(crate) fn events(id: u64) -> LogId {
    LogId::new([TAG, EVENTS, &id.to_be_bytes()].concat())
}

/// The name behind a prefix.
pub(crate) fn name(prefix: &Key, key: &Key) -> Option<String> {
    let name = key.as_bytes().strip_prefix(prefix.as_bytes())?;
    String::from_utf8(name.to_vec()).ok()
}

fn place(scope: &Scope) -> Vec<u8> {
    [scope.account.as_str().as_bytes(), &[0], scope.region.as_str().as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    #[test]
    fn names_come_back_and_keep_their_order() {
        let scope = Scope::new(Account::from("000000000000"), Region::from("us-east-1"));
        let prefix = streams(&scope, "g");
        let names = ["", "a", "a\0b", "ab", "b"];
        let keys: Vec<Key> = names.iter().map(|n| stream(&scope, "g", n)).collect();
        assert!(keys.is_sorted());
        let back: Vec<String> = keys.iter().filter_map(|k| name(&prefix, k)).collect();
        assert_eq!(back, names);
        assert!(name(&streams(&scope, "g2"), &keys[1]).is_none());
        let found = group_of(&group(&scope, "/aws/lambda/f"));
        assert_eq!(found, Some(("000000000000".into(), "us-east-1".into(), "/aws/lambda/f".into())));
    }
}
