//! A model that has every kind of shape, and helpers that show what comes of a request.

use std::fmt::Debug;

use http::{HeaderMap, HeaderName, HeaderValue};
use wire::prelude::*;
use wire::protocol::{self, HttpInput, Rendered};
use wire::{ReadError, Route, Structure, Violation};

pub mod schema {
    use super::*;

    pub static TEXT: Schema = Schema::new("Text", Kind::String);
    pub static NAME: Schema = Schema::new("Name", Kind::String).length(1, 8).pattern("[a-z]+");
    pub static COLOUR: Schema = Schema::new("Colour", Kind::String).values(&["RED", "BLUE"]);
    pub static COUNT: Schema = Schema::new("Count", Kind::Integer).range(1, 10);
    pub static LONG: Schema = Schema::new("Long", Kind::Long);
    pub static FLAG: Schema = Schema::new("Flag", Kind::Boolean);
    pub static RATIO: Schema = Schema::new("Ratio", Kind::Double);
    pub static BLOB: Schema = Schema::new("Blob", Kind::Blob);
    pub static TIME: Schema = Schema::new("Time", Kind::Timestamp(None));
    pub static NAMES: Schema =
        Schema::new("Names", Kind::List { item_name: "member", item: &NAME, flattened: false }).length(0, 2);
    pub static FLAT: Schema = Schema::new("Flat", Kind::List { item_name: "Flat", item: &TEXT, flattened: true });
    pub static MAP: Schema = Schema::new(
        "Map",
        Kind::Map { key_name: "key", key: &NAME, value_name: "value", value: &TEXT, flattened: false },
    );
    pub static TREE: Schema = Schema::new("Tree", Kind::Structure);
    pub static TREES: Schema = Schema::new("Trees", Kind::List { item_name: "Tree", item: &TREE, flattened: false });
    pub static REFUSED: Schema = Schema::new("", Kind::Document);
}

wire::structure! { Tree: [
    name: String = Member::new("Name", &schema::NAME).required();
    colour: Option<String> = Member::new("Colour", &schema::COLOUR).only(&["RED"]);
    trees: Option<Vec<Tree>> = Member::new("Trees", &schema::TREES);
] streams [] refuses [ Member::new("Secret", &schema::REFUSED) ] }

wire::structure! { Everything: [
    text: Option<String> = Member::new("Text", &schema::TEXT);
    count: Option<i32> = Member::new("Count", &schema::COUNT);
    long: Option<i64> = Member::new("Long", &schema::LONG);
    flag: Option<bool> = Member::new("Flag", &schema::FLAG);
    ratio: Option<f64> = Member::new("Ratio", &schema::RATIO);
    blob: Option<Bytes> = Member::new("Blob", &schema::BLOB);
    time: Option<Timestamp> = Member::new("Time", &schema::TIME);
    names: Option<Vec<String>> = Member::new("Names", &schema::NAMES);
    flat: Option<Vec<String>> = Member::new("Flat", &schema::FLAT);
    map: Option<BTreeMap<String, String>> = Member::new("Map", &schema::MAP);
    tree: Option<Tree> = Member::new("Tree", &schema::TREE);
] streams [] refuses [] }

wire::structure! { Located: [
    bucket: String = Member::new("Bucket", &schema::TEXT).at(Location::Uri, "Bucket").required();
    kind: Option<String> = Member::new("Kind", &schema::TEXT).at(Location::QueryString, "kind");
    since: Option<Timestamp> = Member::new("Since", &schema::TIME).at(Location::Header, "x-since");
    meta: Option<BTreeMap<String, String>> = Member::new("Meta", &schema::MAP).at(Location::HeaderPrefix, "x-meta-");
    tree: Option<Tree> = Member::new("Tree", &schema::TREE).payload();
    status: Option<i32> = Member::new("Status", &schema::LONG).at(Location::StatusCode, "");
] streams [] refuses [ Member::new("Acl", &schema::REFUSED).at(Location::Header, "x-acl") ] }

pub static OPERATIONS: &[OperationFacts] = &[
    OperationFacts {
        name: "Do",
        http: Http { method: "POST", uri: "/", status: 200, needs: &[] },
        shapes: Some((Everything::FACTS, Everything::FACTS)),
        result_wrapper: "DoResult",
        input_root: "",
        output_root: "Everything",
        checksum_member: "",
    },
    OperationFacts {
        name: "Put",
        http: Http { method: "PUT", uri: "/{Bucket}", status: 201, needs: &[] },
        shapes: Some((Located::FACTS, Located::FACTS)),
        result_wrapper: "",
        input_root: "",
        output_root: "",
        checksum_member: "",
    },
];

/// The way to an operation in a protocol.
pub fn route(protocol: Protocol, index: usize) -> Route {
    Route { operation: &OPERATIONS[index], protocol, labels: Vec::new() }
}

pub fn model(protocol: Protocol) -> Model {
    Model {
        service_id: "Test",
        signing_name: "test",
        api_version: "2026-11-24",
        protocols: Box::leak(Box::new([protocol])),
        target_prefix: "Test",
        xml_namespace: "urn:test",
        error_namespace: "com.test",
        query_compatible: false,
        bare_errors: true,
        operations: OPERATIONS,
    }
}

pub fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let parsed = pairs.iter().map(|(name, value)| (name.parse::<HeaderName>(), HeaderValue::from_str(value)));
    parsed.map(|(name, value)| (name.unwrap(), value.unwrap())).collect()
}

/// Reads an input; what is missing comes with it.
pub fn read<T: Structure + Default>(
    protocol: Protocol,
    labels: &[(&'static str, &str)],
    request: &HttpInput<'_>,
) -> Result<(T, Vec<Violation>), ReadError> {
    let operation = &OPERATIONS[usize::from(!labels.is_empty())];
    let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let mut input = T::default();
    let missing = protocol::read_input(&Route { operation, protocol, labels }, &mut input, request)?;
    Ok((input, missing))
}

/// Reads a body and shows the input, or the error's text.
pub fn body<T: Structure + Default + Debug>(protocol: Protocol, body: &str) -> String {
    let empty = HeaderMap::new();
    match read::<T>(protocol, &[], &HttpInput { query: "", headers: &empty, body: body.as_bytes() }) {
        Ok((input, missing)) => match wire::validate(&input, missing) {
            Ok(()) => format!("{input:?}"),
            Err(rejection) => rejection.to_string(),
        },
        Err(error) => error.to_string(),
    }
}

pub fn shown(rendered: &Rendered) -> String {
    let mut headers: Vec<String> =
        rendered.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    format!("{} {}\n{}", rendered.status, headers.join(", "), String::from_utf8_lossy(&rendered.body))
}
