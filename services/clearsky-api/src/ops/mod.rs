//! One file per noun.

pub(crate) mod backup;
pub(crate) mod policy;
pub(crate) mod request;
