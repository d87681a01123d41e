//! The pure core: bytes of what is stored, arithmetic on metrics, metrics in log lines.

pub(crate) mod bytes;
pub(crate) mod embedded;
pub(crate) mod expression;
