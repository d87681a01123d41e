//! Key spaces: `lambda\0 account \0 region \0 f name`. Account, region and name never hold a NUL.

use base::Scope;
use kv::{Key, LogId};

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

/// How events of one function (and qualifier) are handled: `... \0 i name \0 qualifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandlingKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
    pub qualifier: &'a str,
}

impl HandlingKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = handlings(self.scope, self.name);
        bytes.extend_from_slice(self.qualifier.as_bytes());
        Key::from(bytes)
    }
}

/// What the keys of all of a function's event handlings start with.
pub(crate) fn handlings(scope: &Scope, name: &str) -> Vec<u8> {
    let mut bytes = scoped(scope, b'i');
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes
}

fn scoped(scope: &Scope, kind: u8) -> Vec<u8> {
    let mut bytes = TAG.to_vec();
    bytes.extend_from_slice(scope.account.as_str().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(scope.region.as_str().as_bytes());
    bytes.extend_from_slice(&[0, kind]);
    bytes
}

/// What a function reserves of its account's concurrency: `... \0 c name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReservedKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
}

impl ReservedKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = scoped(self.scope, b'c');
        bytes.extend_from_slice(self.name.as_bytes());
        Key::from(bytes)
    }
}

/// What all functions of an account and region reserve together.
pub(crate) fn reserved(scope: &Scope) -> Key {
    Key::from(scoped(scope, b'C'))
}

/// What the keys of all published versions of an account and region start with.
pub(crate) fn published(scope: &Scope) -> Vec<u8> {
    scoped(scope, b'v')
}

/// When each event is due: the timers of asynchronous invocations, each named by its request.
pub(crate) const EVENTS: LogId = LogId::from_static("lambda\0events");

/// The payload of an event, kept until it is dealt with. No row of the house's own tag: payloads are looked into by nobody.
pub(crate) fn payload(request_id: &str) -> Key {
    Key::from([b"lambda-event\0", request_id.as_bytes()].concat())
}

/// A published version's record: `... \0 v name \0 number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
    pub number: u32,
}

impl VersionKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = versions(self.scope, self.name);
        bytes.extend_from_slice(&self.number.to_be_bytes());
        Key::from(bytes)
    }
}

/// What the keys of all versions of a function start with.
pub(crate) fn versions(scope: &Scope, name: &str) -> Vec<u8> {
    named(scope, b'v', name)
}

/// An alias's record: `... \0 a name \0 alias`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AliasKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
    pub alias: &'a str,
}

impl AliasKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = aliases(self.scope, self.name);
        bytes.extend_from_slice(self.alias.as_bytes());
        Key::from(bytes)
    }
}

/// What the keys of all aliases of a function start with.
pub(crate) fn aliases(scope: &Scope, name: &str) -> Vec<u8> {
    named(scope, b'a', name)
}

/// A layer: `... \0 L name`. It remembers the last number given, so that none is given twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
}

impl LayerKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = layers(self.scope);
        bytes.extend_from_slice(self.name.as_bytes());
        Key::from(bytes)
    }
}

/// What the keys of all layers of an account and region start with.
pub(crate) fn layers(scope: &Scope) -> Vec<u8> {
    scoped(scope, b'L')
}

/// A layer version's record: `... \0 l name \0 number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerVersionKey<'a> {
    pub scope: &'a Scope,
    pub name: &'a str,
    pub number: u32,
}

impl LayerVersionKey<'_> {
    pub fn encode(&self) -> Key {
        let mut bytes = layer_versions(self.scope, self.name);
        bytes.extend_from_slice(&self.number.to_be_bytes());
        Key::from(bytes)
    }
}

/// What the keys of all versions of a layer start with.
pub(crate) fn layer_versions(scope: &Scope, name: &str) -> Vec<u8> {
    named(scope, b'l', name)
}

fn named(scope: &Scope, kind: u8, name: &str) -> Vec<u8> {
    let mut bytes = scoped(scope, kind);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
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
