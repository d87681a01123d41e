//! Which interpreter of a host serves a function that names a runtime. Pure.

use crate::{Runtime, RuntimeFamily};

/// How closely an interpreter must match the runtime that a function names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Matching {
    /// The very version.
    Exact,
    /// The version, else the nearest newer one of the same language, else the nearest older one.
    #[default]
    Nearest,
}

/// The interpreter that serves a runtime of this name.
pub fn choose<'a>(usable: &'a [Runtime], name: &str, matching: Matching) -> Option<&'a Runtime> {
    let exact = usable.iter().find(|runtime| runtime.name == name);
    if exact.is_some() || matching == Matching::Exact {
        return exact;
    }
    let wanted = version(name)?;
    let same = usable.iter().filter(|runtime| Some(runtime.family) == RuntimeFamily::of(name));
    let near = same.filter_map(|runtime| Some((version(&runtime.name)?, runtime)));
    near.min_by_key(|(there, _)| (*there < wanted, there.abs_diff(wanted))).map(|(_, runtime)| runtime)
}

/// What tells versions of one language apart: Python's minor version, Node's major one.
fn version(name: &str) -> Option<u32> {
    let number = match RuntimeFamily::of(name)? {
        RuntimeFamily::Python => name.strip_prefix("python3."),
        RuntimeFamily::Node => name.strip_prefix("nodejs").and_then(|name| name.strip_suffix(".x")),
        RuntimeFamily::Provided => None,
    };
    number?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn chosen(there: &[&str], name: &str, matching: Matching) -> String {
        let runtime = |name: &&str| Runtime {
            name: (*name).to_owned(),
            family: RuntimeFamily::of(name).unwrap(),
            version: String::new(),
            interpreter: PathBuf::new(),
            base_prefix: PathBuf::new(),
        };
        let there: Vec<Runtime> = there.iter().map(runtime).collect();
        choose(&there, name, matching).map(|runtime| runtime.name.clone()).unwrap_or_default()
    }

    #[test]
    fn the_same_then_the_nearest_newer_then_the_nearest_older() {
        let there = ["nodejs18.x", "nodejs9.x", "provided.al2023", "python3.10", "python3.12", "python3.9"];
        for (name, expected) in [
            ("python3.10", "python3.10"),
            ("python3.11", "python3.12"),
            ("python3.8", "python3.9"),
            ("python3.14", "python3.12"),
            ("nodejs10.x", "nodejs18.x"),
            ("nodejs24.x", "nodejs18.x"),
            ("provided.al2", ""),
            ("provided.al2023", "provided.al2023"),
            ("python3.", ""),
            ("python3.99999999999", ""),
            ("ruby3.4", ""),
        ] {
            assert_eq!(chosen(&there, name, Matching::Nearest), expected, "{name}");
        }
        assert_eq!(chosen(&there, "python3.12", Matching::Exact), "python3.12");
        assert_eq!(chosen(&there, "python3.11", Matching::Exact), "");
        assert_eq!(chosen(&["python3.12"], "nodejs20.x", Matching::Nearest), "");
    }
}
