//! The protocol vectors that botocore's source package carries, fetched once into target/vectors.

use std::path::Path;

use anyhow::Context;

use crate::programs::{must, program};

/// The release whose vectors the tests were counted on.
const BOTOCORE: &str = "1.44.5";

/// Fetches and unpacks them, unless they are there.
pub fn prepare(root: &Path, python: &Path) -> anyhow::Result<()> {
    let folder = root.join("target/vectors");
    if folder.join("protocols/input").is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let package = format!("botocore=={BOTOCORE}");
    let options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", "--dest", "."];
    must(program(&folder, python, &[&["-m", "pip", "download"], &options[..], &[&package]].concat()))?;
    let archive = format!("botocore-{BOTOCORE}.tar.gz");
    let inside = format!("botocore-{BOTOCORE}/tests/unit/protocols");
    must(program(&folder, "tar", &["--extract", "--gzip", "--strip-components=3", "--file", &archive, &inside]))?;
    std::fs::remove_file(folder.join(archive)).context("the package was not where pip was to put it")
}
