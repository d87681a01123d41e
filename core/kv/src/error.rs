//! What can go wrong while reading or committing.

use crate::Abort;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a read or a commit did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The transaction is over; see the variant whether it may run again.
    #[error(transparent)]
    Abort(#[from] Abort),
    /// A key, value, log name or transaction is empty or larger than the seam allows: a defect of the caller.
    #[error("{what} has {bytes} bytes, allowed are 1 to {max}")]
    Size { what: &'static str, bytes: usize, max: usize },
    /// What was read is not what was written.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl Error {
    /// The abort, if that is what it is.
    pub fn as_abort(&self) -> Option<&Abort> {
        match self {
            Self::Abort(abort) => Some(abort),
            _ => None,
        }
    }
}
