//! What happened in one request, step by step.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use policy::Decision;

/// A request's trace: shared by everything that works on it.
#[derive(Debug, Clone)]
pub struct Trace {
    began: Instant,
    steps: Arc<Mutex<Vec<Noted>>>,
}

/// A step, and when it was done.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Microseconds since the request began.
    pub at_us: u64,
    pub step: Step,
}

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
    /// Nobody knows who called, or the signature does not hold: why.
    Refused {
        why: String,
    },
    Judged {
        action: &'static str,
        resource: String,
        decision: Decision,
    },
    /// What `--auth enforce` would refuse: why, and the policy statement (JSON) that would allow it, where one would.
    LetThrough {
        why: String,
        statement: Option<String>,
    },
    /// A commit found that another had changed the key.
    Conflicted {
        key: String,
    },
    Committed {
        reads: usize,
        writes: usize,
    },
    Invoked(Invocation),
}

/// A function that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    pub function: String,
    /// The function's own run, without starting an environment.
    pub duration_ms: f64,
    /// Loading the code, where an environment was started for it.
    pub init_ms: Option<f64>,
    pub billed_ms: u64,
    /// What ended it, where that was no answer.
    pub error_type: Option<String>,
}

/// Steps that are kept of one request.
const STEPS_MAX: usize = 256;

impl Default for Trace {
    fn default() -> Self {
        Self { began: Instant::now(), steps: Arc::default() }
    }
}

impl Trace {
    /// Adds a step; beyond the limit, steps are dropped.
    pub fn note(&self, step: Step) {
        let at_us = self.elapsed_us();
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() < STEPS_MAX {
            steps.push(Noted { at_us, step });
        }
    }

    /// The steps so far.
    pub fn steps(&self) -> Vec<Noted> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a step so far is of this kind.
    pub fn any(&self, is: impl Fn(&Step) -> bool) -> bool {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|noted| is(&noted.step))
    }

    /// Microseconds since the request began.
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
