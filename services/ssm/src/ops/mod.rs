//! The operations, by noun.

pub(crate) mod filter;
pub(crate) mod history;
pub(crate) mod label;
pub(crate) mod listing;
pub(crate) mod parameter;
pub(crate) mod tags;
pub(crate) mod value;
