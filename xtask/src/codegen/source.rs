//! A house's inputs: the model, its overlay, and what we support.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

/// A model with its corrections applied, and what we honour of it.
pub struct Source {
    pub name: String,
    pub model: Value,
    pub support: Support,
}

/// `support.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    pub operations: Vec<String>,
    /// For every structure in use: the members we honour.
    #[serde(default)]
    pub members: BTreeMap<String, Members>,
    /// `Shape.Member`: the only values we honour.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Members {
    /// `"all"`
    Word(String),
    List(Vec<String>),
}

/// One correction of a model's fact.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    /// Why the model is wrong, or what of ours it does not know.
    reason: String,
    /// A JSON pointer into the model.
    path: String,
    /// The right value; null removes.
    value: Value,
}

/// Reads every model of a house. With one model the files are `support.toml` and `overlay.json`; with several each has its
/// own, `<model>.support.toml` and `<model>.overlay.json`.
pub fn load(house: &Path) -> anyhow::Result<Vec<Source>> {
    let folder = house.join("model");
    let mut names: Vec<String> = std::fs::read_dir(&folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json") && !name.ends_with("overlay.json") && !name.ends_with(".iam.json"))
        .map(|name| name.trim_end_matches(".json").to_owned())
        .collect();
    names.sort();
    let several = names.len() > 1;
    let mut sources = Vec::new();
    for name in names {
        let prefix = if several { format!("{name}.") } else { String::new() };
        let mut model: Value = serde_json::from_str(&std::fs::read_to_string(folder.join(format!("{name}.json")))?)?;
        let overlay = folder.join(format!("{prefix}overlay.json"));
        if overlay.exists() {
            let text = std::fs::read_to_string(&overlay)?;
            let corrections: Vec<Correction> = serde_json::from_str(&text).context(overlay.display().to_string())?;
            for correction in corrections {
                apply(&mut model, correction).with_context(|| overlay.display().to_string())?;
            }
        }
        let path = folder.join(format!("{prefix}support.toml"));
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let support: Support = toml::from_str(&text).with_context(|| path.display().to_string())?;
        sources.push(Source { name, model, support });
    }
    Ok(sources)
}

fn apply(model: &mut Value, correction: Correction) -> anyhow::Result<()> {
    let Correction { reason, path, value } = correction;
    ensure!(!reason.trim().is_empty(), "{path}: a correction needs its reason");
    let current = model.pointer(&path).cloned().unwrap_or(Value::Null);
    ensure!(current != value, "{path}: the model agrees now; remove the correction");
    let Some((parent, key)) = path.rsplit_once('/') else { bail!("{path}: not a JSON pointer") };
    let key = key.replace("~1", "/").replace("~0", "~");
    let parent = model.pointer_mut(parent).and_then(Value::as_object_mut);
    let parent = parent.with_context(|| format!("{path}: its parent is not in the model"))?;
    match value {
        Value::Null => parent.remove(&key),
        value => parent.insert(key, value),
    };
    Ok(())
}

impl Source {
    pub fn shape(&self, name: &str) -> anyhow::Result<&Value> {
        self.model.get("shapes").and_then(|s| s.get(name)).with_context(|| format!("no shape {name}"))
    }

    pub fn operation(&self, name: &str) -> anyhow::Result<&Value> {
        let operations = self.model.get("operations");
        operations.and_then(|o| o.get(name)).with_context(|| format!("no operation {name} in the model"))
    }

    pub fn metadata(&self, name: &str) -> &str {
        self.model.pointer(&format!("/metadata/{name}")).and_then(Value::as_str).unwrap_or("")
    }

    /// The name that requests are signed by.
    pub fn signing_name(&self) -> &str {
        match self.metadata("signingName") {
            "" => self.metadata("endpointPrefix"),
            name => name,
        }
    }

    /// Whether a structure's member is honoured.
    pub fn honours(&self, shape: &str, member: &str) -> bool {
        match self.support.members.get(shape) {
            Some(Members::Word(_)) => true,
            Some(Members::List(list)) => list.iter().any(|known| known == member),
            None => false,
        }
    }
}
