//! The keys of IAM's rows.
//!
//! Users, groups, roles and policies: `iam\0role\0 account \0 name in lower case` and so on. Names differ by more than their case
//! (docs), and hold no NUL; neither do ARNs.

use base::Account;
use kv::{Key, Range};

use crate::model::{Kind, Stored};

/// The row of one.
pub(crate) fn row<T: Stored>(account: &Account, name: &str) -> Key {
    let mut key = prefix(&T::TABLE.to_lowercase(), account);
    key.extend(name.to_lowercase().bytes());
    Key::from(key)
}

/// All of an account, by name.
pub(crate) fn rows<T: Stored>(account: &Account) -> Range {
    Range::prefix(prefix(&T::TABLE.to_lowercase(), account))
}

/// All of every account.
pub(crate) fn every<T: Stored>() -> Range {
    Range::prefix(format!("iam\0{}\0", T::TABLE.to_lowercase()).into_bytes())
}

/// How many an account has.
pub(crate) fn count<T: Stored>(account: &Account) -> Key {
    Key::from(format!("iam\0{}count\0{account}", T::TABLE.to_lowercase()).into_bytes())
}

/// The document of a version of a policy: raw text.
pub(crate) fn policy_document(account: &Account, name: &str, version: u32) -> Key {
    let mut key = prefix("policydocument", account);
    key.extend(name.to_lowercase().bytes());
    key.push(0);
    key.extend(version.to_be_bytes());
    Key::from(key)
}

/// How a managed policy is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    Permissions,
    Boundary,
}

/// Says that something uses a managed policy; without value.
pub(crate) fn used(account: &Account, usage: Usage, policy_arn: &str, kind: Kind, name: &str) -> Key {
    let mut key = used_prefix(account, usage, policy_arn);
    key.extend(kind.word().bytes());
    key.push(0);
    key.extend(name.to_lowercase().bytes());
    Key::from(key)
}

/// Whatever uses a managed policy.
pub(crate) fn uses(account: &Account, usage: Usage, policy_arn: &str) -> Range {
    Range::prefix(used_prefix(account, usage, policy_arn))
}

/// The kind and the name (in lower case) of what uses a policy.
pub(crate) fn user_of(key: &Key) -> Option<(Kind, String)> {
    let mut parts = key.as_bytes().rsplitn(3, |byte| *byte == 0);
    let name = String::from_utf8(parts.next()?.to_vec()).ok()?;
    let kind = match parts.next()? {
        b"user" => Kind::User,
        b"group" => Kind::Group,
        b"role" => Kind::Role,
        _ => return None,
    };
    Some((kind, name))
}

fn used_prefix(account: &Account, usage: Usage, policy_arn: &str) -> Vec<u8> {
    let mut key = match usage {
        Usage::Permissions => prefix("attached", account),
        Usage::Boundary => prefix("bounded", account),
    };
    key.extend(policy_arn.bytes());
    key.push(0);
    key
}

/// Says that a user is a member of a group; without value.
pub(crate) fn member(account: &Account, group: &str, user: &str) -> Key {
    let mut key = members_prefix(account, group);
    key.extend(user.to_lowercase().bytes());
    Key::from(key)
}

/// The members of a group, by name.
pub(crate) fn members(account: &Account, group: &str) -> Range {
    Range::prefix(members_prefix(account, group))
}

/// What stands behind the last NUL: the member's name, in lower case.
pub(crate) fn member_of(key: &Key) -> String {
    let name = key.as_bytes().rsplit(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

fn members_prefix(account: &Account, group: &str) -> Vec<u8> {
    let mut key = prefix("member", account);
    key.extend(group.to_lowercase().bytes());
    key.push(0);
    key
}

/// An access key, in whatever account.
pub(crate) fn access_key(id: &str) -> Key {
    Key::from(format!("iam\0accesskey\0{id}").into_bytes())
}

/// When an access key was used last.
pub(crate) fn last_use(id: &str) -> Key {
    Key::from(format!("iam\0lastuse\0{id}").into_bytes())
}

/// Says that the rows of `used` are there for every role.
pub(crate) fn indexed() -> Key {
    Key::from_static(b"iam\0indexed")
}

fn prefix(table: &str, account: &Account) -> Vec<u8> {
    format!("iam\0{table}\0{account}\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    #[test]
    fn rows_lie_where_they_always_did() {
        let account = Account::from("000000000000");
        assert_eq!(row::<Role>(&account, "App").as_bytes(), b"iam\x00role\x00000000000000\x00app");
        assert_eq!(count::<Role>(&account).as_bytes(), b"iam\x00rolecount\x00000000000000");
    }

    #[test]
    fn what_uses_a_policy_is_read_back() {
        let account = Account::from("000000000000");
        let key = used(&account, Usage::Boundary, "a:b/c", Kind::Group, "Team");
        assert_eq!(user_of(&key), Some((Kind::Group, "team".into())));
        assert_eq!(member_of(&member(&account, "Team", "Bob")), "bob");
    }
}
