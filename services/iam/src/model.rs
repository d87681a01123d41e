//! What IAM keeps: users, groups, roles, policies and access keys. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base::{Account, Arn, Secret, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The least a session of a role lasts by default, and the least that a role may allow (docs).
pub(crate) const SESSION_SECONDS_DEFAULT: i32 = 3600;

/// A stored record of any kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Record<T> {
    V1(T),
}

/// What is kept in a table by its name, in whatever case.
pub(crate) trait Stored: Serialize + DeserializeOwned + Send + Sync {
    /// What the table's keys name it.
    const TABLE: &'static str;
    fn name(&self) -> &str;
    fn path(&self) -> &str;
}

/// The kinds of things that policies hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
    Role,
}

impl Kind {
    /// As tables and texts name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// As quotas and the beginnings of sentences name it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    /// The resource part of the ARN of one.
    pub(crate) fn resource(self, path: &str, name: &str) -> String {
        format!("{}{path}{name}", self.word())
    }

    /// IAM quota: characters of the inline policies of one together, white space not counted.
    pub(crate) fn inline_chars_max(self) -> usize {
        match self {
            Self::User => 2048,
            Self::Group => 5120,
            Self::Role => 10_240,
        }
    }
}

/// In lower case; with `#`, as at the beginning of a sentence.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { self.title() } else { self.word() })
    }
}

/// A user, a group or a role.
pub(crate) trait Entity: Stored + Clone {
    const KIND: Kind;
    fn holder(&self) -> &Holder;
    fn holder_mut(&mut self) -> &mut Holder;
}

/// What users, groups and roles have in common. One row has all of one: a request reads all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub name: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// `AIDA...`, `AGPA...`, `AROA...`; what is made anew under the same name has another.
    pub id: String,
    pub arn: Arn,
    pub created: Timestamp,
    /// Name to document, as given.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub attached_policies: BTreeSet<String>,
    /// Key to value; keys differ by more than their case. Groups have none.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The ARN of the managed policy that limits it. Groups have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
}

/// A role, and its trust policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    #[serde(flatten)]
    pub holder: Holder,
    /// As it was given.
    pub trust_policy: String,
    pub description: Option<String>,
    pub max_session_seconds: i32,
}

/// A user, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    #[serde(flatten)]
    pub holder: Holder,
    /// Names of groups, in lower case.
    pub groups: BTreeSet<String>,
    /// Ids of its access keys.
    pub access_keys: BTreeSet<String>,
}

/// A group. Its members are rows of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    #[serde(flatten)]
    pub holder: Holder,
}

/// A managed policy of the account. The documents of its versions are rows of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub name: String,
    pub path: String,
    /// `ANPA...`
    pub id: String,
    pub arn: Arn,
    pub description: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub default_version: u32,
    /// The number that was given last; none is given twice.
    pub last_version: u32,
    /// When each was made.
    pub versions: BTreeMap<u32, Timestamp>,
    pub tags: BTreeMap<String, String>,
}

/// A user's access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    pub id: String,
    pub account: Account,
    /// The user's name, in lower case.
    pub user: String,
    pub active: bool,
    pub created: Timestamp,
    /// Sealed by the server's key for `secret_purpose(id)`.
    pub sealed_secret: Secret<String>,
}

/// The last request that an access key signed, as far as it has been noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastUse {
    pub at: Timestamp,
    pub service: String,
    pub region: String,
}

macro_rules! entity {
    ($type:ty, $kind:ident) => {
        impl Stored for $type {
            const TABLE: &'static str = stringify!($kind);
            fn name(&self) -> &str {
                &self.holder.name
            }
            fn path(&self) -> &str {
                &self.holder.path
            }
        }
        impl Entity for $type {
            const KIND: Kind = Kind::$kind;
            fn holder(&self) -> &Holder {
                &self.holder
            }
            fn holder_mut(&mut self) -> &mut Holder {
                &mut self.holder
            }
        }
    };
}
entity!(User, User);
entity!(Group, Group);
entity!(Role, Role);

impl Stored for ManagedPolicy {
    const TABLE: &'static str = "Policy";
    fn name(&self) -> &str {
        &self.name
    }
    fn path(&self) -> &str {
        &self.path
    }
}

/// What the secret of an access key is sealed for.
pub(crate) fn secret_purpose(access_key_id: &str) -> String {
    format!("access key {access_key_id}")
}

/// The resource part of the ARN of a managed policy.
pub(crate) fn policy_resource(path: &str, name: &str) -> String {
    format!("policy{path}{name}")
}

/// The name in the ARN of a user, group, role or policy (`word`); None if it is no such ARN.
pub(crate) fn name_in<'a>(arn: &'a Arn, word: &str) -> Option<&'a str> {
    let of_iam = arn.service == "iam" && arn.region.is_empty();
    let path_and_name = arn.resource.strip_prefix(word)?.strip_prefix('/').filter(|_| of_iam)?;
    path_and_name.rsplit('/').next().filter(|name| !name.is_empty())
}

/// The role's name in a role's ARN; None if it is no ARN of a role.
pub(crate) fn role_name(arn: &Arn) -> Option<&str> {
    name_in(arn, Kind::Role.word())
}

/// A document's size as quotas count it: without white space (docs).
pub(crate) fn policy_chars(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// IAM's dates have whole seconds.
pub(crate) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::default().plus_seconds(moment.as_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_by_the_last_part_of_its_arn() {
        let check = |text: &str, name: Option<&str>| assert_eq!(role_name(&text.parse().unwrap()), name, "{text}");
        check("arn:aws:iam::000000000000:role/app", Some("app"));
        check("arn:aws:iam::000000000000:role/service/x/app", Some("app"));
        check("arn:aws:iam::000000000000:role/", None);
        check("arn:aws:iam::000000000000:roles/app", None);
        check("arn:aws:iam::000000000000:user/app", None);
        check("arn:aws:sts::000000000000:role/app", None);
    }

    #[test]
    fn white_space_is_not_counted() {
        assert_eq!(policy_chars("{ \"a\":\n\t1 }"), 7);
    }

    /// Bytes as the first version of this house wrote them, before roles had tags and boundaries.
    #[test]
    fn roles_that_were_stored_long_ago_are_read() {
        let bytes = r#"{"V1":{"name":"App","path":"/team/","id":"AROAHMOFBNL66VS3OCTYL","arn":"arn:aws:iam::000000000000:role/team/App","created":1795478400000,"trust_policy":"{}","description":null,"max_session_seconds":7200,"inline_policies":{"p":"{}"},"attached_policies":["arn:aws:iam::aws:policy/AmazonS3FullAccess"]}}"#;
        let Record::V1(role) = serde_json::from_str::<Record<Role>>(bytes).unwrap();
        assert_eq!((role.name(), role.path(), role.max_session_seconds), ("App", "/team/", 7200));
        assert_eq!(role.holder.inline_policies.len() + role.holder.attached_policies.len(), 2);
        assert_eq!((role.holder.tags.len(), &role.holder.permissions_boundary), (0, &None));
        assert_eq!(role.holder.created.iso8601(), "2026-11-24T00:00:00Z");
        let again = serde_json::to_string(&Record::V1(role.clone())).unwrap();
        let Record::V1(read) = serde_json::from_str::<Record<Role>>(&again).unwrap();
        assert_eq!(read, role);
    }
}
