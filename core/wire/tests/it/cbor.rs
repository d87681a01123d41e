//! Smithy RPC v2 with CBOR.

use expect_test::expect;
use http::HeaderMap;
use serde_json::json;
use wire::prelude::*;
use wire::protocol::{ErrorBody, HttpInput, write_error, write_output};

use crate::model::{Everything, Tree, model, read, route};

fn body(bytes: &[u8]) -> String {
    let empty = HeaderMap::new();
    let request = HttpInput { query: "", headers: &empty, body: bytes };
    match read::<Everything>(Protocol::RpcV2Cbor, &[], &request) {
        Ok((input, missing)) => match wire::validate(&input, missing) {
            Ok(()) => format!("{input:?}"),
            Err(rejection) => rejection.to_string(),
        },
        Err(error) => error.to_string(),
    }
}

fn check(bytes: &[u8], expected: &str) {
    let shown = body(bytes);
    assert!(shown.contains(expected), "{}: {shown}", bytes.escape_ascii());
}

#[test]
fn what_is_written_is_read() {
    let output = Everything {
        text: Some("a".into()),
        count: Some(3),
        long: Some(i64::MIN),
        flag: Some(true),
        ratio: Some(0.5),
        blob: Some(Bytes::from_static(&[0, 255])),
        time: Some(Timestamp::from_ms(1500)),
        names: Some(vec!["a".into()]),
        flat: Some(Vec::new()),
        map: Some(BTreeMap::from([("k".into(), "v".into())])),
        tree: Some(Tree { name: "oak".into(), ..Tree::default() }),
    };
    let rendered = write_output(&model(Protocol::RpcV2Cbor), &route(Protocol::RpcV2Cbor, 0), &output, "id");
    assert_eq!(rendered.headers["content-type"], "application/cbor");
    assert_eq!(rendered.headers["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(body(&rendered.body), format!("{output:?}"));
}

#[test]
fn missing_and_refused_members_are_named() {
    check(b"", "text: None");
    check(b"\xa1\x64Tree\xa0", "Value null at 'tree.name' failed to satisfy constraint: Member must not be null");
    check(b"\xa1\x64Tree\xa1\x66Secret\x01", "Tree.Secret is not implemented");
    check(b"\xa2\x63New\x82\x01\xa1\x61a\x02\x64Text\x61b", "text: Some(\"b\")");
    check(b"\xa2\x64Text\x61a\x64Text\x61b", "text: Some(\"b\")");
}

#[test]
fn bad_documents_are_malformed() {
    check(b"\xa1", "The CBOR is not well-formed: end of input bytes");
    check(b"\xa1\x64Text\x61", "The CBOR is not well-formed: end of input bytes");
    check(b"\xa0\x00", "There are bytes behind the CBOR item");
    check(b"\xa1\x64Text\x01", "u8 cannot be converted to String");
    check(b"\xa1\x64Text\x61\xff", "The CBOR is not well-formed: invalid utf-8");
    check(b"\xa1\x64Time\xc2\x01", "tag cannot be converted to Timestamp");
    check(b"\xa1\x65Names\x81\xf6", "A list may not hold null");
    check(b"\xa1\x64Long\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "The CBOR is not well-formed");
    check(b"\xa1\x64Blob\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", "The CBOR is not well-formed");
    check(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "The CBOR is not well-formed");
    check(b"\x80", "array cannot be converted to Structure");
}

#[test]
fn nesting_has_a_limit() {
    let known = [b"\xa1\x64Tree".as_slice(), &b"\xa2\x64Name\x61a\x65Trees\x81".repeat(5_000)].concat();
    check(&known, "The input is nested too deeply");
    let unknown = [b"\xa1\x63New".as_slice(), &[0x81].repeat(1 << 20)].concat();
    check(&unknown, "The CBOR is not well-formed");
    let endless = [b"\xa1\x63New".as_slice(), &[0x9f].repeat(1 << 20)].concat();
    check(&endless, "The CBOR is not well-formed");
}

#[test]
fn errors_carry_their_type_and_their_former_code() {
    static GONE: ErrorFacts = ErrorFacts {
        shape: "QueueGone",
        code: "Test.QueueGone",
        status: 404,
        fault: Fault::Sender,
        message_member: "message",
        typed: false,
        headers: &[],
    };
    let members = [("Item", json!({ "a": [1, 1.5, null, true] }))];
    let error = ErrorBody { facts: &GONE, message: "gone", members: &members, request_id: "id", resource: "/" };
    let plain = write_error(&model(Protocol::RpcV2Cbor), Protocol::RpcV2Cbor, &error);
    assert_eq!((plain.status, plain.headers.get("x-amzn-query-error")), (404, None));
    expect![[
        r"\xa3f__typercom.test#QueueGonegmessagedgonedItem\xa1aa\x84\x01\xfb?\xf8\x00\x00\x00\x00\x00\x00\xf6\xf5"
    ]]
    .assert_eq(&plain.body.escape_ascii().to_string());
    for protocol in [Protocol::RpcV2Cbor, Protocol::AwsJson10, Protocol::AwsJson11] {
        let moved = write_error(&Model { query_compatible: true, ..model(protocol) }, protocol, &error);
        assert_eq!(
            (moved.status, &moved.headers["x-amzn-query-error"]),
            (400, &"Test.QueueGone;Sender".parse().unwrap())
        );
    }
}
