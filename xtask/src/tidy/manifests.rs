//! Rules on manifests: lints, where versions stand, and why a crate is the one.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Finding;

/// The one crate whose own lints allow unsafe code.
const UNSAFE: &str = "engines/sandbox";

/// Checks the workspace's manifest and those of its crates.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = reasons(root)?;
    for manifest in manifests(root)? {
        let text = std::fs::read_to_string(&manifest)?;
        let parsed: toml::Table = text.parse().with_context(|| manifest.display().to_string())?;
        let mut find = |word: &str, text: String| {
            let line = source_line(&manifest, word);
            findings.push(Finding { path: manifest.clone(), line, text });
        };
        let inherits = parsed.get("lints").and_then(|lints| lints.get("workspace")).is_some();
        if !inherits && !manifest.starts_with(root.join(UNSAFE)) {
            find("[lints]", "a crate has the workspace's lints".into());
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in parsed.get(table).and_then(toml::Value::as_table).into_iter().flatten() {
                if value.get("workspace").is_none() {
                    find(name, format!("{name}: versions and reasons stand in the workspace's manifest"));
                }
            }
        }
    }
    Ok(findings)
}

/// Each foreign crate's line says why it is the one.
fn reasons(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let path = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)?;
    let lines = text.lines().enumerate().skip_while(|(_, line)| *line != "[workspace.dependencies]").skip(1);
    let dependencies = lines.take_while(|(_, line)| !line.starts_with('['));
    let bare = dependencies.filter(|(_, line)| line.contains('=') && !line.contains("path =") && !line.contains('#'));
    let text = "say in a comment why it is the one";
    Ok(bare.map(|(at, _)| Finding { path: path.clone(), line: at + 1, text: text.into() }).collect())
}

fn manifests(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for room in super::ROOMS.map(|room| root.join(room)) {
        found.push(room.join("Cargo.toml"));
        for entry in std::fs::read_dir(&room)? {
            found.push(entry?.path().join("Cargo.toml"));
        }
    }
    // The wrapper for cargo-fuzz is no member of the workspace.
    found.retain(|path| path.is_file() && !path.starts_with(root.join("fuzz/libfuzzer")));
    found.sort();
    Ok(found)
}

fn source_line(path: &Path, word: &str) -> usize {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().position(|line| line.starts_with(word)).unwrap_or(0) + 1
}
