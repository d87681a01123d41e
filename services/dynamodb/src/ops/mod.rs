//! The operations.

pub(crate) mod action;
pub(crate) mod batch;
pub(crate) mod capacity;
pub(crate) mod collection;
pub(crate) mod index;
pub(crate) mod item;
pub(crate) mod pages;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod transact_get;
pub(crate) mod transact_write;
pub(crate) mod transaction;
