//! One function per operation.

pub(crate) mod datum;
pub(crate) mod listing;
pub(crate) mod query;
pub(crate) mod statistics;
