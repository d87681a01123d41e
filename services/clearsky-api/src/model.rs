//! What is stored: the verdict on a use.

use serde::{Deserialize, Serialize};
use service::Verdict;

/// What policies said to a use when it was last recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VerdictRecord {
    V1 { is_allowed: bool, barred: Option<String> },
}

impl From<Verdict> for VerdictRecord {
    fn from(verdict: Verdict) -> Self {
        let (is_allowed, barred) = match verdict {
            Verdict::Allowed => (true, None),
            Verdict::Lacking => (false, None),
            Verdict::Barred(reason) => (false, Some(reason)),
        };
        Self::V1 { is_allowed, barred }
    }
}

impl From<VerdictRecord> for Verdict {
    fn from(record: VerdictRecord) -> Self {
        match record {
            VerdictRecord::V1 { is_allowed: true, .. } => Self::Allowed,
            VerdictRecord::V1 { barred: Some(reason), .. } => Self::Barred(reason),
            VerdictRecord::V1 { .. } => Self::Lacking,
        }
    }
}
