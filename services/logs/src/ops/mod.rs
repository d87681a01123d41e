//! The operations, by noun.

pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod stream;
pub(crate) mod tags;
