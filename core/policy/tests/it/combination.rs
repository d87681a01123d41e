//! How identity policies, resource policies, boundaries and session policies work together.

use policy::{Context, DecisionEffect, Outcome, Policies, PolicyKind, PolicyType, ResourcePolicy, ResourceRule};

use crate::{ALICE, ROLE, ROOT, SESSION, ask, attached, identity, resource, statement};

const ALLOW: &str = r#""Effect":"Allow","Action":"*","Resource":"*""#;
const DENY: &str = r#""Effect":"Deny","Action":"*","Resource":"*""#;
const OTHER: &str = r#""Effect":"Allow","Action":"x:Y","Resource":"*""#;
const STRANGER: &str = "arn:aws:iam::222222222222:user/mallory";
const FOREIGN_ROOT: &str = "arn:aws:iam::222222222222:root";

/// Policies in short: `i` identity, `b` boundary, `s` session, with `+` allow, `-` deny, `0` something else; and
/// `r` the resource's with `*` everyone, `a` alice, `o` the role, `e` the session, `c` the account, `-` deny everyone.
fn policies(short: &str) -> Policies {
    let mut policies = Policies::default();
    for pair in short.split_ascii_whitespace() {
        let members = match &pair[1..] {
            "+" => ALLOW,
            "-" => DENY,
            _ => OTHER,
        };
        match &pair[..1] {
            "i" => policies.identity.push(identity(members)),
            "b" => policies.permissions_boundary = Some(identity(members)),
            "s" => policies.session.push(identity(members)),
            _ => policies.resource = Some(resource(&resource_members(&pair[1..]))),
        }
    }
    policies
}

fn resource_members(who: &str) -> String {
    let principal = match who {
        "a" => format!(r#"{{"AWS":"{ALICE}"}}"#),
        "o" => format!(r#"{{"AWS":"{ROLE}"}}"#),
        "e" => format!(r#"{{"AWS":"{SESSION}"}}"#),
        "c" => r#"{"AWS":"111111111111"}"#.into(),
        "m" => r#"{"AWS":"222222222222"}"#.into(),
        _ => "\"*\"".into(),
    };
    let effect = if who == "-" { "Deny" } else { "Allow" };
    format!(r#""Effect":"{effect}","Principal":{principal},"Action":"*","Resource":"*""#)
}

#[test]
fn who_may() {
    use PolicyType::{Identity, PermissionsBoundary, Resource, Session};
    const OK: Option<PolicyType> = None;
    let rows = [
        // One account: identity or resource.
        (ALICE, "", Some(Identity)),
        (ALICE, "i0", Some(Identity)),
        (ALICE, "i+", OK),
        (ALICE, "i0 i+", OK),
        (ALICE, "ra", OK),
        (ALICE, "i0 r*", OK),
        (ALICE, "rc", Some(Identity)),
        (ALICE, "i+ rc", OK),
        (ALICE, "i+ ro", OK),
        // A boundary limits identity policies, not what the resource gives the user itself.
        (ALICE, "i+ b+", OK),
        (ALICE, "i+ b0", Some(PermissionsBoundary)),
        (ALICE, "b+", Some(Identity)),
        (ALICE, "b0 ra", OK),
        (ALICE, "i+ b0 rc", Some(PermissionsBoundary)),
        // Sessions: what the resource gives the role is limited, what it gives the session or everyone is not.
        (SESSION, "i+ s+", OK),
        (SESSION, "i+ s0", Some(Session)),
        (SESSION, "i+ s0 s+", OK),
        (SESSION, "s+", Some(Identity)),
        (SESSION, "ro", OK),
        (SESSION, "s0 ro", Some(Session)),
        (SESSION, "b0 ro", Some(PermissionsBoundary)),
        (SESSION, "s+ b+ ro", OK),
        (SESSION, "s0 b0 re", OK),
        (SESSION, "s0 r*", OK),
        // The root user.
        (ROOT, "", OK),
        (ROOT, "ra", OK),
        // Another account: both sides.
        (STRANGER, "i+", Some(Resource)),
        (STRANGER, "rm", Some(Identity)),
        (STRANGER, "r*", Some(Identity)),
        (STRANGER, "i+ rm", OK),
        (STRANGER, "i+ ra", Some(Resource)),
        (STRANGER, "i+ rm b0", Some(PermissionsBoundary)),
        (FOREIGN_ROOT, "", Some(Resource)),
        (FOREIGN_ROOT, "rm", OK),
        // Services and the public have the resource's policy only.
        ("s3.amazonaws.com", "i+", Some(Resource)),
        ("s3.amazonaws.com", "r*", OK),
        ("", "", Some(Resource)),
        ("", "r*", OK),
    ];
    for (who, short, lacking) in rows {
        let decision = ask(who, "a:B", "arn:aws:s3:::b", &Context::new(), &policies(short));
        assert_eq!(decision.lacking, lacking, "{who} {short:?}");
        assert_eq!(decision.is_allowed(), lacking.is_none(), "{who} {short:?}");
    }
}

#[test]
fn a_deny_anywhere_wins() {
    use PolicyType::{Identity, PermissionsBoundary, Resource, Session};
    let rows = [
        (ALICE, "i+ i-", Identity),
        (ALICE, "i- ra", Identity),
        (ALICE, "i+ r-", Resource),
        (ALICE, "i+ b-", PermissionsBoundary),
        (SESSION, "i+ s-", Session),
        (SESSION, "s- re", Session),
        (ROOT, "r-", Resource),
        ("", "r-", Resource),
    ];
    for (who, short, by) in rows {
        let decision = ask(who, "a:B", "arn:aws:s3:::b", &Context::new(), &policies(short));
        assert_eq!(decision.effect, DecisionEffect::ExplicitDeny, "{who} {short}");
        assert_eq!(decision.decided_by.unwrap().source.policy_type, by, "{who} {short}");
    }
}

#[test]
fn a_trust_policy_must_allow() {
    let trust = |principal: &str| {
        let members = format!(r#""Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole""#);
        let attached = attached("trust", &statement(&members), PolicyKind::Trust);
        Some(ResourcePolicy { attached, rule: ResourceRule::RoleTrust })
    };
    let (service, account) = (r#"{"Service":"lambda.amazonaws.com"}"#, r#"{"AWS":"111111111111"}"#);
    let alice = format!(r#"{{"AWS":"{ALICE}"}}"#);
    let rows = [
        ("lambda.amazonaws.com", service, "", None),
        ("sqs.amazonaws.com", service, "", Some(PolicyType::RoleTrust)),
        (ALICE, service, "i+", Some(PolicyType::RoleTrust)),
        (ALICE, account, "i+", None),
        (ALICE, account, "", Some(PolicyType::Identity)),
        (ALICE, &alice, "", None),
        (ROOT, service, "", Some(PolicyType::RoleTrust)),
    ];
    for (who, principal, short, lacking) in rows {
        let policies = Policies { resource: trust(principal), ..policies(short) };
        let decision = ask(who, "sts:AssumeRole", ROLE, &Context::new(), &policies);
        assert_eq!(decision.lacking, lacking, "{who} {principal} {short}");
        assert_eq!(decision.is_allowed(), lacking.is_none());
    }
}

#[test]
fn the_statement_that_decided_is_named() {
    let json = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"x:*","Resource":"*"},
        {"Effect":"Allow","Action":"a:B","Resource":"arn:aws:s3:::other"},
        {"Sid":"Mine","Effect":"Allow","Action":"a:B","Resource":"*"}]}"#;
    let one = attached("arn:aws:iam::111111111111:policy/p", json, PolicyKind::Managed);
    let policies = Policies { identity: vec![one], ..Policies::default() };
    let decision = ask(ALICE, "a:B", "arn:aws:s3:::b", &Context::new(), &policies);
    let by = decision.decided_by.unwrap();
    assert_eq!((by.index, by.to_string().as_str()), (2, "arn:aws:iam::111111111111:policy/p#Mine"));
    let outcomes: Vec<_> = decision.looked_at.into_iter().map(|l| l.outcome).collect();
    assert_eq!(outcomes, [Outcome::NotAction, Outcome::NotResource, Outcome::Matched(policy::Effect::Allow)]);
}
