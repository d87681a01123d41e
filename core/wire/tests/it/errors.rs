//! Errors of each protocol: where code, text and members stand.

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use wire::prelude::*;
use wire::protocol::{ErrorBody, write_error};

use crate::model::{model, shown};

static SLOW: ErrorFacts =
    ErrorFacts { headers: &[("retryAfterSeconds", "retry-after")], ..ErrorFacts::common("SlowDown", 429) };

fn write(protocol: Protocol, changed: fn(Model) -> Model, facts: &ErrorFacts, text: &str) -> String {
    let members = [("retryAfterSeconds", json!("7")), ("Reason", json!("busy"))];
    let members: &[(&'static str, Value)] = if facts.headers.is_empty() { &[] } else { &members };
    let error = ErrorBody { facts, message: text, members, request_id: "id", resource: "/b/k" };
    shown(&write_error(&changed(model(protocol)), protocol, &error))
}

fn check(protocol: Protocol, facts: &ErrorFacts, expected: Expect) {
    expected.assert_eq(&write(protocol, |model| model, facts, "slow"));
}

#[test]
fn members_that_the_model_puts_in_headers_are_there_in_rest_alone() {
    check(
        Protocol::RestJson,
        &SLOW,
        expect![[r#"
        429 content-type: application/json, retry-after: 7, x-amzn-errortype: SlowDown
        {"message":"slow","Reason":"busy"}"#]],
    );
    check(
        Protocol::RestXml,
        &SLOW,
        expect![[r#"
        429 content-type: application/xml, retry-after: 7
        <?xml version="1.0" encoding="UTF-8"?>
        <Error><Code>SlowDown</Code><Message>slow</Message><Reason>busy</Reason><Resource>/b/k</Resource><RequestId>id</RequestId><HostId>Y2xlYXJza3kvaWQ=</HostId></Error>"#]],
    );
    check(
        Protocol::AwsJson10,
        &SLOW,
        expect![[r#"
        429 content-type: application/x-amz-json-1.0
        {"__type":"com.test#SlowDown","message":"slow","retryAfterSeconds":"7","Reason":"busy"}"#]],
    );
    check(
        Protocol::AwsJson11,
        &SLOW,
        expect![[r#"
        429 content-type: application/x-amz-json-1.1
        {"__type":"com.test#SlowDown","message":"slow","retryAfterSeconds":"7","Reason":"busy"}"#]],
    );
}

#[test]
fn an_error_of_restxml_is_wrapped_but_in_s3() {
    let wrapped = write(Protocol::RestXml, |model| Model { bare_errors: false, ..model }, &SLOW, "slow");
    expect![[r#"
        429 content-type: text/xml, retry-after: 7
        <ErrorResponse xmlns="urn:test"><Error><Type>Sender</Type><Code>SlowDown</Code><Message>slow</Message><Reason>busy</Reason></Error><RequestId>id</RequestId></ErrorResponse>"#]]
    .assert_eq(&wrapped);
}

#[test]
fn types_have_the_namespace_of_whose_they_are() {
    static GONE: ErrorFacts = ErrorFacts::common("TableGone", 400);
    static INVALID: ErrorFacts = ErrorFacts::common("ValidationException", 400);
    static DENIED: ErrorFacts = ErrorFacts::common("AccessDeniedException", 400);
    static UNREAD: ErrorFacts = ErrorFacts::common("SerializationException", 400);
    let body = |changed: fn(Model) -> Model, facts| {
        write(Protocol::AwsJson10, changed, facts, "no").split_once('\n').unwrap().1.to_owned()
    };
    let named = |facts| body(|model| model, facts);
    assert_eq!(named(&GONE), r#"{"__type":"com.test#TableGone","message":"no"}"#);
    assert_eq!(named(&INVALID), r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}"#);
    assert_eq!(named(&UNREAD), r#"{"__type":"com.amazon.coral.service#SerializationException","message":"no"}"#);
    assert_eq!(named(&DENIED), r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#);
    let bare = |facts| body(|model| Model { error_namespace: "", ..model }, facts);
    assert_eq!(bare(&GONE), r#"{"__type":"TableGone","message":"no"}"#);
    assert_eq!(bare(&DENIED), r#"{"__type":"AccessDeniedException","message":"no"}"#);
}

#[test]
fn an_error_says_whose_fault_it_is() {
    static OURS: ErrorFacts = ErrorFacts::common("ServiceException", 500);
    static TYPED: ErrorFacts = ErrorFacts { typed: true, message_member: "Message", ..OURS };
    check(
        Protocol::Query,
        &OURS,
        expect![[r#"
        500 content-type: text/xml
        <ErrorResponse xmlns="urn:test"><Error><Type>Receiver</Type><Code>ServiceException</Code><Message>slow</Message></Error><RequestId>id</RequestId></ErrorResponse>"#]],
    );
    check(
        Protocol::RestJson,
        &TYPED,
        expect![[r#"
        500 content-type: application/json, x-amzn-errortype: ServiceException
        {"Type":"Service","Message":"slow"}"#]],
    );
    let moved = write(Protocol::AwsJson11, |model| Model { query_compatible: true, ..model }, &OURS, "slow");
    expect![[r#"
        500 content-type: application/x-amz-json-1.1, x-amzn-query-error: ServiceException;Receiver
        {"__type":"com.test#ServiceException","message":"slow"}"#]]
    .assert_eq(&moved);
}

#[test]
fn an_error_without_a_text_has_no_member_for_it() {
    static QUIET: ErrorFacts = ErrorFacts::common("Quiet", 400);
    let body = |protocol| write(protocol, |model| model, &QUIET, "").split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(Protocol::AwsJson10), r#"{"__type":"com.test#Quiet"}"#);
    assert_eq!(body(Protocol::RestJson), "{}");
    assert!(!body(Protocol::RestXml).contains("Message") && !body(Protocol::Query).contains("Message"));
}
