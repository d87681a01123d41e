//! What a model says of a service, as constants: operations, shapes, members, constraints, errors.

/// One service's model.
#[derive(Debug)]
pub struct Model {
    /// The name that service calls itself by in the SDKs, such as `DynamoDB`.
    pub service_id: &'static str,
    /// The service's name in SigV4 scopes.
    pub signing_name: &'static str,
    pub api_version: &'static str,
    /// What it speaks, the one it prefers first. Each request says which one it speaks.
    pub protocols: &'static [Protocol],
    /// What `X-Amz-Target` starts with, before the dot (awsJson).
    pub target_prefix: &'static str,
    pub xml_namespace: &'static str,
    /// What stands before `#` in `__type`.
    pub error_namespace: &'static str,
    /// Clients of its former query protocol expect the codes of that (`x-amzn-query-error`).
    pub query_compatible: bool,
    /// Errors are not wrapped (restXml: S3).
    pub bare_errors: bool,
    /// Every operation of the model, supported or not.
    pub operations: &'static [OperationFacts],
}

/// The protocols of the AWS models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    AwsJson10,
    AwsJson11,
    RestJson,
    RestXml,
    Query,
    /// Smithy RPC v2 with CBOR.
    RpcV2Cbor,
}

/// One operation. An unsupported one has no shapes.
#[derive(Debug)]
pub struct OperationFacts {
    pub name: &'static str,
    pub http: Http,
    pub shapes: Option<(&'static StructureFacts, &'static StructureFacts)>,
    /// The element that wraps the output (query).
    pub result_wrapper: &'static str,
    /// The element that wraps the input body (restXml), when the input as a whole is the body.
    pub input_root: &'static str,
    /// The root element of the output (restXml).
    pub output_root: &'static str,
    /// The member that names the checksum algorithm of the request (S3), or "".
    pub checksum_member: &'static str,
}

/// The HTTP binding: method, URI template, status of success.
#[derive(Debug, Clone, Copy)]
pub struct Http {
    pub method: &'static str,
    /// Path with `{Label}` and `{Greedy+}`, then constant query parameters after `?`.
    pub uri: &'static str,
    pub status: u16,
    /// Query parameters (`?name`) and headers (`name`) that it requires: they tell apart operations of one method and path.
    pub needs: &'static [&'static str],
}

/// A structure's members: those we honour, in order, and those we refuse when a request carries them.
#[derive(Debug)]
pub struct StructureFacts {
    pub name: &'static str,
    pub members: &'static [Member],
    pub refused: &'static [Member],
    /// At most one member may be present.
    pub union: bool,
}

/// One member of a structure.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The name in the model, and in awsJson.
    pub name: &'static str,
    /// The name on the wire elsewhere (locationName), by default the same.
    pub wire_name: &'static str,
    pub schema: &'static Schema,
    pub required: bool,
    pub location: Location,
    /// The member is the whole body.
    pub payload: bool,
    /// The member's bytes are streamed and not part of the structure.
    pub streaming: bool,
    /// An XML attribute of its parent rather than an element.
    pub attribute: bool,
    /// The only values that are honoured; empty: all.
    pub only: &'static [&'static str],
}

/// Where a member travels in HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    Body,
    Header,
    /// A map whose keys are header names behind this member's wire name.
    HeaderPrefix,
    QueryString,
    /// Every remaining query parameter.
    QueryMap,
    Uri,
    StatusCode,
    /// A header of an event's frame.
    EventHeader,
}

/// A shape: its kind and constraints.
#[derive(Debug)]
pub struct Schema {
    pub name: &'static str,
    pub kind: Kind,
    pub constraints: Constraints,
}

#[derive(Debug)]
pub enum Kind {
    Boolean,
    Integer,
    Long,
    Double,
    String,
    Blob,
    Timestamp(Option<TimestampFormat>),
    /// Any JSON value.
    Document,
    List {
        item_name: &'static str,
        item: &'static Schema,
        flattened: bool,
    },
    Map {
        key_name: &'static str,
        key: &'static Schema,
        value_name: &'static str,
        value: &'static Schema,
        flattened: bool,
    },
    /// Its members are the Rust type's: a table here would be a cycle where structures hold themselves.
    Structure,
    /// A stream of events: a structure of which each event is one member. `exceptions` are its members that are errors, each
    /// with its error's shape.
    EventStream {
        exceptions: &'static [(&'static str, &'static str)],
    },
    /// A hand-written type, which knows its own form.
    Custom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampFormat {
    EpochSeconds,
    Iso8601,
    HttpDate,
}

/// Model constraints. Lengths count characters, bytes (blob) or elements.
#[derive(Debug)]
pub struct Constraints {
    /// `None` is not 0: texts that name all constraints leave it out.
    pub length_min: Option<u64>,
    pub length_max: u64,
    pub range_min: i64,
    pub range_max: i64,
    /// A regular expression that the whole value matches.
    pub pattern: Option<&'static str>,
    pub values: &'static [&'static str],
    /// The value is nobody's to read: no text repeats it.
    pub sensitive: bool,
    /// Texts that name all constraints say that it must not be null (Lambda).
    pub not_null: bool,
}

/// How an error of the model travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorFacts {
    /// The shape's name.
    pub shape: &'static str,
    /// The code on the wire, mostly the shape's name.
    pub code: &'static str,
    pub status: u16,
    pub fault: Fault,
    /// The member that carries the text: `message` or `Message`.
    pub message_member: &'static str,
    /// The shape has a `Type` member, which says `User` or `Service` (Lambda).
    pub typed: bool,
    /// Members that travel in headers, each with its header (rest).
    pub headers: &'static [(&'static str, &'static str)],
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Sender,
    Receiver,
}

impl Model {
    /// What is spoken to whoever speaks none of its protocols. A model without any speaks JSON.
    pub fn protocol(&self) -> Protocol {
        self.protocols.first().copied().unwrap_or(Protocol::AwsJson11)
    }

    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }
}

impl Protocol {
    /// Whether operations are told apart by method and path, and members travel in all parts of a request.
    pub fn is_rest(self) -> bool {
        matches!(self, Self::RestJson | Self::RestXml)
    }
}

impl ErrorFacts {
    /// An error that services share and their models do not list.
    pub const fn common(code: &'static str, status: u16) -> Self {
        let fault = if status < 500 { Fault::Sender } else { Fault::Receiver };
        Self { shape: code, code, status, fault, message_member: "message", typed: false, headers: &[] }
    }
}

impl Constraints {
    pub const NONE: Self = Self {
        length_min: None,
        length_max: u64::MAX,
        range_min: i64::MIN,
        range_max: i64::MAX,
        pattern: None,
        values: &[],
        sensitive: false,
        not_null: false,
    };
}

impl Schema {
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, constraints: Constraints::NONE }
    }

    pub const fn length(mut self, min: u64, max: u64) -> Self {
        self.constraints.length_min = Some(min);
        self.constraints.length_max = max;
        self
    }

    pub const fn length_max(mut self, max: u64) -> Self {
        self.constraints.length_max = max;
        self
    }

    pub const fn not_null(mut self) -> Self {
        self.constraints.not_null = true;
        self
    }

    pub const fn range(mut self, min: i64, max: i64) -> Self {
        self.constraints.range_min = min;
        self.constraints.range_max = max;
        self
    }

    pub const fn pattern(mut self, text: &'static str) -> Self {
        self.constraints.pattern = Some(text);
        self
    }

    pub const fn sensitive(mut self) -> Self {
        self.constraints.sensitive = true;
        self
    }

    pub const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.constraints.values = values;
        self
    }
}

impl Member {
    pub const fn new(name: &'static str, schema: &'static Schema) -> Self {
        Self {
            name,
            wire_name: name,
            schema,
            required: false,
            location: Location::Body,
            payload: false,
            streaming: false,
            attribute: false,
            only: &[],
        }
    }

    pub const fn wire(mut self, name: &'static str) -> Self {
        self.wire_name = name;
        self
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn at(mut self, location: Location, name: &'static str) -> Self {
        self.location = location;
        self.wire_name = name;
        self
    }

    pub const fn payload(mut self) -> Self {
        self.payload = true;
        self
    }

    pub const fn streaming(mut self) -> Self {
        self.streaming = true;
        self
    }

    /// The root element of a document that this member is as a payload: its name on the wire where it has one of its own, else
    /// its structure's.
    pub fn root(&self) -> &'static str {
        match self.schema.kind {
            Kind::Structure if self.wire_name == self.name => self.schema.name,
            _ => self.wire_name,
        }
    }

    pub const fn attribute(mut self) -> Self {
        self.attribute = true;
        self
    }

    pub const fn only(mut self, values: &'static [&'static str]) -> Self {
        self.only = values;
        self
    }
}

impl Location {
    /// Whether a member that is there is in an answer's body. What only requests have elsewhere, answers have there.
    pub fn is_in_answers_body(self) -> bool {
        matches!(self, Self::Body | Self::Uri | Self::QueryString | Self::QueryMap)
    }
}

impl StructureFacts {
    /// The member that is the whole body, if there is one.
    pub fn payload(&self) -> Option<(usize, &'static Member)> {
        self.members.iter().enumerate().find(|(_, m)| m.payload)
    }
}

impl OperationFacts {
    /// An operation we know and do not support.
    pub const fn unsupported(name: &'static str, http: Http) -> Self {
        Self { name, http, shapes: None, result_wrapper: "", input_root: "", output_root: "", checksum_member: "" }
    }

    /// Whether the request's body is a stream that the structure does not hold.
    pub fn streams_in(&self) -> bool {
        self.shapes.is_some_and(|(input, _)| streams(input))
    }

    /// The errors that may end the stream of events that the answer is, if it is one.
    pub fn event_exceptions(&self) -> Option<&'static [(&'static str, &'static str)]> {
        let (_, output) = self.shapes?;
        output.members.iter().find_map(|member| match member.schema.kind {
            Kind::EventStream { exceptions } => Some(exceptions),
            _ => None,
        })
    }

    /// Whether the answer's body is a stream that the structure does not hold.
    pub fn streams_out(&self) -> bool {
        self.shapes.is_some_and(|(_, output)| streams(output))
    }
}

fn streams(facts: &'static StructureFacts) -> bool {
    facts.members.iter().any(|m| m.streaming)
}

/// An operation as a type: what the operation tables are checked against.
pub trait Operation {
    type Input: crate::Structure + Default;
    type Output: crate::Structure;
    const FACTS: &'static OperationFacts;
}
