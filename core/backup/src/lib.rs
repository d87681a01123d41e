//! The file of a backup: what a server holds at one moment, in frames, with a digest at its end. No I/O of its own.
//!
//! `clearsky-backup 1\n`, then frames of one byte for the kind, four for the length (big-endian) and that many of contents.
//! The first is the head, the last the end: SHA-256 of everything before it. Nothing follows.

mod fields;
mod frame;
mod read;
mod write;

pub use frame::{Frame, Head};
pub use read::{Error, Reader, Result};
pub use write::Writer;

/// What every file of this version begins with.
pub const MAGIC: &[u8] = b"clearsky-backup 1\n";

/// The most contents of one frame: the largest row of the store, and room.
pub const FRAME_BYTES_MAX: usize = kv::VALUE_BYTES_MAX + kv::KEY_BYTES_MAX + 1024;

#[cfg(test)]
mod tests;
