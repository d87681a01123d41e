//! Error codes stand in a house's errors.rs and in what is generated, nowhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Finding;

/// Files that say what an error is called.
const NAMERS: &[&str] = &["errors.rs", "lib.rs", "wire.rs"];

/// Codes that another service answered with, where they are understood.
const HEARD: &[(&str, &str)] = &[("services/lambda/src/engine/logs.rs", "ResourceNotFoundException")];

/// Checks the sources of every house.
pub fn check(root: &Path, sources: &[PathBuf]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(root.join("services"))? {
        let house = entry?.path();
        let codes = codes(&house)?;
        let own = sources.iter().filter(|path| path.starts_with(house.join("src")) && !super::is_test(path));
        for path in own {
            let named = path.file_name().is_some_and(|name| NAMERS.iter().any(|namer| name == *namer));
            if !named {
                let place = path.strip_prefix(root).unwrap_or(path).display().to_string();
                let found = file(&place, &std::fs::read_to_string(path)?, &codes);
                findings.extend(found.into_iter().map(|(line, text)| Finding { path: path.clone(), line, text }));
            }
        }
    }
    Ok(findings)
}

/// The codes that the house's generated tables have.
fn codes(house: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut pending = vec![house.join("src/wire.rs")];
    if let Ok(entries) = std::fs::read_dir(house.join("src/wire")) {
        pending.extend(entries.flatten().map(|entry| entry.path()));
    }
    let mut found = BTreeSet::new();
    for path in pending.iter().filter(|path| path.extension().is_some_and(|end| end == "rs") && path.is_file()) {
        let text = std::fs::read_to_string(path)?;
        let tables = text.lines().filter(|line| line.contains("ErrorFacts {"));
        found.extend(tables.filter_map(|line| Some(line.split_once("code: \"")?.1.split_once('"')?.0.to_owned())));
    }
    Ok(found)
}

fn file(place: &str, source: &str, codes: &BTreeSet<String>) -> Vec<(usize, String)> {
    let test_from = source.lines().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    let mut findings = Vec::new();
    for (index, line) in source.lines().enumerate().take(test_from) {
        let code = line.split("//").next().unwrap_or("");
        let literals = code.split('"').skip(1).step_by(2);
        for literal in literals.filter(|literal| codes.contains(*literal)) {
            if !HEARD.contains(&(place, literal)) {
                findings.push((index + 1, format!("\"{literal}\": codes of errors stand in errors.rs")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_named_once() {
        let codes = BTreeSet::from(["NoSuchKey".to_owned()]);
        let found = |source| file("services/s3/src/ops/a.rs", source, &codes).len();
        assert_eq!(found("fn f() { raise(\"NoSuchKey\") }"), 1);
        assert_eq!(found("fn f() { raise(\"NoSuchKeys\") } // \"NoSuchKey\""), 0);
        assert_eq!(found("#[cfg(test)]\nmod tests { check(\"NoSuchKey\") }"), 0);
    }
}
