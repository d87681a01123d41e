//! Real clients against the built binary.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::Tier;
use super::tally::{Tally, count};
use crate::programs::{each_line, has, must, program};

/// What a quick run asks of the binary: it starts, answers in each protocol and refuses what is bad.
const SMOKE: &[&str] = &["test_server.py", "test_bad_input.py", "test_s3.py", "test_iam.py"];

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

/// Runs them.
pub fn run(root: &Path, python: &Path, tier: Tier, tally: &mut Tally) -> anyhow::Result<()> {
    let tests = root.join("tests");
    match tier {
        Tier::Quick => tally.skip(format!("clients: --quick has only {}", SMOKE.join(", "))),
        Tier::Full if has("npm", &["--version"]) => {
            must(program(&tests, "npm", &["install", "--silent", "--no-audit", "--no-fund"]))?;
        }
        Tier::Full => tally.skip("the JavaScript SDK: this machine has no npm"),
    }
    let mut said = false;
    let mut command =
        program(&tests, python, &["-m", "pytest", "-q", "-rs", "--durations=5", "-p", "no:cacheprovider"]);
    if tier == Tier::Quick {
        command.args(SMOKE);
    }
    let succeeded = each_line(command, |line| {
        if let Some(reason) = line.strip_prefix("SKIPPED ") {
            tally.skip(reason);
        }
        if line.contains(" in ") && (line.contains(" passed") || line.contains(" failed") || line.contains(" error")) {
            tally.passed += count(line, "passed");
            tally.failed += count(line, "failed") + count(line, "error") + count(line, "errors");
            said = true;
        }
    })?;
    if succeeded && said { Ok(()) } else { bail!("a client's test failed") }
}
