//! `cargo xtask bench`: builds the server and the load program as released, and runs the load program.

use std::path::Path;

use crate::programs::{must, program};

/// Runs the load program with its own arguments.
pub fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    must(program(root, "cargo", &["build", "--quiet", "--release", "--package", "clearsky", "--package", "bench"]))?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    must(program(root, root.join("target/release/bench"), &arguments))
}
