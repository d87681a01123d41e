//! The traces of the last requests, in a bounded ring.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base::Timestamp;

use crate::{Step, Trace};

/// Requests that are remembered.
const TRACES_MAX: usize = 512;

/// A request that has been answered.
#[derive(Debug, Clone)]
pub struct Traced {
    pub request_id: String,
    pub at: Timestamp,
    /// `GET /path`, without the query: that may hold signatures.
    pub line: String,
    pub service: &'static str,
    pub operation: &'static str,
    pub status: u16,
    pub error: Option<&'static str>,
    pub duration_us: u64,
    pub trace: Trace,
}

/// The last requests of a server, oldest forgotten first.
#[derive(Debug, Default)]
pub struct Traces(Mutex<VecDeque<Traced>>);

impl Traces {
    /// Remembers a request.
    pub fn push(&self, traced: Traced) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if TRACES_MAX <= ring.len() {
            ring.pop_front();
        }
        ring.push_back(traced);
    }

    /// The request with this id, if it is still remembered.
    pub fn find(&self, request_id: &str) -> Option<Traced> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().find(|traced| traced.request_id == request_id).cloned()
    }
}

impl Traced {
    /// What happened, in order.
    pub fn steps(&self) -> Vec<Step> {
        self.trace.steps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(request_id: String) -> Traced {
        let (line, trace) = ("GET /".to_owned(), Trace::default());
        let (at, duration_us) = (Timestamp::default(), 1);
        Traced {
            request_id,
            at,
            line,
            service: "s3",
            operation: "ListBuckets",
            status: 200,
            error: None,
            duration_us,
            trace,
        }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let traces = Traces::default();
        (0..=TRACES_MAX).for_each(|n| traces.push(traced(n.to_string())));
        assert!(traces.find("0").is_none());
        assert_eq!(traces.find(&TRACES_MAX.to_string()).unwrap().operation, "ListBuckets");
    }
}
