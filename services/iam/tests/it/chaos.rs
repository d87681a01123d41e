//! Roles and their policies over a store that is slow, conflicts for nothing and hides outcomes.

use std::collections::{BTreeMap, BTreeSet};

use kv::chaos::{Chaos, Odds, Seed};
use kv_memory::Memory;
use serde_json::{Value, json};
use service::Failure;
use service::testing::{Dice, Heard, Kit, Walker, walk};

use crate::kit::{BASIC, S3, TRUST, over};

/// Roles under a path of its own.
struct Client<'a> {
    kit: &'a Kit,
    name: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Role {
    /// What marks each inline policy.
    inline: BTreeMap<String, String>,
    attached: BTreeSet<String>,
    tags: BTreeMap<String, String>,
}

type Roles = BTreeMap<String, Role>;

const NONE: &str = "NoSuchEntity";

impl Client<'_> {
    async fn ask(&self, operation: &str, document: Value) -> Result<Value, Failure> {
        self.kit.call("iam", operation, document).await
    }

    async fn found(&self, operation: &str, document: Value) -> Value {
        self.ask(operation, document).await.unwrap()
    }

    async fn whole(&self, dice: &Dice, role: String, state: &mut Roles) -> Heard {
        if dice.below(2) == 0 {
            let path = format!("/{}/", self.name);
            let document = json!({"RoleName": role, "Path": path, "AssumeRolePolicyDocument": TRUST});
            let answer = self.ask("CreateRole", document).await;
            let is_there = state.contains_key(&role);
            state.entry(role).or_default();
            return Heard::of(&answer, if is_there { "EntityAlreadyExists" } else { "" });
        }
        let answer = self.ask("DeleteRole", json!({"RoleName": role})).await;
        match state.get(&role) {
            Some(there) if !there.inline.is_empty() || !there.attached.is_empty() => {
                Heard::of(&answer, "DeleteConflict")
            }
            Some(_) => {
                state.remove(&role);
                Heard::of(&answer, "")
            }
            None => Heard::of(&answer, NONE),
        }
    }

    async fn inline(&self, dice: &Dice, role: String, state: &mut Roles) -> Heard {
        let (policy, mark) = (format!("p{}", dice.below(2)), format!("Mark{}", dice.below(1_000)));
        let Some(there) = state.get_mut(&role) else {
            return Heard::of(&self.ask("ListRolePolicies", json!({"RoleName": role})).await, NONE);
        };
        if dice.below(2) == 0 {
            let statement = json!({"Sid": mark, "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
            let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            let document = json!({"RoleName": role, "PolicyName": policy, "PolicyDocument": text});
            there.inline.insert(policy, mark);
            return Heard::of(&self.ask("PutRolePolicy", document).await, "");
        }
        let answer = self.ask("DeleteRolePolicy", json!({"RoleName": role, "PolicyName": policy})).await;
        Heard::of(&answer, if there.inline.remove(&policy).is_some() { "" } else { NONE })
    }

    async fn attached(&self, dice: &Dice, role: String, state: &mut Roles) -> Heard {
        let arn = [BASIC, S3][dice.below(2)];
        let document = json!({"RoleName": role, "PolicyArn": arn});
        let (operation, is_detached) = [("AttachRolePolicy", false), ("DetachRolePolicy", true)][dice.below(2)];
        let answer = self.ask(operation, document).await;
        let Some(there) = state.get_mut(&role) else { return Heard::of(&answer, NONE) };
        if is_detached {
            return Heard::of(&answer, if there.attached.remove(arn) { "" } else { NONE });
        }
        there.attached.insert(arn.to_owned());
        Heard::of(&answer, "")
    }

    async fn tag(&self, dice: &Dice, role: String, state: &mut Roles) -> Heard {
        let (key, value) = (format!("t{}", dice.below(2)), dice.below(1_000).to_string());
        let document = json!({"RoleName": role, "Tags": [{"Key": key, "Value": value}]});
        let answer = self.ask("TagRole", document).await;
        let Some(there) = state.get_mut(&role) else { return Heard::of(&answer, NONE) };
        there.tags.insert(key, value);
        Heard::of(&answer, "")
    }
}

fn texts<'a>(list: &'a Value, name: &'a str) -> impl Iterator<Item = String> + 'a {
    list.as_array().unwrap().iter().map(move |item| item[name].as_str().unwrap().to_owned())
}

impl Walker for Client<'_> {
    type State = Roles;

    async fn step(&self, dice: &Dice, state: &mut Roles) -> Heard {
        let role = format!("{}-{}", self.name, dice.below(3));
        match dice.below(6) {
            0 | 1 => self.whole(dice, role, state).await,
            2 | 3 => self.inline(dice, role, state).await,
            4 => self.attached(dice, role, state).await,
            _ => self.tag(dice, role, state).await,
        }
    }

    async fn look(&self) -> Roles {
        let mut found = Roles::new();
        let listed = self.found("ListRoles", json!({"PathPrefix": format!("/{}/", self.name)})).await;
        for name in texts(&listed["Roles"], "RoleName") {
            let of = json!({"RoleName": name});
            let mut role = Role::default();
            let policies = self.found("ListRolePolicies", of.clone()).await;
            for policy in policies["PolicyNames"].as_array().unwrap() {
                let got = self.found("GetRolePolicy", json!({"RoleName": name, "PolicyName": policy})).await;
                let text = got["PolicyDocument"].as_str().unwrap();
                let mark: String =
                    text[text.find("Mark").unwrap()..].chars().take_while(char::is_ascii_alphanumeric).collect();
                role.inline.insert(policy.as_str().unwrap().to_owned(), mark);
            }
            let attached = self.found("ListAttachedRolePolicies", of.clone()).await;
            role.attached = texts(&attached["AttachedPolicies"], "PolicyArn").collect();
            let tags = self.found("ListRoleTags", of).await;
            role.tags = texts(&tags["Tags"], "Key").zip(texts(&tags["Tags"], "Value")).collect();
            found.insert(name, role);
        }
        found
    }
}

#[tokio::test]
async fn roles_keep_together_whatever_the_store_does() {
    let mut unknown = 0;
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let kit = over(Chaos::over(&Memory::store(), seed, Odds::HOSTILE));
        let clients: Vec<_> = (0..4).map(|n| Client { kit: &kit, name: format!("c{n}") }).collect();
        unknown += walk(&clients, seed, 40).await;
    }
    assert!(0 < unknown, "nothing was hostile");
}
