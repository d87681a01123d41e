//! `cargo xtask new-service`: makes a house of a botocore model, with one operation to begin with.

mod house;
mod plan;
mod register;
mod sample;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{codegen, facts, models};
use plan::Plan;

#[derive(clap::Args)]
pub struct Arguments {
    /// What the house is called: its folder, its crate, and what other houses call it by.
    name: String,
    /// What botocore calls the service, where that is not its name.
    #[arg(long)]
    model: Option<String>,
    /// The operation to begin with: one that names a resource.
    #[arg(long)]
    operation: String,
    /// What that resource is called, where the operation does not say (GetParameter: parameter).
    #[arg(long)]
    noun: Option<String>,
}

/// Makes the house, adds it to the workspace and the server, and says what comes next.
pub fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { name, model, operation, noun } = arguments;
    ensure!(plan::is_name(name), "{name}: a house's name has small letters, digits and hyphens");
    let place = root.join("services").join(name);
    ensure!(!place.exists(), "{} is there already", place.display());
    let model = model.as_deref().unwrap_or(name);
    let source = newest(&models::fetch(root)?.join(model))?;

    // Made aside and moved in whole: a folder in services/ without its Cargo.toml would stop every build.
    let aside = root.join("target/new-service");
    let made = aside.join("services").join(name);
    if aside.exists() {
        std::fs::remove_dir_all(&aside)?;
    }
    std::fs::create_dir_all(made.join("model"))?;
    let described = made.join("model").join(format!("{model}.json"));
    models::strip(&source, &described)?;
    facts::fetch(&aside)?;
    let plan = Plan::of(&read(&described)?, &permissions(&made)?, name, operation, noun.as_deref())?;
    for (path, text) in house::files(&plan) {
        let path = made.join(path);
        std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        std::fs::write(path, text)?;
    }
    codegen::run(&aside, false, Some(name))?;
    std::fs::rename(&made, &place)?;

    let version = source.file_name().and_then(|version| version.to_str()).unwrap_or_default();
    register::register(root, name, model, &format!("{model}/{version}"))?;
    let status = Command::new("cargo").args(["fmt", "-p", name]).current_dir(root).status();
    ensure!(status.context("cargo is needed")?.success(), "cargo fmt -p {name} failed");
    codegen::run(root, false, None)?;
    println!("{}: cargo test -p {name}; then ARCHITECTURE.md, 'Adding a service'", place.display());
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// IAM's facts of a house.
fn permissions(house: &Path) -> anyhow::Result<Value> {
    let mut files = std::fs::read_dir(house.join("model"))?.filter_map(|entry| Some(entry.ok()?.path()));
    let file = files.find(|path| path.to_string_lossy().ends_with(".iam.json"));
    read(&file.context("IAM's facts do not know the service")?)
}

/// The newest version of a model.
fn newest(folder: &Path) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("botocore has no {}", folder.display()))?;
    let versions = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    versions.max().with_context(|| format!("{} has no version", folder.display()))
}
