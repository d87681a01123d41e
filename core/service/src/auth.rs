//! How much of authentication and authorisation binds.

/// What happens to requests that nobody signed, or that no policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// They are refused.
    #[default]
    Enforce,
    /// They are let through; what would have been refused is recorded, with the policy statement that would allow it.
    Audit,
    /// Nobody looks.
    Off,
}

impl Auth {
    /// As `--auth` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
            Self::Off => "off",
        }
    }
}
