//! The shape of a house: which files a service has, and which it may have.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;

use super::Finding;

/// What every house has, below its folder.
const REQUIRED: &[&str] = &["model", "src/lib.rs", "src/errors.rs", "src/ops"];

/// What stands at the top of a house's sources.
const ALLOWED: &[&str] = &[
    "cfn.rs",
    "engine",
    "errors.rs",
    "keys.rs",
    "lib.rs",
    "model.rs",
    "names.rs",
    "ops",
    "plane.rs",
    "port.rs",
    "store.rs",
    "wire",
    "wire.rs",
    "worker.rs",
];

/// Folders that say nothing of what is in them.
const EMPTY_FOLDERS: &[&str] = &["common", "handlers", "helpers", "misc", "util", "utils"];

/// Checks every house. A file beyond the shape is fine when ARCHITECTURE.md names it (with the reason).
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(root.join("services"))? {
        let house = entry?.path();
        let name = house.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut find = |text: String| findings.push(Finding { path: house.clone(), line: 1, text });
        for required in REQUIRED.iter().filter(|required| !house.join(required).exists()) {
            find(format!("a house has {required}"));
        }
        if !house.join("tests/it.rs").exists() && !house.join("tests/it/main.rs").exists() {
            find("a house has tests/it.rs".into());
        }
        for file in names(&house.join("src"))?.iter().filter(|file| !ALLOWED.contains(&file.as_str())) {
            let place = format!("services/{name}/src/{file}");
            if !architecture.contains(&place) {
                find(format!("{place} is not of the house's shape, and ARCHITECTURE.md does not say why"));
            }
        }
    }
    findings.extend(folders(root)?);
    Ok(findings)
}

fn names(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

fn folders(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut pending: Vec<_> = super::ROOMS.map(|room| root.join(room)).into();
    while let Some(folder) = pending.pop() {
        for name in names(&folder)? {
            let path = folder.join(&name);
            if !path.is_dir() {
                continue;
            }
            if EMPTY_FOLDERS.contains(&name.as_str()) {
                findings.push(Finding {
                    path: path.clone(),
                    line: 1,
                    text: "a folder's name says what is in it".into(),
                });
            }
            pending.push(path);
        }
    }
    Ok(findings)
}
