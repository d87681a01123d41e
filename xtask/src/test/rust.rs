//! The Rust tests: all built by one cargo call, together with the binary that clients test, then run one after another.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::Tier;
use super::tally::Tally;
use crate::programs::{has, must, program};

/// Integration tests that are left out of a quick run, by crate and by name: they isolate, kill and fill for real.
const SLOW_CRATES: &[&str] = &["kv-postgres", "sandbox"];
const SLOW_TESTS: &[&str] = &["crash", "full"];

/// One test program.
#[derive(Debug)]
pub struct Test {
    package: PathBuf,
    name: String,
    is_integration: bool,
    executable: PathBuf,
}

/// Builds every target of the workspace. One call, so that everything is compiled once, with the same features: those of the
/// tests, which add modules and change none.
pub fn build(root: &Path) -> anyhow::Result<Vec<Test>> {
    let arguments = ["build", "--workspace", "--all-targets", "--quiet", "--message-format=json-render-diagnostics"];
    let mut child = program(root, "cargo", &arguments).stdout(Stdio::piped()).spawn().context("cargo")?;
    let mut tests = Vec::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        tests.extend(test(&message));
    }
    ensure!(child.wait()?.success(), "the workspace does not build");
    ensure!(!tests.is_empty(), "cargo names no test program");
    tests.sort_by(|a, b| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
    Ok(tests)
}

fn test(message: &Value) -> Option<Test> {
    let target = message.get("target")?;
    let executable = message.get("executable")?.as_str()?;
    let is_test = message.get("profile")?.get("test")?.as_bool()?;
    is_test.then_some(Test {
        package: Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_owned(),
        name: target.get("name")?.as_str()?.to_owned(),
        is_integration: target.get("kind")?.as_array()?.iter().any(|kind| kind == "test"),
        executable: executable.into(),
    })
}

/// Runs the test programs, each in its crate's folder as cargo would.
pub fn run(root: &Path, tests: &[Test], tier: Tier, tally: &mut Tally) -> anyhow::Result<()> {
    if tier == Tier::Full {
        install_postgres(root);
    }
    let mut failed = Vec::new();
    for Test { package, name, is_integration, executable } in tests {
        let folder = package.strip_prefix(root).unwrap_or(package).display().to_string();
        let shown = if *is_integration { format!("{folder}, {name}") } else { folder };
        let is_slow = SLOW_TESTS.contains(&name.as_str()) || SLOW_CRATES.iter().any(|slow| package.ends_with(slow));
        if *is_integration && is_slow && tier == Tier::Quick {
            tally.skip(format!("{shown}: not in --quick"));
            continue;
        }
        println!("-- {shown}");
        let mut command = program(package, executable, &["--quiet", "--show-output"]);
        command.env("CARGO_MANIFEST_DIR", package);
        if !tally.tests(command)? {
            failed.push(shown);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join("; ")) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_told_from_others() {
        let message = |test: bool, executable: &str| {
            let text = format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/services/s3/Cargo.toml","target":{{"kind":["test"],"name":"it"}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            );
            test_of(&text)
        };
        assert_eq!(
            message(true, "\"/t/it\"").map(|test| (test.package, test.is_integration)),
            Some(("/w/services/s3".into(), true))
        );
        assert!(message(false, "\"/t/s3\"").is_none());
        assert!(message(true, "null").is_none());
    }

    fn test_of(text: &str) -> Option<Test> {
        test(&serde_json::from_str(text).unwrap())
    }
}
