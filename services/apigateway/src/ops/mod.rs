//! The operations, by noun.

pub(crate) mod api;
pub(crate) mod deployment;
pub(crate) mod integration;
mod page;
pub(crate) mod route;
pub(crate) mod stage;
