//! Plans: what can be made ready before it is known which function will need it. Pure.

use crate::{Deployed, Runtime};

/// How the environment of a function comes to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Plan {
    /// From a booted interpreter that waits for code.
    Pooled(PoolKey),
    /// From nothing, because of this.
    Fresh(Runtime, FreshReason),
}

/// What two functions must have in common to be served from one pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolKey {
    pub runtime: Runtime,
}

/// Why a function cannot use a pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FreshReason {
    /// The named variable is read when the process starts.
    StartVariable(String),
    /// No pool is kept for this runtime.
    NoPool,
}

/// Variables that an interpreter or the loader reads only once, at start.
const START_VARIABLES: &[&str] =
    &["LD_PRELOAD", "PYTHONHASHSEED", "PYTHONHOME", "PYTHONSTARTUP", "AWS_LAMBDA_EXEC_WRAPPER", "NODE_OPTIONS"];

impl Plan {
    /// The plan for a function. No pool exists yet, so every answer is `Fresh`; the reasons already tell functions apart.
    pub fn of(f: &Deployed) -> Self {
        let variable = START_VARIABLES.iter().find(|name| f.env.contains_key(**name));
        let reason = variable.map_or(FreshReason::NoPool, |name| FreshReason::StartVariable((*name).to_owned()));
        Self::Fresh(f.runtime.clone(), reason)
    }

    /// The runtime that the plan is for.
    pub const fn runtime(&self) -> &Runtime {
        match self {
            Self::Pooled(key) => &key.runtime,
            Self::Fresh(runtime, _) => runtime,
        }
    }
}
