//! The targets: each takes any bytes and checks what it can of what comes of them.

mod dynamodb;
mod frames;
mod operations;
mod policies;
mod rest;
mod roundtrip;
mod signature;
mod texts;
mod wire;

use crate::class::Class;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Reads the bytes; panics where something does not hold.
    pub run: fn(&[u8]) -> Class,
    /// Inputs to begin with, besides those in `fuzz/corpus/<name>.txt`.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What one byte of an input may hold of memory at most.
    pub bytes_per_byte: usize,
}

/// Of a document, a tree is made, and of that a structure; the round trips hold both and what was written.
const DOCUMENT: usize = 512;
/// Texts and what is parsed of them.
const TEXT: usize = 256;

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "aws_json", run: wire::aws_json, seeds: wire::json_seeds, bytes_per_byte: DOCUMENT },
    Target { name: "query", run: wire::query, seeds: wire::query_seeds, bytes_per_byte: DOCUMENT },
    Target { name: "rpc_v2_cbor", run: wire::rpc_v2_cbor, seeds: wire::cbor_seeds, bytes_per_byte: DOCUMENT },
    Target { name: "rest_json", run: rest::rest_json, seeds: rest::json_seeds, bytes_per_byte: DOCUMENT },
    Target { name: "rest_xml", run: rest::rest_xml, seeds: rest::xml_seeds, bytes_per_byte: DOCUMENT },
    Target { name: "event_stream", run: frames::event_stream, seeds: frames::seeds, bytes_per_byte: TEXT },
    Target { name: "signature_header", run: signature::header, seeds: signature::header_seeds, bytes_per_byte: TEXT },
    Target { name: "signature_query", run: signature::query, seeds: signature::query_seeds, bytes_per_byte: TEXT },
    Target { name: "aws_chunked", run: signature::aws_chunked, seeds: signature::chunked_seeds, bytes_per_byte: TEXT },
    Target { name: "policy", run: policies::policy, seeds: policies::seeds, bytes_per_byte: DOCUMENT },
    Target { name: "expression", run: dynamodb::expression, seeds: Vec::new, bytes_per_byte: DOCUMENT },
    Target { name: "attribute_value", run: dynamodb::attribute_value, seeds: Vec::new, bytes_per_byte: DOCUMENT },
    Target { name: "stored_item", run: dynamodb::stored_item, seeds: dynamodb::item_seeds, bytes_per_byte: DOCUMENT },
    Target { name: "route", run: texts::route, seeds: Vec::new, bytes_per_byte: TEXT },
    Target { name: "texts", run: texts::texts, seeds: Vec::new, bytes_per_byte: TEXT },
];

/// The target with this name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs a target by its name, for libFuzzer.
pub fn run(name: &str, data: &[u8]) -> Class {
    named(name).map_or(0, |target| (target.run)(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzer_has_every_target() {
        let manifest = include_str!("../../libfuzzer/Cargo.toml");
        let names = manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|bin| bin.split('"').next());
        assert_eq!(names.collect::<Vec<_>>(), TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
    }

    #[test]
    fn seeds_are_more_than_refused() {
        for target in TARGETS {
            let seeds = crate::seeds::corpus(target);
            let mut classes: Vec<Class> = seeds.iter().map(|seed| (target.run)(seed)).collect();
            classes.sort_unstable();
            classes.dedup();
            assert!(4 <= classes.len(), "{}: {} seeds, {} outcomes", target.name, seeds.len(), classes.len());
        }
    }
}
