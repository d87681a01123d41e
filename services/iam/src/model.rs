//! What IAM keeps: roles with everything that hangs on them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use base::{Arn, Timestamp};
use serde::{Deserialize, Serialize};

/// The least a session of a role lasts by default, and the least that a role may allow (docs).
pub(crate) const SESSION_SECONDS_DEFAULT: i32 = 3600;

/// A stored role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum RoleRecord {
    V1(Role),
}

/// A role, its trust policy, and the policies that its sessions have. One row: a request reads all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub name: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// `AROA...`; a role made anew under the same name has another.
    pub id: String,
    pub arn: Arn,
    pub created: Timestamp,
    /// As it was given.
    pub trust_policy: String,
    pub description: Option<String>,
    pub max_session_seconds: i32,
    /// Name to document, as given.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub attached_policies: BTreeSet<String>,
    /// Key to value; keys differ by more than their case.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// The resource part of a role's ARN.
pub(crate) fn role_resource(path: &str, name: &str) -> String {
    format!("role{path}{name}")
}

/// The role's name in a role's ARN; None if it is no ARN of a role.
pub(crate) fn role_name(arn: &Arn) -> Option<&str> {
    let path_and_name = arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam" && arn.region.is_empty())?;
    path_and_name.rsplit('/').next().filter(|name| !name.is_empty())
}

/// A document's size as quotas count it: without white space (docs).
pub(crate) fn policy_chars(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
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
        check("arn:aws:iam::000000000000:user/app", None);
        check("arn:aws:sts::000000000000:role/app", None);
    }

    #[test]
    fn white_space_is_not_counted() {
        assert_eq!(policy_chars("{ \"a\":\n\t1 }"), 7);
    }
}
