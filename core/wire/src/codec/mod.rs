//! The formats that bodies are written in.

mod cbor;
mod cbor_write;
pub mod eventstream;
mod json;
mod json_write;
mod text;
mod tree;
mod xml_bounds;
mod xml_write;

pub use cbor::CborReader;
pub use cbor_write::CborWriter;
pub use json::JsonReader;
pub use json_write::JsonWriter;
pub use text::{Items, TextReader, TextWriter, format_timestamp, parse_timestamp};
pub use tree::{Node, TreeReader, TreeStyle};
pub use xml_write::XmlWriter;
pub(crate) use xml_write::escape;

use crate::facts::{Member, StructureFacts};
use crate::shape::{ReadError, Track};

/// Values nest no deeper than this (DynamoDB allows 32 levels; each is two of ours).
const DEPTH_MAX: usize = 200;

fn refused(track: &Track, member: &'static Member) -> ReadError {
    ReadError::NotImplemented(track.model_path(member.name))
}

fn too_deep(track: &Track) -> Result<(), ReadError> {
    match track.depth() < DEPTH_MAX {
        true => Ok(()),
        false => Err(ReadError::Malformed("The input is nested too deeply".into())),
    }
}

/// The member with this wire name in a body, and its index.
fn body_member(facts: &'static StructureFacts, name: &str) -> Option<(usize, &'static Member)> {
    let in_body = |m: &Member| m.location == crate::Location::Body && m.wire_name == name;
    facts.members.iter().enumerate().find(|(_, m)| in_body(m))
}

fn refused_member(facts: &'static StructureFacts, name: &str) -> Option<&'static Member> {
    facts.refused.iter().find(|m| m.location == crate::Location::Body && m.wire_name == name)
}
