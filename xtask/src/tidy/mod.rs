//! `cargo xtask tidy`: the rules of the house that a machine can check.

mod codes;
mod functions;
mod house;
mod items;
mod layers;
mod manifests;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The folders that have our sources.
const ROOMS: [&str; 8] = ["core", "engines", "services", "edge", "clearsky", "bench", "fuzz", "xtask"];

/// One broken rule.
pub struct Finding {
    pub path: PathBuf,
    pub line: usize,
    pub text: String,
}

/// Checks every rule and prints what is broken.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let mut findings = layers::check(root)?;
    findings.extend(house::check(root)?);
    findings.extend(manifests::check(root)?);
    let sources = sources(root)?;
    findings.extend(codes::check(root, &sources)?);
    for path in &sources {
        let source = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        findings.extend(file(root, path, &source)?);
    }
    for Finding { path, line, text } in &findings {
        println!("{}:{line}: {text}", path.strip_prefix(root).unwrap_or(path).display());
    }
    match findings.len() {
        0 => println!("tidy: {} files", sources.len()),
        count => bail!("tidy: {count} findings"),
    }
    Ok(())
}

/// Checks the rules that one file can break alone.
pub fn file(root: &Path, path: &Path, source: &str) -> anyhow::Result<Vec<Finding>> {
    let mut findings = text::check(root, path, source);
    findings.extend(functions::check(root, path, source)?);
    findings.extend(items::check(root, path, source)?);
    Ok(findings)
}

/// Our Rust sources, without what is generated.
fn sources(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = ROOMS.iter().map(|room| root.join(room)).collect();
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !is_generated(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_generated(path: &Path) -> bool {
    path.ends_with("src/wire.rs")
        || (path.parent().is_some_and(|p| p.ends_with("src/wire")) && !path.ends_with("mod.rs"))
}

/// Whether a file holds only tests.
pub fn is_test(path: &Path) -> bool {
    let in_tests = path.components().any(|c| matches!(c.as_os_str().to_str(), Some("tests" | "testing" | "suite")));
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
    in_tests || stem == "tests" || stem.ends_with("_tests")
}
