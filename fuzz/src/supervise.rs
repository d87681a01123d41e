//! Each target in a process of its own, some at a time: a stack that overflows ends a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use anyhow::{Context, bail};

use crate::minimise;
use crate::targets::Target;

/// What a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub seconds: u64,
    pub seed: u64,
    pub jobs: usize,
}

/// Of an input that ends the process, this much is tried to make it smaller: each try is a process.
const MINIMISED_BYTES_MAX: usize = 64 * 1024;

/// Runs the targets; fails where one of them does.
pub fn run(targets: &[&Target], settings: Settings) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let waiting = Mutex::new(targets.iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.max(1) {
            scope.spawn(|| {
                while let Some(target) = waiting.lock().ok().and_then(|mut waiting| waiting.next().copied()) {
                    if let Err(error) = one(&program, target, settings) {
                        println!("{}: {error:#}", target.name);
                        failed.lock().into_iter().for_each(|mut failed| failed.push(target.name));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    println!("test result: {} passed; {} failed; seed {}", targets.len() - failed.len(), failed.len(), settings.seed);
    if failed.is_empty() { Ok(()) } else { bail!("{} failed with seed {}", failed.join(", "), settings.seed) }
}

fn one(program: &Path, target: &Target, settings: Settings) -> anyhow::Result<()> {
    let Output { status, stdout, stderr } = worker(program, target, settings, None)?;
    let said = String::from_utf8_lossy(&stdout);
    if status.success() {
        print!("{said}");
        return Ok(());
    }
    if status.code().is_some() {
        bail!("{said}{}", String::from_utf8_lossy(&stderr));
    }
    // The same seed meets the same input again; this time each is written down first.
    let trace = std::env::temp_dir().join(format!("clearsky-fuzz-{}-{}", target.name, std::process::id()));
    let longer = Settings { seconds: settings.seconds * 3, ..settings };
    worker(program, target, longer, Some(&trace))?;
    let input = std::fs::read(&trace).context("the trace")?;
    let small = match input.len() {
        0..=MINIMISED_BYTES_MAX => minimise::minimise(&input, |input| ends(program, target, &trace, input)),
        _ => input,
    };
    let _ = std::fs::remove_file(&trace);
    bail!("an input ended the process ({status}); {}", keep(target, settings.seed, &small)?)
}

fn worker(program: &Path, target: &Target, settings: Settings, trace: Option<&Path>) -> anyhow::Result<Output> {
    let mut command = Command::new(program);
    command.args(["work", target.name, "--seconds", &settings.seconds.to_string()]);
    command.args(["--seed", &settings.seed.to_string()]);
    command.args(trace.iter().flat_map(|path| [Path::new("--trace"), path]));
    command.output().context("a worker")
}

fn ends(program: &Path, target: &Target, place: &Path, input: &[u8]) -> bool {
    let written = std::fs::write(place, input);
    let ran = Command::new(program).args(["one", target.name]).arg(place).output();
    written.is_ok() && ran.is_ok_and(|output| output.status.code().is_none())
}

/// Keeps a failing input, and says where and how to run it again.
pub fn keep(target: &Target, seed: u64, input: &[u8]) -> anyhow::Result<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz");
    std::fs::create_dir_all(&folder)?;
    let place = folder.join(format!("{}-{seed}", target.name));
    std::fs::write(&place, input)?;
    let shown: String = input.escape_ascii().to_string().chars().take(400).collect();
    Ok(format!(
        "input ({} bytes): {shown}\nagain: cargo run -p fuzz -- one {} {}",
        input.len(),
        target.name,
        place.display()
    ))
}
