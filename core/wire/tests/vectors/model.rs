//! A vector's inline model as leaked facts: what codegen makes of a service's model, made at run time.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;
use wire::{
    ErrorFacts, Fault, Http, Kind, Location, Member, Model, OperationFacts, Protocol, Route, Schema, StructureFacts,
    TimestampFormat,
};

/// The members of structure schemas, by the schema's address (static types know theirs).
static FACTS: LazyLock<Mutex<HashMap<usize, &'static StructureFacts>>> = LazyLock::new(Mutex::default);

pub fn facts_of(schema: &'static Schema) -> &'static StructureFacts {
    FACTS.lock().unwrap()[&std::ptr::from_ref(schema).addr()]
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn word(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

/// One suite's shapes.
pub struct Shapes<'a> {
    shapes: &'a Value,
    made: HashMap<String, &'static Schema>,
    structures: HashMap<String, &'static StructureFacts>,
}

/// One vector's model and its operation.
pub struct Made {
    pub model: &'static Model,
    pub operation: &'static OperationFacts,
}

impl Made {
    /// The way to the operation, without the labels of a path.
    pub fn route(&self) -> Route {
        Route { operation: self.operation, protocol: self.model.protocol(), labels: Vec::new() }
    }
}

/// The model with the one operation of a case.
pub fn make(suite: &Value, case: &Value) -> Made {
    let mut shapes = Shapes { shapes: &suite["shapes"], made: HashMap::new(), structures: HashMap::new() };
    let (given, metadata) = (&case["given"], &suite["metadata"]);
    let input = shapes.end(&given["input"]);
    let output = shapes.end(&given["output"]);
    let name = word(text(given, "name"));
    let http = &given["http"];
    let status = http["responseCode"].as_u64().unwrap_or(200) as u16;
    let operation = OperationFacts {
        name,
        http: Http { method: word(text(http, "method")), uri: word(text(http, "requestUri")), status, needs: &[] },
        shapes: Some((input, output)),
        result_wrapper: if given["output"].is_null() { "" } else { word(&format!("{name}Result")) },
        input_root: word(text(&given["input"], "locationName")),
        output_root: word(match text(&given["output"], "locationName") {
            "" => word(suite["shapes"][output.name]["locationName"].as_str().unwrap_or(output.name)),
            root => root,
        }),
        checksum_member: "",
    };
    let operations = Box::leak(Box::new([operation]));
    let model = Model {
        service_id: "Vector",
        signing_name: "vector",
        api_version: word(text(metadata, "apiVersion")),
        protocols: leak([protocol(metadata)]),
        target_prefix: word(text(metadata, "targetPrefix")),
        xml_namespace: "",
        error_namespace: "",
        query_compatible: metadata.get("awsQueryCompatible").is_some(),
        bare_errors: false,
        operations,
    };
    Made { model: leak(model), operation: &operations[0] }
}

fn protocol(metadata: &Value) -> Protocol {
    match (text(metadata, "protocol"), text(metadata, "jsonVersion")) {
        ("json", "1.0") => Protocol::AwsJson10,
        ("json", _) => Protocol::AwsJson11,
        ("rest-json", _) => Protocol::RestJson,
        ("rest-xml", _) => Protocol::RestXml,
        ("query", _) => Protocol::Query,
        ("smithy-rpc-v2-cbor", _) => Protocol::RpcV2Cbor,
        (other, _) => panic!("protocol {other}"),
    }
}

/// The facts of a case's error, and its members.
pub fn error(suite: &Value, name: &str) -> (ErrorFacts, &'static StructureFacts) {
    let mut shapes = Shapes { shapes: &suite["shapes"], made: HashMap::new(), structures: HashMap::new() };
    let shape = &suite["shapes"][name];
    let status = shape["error"]["httpStatusCode"].as_u64();
    let status = status.unwrap_or(if shape["fault"].as_bool() == Some(true) { 500 } else { 400 }) as u16;
    let facts = ErrorFacts {
        shape: word(name),
        code: word(shape["error"]["code"].as_str().unwrap_or(name)),
        status,
        fault: if status < 500 { Fault::Sender } else { Fault::Receiver },
        message_member: if shape["members"].get("Message").is_some() { "Message" } else { "message" },
        typed: false,
        headers: Box::leak(in_headers(&shape["members"]).into_boxed_slice()),
    };
    (facts, shapes.structure(name))
}

fn in_headers(members: &Value) -> Vec<(&'static str, &'static str)> {
    let members = members.as_object().into_iter().flatten().filter(|(_, member)| text(member, "location") == "header");
    members.map(|(name, member)| (word(name), word(&text(member, "locationName").to_lowercase()))).collect()
}

impl Shapes<'_> {
    fn end(&mut self, end: &Value) -> &'static StructureFacts {
        match end["shape"].as_str() {
            Some(name) => self.structure(name),
            None => leak(StructureFacts { name: "Nothing", members: &[], refused: &[], union: false }),
        }
    }

    fn structure(&mut self, name: &str) -> &'static StructureFacts {
        self.schema(&serde_json::json!({ "shape": name }));
        self.structures[name]
    }

    /// The schema of a reference, with what the reference itself says of it.
    fn schema(&mut self, reference: &Value) -> &'static Schema {
        let name = text(reference, "shape");
        let is_own = ["flattened", "timestampFormat", "jsonvalue"].iter().any(|key| reference.get(key).is_some());
        if let Some(made) = self.made.get(name).filter(|_| !is_own) {
            return made;
        }
        let shapes = self.shapes;
        let shape = &shapes[name];
        if text(shape, "type") == "structure" && !shape["document"].as_bool().unwrap_or(false) {
            let made = leak(Schema::new(word(name), Kind::Structure));
            self.made.insert(name.to_owned(), made);
            let facts = self.members(name, shape);
            self.structures.insert(name.to_owned(), facts);
            FACTS.lock().unwrap().insert(std::ptr::from_ref(made).addr(), facts);
            return made;
        }
        let kind = self.kind(shape, reference);
        let made = leak(Schema::new(word(name), kind));
        if !is_own {
            self.made.insert(name.to_owned(), made);
        }
        made
    }

    fn kind(&mut self, shape: &Value, reference: &Value) -> Kind {
        let is = |key: &str| shape[key].as_bool().or(reference[key].as_bool()).unwrap_or(false);
        let named = |part: &str| word(shape[part]["locationName"].as_str().unwrap_or(part));
        if is("jsonvalue") {
            return Kind::Document;
        }
        match text(shape, "type") {
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" | "double" => Kind::Double,
            "string" | "character" => Kind::String,
            "blob" => Kind::Blob,
            "timestamp" => {
                let format = match text(reference, "timestampFormat") {
                    "" => text(shape, "timestampFormat"),
                    format => format,
                };
                Kind::Timestamp(match format {
                    "iso8601" => Some(TimestampFormat::Iso8601),
                    "rfc822" => Some(TimestampFormat::HttpDate),
                    "unixTimestamp" => Some(TimestampFormat::EpochSeconds),
                    _ => None,
                })
            }
            "list" => {
                let item = self.schema(&shape["member"]);
                Kind::List { item_name: named("member"), item, flattened: is("flattened") }
            }
            "map" => {
                let (key, value) = (self.schema(&shape["key"]), self.schema(&shape["value"]));
                let (key_name, value_name) = (named("key"), named("value"));
                Kind::Map { key_name, key, value_name, value, flattened: is("flattened") }
            }
            _ => Kind::Document,
        }
    }

    fn members(&mut self, name: &str, shape: &Value) -> &'static StructureFacts {
        let required: Vec<&str> =
            shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let payload = text(shape, "payload");
        let mut members = Vec::new();
        for (name, reference) in shape["members"].as_object().into_iter().flatten() {
            let schema = self.schema(reference);
            let mut member =
                Member::new(word(name), schema).wire(word(self.wire_name(name, reference, payload == name)));
            if let Some(location) = location(reference, schema) {
                let is_header = matches!(location, Location::Header | Location::HeaderPrefix);
                let wire = text(reference, "locationName");
                let wire = if is_header { wire.to_lowercase() } else { wire.to_owned() };
                member = member.at(location, word(&wire));
            }
            member.required = required.contains(&name.as_str());
            member.payload = payload == name;
            member.attribute = reference["xmlAttribute"].as_bool().unwrap_or(false);
            members.push(member);
        }
        let union = shape["union"].as_bool().unwrap_or(false);
        leak(StructureFacts { name: word(name), members: Box::leak(members.into_boxed_slice()), refused: &[], union })
    }

    /// A member's own name on the wire, else the name of its flattened list's items, else its shape's as a payload.
    fn wire_name<'a>(&'a self, name: &'a str, reference: &'a Value, payload: bool) -> &'a str {
        let shape = &self.shapes[text(reference, "shape")];
        let item = shape["member"]["locationName"].as_str().filter(|_| shape["flattened"].as_bool() == Some(true));
        let payload = shape["locationName"].as_str().filter(|_| payload);
        let own = reference["locationName"].as_str();
        own.filter(|own| payload.is_none() || *own != name).or(item).or(payload).unwrap_or(name)
    }
}

fn location(reference: &Value, schema: &Schema) -> Option<Location> {
    Some(match text(reference, "location") {
        "header" => Location::Header,
        "headers" => Location::HeaderPrefix,
        "querystring" if matches!(schema.kind, Kind::Map { .. }) => Location::QueryMap,
        "querystring" => Location::QueryString,
        "uri" => Location::Uri,
        "statusCode" => Location::StatusCode,
        _ => return None,
    })
}
