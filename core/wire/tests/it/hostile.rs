//! Documents that nobody well-meaning sends, in each protocol.

use std::time::{Duration, Instant};

use http::HeaderMap;
use wire::prelude::*;
use wire::protocol::HttpInput;

use crate::model::{Everything, body, read};

/// As large as a body that the edge takes whole for most services.
const LARGE: usize = 1 << 20;

/// What an answer may take at most, unoptimised and on a busy machine; the quadratic would take minutes.
const SLOWEST: Duration = Duration::from_secs(10);

fn soon(protocol: Protocol, text: &str) -> String {
    let started = Instant::now();
    let shown = body::<Everything>(protocol, text);
    assert!(started.elapsed() < SLOWEST, "{protocol:?} took {:?}", started.elapsed());
    shown
}

fn check(protocol: Protocol, text: &str, expected: &str) {
    let shown = soon(protocol, text);
    assert!(shown.contains(expected), "{protocol:?} {:.100}: {shown:.300}", text);
}

const NOT_XML: &str = "The XML is not well-formed";

#[test]
fn truncated_documents_are_malformed() {
    check(Protocol::AwsJson10, r#"{"Text":"a"#, "EOF while parsing a string at byte 10");
    check(Protocol::RestJson, r#"{"Text""#, "EOF while parsing an object at byte 7");
    check(Protocol::RestXml, "<E><Text>a</Text>", NOT_XML);
    check(Protocol::Query, "Text", "text: Some(\"\")");
}

#[test]
fn deeply_nested_documents_are_malformed() {
    let known = r#"{"Tree":"#.to_owned() + &r#"{"Name":"a","Trees":["#.repeat(20_000);
    check(Protocol::AwsJson10, &known, "nested too deeply");
    let unknown = r#"{"Unknown":"#.to_owned() + &"[".repeat(LARGE);
    check(Protocol::AwsJson10, &unknown, "recursion limit exceeded");
    let xml = "<E>".repeat(20_000) + &"</E>".repeat(20_000);
    check(Protocol::RestXml, &xml, "");
    let query = "Tree.Trees.member.1.".repeat(5_000) + "Name=a";
    check(Protocol::Query, &query, "Too many parameters");
}

#[test]
fn the_last_of_two_keys_counts() {
    check(Protocol::AwsJson10, r#"{"Text":"a","Text":"b"}"#, "text: Some(\"b\")");
    check(Protocol::Query, "Text=a&Text=b", "text: Some(\"b\")");
    check(Protocol::RestXml, "<E><Text>a</Text><Text>b</Text></E>", "text: Some(\"a\")");
}

#[test]
fn wrong_types_are_named() {
    check(Protocol::AwsJson10, r#"{"Text":1}"#, "NUMBER_VALUE cannot be converted to String");
    check(Protocol::AwsJson10, r#"{"Names":{}}"#, "Start of structure or map found where not expected.");
    check(Protocol::AwsJson10, r#"{"Map":[]}"#, "Unexpected list found where not expected.");
    check(Protocol::AwsJson10, r#"[]"#, "Unexpected list found where not expected.");
    check(Protocol::AwsJson10, r#"{"Count":1e400}"#, "is not an integer of 64 bits");
    check(Protocol::AwsJson10, r#"{"Count":4294967296}"#, "Value out of range for an integer: 4294967296");
    check(Protocol::AwsJson10, r#"{"Blob":"%"}"#, "A blob is not valid base64");
    check(Protocol::RestXml, "<E><Count>many</Count></E>", "'many' is not a integer");
    check(
        Protocol::RestXml,
        "<E><Count><Text>1</Text></Count></E>",
        "A structure was found where a value was expected",
    );
    check(Protocol::Query, "Count.1=a", "A structure was found where a value was expected");
}

#[test]
fn bytes_that_are_not_utf8_are_refused_or_replaced() {
    let empty = HeaderMap::new();
    for (protocol, bytes) in [
        (Protocol::AwsJson10, &b"{\"Text\":\"\xff\"}"[..]),
        (Protocol::RestJson, b"{\"Text\":\"\xed\xa0\x80\"}"),
        (Protocol::RestXml, b"<E><Text>\xff</Text></E>"),
    ] {
        let request = HttpInput { query: "", headers: &empty, body: bytes };
        assert!(read::<Everything>(protocol, &[], &request).is_err(), "{protocol:?}");
    }
    check(Protocol::Query, "Text=%ff", "text: Some(\"\u{fffd}\")");
}

#[test]
fn very_many_parts_are_answered_soon() {
    let distinct: String = (0..LARGE / 8).map(|n| format!("{n:x}=&")).collect();
    check(Protocol::Query, &distinct, "Too many parameters");
    let fewer: String = (0..90_000).map(|n| format!("{n:x}=&")).collect();
    check(Protocol::Query, &fewer, "Everything");
    let attributes: String = (0..LARGE / 12).map(|n| format!(" a{n:x}=''")).collect();
    soon(Protocol::RestXml, &format!("<E{attributes}/>"));
    let namespaces: String = (0..LARGE / 20).map(|n| format!(" xmlns:a{n:x}='u{n:x}'")).collect();
    soon(Protocol::RestXml, &format!("<E{namespaces}/>"));
    let inherited: String = (0..LARGE / 24).map(|n| format!("<a xmlns:a{n:x}='u{n:x}'>")).collect();
    soon(Protocol::RestXml, &inherited);
    let quoted: String = (0..LARGE / 13).map(|n| format!(" a{n:x}='>'")).collect();
    soon(Protocol::RestXml, &format!("<E><!-- ' --><![CDATA[ ' ]]><a{quoted}/></E>"));
    soon(Protocol::RestXml, &("<E>".to_owned() + &"<a/>".repeat(LARGE / 4) + "</E>"));
    soon(Protocol::AwsJson10, &(r#"{"Names":["#.to_owned() + &"\"a\",".repeat(LARGE / 4) + "\"\"]}"));
}

#[test]
fn very_many_violations_are_counted_up_to_a_limit() {
    let trees = r#"{"Tree":{"Name":"a","Trees":["#.to_owned() + &"{},".repeat(LARGE / 3) + "{}]}}";
    check(Protocol::AwsJson10, &trees, "32 validation errors detected: Value null at 'tree.trees.1.member.name'");
}
