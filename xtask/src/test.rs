//! `cargo xtask test`: installs what the tests need, and runs them all.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;

use crate::programs::{each_line, has, must, program};
use crate::{codegen, tidy, vectors};

/// What the tests said.
#[derive(Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: Vec<String>,
    broken: Vec<&'static str>,
}

/// Runs everything: the house's rules, the lints, the Rust tests, then real clients against the built binary.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    step("codegen --check", &mut tally, |_| codegen::run(root, true, None));
    step("tidy", &mut tally, |_| tidy::run(root));
    step("formatting", &mut tally, |tally| formatting(root, tally));
    step("lints", &mut tally, |tally| lints(root, tally));
    let python = prepare_python(root);
    let fetched =
        python.as_ref().map_or_else(|e| Err(anyhow::anyhow!("{e:#}")), |python| vectors::prepare(root, python));
    if let Err(error) = fetched {
        println!("the protocol vectors cannot be fetched: {error:#}");
    }
    step("Rust tests", &mut tally, |tally| rust(root, tally));
    step("the binary", &mut tally, |_| must(program(root, "cargo", &["build", "--package", "clearsky"])));
    match python {
        Ok(python) => step("clients", &mut tally, |tally| clients(root, &python, tally)),
        Err(error) => step("clients", &mut tally, |_| Err(error)),
    }
    report(&tally)
}

fn step(name: &'static str, tally: &mut Tally, work: impl FnOnce(&mut Tally) -> anyhow::Result<()>) {
    println!("\n== {name}");
    let started = Instant::now();
    let failed = tally.failed;
    if let Err(error) = work(tally) {
        println!("{name}: {error:#}");
        tally.broken.push(name);
        tally.failed = tally.failed.max(failed + 1);
    }
    println!("== {name}: {:.1} s", started.elapsed().as_secs_f64());
}

fn report(tally: &Tally) -> anyhow::Result<()> {
    println!();
    for reason in &tally.skipped {
        println!("skipped: {reason}");
    }
    let (passed, failed, skipped) = (tally.passed, tally.failed, tally.skipped.len());
    if !tally.broken.is_empty() {
        println!("failed: {}", tally.broken.join(", "));
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        bail!("the tests failed");
    }
    Ok(())
}

fn formatting(root: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    if !has("cargo", &["fmt", "--version"]) {
        tally.skipped.push("formatting: this toolchain has no rustfmt".into());
        return Ok(());
    }
    must(program(root, "cargo", &["fmt", "--all", "--check"]))
}

fn lints(root: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    if !has("cargo", &["clippy", "--version"]) {
        tally.skipped.push("lints: this toolchain has no clippy".into());
        return Ok(());
    }
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"];
    must(program(root, "cargo", &arguments))
}

/// Debian's server, for the tests of kv-postgres, where we may install it. Without it they say that they were skipped.
fn install_postgres(root: &Path) {
    let is_there = Path::new("/usr/lib/postgresql").exists();
    if is_there || !has("apt-get", &["--version"]) || !has("sh", &["-c", "test \"$(id -u)\" = 0"]) {
        return;
    }
    // A fresh machine has no package lists yet.
    let update = ["-qq", "update"];
    let install = ["-qq", "install", "--yes", "--no-install-recommends", "postgresql"];
    for arguments in [update.as_slice(), &install] {
        let mut apt = program(root, "apt-get", arguments);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        if let Err(error) = must(apt) {
            println!("PostgreSQL was not installed: {error:#}");
        }
    }
}

fn rust(root: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    install_postgres(root);
    let arguments = ["test", "--workspace", "--quiet", "--no-fail-fast", "--", "--show-output"];
    let succeeded = each_line(program(root, "cargo", &arguments), |line| {
        if let Some(counts) = line.strip_prefix("test result: ") {
            tally.passed += count(counts, "passed");
            tally.failed += count(counts, "failed");
        } else if let Some(reason) = line.strip_prefix("skipped: ") {
            tally.skipped.push(reason.to_owned());
        }
    })?;
    if succeeded { Ok(()) } else { bail!("a Rust test failed") }
}

/// The number before a word: `12 passed`.
fn count(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let at = words.iter().position(|w| *w == word);
    at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
}

/// The interpreter of tests/.venv, with what tests/requirements.txt names.
pub fn prepare_python(root: &Path) -> anyhow::Result<PathBuf> {
    let tests = root.join("tests");
    let python = tests.join(".venv/bin/python");
    let wanted = std::fs::read_to_string(tests.join("requirements.txt"))?;
    let stamp = tests.join(".venv/installed.txt");
    if std::fs::read_to_string(&stamp).ok().as_ref() == Some(&wanted) {
        return Ok(python);
    }
    must(program(&tests, "python3", &["-m", "venv", ".venv"]))?;
    let install =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt"];
    must(program(&tests, &python, &install))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

fn clients(root: &Path, python: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let tests = root.join("tests");
    if has("npm", &["--version"]) {
        must(program(&tests, "npm", &["install", "--silent", "--no-audit", "--no-fund"]))?;
    } else {
        tally.skipped.push("the JavaScript SDK: this machine has no npm".into());
    }
    let mut said = false;
    let arguments = ["-m", "pytest", "-q", "-rs", "--durations=5", "-p", "no:cacheprovider"];
    let succeeded = each_line(program(&tests, python, &arguments), |line| {
        if let Some(reason) = line.strip_prefix("SKIPPED ") {
            tally.skipped.push(reason.to_owned());
        }
        if line.contains(" in ") && (line.contains(" passed") || line.contains(" failed") || line.contains(" error")) {
            tally.passed += count(line, "passed");
            tally.failed += count(line, "failed") + count(line, "error") + count(line, "errors");
            said = true;
        }
    })?;
    if succeeded && said { Ok(()) } else { bail!("a client's test failed") }
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
}
