//! `cargo xtask coverage`: what the houses' tests must have seen of each operation, and what they have.
//!
//! Of each operation in `support.toml`: a success; a denied call; a page turn, if botocore's paginators or a member like
//! NextToken say that it pages and the token is honoured; and each error that the model declares for it, unless the fault
//! is ours (5xx) or no source of the house names that error. Each error that the sources name must have been seen from
//! some operation. What cannot be so stands in the house's `tests/coverage.toml`, with the reason, and is refused there
//! once it has been seen.

mod house;
mod record;

use std::path::Path;

use anyhow::bail;

use crate::codegen;
use crate::programs::{must, program};
use record::Record;

/// Runs the houses' tests anew and reads what they have seen.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let folder = record::folder(root);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let names: Vec<String> =
        codegen::houses(root)?.iter().map(|house| house::package(house)).collect::<Result<_, _>>()?;
    let packages = names.iter().flat_map(|name| ["--package", name.as_str()]);
    let arguments: Vec<&str> = ["test", "--quiet"].into_iter().chain(packages).collect();
    must(program(root, "cargo", &arguments))?;
    check(root)
}

/// Reads what the last run of the houses' tests has seen.
pub fn check(root: &Path) -> anyhow::Result<()> {
    let (mut gaps, mut operations) = (Vec::new(), 0);
    for house in codegen::houses(root)? {
        let name = house.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let record = Record::load(root, &name)?;
        if record.is_empty() {
            gaps.push(format!("services/{name}: its tests have left no record; run them first"));
            continue;
        }
        let (found, count) = house::gaps(&house, &record)?;
        gaps.extend(found.into_iter().map(|gap| format!("services/{name}: {gap}")));
        operations += count;
    }
    for gap in &gaps {
        println!("{gap}");
    }
    if !gaps.is_empty() {
        bail!(
            "{} gaps in the tests of {operations} operations: CONTRIBUTING.md says what they must have seen",
            gaps.len()
        );
    }
    println!("{operations} operations: success, denial, declared errors and page turns are all tested");
    Ok(())
}
