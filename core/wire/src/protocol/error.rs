//! Errors out, in each protocol's form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::codec::CborWriter;
use crate::codec::escape;
use crate::facts::{ErrorFacts, Fault, Model, Protocol};
use crate::protocol::Rendered;

/// An error as a client sees it.
#[derive(Debug, Clone)]
pub struct ErrorBody<'a> {
    pub facts: &'a ErrorFacts,
    pub message: &'a str,
    /// Further members of the error's shape, or further elements of S3's.
    pub members: &'a [(&'static str, Value)],
    pub request_id: &'a str,
    /// The path that the request named (restXml).
    pub resource: &'a str,
}

/// Renders an error in the protocol that the request spoke. HEAD requests get it without the body.
pub fn write_error(model: &Model, protocol: Protocol, error: &ErrorBody<'_>) -> Rendered {
    match protocol {
        Protocol::AwsJson10 => aws_json(model, error, "application/x-amz-json-1.0"),
        Protocol::AwsJson11 => aws_json(model, error, "application/x-amz-json-1.1"),
        Protocol::RestJson => located(rest_json(error), error),
        Protocol::RestXml if model.bare_errors => located(rest_xml(error), error),
        Protocol::RestXml => located(query(model, error), error),
        Protocol::Query => query(model, error),
        Protocol::RpcV2Cbor => {
            let mut writer = CborWriter::default();
            writer.value(&typed(model, error));
            of_query(model, error, Rendered::cbor(error.facts.status, writer))
        }
    }
}

fn aws_json(model: &Model, error: &ErrorBody<'_>, content_type: &'static str) -> Rendered {
    of_query(model, error, Rendered::new(error.facts.status, content_type, typed(model, error).to_string()))
}

/// Adds the code that the error had in the query protocol, which the status of its facts was for too.
fn of_query(model: &Model, error: &ErrorBody<'_>, mut rendered: Rendered) -> Rendered {
    if model.query_compatible {
        let (status, fault) = if error.facts.fault == Fault::Sender { (400, "Sender") } else { (500, "Receiver") };
        // What is not there is not asked for again: clients repeat what ends with 500.
        rendered.status = if error.facts.status == NOT_IMPLEMENTED { NOT_IMPLEMENTED } else { status };
        rendered.set("x-amzn-query-error", &format!("{};{fault}", error.facts.code));
    }
    rendered
}

/// The status of what is not there.
const NOT_IMPLEMENTED: u16 = 501;

/// Errors of the framework that AWS's services stand on, with its namespaces, in services that name namespaces (observed).
const FRAMEWORK: &[(&str, &str)] = &[
    ("ValidationException", "com.amazon.coral.validate"),
    ("AccessDeniedException", "com.amazon.coral.service"),
    ("ExpiredTokenException", "com.amazon.coral.service"),
    ("IncompleteSignatureException", "com.amazon.coral.service"),
    ("InvalidSignatureException", "com.amazon.coral.service"),
    ("MissingAuthenticationTokenException", "com.amazon.coral.service"),
    ("SerializationException", "com.amazon.coral.service"),
    ("UnknownOperationException", "com.amazon.coral.service"),
    ("UnrecognizedClientException", "com.amazon.coral.service"),
    ("ThrottlingException", "com.amazon.coral.availability"),
];

/// The error as a document that names its type.
fn typed(model: &Model, error: &ErrorBody<'_>) -> Value {
    let shape = error.facts.shape;
    let framework = FRAMEWORK.iter().find(|(known, _)| *known == shape).map(|(_, namespace)| *namespace);
    let kind = match model.error_namespace {
        "" => shape.to_owned(),
        namespace => format!("{}#{shape}", framework.unwrap_or(namespace)),
    };
    let mut body = json!({ "__type": kind });
    // The framework's own denials have a text with a capital name (observed).
    let denied = framework.is_some() && !model.error_namespace.is_empty() && shape == "AccessDeniedException";
    fill(&mut body, error, if denied { "Message" } else { error.facts.message_member });
    body
}

/// Adds the members that travel in headers (rest).
fn located(mut rendered: Rendered, error: &ErrorBody<'_>) -> Rendered {
    for (name, value) in error.members {
        if let Some(header) = header_of(error, name) {
            rendered.set(header, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    rendered
}

fn header_of(error: &ErrorBody<'_>, member: &str) -> Option<&'static str> {
    error.facts.headers.iter().find(|(name, _)| *name == member).map(|(_, header)| *header)
}

fn rest_json(error: &ErrorBody<'_>) -> Rendered {
    let mut body = match error.facts.typed {
        true => json!({ "Type": if error.facts.fault == Fault::Sender { "User" } else { "Service" } }),
        false => json!({}),
    };
    fill(&mut body, error, error.facts.message_member);
    if let Some(object) = body.as_object_mut() {
        object.retain(|name, _| header_of(error, name).is_none());
    }
    let mut rendered = Rendered::new(error.facts.status, "application/json", body.to_string());
    rendered.set("x-amzn-errortype", error.facts.code);
    rendered
}

fn fill(body: &mut Value, error: &ErrorBody<'_>, message_member: &str) {
    if let Some(object) = body.as_object_mut() {
        if !error.message.is_empty() {
            object.insert(message_member.to_owned(), json!(error.message));
        }
        object.extend(error.members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
}

fn rest_xml(error: &ErrorBody<'_>) -> Rendered {
    let ErrorBody { facts, message, members, request_id, resource } = error;
    let mut xml = format!("<Error><Code>{}</Code>{}", facts.code, said(message));
    for (name, value) in members.iter().filter(|(name, _)| header_of(error, name).is_none()) {
        element(&mut xml, name, value);
    }
    let resource = escape(resource);
    xml.push_str(&format!("<Resource>{resource}</Resource><RequestId>{request_id}</RequestId>"));
    xml.push_str(&format!("<HostId>{}</HostId></Error>", host_id(request_id)));
    Rendered::xml(facts.status, "application/xml", &xml)
}

/// The text as an element. An error without one has none.
fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!("<Message>{}</Message>", escape(message)) }
}

/// The second id that S3 gives its answers (`x-amz-id-2`): whose server gave the first one.
pub fn host_id(request_id: &str) -> String {
    STANDARD.encode(format!("clearsky/{request_id}"))
}

/// A member of an error as an element; lists as repeated elements.
fn element(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(xml, name, item)),
        Value::Object(members) => {
            xml.push_str(&format!("<{name}>"));
            members.iter().for_each(|(name, value)| element(xml, name, value));
            xml.push_str(&format!("</{name}>"));
        }
        Value::String(text) => xml.push_str(&format!("<{name}>{}</{name}>", escape(text))),
        scalar => xml.push_str(&format!("<{name}>{scalar}</{name}>")),
    }
}

fn query(model: &Model, error: &ErrorBody<'_>) -> Rendered {
    let ErrorBody { facts, message, members, request_id, .. } = error;
    let fault = if facts.fault == Fault::Sender { "Sender" } else { "Receiver" };
    let (namespace, code, message) = (model.xml_namespace, facts.code, said(message));
    let mut further = String::new();
    let in_body = members.iter().filter(|(name, _)| header_of(error, name).is_none());
    in_body.for_each(|(name, value)| element(&mut further, name, value));
    let inner = format!("<Error><Type>{fault}</Type><Code>{code}</Code>{message}{further}</Error>");
    let xml =
        format!("<ErrorResponse xmlns=\"{namespace}\">{inner}<RequestId>{request_id}</RequestId></ErrorResponse>");
    Rendered::new(facts.status, "text/xml", xml)
}
