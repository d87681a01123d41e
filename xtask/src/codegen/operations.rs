//! The model's own facts and its table of operations.

use std::fmt::Write as _;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::emit::text;
use super::names::type_name;
use super::reach::{is_event_stream, shape_of, targets};
use super::source::Source;

pub fn emit(source: &Source, out: &mut String) -> anyhow::Result<()> {
    let operations = source.model.get("operations").and_then(Value::as_object).context("no operations")?;
    header(source, out)?;
    writeln!(out, "/// Every operation of the model; those without shapes are not supported.")?;
    writeln!(out, "pub static OPERATIONS: &[OperationFacts] = &[")?;
    for (name, operation) in operations {
        let http = http(source, operation)?;
        if !source.support.operations.contains(name) {
            writeln!(out, "    OperationFacts::unsupported({name:?}, {http}),")?;
            continue;
        }
        if let Some(shape) = operation.get("input").and_then(shape_of) {
            let targets = targets(source, &shape, source.shape(&shape)?);
            let streams = |target: &String| source.shape(target).is_ok_and(is_event_stream);
            ensure!(!targets.iter().any(streams), "{name}: a stream of events in a request is not generated");
        }
        let (input, output) = (end(operation, name, "input"), end(operation, name, "output"));
        let wrapper = operation.get("output").map(|o| text(o, "resultWrapper")).unwrap_or("");
        let input_root = operation.get("input").map(|i| text(i, "locationName")).unwrap_or("");
        let output_root = match text(operation, "outputRoot") {
            "" => operation.get("output").map(|o| text(o, "shape")).unwrap_or(""),
            root => root,
        };
        let checksum = operation.pointer("/httpChecksum/requestAlgorithmMember").and_then(Value::as_str).unwrap_or("");
        writeln!(
            out,
            "    OperationFacts {{ name: {name:?}, http: {http}, shapes: Some(({input}::FACTS, {output}::FACTS)), \
             result_wrapper: {wrapper:?}, input_root: {input_root:?}, output_root: {output_root:?}, checksum_member: {checksum:?} }},"
        )?;
    }
    writeln!(out, "];\n\n/// The supported operations as types.\npub mod op {{\n    use super::*;\n")?;
    for (index, (name, operation)) in operations.iter().enumerate() {
        if source.support.operations.contains(name) {
            let (input, output) = (end(operation, name, "input"), end(operation, name, "output"));
            writeln!(out, "    operation!({name}, {input}, {output}, &OPERATIONS[{index}]);")?;
        }
    }
    writeln!(out, "}}\n")?;
    for name in &source.support.operations {
        let operation = source.operation(name)?;
        for part in ["input", "output"] {
            if operation.get(part).is_none() {
                writeln!(out, "structure! {{ {}: [\n] streams [  ] refuses [  ] }}\n", end(operation, name, part))?;
            }
        }
    }
    Ok(())
}

fn header(source: &Source, out: &mut String) -> anyhow::Result<()> {
    let protocols = protocols(source)?;
    let signing = match source.metadata("signingName") {
        "" => source.metadata("endpointPrefix"),
        name => name,
    };
    let namespace = match source.metadata("xmlNamespace") {
        "" if protocols.contains(&"RestXml") => "http://s3.amazonaws.com/doc/2006-03-01/",
        namespace => namespace,
    };
    writeln!(out, "/// What the model says of the service.\npub static MODEL: Model = Model {{")?;
    writeln!(out, "    service_id: {:?},\n    signing_name: {signing:?},", source.metadata("serviceId"))?;
    let spoken: Vec<String> = protocols.iter().map(|protocol| format!("Protocol::{protocol}")).collect();
    let version = source.metadata("apiVersion");
    writeln!(out, "    api_version: {version:?},\n    protocols: &[{}],", spoken.join(", "))?;
    writeln!(out, "    target_prefix: {:?},\n    xml_namespace: {namespace:?},", source.metadata("targetPrefix"))?;
    let compatible = source.model.pointer("/metadata/awsQueryCompatible").is_some();
    writeln!(
        out,
        "    error_namespace: {:?},\n    query_compatible: {compatible},",
        source.metadata("errorNamespace")
    )?;
    let bare = source.model.pointer("/metadata/noErrorWrapping").is_some();
    writeln!(out, "    bare_errors: {bare},")?;
    writeln!(out, "    operations: OPERATIONS,\n}};\n")?;
    Ok(())
}

/// The protocols that the model lists and we have a codec of, in its order.
fn protocols(source: &Source) -> anyhow::Result<Vec<&'static str>> {
    let listed = source.model.pointer("/metadata/protocols").and_then(Value::as_array);
    let listed: Vec<&str> = match listed {
        Some(several) => several.iter().filter_map(Value::as_str).collect(),
        None => vec![source.metadata("protocol")],
    };
    let known = |name: &&str| {
        Some(match *name {
            "json" if source.metadata("jsonVersion") == "1.0" => "AwsJson10",
            "json" => "AwsJson11",
            "rest-json" => "RestJson",
            "rest-xml" => "RestXml",
            "query" => "Query",
            "smithy-rpc-v2-cbor" => "RpcV2Cbor",
            _ => return None,
        })
    };
    let spoken: Vec<&str> = listed.iter().filter_map(known).collect();
    ensure!(!spoken.is_empty(), "none of the protocols {listed:?} is known");
    let rest = spoken.iter().filter(|protocol| protocol.starts_with("Rest")).count();
    ensure!(rest < 2, "{listed:?}: operations cannot be told apart by path in two protocols");
    Ok(spoken)
}

/// The type at an operation's end; one of its own where the model has none.
fn end(operation: &Value, name: &str, part: &str) -> String {
    match operation.get(part).map(|p| text(p, "shape")) {
        Some(shape) => type_name(shape),
        None if part == "input" => format!("{name}Unit"),
        None => format!("{name}Nothing"),
    }
}

fn http(source: &Source, operation: &Value) -> anyhow::Result<String> {
    let http = operation.get("http").unwrap_or(&Value::Null);
    let (method, uri) = (text(http, "method"), text(http, "requestUri"));
    let status = http.get("responseCode").and_then(Value::as_u64).unwrap_or(200);
    let mut needs: Vec<String> = Vec::new();
    if let Some(input) = operation.get("input").map(|i| text(i, "shape")) {
        let shape = source.shape(input)?;
        let required = shape.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required {
            let member = shape.pointer(&format!("/members/{name}")).unwrap_or(&Value::Null);
            match text(member, "location") {
                "querystring" => needs.push(format!("?{}", text(member, "locationName"))),
                "header" => needs.push(text(member, "locationName").to_lowercase()),
                _ => (),
            }
        }
    }
    Ok(format!("Http {{ method: {method:?}, uri: {uri:?}, status: {status}, needs: &{needs:?} }}"))
}
