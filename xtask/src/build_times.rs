//! `cargo xtask build-times`: what a change and a clean build cost, against the goals.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::programs::{must, program};

/// A one-line change in a house is built and tested in this time.
const HOUSE_MAX: Duration = Duration::from_secs(15);
/// What `cargo xtask demo` builds takes at most this on 2 cores, from nothing.
const CLEAN_MAX: Duration = Duration::from_secs(8 * 60);

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Only these houses.
    houses: Vec<String>,
    /// Also builds the release binary from nothing, in a folder of its own.
    #[arg(long)]
    clean: bool,
}

/// Measures and prints a table. Nothing fails for being slow: the machine may be busy.
pub fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let houses = if arguments.houses.is_empty() { houses(root)? } else { arguments.houses.clone() };
    println!("{:<32} {:>8} {:>8}", "what", "took", "goal");
    for house in &houses {
        row(&format!("{house}: a change, tested"), change(root, house)?, HOUSE_MAX);
    }
    if arguments.clean {
        row("a clean release build", clean(root)?, CLEAN_MAX);
    }
    Ok(())
}

fn row(what: &str, took: Duration, goal: Duration) {
    let verdict = if goal < took { "  too slow" } else { "" };
    println!("{what:<32} {:>6.1} s {:>6} s{verdict}", took.as_secs_f64(), goal.as_secs());
}

fn houses(root: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(root.join("services")).context("services")?;
    let folders = entries.flatten().filter(|entry| entry.path().join("Cargo.toml").is_file());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// The time that `cargo test` takes after a line of one operation has changed. The file gets its text back.
fn change(root: &Path, house: &str) -> anyhow::Result<Duration> {
    test(root, house)?;
    let _changed = Changed::new(operation(&root.join("services").join(house).join("src/ops"))?)?;
    let started = Instant::now();
    test(root, house)?;
    Ok(started.elapsed())
}

/// A file with a statement more. Dropping it takes the statement away.
struct Changed {
    file: PathBuf,
    text: String,
}

impl Changed {
    fn new(file: PathBuf) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(&file)?;
        let body = text.find(") -> ").and_then(|at| Some(at + text.get(at..)?.find("{\n")? + 2));
        let (above, below) =
            body.and_then(|at| text.split_at_checked(at)).with_context(|| file.display().to_string())?;
        std::fs::write(&file, format!("{above}    let _changed = ();\n{below}"))?;
        Ok(Self { file, text })
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if let Err(error) = std::fs::write(&self.file, &self.text) {
            eprintln!("{} keeps a line of ours: {error}", self.file.display());
        }
    }
}

fn test(root: &Path, house: &str) -> anyhow::Result<()> {
    let mut command = program(root, "cargo", &["test", "--quiet", "--package", house]);
    let status = command.stdout(Stdio::null()).status().context("cargo")?;
    ensure!(status.success(), "the tests of {house} fail");
    Ok(())
}

/// The longest file of operations.
fn operation(folder: &Path) -> anyhow::Result<PathBuf> {
    let files = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?.flatten();
    let sources = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    sources.max_by_key(length).with_context(|| format!("{} has no operations", folder.display()))
}

/// The time that the demo's build takes from nothing.
fn clean(root: &Path) -> anyhow::Result<Duration> {
    let folder = root.join("target/build-times");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let started = Instant::now();
    let mut build = program(root, "cargo", &["build", "--quiet", "--release", "--package", "clearsky", "--target-dir"]);
    build.arg(&folder);
    let built = must(build);
    let took = started.elapsed();
    std::fs::remove_dir_all(&folder)?;
    built.map(|()| took)
}
