//! The records that test binaries leave: `core/service/src/testing/observed.rs` writes them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// What the tests of one house have seen.
#[derive(Debug, Default)]
pub struct Record {
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    service_id: String,
    operation: String,
    outcome: String,
    members: BTreeSet<String>,
}

pub fn folder(root: &Path) -> PathBuf {
    root.join("target/observed")
}

impl Record {
    /// Reads the records of one house's test binaries.
    pub fn load(root: &Path, house: &str) -> anyhow::Result<Self> {
        let mut record = Self::default();
        let Ok(entries) = std::fs::read_dir(folder(root)) else { return Ok(record) };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.split('.').next() == Some(house) {
                let text = std::fs::read_to_string(&path)?;
                for line in text.lines() {
                    record.add(line).with_context(|| format!("{}: {line}", path.display()))?;
                }
            }
        }
        Ok(record)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t').map(str::to_owned);
        let (service_id, operation, outcome) = (fields.next()?, fields.next()?, fields.next()?);
        let members = fields.next()?.split(',').map(str::to_owned).collect();
        self.seen.push(Seen { service_id, operation, outcome, members });
        Some(())
    }

    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether an operation (or any) ended so.
    pub fn has(&self, service_id: &str, operation: Option<&str>, outcome: &str) -> bool {
        self.of(service_id, operation, outcome).next().is_some()
    }

    /// Whether an operation ended well that was asked with one of these members.
    pub fn has_with(&self, service_id: &str, operation: &str, members: &[String]) -> bool {
        let asked = |seen: &&Seen| members.iter().any(|member| seen.members.contains(member));
        self.of(service_id, Some(operation), "ok").any(|seen| asked(&seen))
    }

    fn of<'a>(
        &'a self,
        service_id: &'a str,
        operation: Option<&'a str>,
        outcome: &'a str,
    ) -> impl Iterator<Item = &'a Seen> {
        self.seen.iter().filter(move |seen| {
            seen.service_id == service_id
                && operation.is_none_or(|operation| seen.operation == operation)
                && seen.outcome == outcome
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_again() {
        let mut record = Record::default();
        record.add("CloudWatch Logs\tGetLogEvents\tok\tlimit,nextToken").unwrap();
        record.add("CloudWatch Logs\tGetLogEvents\tdenied\t").unwrap();
        assert!(record.has("CloudWatch Logs", Some("GetLogEvents"), "denied"));
        assert!(record.has_with("CloudWatch Logs", "GetLogEvents", &["nextToken".to_owned()]));
        assert!(!record.has("CloudWatch Logs", Some("GetLogEvents"), "ResourceNotFoundException"));
        assert!(!record.has_with("CloudWatch Logs", "GetLogEvents", &["startTime".to_owned()]));
        assert!(record.add("one\ttwo").is_none());
    }
}
