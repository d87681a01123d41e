//! `cargo xtask test`: installs what the tests need, and runs them all; `--quick` runs what answers in two minutes.

mod clients;
mod rust;
mod tally;
mod tools;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};

pub use clients::prepare_python;
use tally::Tally;

use crate::programs::{has, must, program};
use crate::{codegen, coverage, tidy, vectors};

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Rules, formatting, lints, the tests of crates and houses, a smoke of the binary.
    Quick,
    /// Everything.
    Full,
}

/// Runs the house's rules, the lints, the Rust tests, the fuzz targets, then real clients against the built binary.
pub fn run(root: &Path, tier: Tier) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    step("codegen --check", &mut tally, |_| codegen::run(root, true, None));
    step("tidy", &mut tally, |_| tidy::run(root));
    step("formatting", &mut tally, |tally| formatting(root, tally));
    step("lints", &mut tally, |tally| lints(root, tally));
    match tier {
        Tier::Full => step("dependencies", &mut tally, |tally| tools::dependencies(root, tally)),
        Tier::Quick => tally.skip("dependencies: not in --quick"),
    }
    let python = clients::prepare_python(root);
    let fetched =
        python.as_ref().map_or_else(|e| Err(anyhow::anyhow!("{e:#}")), |python| vectors::prepare(root, python));
    if let Err(error) = fetched {
        println!("the protocol vectors cannot be fetched: {error:#}");
    }
    let mut built = Vec::new();
    step("build", &mut tally, |_| rust::build(root).map(|tests| built = tests));
    if !tally.has_broken("build") {
        step("Rust tests", &mut tally, |tally| rust::run(root, &built, tier, tally));
        step("coverage", &mut tally, |_| coverage::check(root));
        step("fuzz targets", &mut tally, |tally| fuzz(root, tier, tally));
        match python {
            Ok(python) => step("clients", &mut tally, |tally| clients::run(root, &python, tier, tally)),
            Err(error) => step("clients", &mut tally, |_| Err(error)),
        }
    }
    tally.report()
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

fn formatting(root: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    if !has("cargo", &["fmt", "--version"]) {
        tally.skip("formatting: this toolchain has no rustfmt");
        return Ok(());
    }
    must(program(root, "cargo", &["fmt", "--all", "--check"]))
}

fn lints(root: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    if !has("cargo", &["clippy", "--version"]) {
        tally.skip("lints: this toolchain has no clippy");
        return Ok(());
    }
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"];
    must(program(root, "cargo", &arguments))
}

/// Drives every fuzz target. The seed is the commit's: a run can be made again, and each commit tries other inputs.
fn fuzz(root: &Path, tier: Tier, tally: &mut Tally) -> anyhow::Result<()> {
    let commit = program(root, "git", &["rev-parse", "--short=8", "HEAD"]).output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let seed = u64::from_str_radix(&commit, 16).unwrap_or(1).to_string();
    let seconds = if tier == Tier::Full { "20" } else { "1" };
    let driver = root.join("target/debug/fuzz");
    let succeeded = tally.tests(program(root, driver, &["run", "--seconds", seconds, "--seed", &seed]));
    if succeeded.context("the fuzz driver")? { Ok(()) } else { bail!("a fuzz target failed") }
}
