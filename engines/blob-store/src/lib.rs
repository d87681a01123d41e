//! The blob seam as files: `DIR/xx/<id>`, written under `DIR/tmp` and moved when they are on disk.

mod files;
mod read;
mod upload;

pub use files::{BlobStore, FREE_BYTES_RESERVE, OpenError, Options};
