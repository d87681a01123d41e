//! The operations, by noun.

pub(crate) mod bucket;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod write;
