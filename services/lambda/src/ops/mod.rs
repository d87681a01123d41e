//! The operations, by noun.

pub(crate) mod alias;
pub(crate) mod concurrency;
pub(crate) mod configuration;
pub(crate) mod event_invoke;
pub(crate) mod function;
pub(crate) mod invoke;
pub(crate) mod layer;
pub(crate) mod layer_policy;
pub(crate) mod permission;
pub(crate) mod render;
pub(crate) mod role;
pub(crate) mod settings;
pub(crate) mod stream;
pub(crate) mod tag;
pub(crate) mod upload;
pub(crate) mod version;
