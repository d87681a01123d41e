//! AWS's wire protocols, written once for every service: shapes, codecs, validation, routing, error rendering.

pub mod codec;
mod facts;
mod pattern;
pub mod protocol;
mod router;
mod scalar;
mod shape;
mod shown;
mod structure;
mod validate;

pub use facts::{
    Constraints, ErrorFacts, Fault, Http, Kind, Location, Member, Model, Operation, OperationFacts, Protocol, Schema,
    StructureFacts, TimestampFormat,
};
pub use router::{Route, Router, has_form, is_text, rpc_names, speaks_rpc, spoken};
pub use shape::{Offence, ReadError, Reader, Seen, Shape, Structure, Track, Violation, Writer};
pub use validate::{Rejection, check, validate};

/// Names that generated code and its readers need from other crates.
pub mod prelude {
    pub use crate::facts::{
        ErrorFacts, Fault, Http, Kind, Location, Member, Model, Operation, OperationFacts, Protocol, Schema,
        StructureFacts, TimestampFormat,
    };
    pub use crate::{operation, structure};
    pub use base::Timestamp;
    pub use bytes::Bytes;
    pub use serde_json::Value;
    pub use std::collections::BTreeMap;
}
