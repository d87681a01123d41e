//! Policy documents: parsed as each kind, then asked about a request.

use std::sync::Arc;

use policy::{
    Attached, Context, DecisionEffect, Policies, Policy, PolicyKind, Principal, Request, ResourcePolicy, ResourceRule,
    allowing_statement, denial_text, evaluate,
};

use crate::class::{self, Class};

const KINDS: [PolicyKind; 4] = [PolicyKind::Managed, PolicyKind::Inline, PolicyKind::Resource, PolicyKind::Trust];

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

/// The document, and after a byte of 0xff the values of the request's context.
pub fn policy(data: &[u8]) -> Class {
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    let Ok(json) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return class::of("not UTF-8") };
    let context = context(&String::from_utf8_lossy(parts.next().unwrap_or_default()));
    let classes = KINDS.map(|kind| match Policy::parse(json, kind) {
        Err(error) => class::of_text(&error),
        Ok(policy) => ask(Arc::new(policy), kind, &context),
    });
    class::of(classes)
}

fn context(value: &str) -> Context {
    let mut context = Context::new();
    for key in
        ["aws:username", "aws:SourceIp", "aws:PrincipalArn", "s3:prefix", "aws:CurrentTime", "aws:SecureTransport"]
    {
        context.set(key, value);
    }
    context.set_all("aws:TagKeys", value.split(',').map(str::to_owned).collect::<Vec<_>>());
    context
}

fn ask(policy: Arc<Policy>, kind: PolicyKind, context: &Context) -> Class {
    let Ok(user) = "arn:aws:iam::111111111111:user/alice".parse() else { return 0 };
    let principal = Principal::User(user);
    let (action, resource) = ("s3:GetObject", "arn:aws:s3:::bucket/alice/key");
    let request = Request { principal: &principal, action, resource, resource_account: "111111111111", context };
    let attached = Attached { name: "fuzzed".into(), policy };
    let policies = match kind {
        PolicyKind::Managed | PolicyKind::Inline => Policies { identity: vec![attached], ..Policies::default() },
        PolicyKind::Resource | PolicyKind::Trust => {
            let rule = if kind == PolicyKind::Trust { ResourceRule::RoleTrust } else { ResourceRule::Sufficient };
            Policies { resource: Some(ResourcePolicy { attached, rule }), ..Policies::default() }
        }
    };
    let decision = evaluate(&request, &policies);
    assert!(!denial_text(&request, &decision).is_empty());

    let mut denied = policies.clone();
    denied.identity.extend(parsed(DENY));
    let with_deny = evaluate(&request, &denied).effect;
    assert_eq!(with_deny, DecisionEffect::ExplicitDeny, "an explicit deny wins");

    let mut allowed = policies;
    let statement = allowing_statement(&request);
    allowed.identity.extend(parsed(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)));
    let with_allow = evaluate(&request, &allowed).effect;
    let may_not = decision.effect == DecisionEffect::ExplicitDeny || kind == PolicyKind::Trust;
    assert!(with_allow == DecisionEffect::Allowed || may_not, "the statement that would allow does: {statement}");
    class::of((format!("{:?}", decision.effect), decision.looked_at.len().min(8)))
}

fn parsed(json: &str) -> Option<Attached> {
    let policy = Policy::parse(json, PolicyKind::Inline).ok()?;
    Some(Attached { name: "ours".into(), policy: Arc::new(policy) })
}

pub fn seeds() -> Vec<Vec<u8>> {
    let statement = |operator: &str, key: &str, value: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"A","Effect":"Allow","Action":["s3:Get*"],"Resource":"arn:aws:s3:::bucket/${{aws:username}}/*","Condition":{{"{operator}":{{"{key}":["{value}"]}}}}}}]}}"#
        )
    };
    let rows = [
        ("StringEquals", "aws:username", "alice"),
        ("StringLike", "s3:prefix", "a*?"),
        ("StringNotEqualsIgnoreCase", "s3:prefix", "A"),
        ("NumericLessThanEquals", "s3:prefix", "10.5"),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-24T00:00:00Z"),
        ("Bool", "aws:SecureTransport", "true"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ("NotIpAddress", "aws:SourceIp", "2001:db8::/32"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*"),
        ("Null", "aws:TagKeys", "false"),
        ("BinaryEquals", "s3:prefix", "QmFzZTY0"),
        ("ForAllValues:StringLike", "aws:TagKeys", "a*"),
        ("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", "b"),
    ];
    let contexts = ["alice", "10.1.2.3", "2026-11-24T01:00:00Z", "5", "true", "a,b"];
    rows.iter()
        .zip(contexts.iter().cycle())
        .map(|((operator, key, value), context)| {
            [statement(operator, key, value).as_bytes(), b"\xff", context.as_bytes()].concat()
        })
        .collect()
}
