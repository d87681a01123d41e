//! Machinery: backups, and a policy of what was used.

pub(crate) mod backup;
pub(crate) mod least;
