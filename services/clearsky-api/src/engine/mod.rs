//! The pure core: a policy of what was used.

pub(crate) mod least;
