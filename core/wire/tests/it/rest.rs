//! restXml and restJson: members in paths, queries, headers and bodies.

use expect_test::expect;
use http::HeaderMap;
use wire::Protocol;
use wire::prelude::*;
use wire::protocol::{ErrorBody, HttpInput, write_error, write_output};

use crate::model::{Everything, Located, Tree, body, headers, model, read, route, shown};

fn located(protocol: Protocol, query: &str, pairs: &[(&str, &str)], body: &str, expected: &str) {
    let headers: HeaderMap = headers(pairs);
    let request = HttpInput { query, headers: &headers, body: body.as_bytes() };
    let read = read::<Located>(protocol, &[("Bucket", "b/c")], &request);
    assert_eq!(read.map_or_else(|error| error.to_string(), |(input, _)| format!("{input:?}")), expected);
}

#[test]
fn members_come_from_where_the_model_says() {
    let sent = [("x-since", "Tue, 24 Nov 2026 00:00:00 GMT"), ("x-meta-who", "me")];
    const EXPECTED: &str = r#"Located { bucket: "b/c", kind: Some("a b"), since: Some(2026-11-24T00:00:00Z), meta: Some({"who": "me"}), tree: Some(Tree { name: "oak", colour: Some("RED"), trees: None }), status: None }"#;
    let xml = "<Tree xmlns=\"urn:x\"><Name>oak</Name><Colour>RED</Colour></Tree>";
    located(Protocol::RestXml, "kind=a+b", &sent, xml, EXPECTED);
    located(Protocol::RestJson, "kind=a%20b", &sent, r#"{"Name":"oak","Colour":"RED"}"#, EXPECTED);
}

#[test]
fn refused_headers_and_bad_bodies_are_named() {
    located(Protocol::RestXml, "", &[("x-acl", "public")], "", "Acl is not implemented");
    located(Protocol::RestJson, "", &[("x-since", "soon")], "", "'soon' is not a timestamp");
    const NOT_XML: &str = "The XML you provided was not well-formed or did not validate against our published schema";
    located(Protocol::RestXml, "", &[], "<Tree>", NOT_XML);
    let entity = "<!DOCTYPE t [<!ENTITY e \"x\">]><Tree><Name>&e;</Name></Tree>";
    located(Protocol::RestXml, "", &[], entity, NOT_XML);
}

#[test]
fn xml_lists_are_wrapped_or_flat() {
    let xml = "<E><Names><member>a</member><member>b</member></Names><Flat>x</Flat><Text>t</Text><Flat>y</Flat></E>";
    let shown = body::<Everything>(Protocol::RestXml, xml);
    assert!(shown.contains(r#"names: Some(["a", "b"]), flat: Some(["x", "y"])"#), "{shown}");
}

#[test]
fn outputs_go_where_the_model_says() {
    let output = Located {
        kind: None,
        since: Some(Timestamp::from_ms(0)),
        meta: Some(BTreeMap::from([("who".into(), "me".into())])),
        tree: Some(Tree { name: "oak".into(), ..Tree::default() }),
        status: Some(206),
        ..Located::default()
    };
    let xml = write_output(&model(Protocol::RestXml), &route(Protocol::RestXml, 1), &output, "id");
    expect![[r#"
        206 content-type: application/xml, x-meta-who: me, x-since: Thu, 01 Jan 1970 00:00:00 GMT
        <?xml version="1.0" encoding="UTF-8"?>
        <Tree xmlns="urn:test"><Name>oak</Name></Tree>"#]]
    .assert_eq(&shown(&xml));
    let json = write_output(&model(Protocol::RestJson), &route(Protocol::RestJson, 1), &output, "id");
    expect![[r#"
        206 content-type: application/json, x-meta-who: me, x-since: Thu, 01 Jan 1970 00:00:00 GMT
        {"Name":"oak"}"#]]
    .assert_eq(&shown(&json));
}

#[test]
fn s3_errors_name_the_resource() {
    static GONE: ErrorFacts = ErrorFacts::common("NoSuchKey", 404);
    let members = [("Key", serde_json::json!("k&l"))];
    let error = ErrorBody { facts: &GONE, message: "gone", members: &members, request_id: "id", resource: "/b/k" };
    expect![[r#"
        404 content-type: application/xml
        <?xml version="1.0" encoding="UTF-8"?>
        <Error><Code>NoSuchKey</Code><Message>gone</Message><Key>k&amp;l</Key><Resource>/b/k</Resource><RequestId>id</RequestId><HostId>Y2xlYXJza3kvaWQ=</HostId></Error>"#]]
    .assert_eq(&shown(&write_error(&model(Protocol::RestXml), Protocol::RestXml, &error)));
}
