//! Streams of events: each event, the answer that they stand behind, and the error that ends them.

use bytes::BytesMut;
use expect_test::{Expect, expect};
use serde_json::json;
use wire::codec::eventstream::{HeaderValue, Message};
use wire::prelude::*;
use wire::protocol::{ErrorBody, initial_response, write_event, write_event_error, write_output};
use wire::{Protocol, Route};

use crate::model::{Tree, model, schema, shown};

pub mod streams {
    use super::*;

    pub static CHUNK: Schema = Schema::new("ChunkEvent", Kind::Structure);
    pub static LINE: Schema = Schema::new("LineEvent", Kind::Structure);
    pub static GROWTH: Schema = Schema::new("GrowthEvent", Kind::Structure);
    pub static STATS: Schema = Schema::new("StatsEvent", Kind::Structure);
    pub static END: Schema = Schema::new("EndEvent", Kind::Structure);
    pub static EVENTS: Schema = Schema::new("Events", Kind::EventStream { exceptions: &[("Broken", "StreamBroken")] });
}

wire::structure! { ChunkEvent: [
    payload: Option<Bytes> = Member::new("Payload", &schema::BLOB).payload();
    last: Option<bool> = Member::new("Last", &schema::FLAG).at(Location::EventHeader, "Last");
    number: Option<i32> = Member::new("Number", &schema::COUNT).at(Location::EventHeader, "Number");
    offset: Option<i64> = Member::new("Offset", &schema::LONG).at(Location::EventHeader, "Offset");
    name: Option<String> = Member::new("Name", &schema::TEXT).at(Location::EventHeader, "Name");
    digest: Option<Bytes> = Member::new("Digest", &schema::BLOB).at(Location::EventHeader, "Digest");
    time: Option<Timestamp> = Member::new("Time", &schema::TIME).at(Location::EventHeader, "Time");
] streams [] refuses [] }

wire::structure! { LineEvent: [
    text: Option<String> = Member::new("Text", &schema::TEXT).payload();
] streams [] refuses [] }

wire::structure! { GrowthEvent: [
    tree: Option<Tree> = Member::new("Tree", &schema::TREE).payload();
] streams [] refuses [] }

wire::structure! { StatsEvent: [
    count: Option<i32> = Member::new("Count", &schema::COUNT);
] streams [] refuses [] }

wire::structure! { EndEvent: [] streams [] refuses [] }

wire::structure! { union Event: [
    chunk: Option<ChunkEvent> = Member::new("Chunk", &streams::CHUNK);
    line: Option<LineEvent> = Member::new("Line", &streams::LINE);
    growth: Option<GrowthEvent> = Member::new("Growth", &streams::GROWTH);
    stats: Option<StatsEvent> = Member::new("Stats", &streams::STATS);
    end: Option<EndEvent> = Member::new("End", &streams::END);
] streams [] refuses [] }

wire::structure! { Streamed: [
    id: Option<String> = Member::new("Id", &schema::TEXT).at(Location::Header, "x-id");
    title: Option<String> = Member::new("Title", &schema::TEXT);
] streams [ Member::new("Events", &streams::EVENTS).payload().streaming() ] refuses [] }

static STREAM: OperationFacts = OperationFacts {
    name: "Stream",
    http: Http { method: "POST", uri: "/", status: 200, needs: &[] },
    shapes: Some((EndEvent::FACTS, Streamed::FACTS)),
    result_wrapper: "",
    input_root: "",
    output_root: "",
    checksum_member: "",
};

/// A message's headers and its payload as text.
fn said(message: &Message) -> String {
    let headers = message.headers.iter().map(|(name, value)| match value {
        HeaderValue::String(text) => format!("{name}={text}"),
        other => format!("{name}={other:?}"),
    });
    format!("{} {:?}", headers.collect::<Vec<_>>().join(" "), message.payload)
}

fn check(protocol: Protocol, event: Event, expected: Expect) {
    let message = write_event(protocol, &event).unwrap();
    expected.assert_eq(&said(&message));
    let mut frame = BytesMut::from(&message.encode().unwrap()[..]);
    assert_eq!(Message::decode(&mut frame), Ok(Some(message)));
}

#[test]
fn an_events_members_are_headers_and_a_payload() {
    let chunk = ChunkEvent {
        payload: Some(Bytes::from_static(b"\x00a")),
        last: Some(true),
        number: Some(3),
        offset: Some(4),
        name: Some("n".into()),
        digest: Some(Bytes::from_static(b"d")),
        time: Some(Timestamp::from_ms(5)),
    };
    check(
        Protocol::RestJson,
        Event { chunk: Some(chunk), ..Event::default() },
        expect![[
            r#":message-type=event :event-type=Chunk :content-type=application/octet-stream Last=Boolean(true) Number=Integer(3) Offset=Long(4) Name=n Digest=Bytes(b"d") Time=Timestamp(1970-01-01T00:00:00.005Z) b"\0a""#
        ]],
    );
    let empty = Event { chunk: Some(ChunkEvent::default()), ..Event::default() };
    check(Protocol::RestJson, empty, expect![[r#":message-type=event :event-type=Chunk b"""#]]);
    let line = LineEvent { text: Some("é".into()) };
    check(
        Protocol::RestXml,
        Event { line: Some(line), ..Event::default() },
        expect![[r#":message-type=event :event-type=Line :content-type=text/plain b"\xc3\xa9""#]],
    );
    check(
        Protocol::RestXml,
        Event { end: Some(EndEvent {}), ..Event::default() },
        expect![[r#":message-type=event :event-type=End b"""#]],
    );
    assert_eq!(write_event(Protocol::RestJson, &Event::default()), None);
}

#[test]
fn documents_in_events_are_of_the_protocol() {
    let growth = || {
        let tree = Some(Tree { name: "oak".into(), ..Tree::default() });
        Event { growth: Some(GrowthEvent { tree }), ..Event::default() }
    };
    let stats = || Event { stats: Some(StatsEvent { count: Some(2) }), ..Event::default() };
    check(
        Protocol::RestJson,
        growth(),
        expect![[r#":message-type=event :event-type=Growth :content-type=application/json b"{\"Name\":\"oak\"}""#]],
    );
    check(
        Protocol::RestXml,
        growth(),
        expect![[r#":message-type=event :event-type=Growth :content-type=text/xml b"<Tree><Name>oak</Name></Tree>""#]],
    );
    check(
        Protocol::RestJson,
        stats(),
        expect![[r#":message-type=event :event-type=Stats :content-type=application/json b"{\"Count\":2}""#]],
    );
    check(
        Protocol::AwsJson11,
        stats(),
        expect![[r#":message-type=event :event-type=Stats :content-type=application/json b"{\"Count\":2}""#]],
    );
    check(
        Protocol::RestXml,
        stats(),
        expect![[
            r#":message-type=event :event-type=Stats :content-type=text/xml b"<StatsEvent><Count>2</Count></StatsEvent>""#
        ]],
    );
    check(
        Protocol::RpcV2Cbor,
        stats(),
        expect![[r#":message-type=event :event-type=Stats :content-type=application/cbor b"\xbfeCount\x02\xff""#]],
    );
}

#[test]
fn what_stands_before_the_events_is_a_head_or_the_first_event() {
    let output = Streamed { id: Some("7".into()), title: Some("t".into()) };
    let head = |protocol| {
        let route = Route { operation: &STREAM, protocol, labels: Vec::new() };
        shown(&write_output(&model(protocol), &route, &output, "id")).trim_end().to_owned()
    };
    assert_eq!(head(Protocol::RestJson), "200 content-type: application/vnd.amazon.eventstream, x-id: 7");
    assert_eq!(head(Protocol::AwsJson11), "200 content-type: application/vnd.amazon.eventstream");
    let cbor = "200 content-type: application/vnd.amazon.eventstream, smithy-protocol: rpc-v2-cbor";
    assert_eq!(head(Protocol::RpcV2Cbor), cbor);
    assert_eq!(initial_response(Protocol::RestXml, &output), None);
    let first = |protocol| said(&initial_response(protocol, &output).unwrap());
    expect![[
        r#":message-type=event :event-type=initial-response :content-type=application/json b"{\"Title\":\"t\"}""#
    ]]
    .assert_eq(&first(Protocol::AwsJson11));
    expect![[r#":message-type=event :event-type=initial-response :content-type=application/cbor b"\xbfeTitleat\xff""#]]
        .assert_eq(&first(Protocol::RpcV2Cbor));
}

#[test]
fn an_error_ends_a_stream_as_its_exception_or_without_a_shape() {
    static BROKEN: ErrorFacts = ErrorFacts::common("StreamBroken", 400);
    static INTERNAL: ErrorFacts = ErrorFacts::common("InternalError", 500);
    let last = |protocol, facts| {
        let members = [("Where", json!("line 2"))];
        let error = ErrorBody { facts, message: "no more", members: &members, request_id: "id", resource: "" };
        let route = Route { operation: &STREAM, protocol, labels: Vec::new() };
        said(&write_event_error(&model(protocol), &route, &error))
    };
    expect![[r#":message-type=exception :exception-type=Broken :content-type=application/json b"{\"message\":\"no more\",\"Where\":\"line 2\"}""#]]
        .assert_eq(&last(Protocol::RestJson, &BROKEN));
    expect![[r#":message-type=exception :exception-type=Broken :content-type=application/json b"{\"__type\":\"com.test#StreamBroken\",\"message\":\"no more\",\"Where\":\"line 2\"}""#]]
        .assert_eq(&last(Protocol::AwsJson11, &BROKEN));
    expect![[r#":message-type=error :error-code=InternalError :error-message=no more b"""#]]
        .assert_eq(&last(Protocol::RestJson, &INTERNAL));
}
