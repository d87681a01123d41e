//! Lambda's operations against a store in memory and environments that only pretend to run code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alias;
mod bench;
mod chaos;
mod concurrency;
mod download;
mod event_invoke;
mod events;
mod fake;
mod function;
mod invoke;
mod layer;
mod logs;
mod permission;
mod roles;
mod stream;
mod update;
mod version;
