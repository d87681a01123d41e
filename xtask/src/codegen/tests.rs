//! What becomes of a small model.

use serde_json::{Value, json};

use super::source::{Source, Support};
use super::{emit, reach};

/// A model with one operation, whose output is a stream of events, and shapes with constraints.
fn model() -> Value {
    let structure = |members: Value| json!({ "type": "structure", "members": members });
    let mut events = structure(json!({ "Said": { "shape": "Said" }, "Broken": { "shape": "Broken" } }));
    events["eventstream"] = json!(true);
    let said = structure(json!({
        "Text": { "shape": "Text", "eventpayload": true },
        "Number": { "shape": "Weight", "eventheader": true },
    }));
    let mut broken =
        structure(json!({ "After": { "shape": "Text", "location": "header", "locationName": "X-After" } }));
    broken["exception"] = json!(true);
    json!({
        "metadata": { "protocol": "rest-json", "serviceId": "Test", "apiVersion": "1" },
        "operations": { "Speak": {
            "http": { "method": "POST", "requestUri": "/speak" },
            "input": { "shape": "SpeakRequest" },
            "output": { "shape": "SpeakResponse" },
        } },
        "shapes": {
            "SpeakRequest": structure(json!({ "Weight": { "shape": "Weight" }, "Kind": { "shape": "Kind" } })),
            "SpeakResponse": structure(json!({ "Events": { "shape": "Events" } })),
            "Events": events,
            "Said": said,
            "Broken": broken,
            "Text": { "type": "string", "max": 5, "sensitive": true },
            "Kind": { "type": "string", "min": 0, "max": 4, "notNull": true },
            "Weight": { "type": "double", "min": 0.0, "max": 1.0 },
        },
    })
}

fn generate(change: impl FnOnce(&mut Value)) -> anyhow::Result<String> {
    let mut model = model();
    change(&mut model);
    let members =
        ["SpeakRequest", "SpeakResponse", "Events", "Said"].map(|name| format!("{name} = \"all\"")).join("\n");
    let support: Support = toml::from_str(&format!("operations = [\"Speak\"]\n[members]\n{members}"))?;
    let source = Source { name: "test".into(), model, support };
    emit::wire(&source, &reach::reach(&source)?)
}

fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
    let wire = generate(change).unwrap();
    for line in expected {
        assert!(wire.contains(line), "{line}\nis not in\n{wire}");
    }
}

#[test]
fn the_protocols_are_those_that_the_model_lists_and_we_speak() {
    check(|_| (), &["protocols: &[Protocol::RestJson],"]);
    let listed = |model: &mut Value, protocols: Value| model["metadata"]["protocols"] = protocols;
    check(
        |model| {
            listed(model, json!(["smithy-rpc-v2-cbor", "json", "ec2", "query"]));
            model["metadata"]["jsonVersion"] = json!("1.0");
        },
        &["protocols: &[Protocol::RpcV2Cbor, Protocol::AwsJson10, Protocol::Query],"],
    );
    let refused = |protocols| generate(|model| listed(model, protocols)).unwrap_err().to_string();
    assert!(refused(json!(["ec2"])).contains("none of the protocols"));
    assert!(refused(json!(["rest-json", "rest-xml"])).contains("cannot be told apart by path"));
}

#[test]
fn a_stream_of_events_has_events_headers_payloads_and_exceptions() {
    check(
        |_| (),
        &[
            "Kind::EventStream { exceptions: &[(\"Broken\", \"Broken\")] }",
            "streams [ Member::new(\"Events\", &schema::EVENTS).streaming() ]",
            "structure! { union Events: [\n    said: Option<Said> = Member::new(\"Said\", &schema::SAID);\n] streams",
            "text: Option<String> = Member::new(\"Text\", &schema::TEXT).payload();",
            "number: Option<f64> = Member::new(\"Number\", &schema::WEIGHT).at(Location::EventHeader, \"Number\");",
        ],
    );
    let asked = |model: &mut Value| model["shapes"]["SpeakRequest"]["members"]["Weight"] = json!({ "shape": "Events" });
    let refused = generate(asked).unwrap_err().to_string();
    assert!(refused.contains("Speak: a stream of events in a request is not generated"), "{refused}");
}

#[test]
fn constraints_and_errors_are_rows() {
    check(
        |_| (),
        &[
            "Schema::new(\"Text\", Kind::String).length_max(5).sensitive();",
            "Schema::new(\"Kind\", Kind::String).length(0, 4).not_null();",
            "Schema::new(\"Weight\", Kind::Double).range(0, 1);",
            "headers: &[(\"After\", \"x-after\")] };",
        ],
    );
    let refused = generate(|model| model["shapes"]["Weight"]["max"] = json!(0.5)).unwrap_err();
    assert!(refused.to_string().contains("Weight: the bound 0.5 is not generated"), "{refused}");
}
