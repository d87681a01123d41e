//! awsJson.

use expect_test::{Expect, expect};
use wire::Protocol;
use wire::prelude::*;
use wire::protocol::{ErrorBody, write_error, write_output};

use crate::model::{Everything, Tree, body, model, route, shown};

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&body::<Everything>(Protocol::AwsJson10, text));
}

#[test]
fn every_kind_is_read() {
    check(
        r#"{"Text":"a\u00fc","Count":3,"Long":9007199254740993,"Flag":true,"Ratio":0.5,"Blob":"AQI=","Time":1.5,
            "Names":["a","b"],"Map":{"k":"v"},"Tree":{"Name":"oak","Trees":[{"Name":"twig"}]},"Unknown":[{}]}"#,
        expect![[
            r#"Everything { text: Some("aü"), count: Some(3), long: Some(9007199254740993), flag: Some(true), ratio: Some(0.5), blob: Some(b"\x01\x02"), time: Some(1970-01-01T00:00:01.500Z), names: Some(["a", "b"]), flat: None, map: Some({"k": "v"}), tree: Some(Tree { name: "oak", colour: None, trees: Some([Tree { name: "twig", colour: None, trees: None }]) }) }"#
        ]],
    );
}

#[test]
fn an_empty_body_and_nulls_are_no_members() {
    let nothing = body::<Everything>(Protocol::AwsJson10, "{}");
    assert_eq!(body::<Everything>(Protocol::AwsJson10, ""), nothing);
    assert_eq!(body::<Everything>(Protocol::AwsJson10, r#"{"Text":null,"Tree":null}"#), nothing);
}

#[test]
fn bad_json_is_said_to_be() {
    check("{", expect!["EOF while parsing an object at byte 1"]);
    check("[]", expect!["Unexpected list found where not expected."]);
    check(r#"{"Text":5}"#, expect!["NUMBER_VALUE cannot be converted to String"]);
    check(r#"{"Text":{}}"#, expect!["Start of structure or map found where not expected."]);
    check(r#"{"Count":"1"}"#, expect!["STRING_VALUE cannot be converted to Long"]);
    check(r#"{"Count":1.5}"#, expect!["1.5 is not an integer of 64 bits"]);
    check(r#"{"Count":99999999999}"#, expect!["Value out of range for an integer: 99999999999"]);
    check(r#"{"Blob":"*"}"#, expect!["A blob is not valid base64"]);
    check(r#"{} x"#, expect!["trailing characters at byte 3"]);
    check(
        "{\"Text\":\"\u{1}\"}",
        expect!["control character (\\u0000-\\u001F) found while parsing a string at byte 9"],
    );
}

#[test]
fn a_member_we_do_not_honour_is_named_by_its_path() {
    check(r#"{"Tree":{"Name":"a","Secret":1}}"#, expect!["Tree.Secret is not implemented"]);
    check(r#"{"Tree":{"Name":"a","Secret":[{}]}}"#, expect!["Tree.Secret is not implemented"]);
    check(r#"{"Tree":{"Name":"a","Secret":""}}"#, expect!["Tree.Secret is not implemented"]);
}

#[test]
fn an_empty_list_or_object_asks_for_nothing() {
    let nothing = body::<Everything>(Protocol::AwsJson10, r#"{"Tree":{"Name":"a"}}"#);
    for empty in ["[]", "{}", " [ ] "] {
        let text = format!(r#"{{"Tree":{{"Secret":{empty},"Name":"a"}}}}"#);
        assert_eq!(body::<Everything>(Protocol::AwsJson10, &text), nothing, "{empty}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let deep = format!("{{\"Tree\":{}{}}}", r#"{"Name":"a","Trees":["#.repeat(150), "]}".repeat(150));
    check(&deep, expect!["The input is nested too deeply"]);
}

#[test]
fn every_kind_is_written() {
    let output = Everything {
        text: Some("a\"\n".into()),
        count: Some(3),
        ratio: Some(f64::INFINITY),
        blob: Some(Bytes::from_static(&[1, 2])),
        time: Some(Timestamp::from_ms(1500)),
        names: Some(vec!["a".into()]),
        map: Some(BTreeMap::from([("k".into(), "v".into())])),
        tree: Some(Tree { name: "oak".into(), ..Tree::default() }),
        ..Everything::default()
    };
    let rendered = write_output(&model(Protocol::AwsJson11), &route(Protocol::AwsJson11, 0), &output, "id");
    expect![[r#"
        200 content-type: application/x-amz-json-1.1
        {"Text":"a\"\n","Count":3,"Ratio":"Infinity","Blob":"AQI=","Time":1.5,"Names":["a"],"Map":{"k":"v"},"Tree":{"Name":"oak"}}"#]]
    .assert_eq(&shown(&rendered));
}

#[test]
fn errors_carry_their_type() {
    static GONE: ErrorFacts = ErrorFacts::common("GoneException", 400);
    let members = [("Item", serde_json::json!({"a": 1}))];
    let error = ErrorBody { facts: &GONE, message: "It is gone", members: &members, request_id: "id", resource: "/" };
    expect![[r#"
        400 content-type: application/x-amz-json-1.0
        {"__type":"com.test#GoneException","message":"It is gone","Item":{"a":1}}"#]]
    .assert_eq(&shown(&write_error(&model(Protocol::AwsJson10), Protocol::AwsJson10, &error)));
    expect![[r#"
        400 content-type: application/json, x-amzn-errortype: GoneException
        {"message":"It is gone","Item":{"a":1}}"#]]
    .assert_eq(&shown(&write_error(&model(Protocol::RestJson), Protocol::RestJson, &error)));
}
