//! Streams of events as bytes: a frame for each event, and one for the error that ends them.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use wire::codec::eventstream::Message;
use wire::protocol::{self, ErrorBody};
use wire::{Route, Structure};

use crate::door::named;
use crate::{Events, Failure, Opened, Service};

/// What stands behind the head of an answer that is a stream of events. Its first error is its last frame.
pub(crate) fn frames(
    service: &Arc<Service>,
    request_id: &str,
    route: &Route,
    output: &dyn Structure,
    events: Events,
) -> Opened {
    let (service, request_id) = (Arc::clone(service), request_id.to_owned());
    let (operation, protocol) = (route.operation, route.protocol);
    let first = protocol::initial_response(protocol, output).map(|message| encode(&message));
    let message = move |event: Result<Box<dyn Structure>, Failure>| {
        let message = match event {
            Ok(event) => protocol::write_event(protocol, event.as_ref()).ok_or_else(|| io::Error::other("no event"))?,
            Err(failure) => {
                let facts = named(&service, &failure, &request_id);
                let Failure { message, members, .. } = &failure;
                let error = ErrorBody { facts: &facts, message, members, request_id: &request_id, resource: "" };
                let route = Route { operation, protocol, labels: Vec::new() };
                protocol::write_event_error(service.model, &route, &error)
            }
        };
        encode(&message)
    };
    let until_error = futures::stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        let event = events.next().await?;
        let rest = event.is_ok().then_some(events);
        Some((event, rest))
    });
    let chunks = futures::stream::iter(first).chain(until_error.map(message)).boxed();
    Opened::Stream { bytes: None, chunks }
}

fn encode(message: &Message) -> io::Result<Bytes> {
    message.encode().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use futures::{FutureExt, TryStreamExt};
    use wire::codec::eventstream::HeaderValue;
    use wire::prelude::*;

    static WORD: Schema = Schema::new("Word", Kind::String);
    static SAID: Schema = Schema::new("Said", Kind::Structure);
    static SPEECH: Schema = Schema::new("Speech", Kind::EventStream { exceptions: &[("Interrupted", "Interrupted")] });
    static INTERRUPTED: ErrorFacts = ErrorFacts::common("Interrupted", 400);

    wire::structure! { Said: [ word: Option<String> = Member::new("Word", &WORD); ] streams [] refuses [] }
    wire::structure! { union Event: [ said: Option<Said> = Member::new("Said", &SAID); ] streams [] refuses [] }
    wire::structure! { Speech: [
        title: Option<String> = Member::new("Title", &WORD);
    ] streams [ Member::new("Speech", &SPEECH).payload().streaming() ] refuses [] }

    static SPEAK: OperationFacts = OperationFacts {
        name: "Speak",
        http: Http { method: "POST", uri: "/", status: 200, needs: &[] },
        shapes: Some((Said::FACTS, Speech::FACTS)),
        result_wrapper: "",
        input_root: "",
        output_root: "",
        checksum_member: "",
    };

    static MODEL: Model = Model {
        service_id: "Test",
        signing_name: "test",
        api_version: "",
        protocols: &[Protocol::RestJson],
        target_prefix: "",
        xml_namespace: "",
        error_namespace: "",
        query_compatible: false,
        bare_errors: false,
        operations: &[],
    };

    fn service() -> Service {
        Service {
            name: "test",
            model: &MODEL,
            operations: &[],
            signing: sigv4::Dialect::STANDARD,
            family: sigv4::Family::RestJson,
            errors: crate::common::REST_JSON,
            anonymous: crate::Anonymous::Refused,
            body_bytes_max: 0,
            hosts: &[],
            paths: &[],
            resource_policy: None,
            resource_tags: None,
            blob_rows: &[],
            plane: None,
        }
    }

    /// Each frame's kind and payload.
    fn check(protocol: Protocol, events: Vec<Result<&str, Failure>>, expected: &[(&str, &str)]) {
        let said = |word: &str| Event { said: Some(Said { word: Some(word.into()) }) };
        let events: Vec<_> =
            events.into_iter().map(|event| event.map(|word| Box::new(said(word)) as Box<dyn Structure>)).collect();
        let route = Route { operation: &SPEAK, protocol, labels: Vec::new() };
        let output = Speech { title: Some("t".into()) };
        let events = futures::stream::iter(events).boxed();
        let opened = frames(&Arc::new(service()), "id", &route, &output, events);
        let Opened::Stream { bytes: None, chunks } = opened else { panic!("{opened:?}") };
        let chunks: Vec<Bytes> = chunks.try_collect().now_or_never().unwrap().unwrap();
        let mut arrived = BytesMut::from(&chunks.concat()[..]);
        let mut shown = Vec::new();
        while let Some(message) = Message::decode(&mut arrived).unwrap() {
            let kinds = [":event-type", ":exception-type", ":error-code"].iter().find_map(|name| message.header(name));
            let Some(HeaderValue::String(kind)) = kinds else { panic!("{message:?}") };
            shown.push((kind.clone(), String::from_utf8(message.payload.to_vec()).unwrap()));
        }
        let shown: Vec<_> = shown.iter().map(|(kind, payload)| (kind.as_str(), payload.as_str())).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn events_end_with_their_stream() {
        check(Protocol::RestJson, vec![Ok("a"), Ok("b")], &[("Said", r#"{"Word":"a"}"#), ("Said", r#"{"Word":"b"}"#)]);
        let first = ("initial-response", r#"{"Title":"t"}"#);
        check(Protocol::AwsJson11, vec![Ok("a")], &[first, ("Said", r#"{"Word":"a"}"#)]);
    }

    #[test]
    fn an_error_is_the_last_frame() {
        let interrupted = Failure::new(&INTERRUPTED, "no").with("By", "me");
        let said = ("Said", r#"{"Word":"a"}"#);
        check(
            Protocol::RestJson,
            vec![Ok("a"), Err(interrupted), Ok("b")],
            &[said, ("Interrupted", r#"{"message":"no","By":"me"}"#)],
        );
        check(Protocol::RestJson, vec![Ok("a"), Err(Failure::defect("x"))], &[said, ("ServiceException", "")]);
    }
}
