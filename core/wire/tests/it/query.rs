//! query: parameters in, XML out.

use expect_test::{Expect, expect};
use wire::Protocol;
use wire::prelude::*;
use wire::protocol::{ErrorBody, write_error, write_output};

use crate::model::{Everything, Tree, body, model, route, shown};

fn check(form: &str, expected: Expect) {
    expected.assert_eq(&body::<Everything>(Protocol::Query, form));
}

#[test]
fn parameters_are_paths() {
    check(
        "Action=Do&Text=a%20b&Count=3&Flag=true&Time=2026-11-24T00%3A00%3A00Z&Names.member.2=b&Names.member.1=a\
         &Flat.1=x&Map.entry.1.key=k&Map.entry.1.value=v&Tree.Name=oak&Tree.Trees.Tree.1.Name=twig",
        expect![[
            r#"Everything { text: Some("a b"), count: Some(3), long: None, flag: Some(true), ratio: None, blob: None, time: Some(2026-11-24T00:00:00Z), names: Some(["a", "b"]), flat: Some(["x"]), map: Some({"k": "v"}), tree: Some(Tree { name: "oak", colour: None, trees: Some([Tree { name: "twig", colour: None, trees: None }]) }) }"#
        ]],
    );
}

#[test]
fn bad_values_and_refused_members_are_named() {
    check("Count=many", expect!["'many' is not a integer"]);
    check("Flag=maybe", expect!["'maybe' is not a boolean"]);
    check("Tree.Name=a&Tree.Secret=x", expect!["Tree.Secret is not implemented"]);
}

#[test]
fn results_are_wrapped() {
    let output = Everything {
        text: Some("a<b".into()),
        names: Some(vec!["a".into()]),
        flat: Some(vec!["x".into(), "y".into()]),
        map: Some(BTreeMap::from([("k".into(), "v".into())])),
        tree: Some(Tree { name: "oak".into(), trees: Some(Vec::new()), ..Tree::default() }),
        time: Some(Timestamp::from_ms(0)),
        ..Everything::default()
    };
    let rendered = write_output(&model(Protocol::Query), &route(Protocol::Query, 0), &output, "id");
    expect![[r#"
        200 content-type: text/xml
        <DoResponse xmlns="urn:test"><DoResult><Text>a&lt;b</Text><Time>1970-01-01T00:00:00Z</Time><Names><member>a</member></Names><Flat>x</Flat><Flat>y</Flat><Map><entry><key>k</key><value>v</value></entry></Map><Tree><Name>oak</Name><Trees></Trees></Tree></DoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>"#]]
    .assert_eq(&shown(&rendered));
}

#[test]
fn errors_say_whose_fault_they_are() {
    static GONE: ErrorFacts = ErrorFacts::common("Gone", 404);
    let error = ErrorBody { facts: &GONE, message: "a & b", members: &[], request_id: "id", resource: "/" };
    expect![[r#"
        404 content-type: text/xml
        <ErrorResponse xmlns="urn:test"><Error><Type>Sender</Type><Code>Gone</Code><Message>a &amp; b</Message></Error><RequestId>id</RequestId></ErrorResponse>"#]]
    .assert_eq(&shown(&write_error(&model(Protocol::Query), Protocol::Query, &error)));
}
