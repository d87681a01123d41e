//! The keys of IAM's rows.
//!
//! Roles: `iam\0role\0 account \0 name in lower case`. Names differ by more than their case (docs), and hold no NUL.

use base::Account;
use kv::{Key, Range};

const ROLE: &[u8] = b"iam\0role\0";
const ROLE_COUNT: &[u8] = b"iam\0rolecount\0";

/// A role's row.
pub(crate) fn role(account: &Account, name: &str) -> Key {
    let mut key = roles_prefix(account);
    key.extend(name.to_lowercase().bytes());
    Key::from(key)
}

/// All roles of an account, by name.
pub(crate) fn roles(account: &Account) -> Range {
    Range::prefix(roles_prefix(account))
}

/// The number of roles of an account.
pub(crate) fn role_count(account: &Account) -> Key {
    let mut key = ROLE_COUNT.to_vec();
    key.extend(account.as_str().bytes());
    Key::from(key)
}

fn roles_prefix(account: &Account) -> Vec<u8> {
    let mut key = ROLE.to_vec();
    key.extend(account.as_str().bytes());
    key.push(0);
    key
}
