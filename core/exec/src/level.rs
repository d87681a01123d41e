//! Levels of isolation: sets of guarantees, each with a name that everyone can see.

use std::fmt;

/// How strongly functions are held apart from the host and from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// All namespaces, own user ids, no capabilities, seccomp, cgroups: needs root.
    Full,
    /// The same, inside a user namespace of an unprivileged user.
    Userns,
    /// File rules, seccomp and rlimits only; shares the host's network.
    Landlock,
    /// Nothing can be had, for this reason: no function runs.
    None(String),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Userns => f.write_str("userns"),
            Self::Landlock => f.write_str("landlock"),
            Self::None(reason) => write!(f, "none ({reason})"),
        }
    }
}
