//! `cargo xtask codegen`: facts in, `wire.rs` and the coverage page out.

mod coverage;
mod emit;
pub mod names;
mod operations;
mod reach;
pub mod source;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::facts;

/// A file that codegen owns.
pub struct Output {
    pub path: PathBuf,
    pub text: String,
}

/// Generates every house's wire code, or only checks that it is up to date.
pub fn run(root: &Path, check: bool, only: Option<&str>) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    let mut pages = Vec::new();
    for house in houses(root)?.into_iter().filter(|house| only.is_none_or(|only| house.ends_with(only))) {
        let models = source::load(&house)?;
        let several = models.len() > 1;
        for model in models {
            let context = format!("{}/{}", house.display(), model.name);
            let reached = reach::reach(&model).with_context(|| context.clone())?;
            let wire = if several { format!("src/wire/{}.rs", model.name) } else { "src/wire.rs".to_owned() };
            let text =
                emit::wire(&model, &reached).with_context(|| context)? + &facts::actions(&house, model.signing_name())?;
            outputs.push(Output { path: house.join(wire), text });
            pages.push(coverage::section(&model, &reached));
        }
    }
    if only.is_none() {
        outputs.push(Output { path: root.join("docs/coverage.md"), text: coverage::page(&pages) });
    }
    let stale = outputs.iter().filter(|o| std::fs::read_to_string(&o.path).ok().as_ref() != Some(&o.text));
    let stale: Vec<&Output> = stale.collect();
    for output in &stale {
        if check {
            continue;
        }
        if let Some(folder) = output.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&output.path, &output.text)?;
        println!("wrote {}", output.path.strip_prefix(root)?.display());
    }
    if check && !stale.is_empty() {
        let names: Vec<String> = stale.iter().map(|o| o.path.display().to_string()).collect();
        bail!("these differ from what `cargo xtask codegen` writes: {}", names.join(", "));
    }
    Ok(())
}

/// The folders of services that have a model.
pub fn houses(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root.join("services"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("model").is_dir())
        .collect();
    found.sort();
    Ok(found)
}
