//! Layers: who may depend on whom, read from the manifests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Finding;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Core,
    House,
    Engine,
    Edge,
    Binary,
    Fuzz,
    Tool,
}

/// The order inside core, from below.
const CORE: &[&[&str]] = &[&["base"], &["wire", "sigv4", "policy", "kv", "blob", "exec"], &["service", "backup"]];

pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let crates = crates(root)?;
    let mut findings = Vec::new();
    for (name, (layer, manifest)) in &crates {
        let text = std::fs::read_to_string(manifest)?;
        let parsed: toml::Table = text.parse().with_context(|| manifest.display().to_string())?;
        let dependencies = parsed.get("dependencies").and_then(toml::Value::as_table);
        for dependency in dependencies.into_iter().flat_map(|table| table.keys()) {
            let Some((on, _)) = crates.get(dependency) else { continue };
            if !allowed(name, *layer, dependency, *on) {
                let line = text.lines().position(|l| l.starts_with(dependency.as_str())).unwrap_or(0) + 1;
                let text = format!("{name} may not depend on {dependency} (layers)");
                findings.push(Finding { path: manifest.clone(), line, text });
            }
        }
    }
    Ok(findings)
}

fn allowed(name: &str, layer: Layer, dependency: &str, on: Layer) -> bool {
    let height = |name: &str| CORE.iter().position(|level| level.contains(&name));
    match (layer, on) {
        (Layer::Core, Layer::Core) => height(dependency) < height(name),
        (Layer::House | Layer::Engine | Layer::Edge, Layer::Core) => true,
        (Layer::Binary, on) => !matches!(on, Layer::Tool | Layer::Fuzz),
        // Its targets are the readers of every house.
        (Layer::Fuzz, Layer::Core | Layer::House) => true,
        // Tools stand outside the server: they may speak its words, never run its houses or engines.
        (Layer::Tool, Layer::Core) => true,
        _ => false,
    }
}

type Crates = BTreeMap<String, (Layer, PathBuf)>;

fn crates(root: &Path) -> anyhow::Result<Crates> {
    let mut found = Crates::new();
    for (folder, layer) in [("core", Layer::Core), ("services", Layer::House), ("engines", Layer::Engine)] {
        for entry in std::fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, (layer, path.join("Cargo.toml")));
        }
    }
    let others = [
        ("edge", Layer::Edge),
        ("clearsky", Layer::Binary),
        ("fuzz", Layer::Fuzz),
        ("xtask", Layer::Tool),
        ("bench", Layer::Tool),
    ];
    for (name, layer) in others {
        found.insert(name.to_owned(), (layer, root.join(name).join("Cargo.toml")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn houses_stand_side_by_side() {
        assert!(allowed("s3", Layer::House, "service", Layer::Core));
        assert!(!allowed("s3", Layer::House, "iam", Layer::House));
        assert!(!allowed("s3", Layer::House, "kv-fjall", Layer::Engine));
        assert!(!allowed("wire", Layer::Core, "service", Layer::Core));
        assert!(allowed("service", Layer::Core, "wire", Layer::Core));
        assert!(!allowed("edge", Layer::Edge, "s3", Layer::House));
        assert!(allowed("clearsky", Layer::Binary, "s3", Layer::House));
        assert!(allowed("bench", Layer::Tool, "sigv4", Layer::Core));
        assert!(!allowed("bench", Layer::Tool, "kv-fjall", Layer::Engine));
        assert!(allowed("fuzz", Layer::Fuzz, "s3", Layer::House));
        assert!(!allowed("clearsky", Layer::Binary, "fuzz", Layer::Fuzz));
    }
}
