//! Tables of evaluations, written from IAM's documentation.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod combination;
mod conditions;
mod denials;
mod documents;
mod patterns;
mod principals;

use std::sync::Arc;

use policy::{
    Attached, Context, Decision, Policies, Policy, PolicyKind, Principal, Request, ResourcePolicy, ResourceRule,
};

pub const ALICE: &str = "arn:aws:iam::111111111111:user/alice";
pub const ROLE: &str = "arn:aws:iam::111111111111:role/service/app";
pub const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/app/fn";
pub const ROOT: &str = "arn:aws:iam::111111111111:root";

/// A principal by its ARN; a name with dots is a service, and nothing is nobody.
pub fn principal(text: &str) -> Principal {
    match text {
        "" => Principal::Anonymous,
        SESSION => Principal::Session { role: ROLE.parse().unwrap(), session: SESSION.parse().unwrap() },
        arn if arn.ends_with(":root") => Principal::Root(arn.parse().unwrap()),
        arn if arn.contains(":user/") => Principal::User(arn.parse().unwrap()),
        idp if idp.contains("-provider/") => Principal::Federated(idp.into()),
        name => Principal::Service(name.into()),
    }
}

pub fn attached(name: &str, json: &str, kind: PolicyKind) -> Attached {
    let policy = Policy::parse(json, kind).unwrap_or_else(|e| panic!("{e}: {json}"));
    Attached { name: name.into(), policy: Arc::new(policy) }
}

/// A document of one statement, its members given without the braces.
pub fn statement(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{{members}}}}}"#)
}

pub fn identity(members: &str) -> Attached {
    attached("identity", &statement(members), PolicyKind::Inline)
}

pub fn resource(members: &str) -> ResourcePolicy {
    ResourcePolicy {
        attached: attached("resource", &statement(members), PolicyKind::Resource),
        rule: ResourceRule::Sufficient,
    }
}

/// Evaluates for a resource of account 111111111111.
pub fn ask(who: &str, action: &str, resource: &str, context: &Context, policies: &Policies) -> Decision {
    let principal = principal(who);
    let request = Request { principal: &principal, action, resource, resource_account: "111111111111", context };
    policy::evaluate(&request, policies)
}
