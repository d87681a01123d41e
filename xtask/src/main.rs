//! The project's own commands: `cargo xtask demo`, `test`, `codegen`, `models`, `tidy`.

mod codegen;
mod models;

use std::path::PathBuf;

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
    /// Fetches the botocore models from PyPI and keeps their facts in services/*/model.
    Models,
}

fn main() -> anyhow::Result<()> {
    let root = root()?;
    match Arguments::parse().command {
        Command::Codegen { check, only } => codegen::run(&root, check, only.as_deref()),
        Command::Models => models::run(&root),
    }
}

/// The checkout's root: the folder above this crate.
fn root() -> anyhow::Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().ok_or_else(|| anyhow::anyhow!("xtask has no parent folder"))?.to_owned())
}
