//! The codecs on a small model, in each protocol.

mod json;
mod model;
mod query;
mod rest;
mod validation;
