//! What happened in one request, step by step.

use std::sync::{Arc, Mutex, PoisonError};

use policy::Decision;

/// A request's trace: shared by everything that works on it.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<Vec<Step>>>);

/// One step.
#[derive(Debug, Clone)]
pub enum Step {
    /// The rule that recognised the request, and what as.
    Recognised {
        rule: &'static str,
        service: &'static str,
        operation: &'static str,
    },
    Called {
        by: String,
    },
    Judged {
        action: &'static str,
        resource: String,
        decision: Decision,
    },
    /// A commit found that another had changed the key.
    Conflicted {
        key: String,
    },
    Committed {
        reads: usize,
        writes: usize,
    },
    Invoked {
        function: String,
        duration_ms: f64,
    },
}

/// Steps that are kept of one request.
const STEPS_MAX: usize = 256;

impl Trace {
    /// Adds a step; beyond the limit, steps are dropped.
    pub fn note(&self, step: Step) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() < STEPS_MAX {
            steps.push(step);
        }
    }

    /// The steps so far.
    pub fn steps(&self) -> Vec<Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
