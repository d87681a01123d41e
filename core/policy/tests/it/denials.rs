//! The words of a denial.

use policy::{Context, Policies, Quoting, Request, allowing_statement, denial_text, denial_text_with};

use crate::{ALICE, SESSION, ask, attached, identity, principal, resource, statement};

const ITEM: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/t";

fn check(who: &str, policies: &Policies, end: &str) {
    let (context, principal) = (Context::new(), principal(who));
    let decision = ask(who, "dynamodb:GetItem", ITEM, &context, policies);
    let request = Request {
        principal: &principal,
        action: "dynamodb:GetItem",
        resource: ITEM,
        resource_account: "111111111111",
        context: &context,
    };
    let name = if who.is_empty() { "anonymous" } else { who };
    let start = format!("User: {name} is not authorized to perform: dynamodb:GetItem on resource:");
    assert_eq!(denial_text(&request, &decision), format!("{start} {ITEM} {end}"));
    assert_eq!(denial_text_with(&request, &decision, Quoting::Quoted), format!("{start} \"{ITEM}\" {end}"));
}

#[test]
fn every_kind_of_denial() {
    let allow = || identity(r#""Effect":"Allow","Action":"*","Resource":"*""#);
    let deny = || identity(r#""Effect":"Deny","Action":"*","Resource":"*""#);
    let other = || identity(r#""Effect":"Allow","Action":"x:Y","Resource":"*""#);
    let none = Policies::default();
    check(SESSION, &none, "because no identity-based policy allows the dynamodb:GetItem action");
    check("", &none, "because no resource-based policy allows the dynamodb:GetItem action");
    let session = Policies { identity: vec![allow()], session: vec![other()], ..Policies::default() };
    check(SESSION, &session, "because no session policy allows the dynamodb:GetItem action");
    let boundary = Policies { identity: vec![allow()], permissions_boundary: Some(other()), ..Policies::default() };
    check(ALICE, &boundary, "because no permissions boundary allows the dynamodb:GetItem action");
    let denied = Policies { identity: vec![allow(), deny()], ..Policies::default() };
    check(ALICE, &denied, "with an explicit deny in an identity-based policy");
    let denied = Policies { session: vec![deny()], ..Policies::default() };
    check(ALICE, &denied, "with an explicit deny in a session policy");
    let denied = Policies { permissions_boundary: Some(deny()), ..Policies::default() };
    check(ALICE, &denied, "with an explicit deny in a permissions boundary");
    let all = r#""Effect":"Deny","Principal":"*","Action":"*","Resource":"*""#;
    let denied = Policies { resource: Some(resource(all)), ..Policies::default() };
    check(ALICE, &denied, "with an explicit deny in a resource-based policy");
}

#[test]
fn the_statement_that_is_missing() {
    let (context, who) = (Context::new(), principal(ALICE));
    let request = Request {
        principal: &who,
        action: "dynamodb:GetItem",
        resource: ITEM,
        resource_account: "111111111111",
        context: &context,
    };
    let missing = allowing_statement(&request);
    assert_eq!(missing, format!(r#"{{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"{ITEM}"}}"#));
    let json = statement(missing.trim_matches(['{', '}']));
    let added = attached("added", &json, policy::PolicyKind::Managed);
    let policies = Policies { identity: vec![added], ..Policies::default() };
    assert!(policy::evaluate(&request, &policies).is_allowed());
}
