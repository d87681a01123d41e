//! The codecs on a small model, in each protocol.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cbor;
mod errors;
mod events;
mod eventstream;
mod hostile;
mod json;
mod model;
mod query;
mod rest;
mod validation;
