//! Runtimes: the interpreters that a host offers under Lambda's names.

use std::path::PathBuf;

/// An interpreter that functions can run on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Runtime {
    /// Lambda's name for it: `python3.11`, `nodejs20.x`.
    pub name: String,
    /// What kind of interpreter it is, which decides the bootstrap.
    pub family: RuntimeFamily,
    /// Its full version as it says itself: `3.11.2`, `20.20.2`.
    pub version: String,
    /// The real interpreter (`sys.executable`), never a shim.
    pub interpreter: PathBuf,
    /// The folder that holds its library (`sys.base_prefix`); mounted read-only where it is outside `/usr`.
    pub base_prefix: PathBuf,
}

/// The kinds of runtime: languages that have a bootstrap of ours, and functions that bring their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuntimeFamily {
    Python,
    Node,
    /// The executable `bootstrap` of the package or of a layer.
    Provided,
}

/// Lambda's names for runtimes that bring their own program.
pub const PROVIDED: [&str; 2] = ["provided.al2", "provided.al2023"];

impl RuntimeFamily {
    /// The family that a Lambda runtime name belongs to, if it is one of ours.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            _ if name.starts_with("python3.") => Some(Self::Python),
            _ if name.starts_with("nodejs") && name.ends_with(".x") => Some(Self::Node),
            _ if PROVIDED.contains(&name) => Some(Self::Provided),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_by_name() {
        assert_eq!(RuntimeFamily::of("python3.12"), Some(RuntimeFamily::Python));
        assert_eq!(RuntimeFamily::of("nodejs20.x"), Some(RuntimeFamily::Node));
        assert_eq!(RuntimeFamily::of("provided.al2023"), Some(RuntimeFamily::Provided));
        assert_eq!(RuntimeFamily::of("provided"), None);
        assert_eq!(RuntimeFamily::of("nodejs20"), None);
    }
}
