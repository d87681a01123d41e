//! The pure parts: checksums, conditions, ranges, the encoding of keys in listings.

pub(crate) mod byte_range;
pub(crate) mod checksum;
pub(crate) mod condition;
pub(crate) mod encoding;
