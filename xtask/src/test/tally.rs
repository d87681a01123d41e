//! What the tests said, counted.

use std::process::Command;

use anyhow::bail;

use crate::programs::each_line;

/// Counts of tests, and the reasons of those that could not run.
#[derive(Debug, Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: Vec<String>,
    pub broken: Vec<&'static str>,
}

impl Tally {
    /// Counts a test, or a whole group, that does not run.
    pub fn skip(&mut self, reason: impl Into<String>) {
        self.skipped.push(reason.into());
    }

    pub fn has_broken(&self, step: &str) -> bool {
        self.broken.contains(&step)
    }

    /// Runs tests that close with `test result: ...`, as Rust's do. Says whether they succeeded.
    pub fn tests(&mut self, command: Command) -> anyhow::Result<bool> {
        each_line(command, |line| self.line(line))
    }

    fn line(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
        } else if let Some(reason) = line.strip_prefix("skipped: ")
            && !self.skipped.iter().any(|known| known == reason)
        {
            self.skip(reason);
        }
    }

    /// The run's last lines. Fails where a test did.
    pub fn report(&self) -> anyhow::Result<()> {
        println!();
        for reason in &self.skipped {
            println!("skipped: {reason}");
        }
        let (passed, failed, skipped) = (self.passed, self.failed, self.skipped.len());
        if !self.broken.is_empty() {
            println!("failed: {}", self.broken.join(", "));
        }
        println!("{passed} passed, {failed} failed, {skipped} skipped");
        if failed > 0 {
            bail!("the tests failed");
        }
        Ok(())
    }
}

/// The number before a word: `12 passed`.
pub fn count(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let at = words.iter().position(|w| *w == word);
    at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        assert_eq!(count("ok. 12 passed; 3 failed; 0 ignored", "passed"), 12);
        assert_eq!(count("ok. 12 passed; 3 failed; 0 ignored", "failed"), 3);
        assert_eq!(count("== 4 passed, 1 skipped in 2.10s ==", "passed"), 4);
        assert_eq!(count("== 4 passed in 2.10s ==", "failed"), 0);
    }

    #[test]
    fn tests_that_cannot_run_are_named_once() {
        let mut tally = Tally::default();
        for line in ["skipped: no root", "test result: ok. 2 passed; 1 failed", "skipped: no root", "anything"] {
            tally.line(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.skipped.as_slice()), (2, 1, ["no root".to_owned()].as_slice()));
    }
}
