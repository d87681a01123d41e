//! The protocol vectors of botocore, read backwards: its requests are our inputs, its results our outputs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod compare;
mod hostile;
mod input;
mod model;
mod output;
mod scope;
mod value;

use std::path::PathBuf;

use serde_json::Value;

/// What became of each vector of one direction.
#[derive(Debug, Default)]
pub struct Outcome {
    pub passed: usize,
    pub listed: usize,
    pub failures: Vec<String>,
}

impl Outcome {
    /// Counts one vector; one that is listed as out of scope is not judged.
    fn note(&mut self, file: &str, id: &str, judge: impl FnOnce() -> Result<(), String>) {
        match scope::reason(file, id) {
            Some(_) => self.listed += 1,
            None => match judge() {
                Ok(()) => self.passed += 1,
                Err(text) => self.failures.push(format!("{file} {id}: {text}")),
            },
        }
    }
}

/// A folder that `cargo xtask test` fills; the tests pass without it, and say so.
pub fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/vectors/protocols");
    if folder.join("input").is_dir() {
        return Some(folder);
    }
    println!("skipped: protocol vectors: cargo xtask test fetches them from PyPI into target/vectors");
    None
}

/// Every suite of one direction, with the name of its file.
pub fn suites(direction: &str) -> Vec<(String, Value)> {
    let Some(folder) = folder() else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder.join(direction)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut suites = Vec::new();
    for path in files.iter().filter(|path| !path.ends_with("ec2.json")) {
        let name = format!("{direction}/{}", path.file_stem().unwrap().to_string_lossy());
        let parsed: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        suites.extend(parsed.into_iter().map(|suite| (name.clone(), suite)));
    }
    suites
}

fn judge(direction: &str, expected: (usize, usize), judge: fn(&Value, &Value) -> Result<(), String>) {
    let suites = suites(direction);
    if suites.is_empty() {
        return;
    }
    let mut outcome = Outcome::default();
    for (file, suite) in &suites {
        for case in suite["cases"].as_array().unwrap() {
            outcome.note(file, case["id"].as_str().unwrap(), || judge(suite, case));
        }
    }
    let count = outcome.failures.len();
    assert!(outcome.failures.is_empty(), "{count} failed:\n{}\n{count} failed", outcome.failures.join("\n"));
    assert_eq!((outcome.passed, outcome.listed), expected, "passed and listed; a vector dropped out or came in");
}

#[test]
fn requests_become_inputs() {
    judge("input", (317, 21), input::judge);
}

#[test]
fn outputs_become_answers() {
    judge("output", (290, 46), output::judge);
}
