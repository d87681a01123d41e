//! `cargo run -p fuzz -- run`: drives the targets.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use fuzz::driver::{self, Memory};
use fuzz::{TARGETS, Target, supervise};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MEMORY: Memory = Memory {
    current: || ALLOCATOR.current_usage(),
    peak: || ALLOCATOR.peak_usage(),
    reset: || ALLOCATOR.reset_peak_usage(),
};

#[derive(Parser)]
#[command(name = "fuzz", about = "Drives what reads bytes of strangers with bytes that nobody well-meaning sends")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the targets.
    List,
    /// Drives targets, all of them unless some are named.
    Run {
        targets: Vec<String>,
        /// How long each target is driven.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        /// The same seed makes the same inputs.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Targets driven at the same time.
        #[arg(long, default_value_t = 2)]
        jobs: usize,
    },
    /// Drives one target in this process.
    #[command(hide = true)]
    Work {
        target: String,
        #[arg(long)]
        seconds: u64,
        #[arg(long)]
        seed: u64,
        #[arg(long)]
        trace: Option<PathBuf>,
    },
    /// Runs one input from a file.
    One { target: String, file: PathBuf },
}

/// The server's tasks run on threads with this stack (tokio's).
const STACK_BYTES: usize = 2 * 1024 * 1024;

fn main() -> ExitCode {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(command);
    let done = worker.map(std::thread::JoinHandle::join);
    match done.context("a thread").and_then(|joined| joined.unwrap_or_else(|_| anyhow::bail!("the driver panicked"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fuzz: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::List => {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            Ok(())
        }
        Command::Run { targets, seconds, seed, jobs } => {
            let named: anyhow::Result<Vec<&Target>> = targets.iter().map(|name| find(name)).collect();
            let chosen = if targets.is_empty() { TARGETS.iter().collect() } else { named? };
            supervise::run(&chosen, supervise::Settings { seconds, seed, jobs })
        }
        Command::Work { target, seconds, seed, trace } => work(find(&target)?, seconds, seed, trace),
        Command::One { target, file } => {
            let input = std::fs::read(&file).with_context(|| file.display().to_string())?;
            println!("{:x}", (find(&target)?.run)(&input));
            Ok(())
        }
    }
}

fn find(name: &str) -> anyhow::Result<&'static Target> {
    fuzz::named(name).with_context(|| format!("there is no target {name}"))
}

fn work(target: &Target, seconds: u64, seed: u64, trace: Option<PathBuf>) -> anyhow::Result<()> {
    driver::catch_panics();
    let settings = driver::Settings { seconds, seed, memory: MEMORY };
    let report = driver::drive(target, &settings, trace.as_deref())?;
    if let Some((input, why)) = report.failure {
        anyhow::bail!("{why}\n{}", supervise::keep(target, seed, &input)?);
    }
    let rate = report.inputs / seconds.max(1);
    println!(
        "{}: {} inputs, {rate}/s, {} outcomes, at most {} bytes held for each byte, slowest {:.0?}",
        target.name, report.inputs, report.classes, report.bytes_per_byte, report.slowest
    );
    Ok(())
}
