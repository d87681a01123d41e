//! S3 over its wire, on a platform in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/bucket.rs"]
mod bucket;
#[path = "it/chaos.rs"]
mod chaos;
#[path = "it/copy.rs"]
mod copy;
#[path = "it/delete.rs"]
mod delete;
#[path = "it/kit.rs"]
mod kit;
#[path = "it/list.rs"]
mod list;
#[path = "it/permission.rs"]
mod permission;
#[path = "it/port.rs"]
mod port;
#[path = "it/read.rs"]
mod read;
#[path = "it/sweep.rs"]
mod sweep;
#[path = "it/write.rs"]
mod write;
