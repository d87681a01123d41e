//! Zygotes: one interpreter of each kind that has booted, and forks into sandboxes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use exec::{Deployed, Limits, Plan, PoolKey, Runtime, RuntimeFamily};

use super::environment::Process;
use super::{Sandboxes, code, layers, spoken};
use crate::bootstrap;
use crate::protocol::{Origin, Spec};

/// What a zygote may hold: an interpreter with the SDK takes some 50 MB.
const MEMORY_BYTES: u64 = 512 * 1024 * 1024;

/// The zygotes of a server, by interpreter.
pub(super) struct Zygotes {
    wanted: bool,
    states: Mutex<HashMap<PathBuf, State>>,
}

enum State {
    Booting,
    Ready(Box<Process>),
    /// It did not boot: interpreters are started one by one.
    Unusable,
}

impl Zygotes {
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, states: Mutex::default() }
    }

    fn states(&self) -> MutexGuard<'_, HashMap<PathBuf, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sandboxes {
    /// Interpreters that can fork now.
    pub fn zygotes(&self) -> usize {
        let ready = |state: &&State| matches!(state, State::Ready(process) if process.is_alive());
        self.0.zygotes.states().values().filter(ready).count()
    }

    /// Where a process of this pool best comes from: a zygote if one is ready. Where none is, one is booted for the next.
    pub(super) fn origin(&self, key: &PoolKey) -> Origin {
        let runtime = &key.runtime;
        if !self.0.zygotes.wanted || runtime.family != RuntimeFamily::Python {
            return Origin::Program;
        }
        let mut states = self.0.zygotes.states();
        match states.get(&runtime.interpreter) {
            Some(State::Ready(process)) if process.is_alive() => return Origin::Fork { zygote: process.id() },
            Some(State::Booting | State::Unusable) => return Origin::Program,
            Some(State::Ready(_)) | None => (),
        }
        states.insert(runtime.interpreter.clone(), State::Booting);
        drop(states);
        let (sandboxes, runtime) = (self.clone(), runtime.clone());
        tokio::spawn(async move { sandboxes.boot_zygote(&runtime).await });
        Origin::Program
    }

    async fn boot_zygote(&self, runtime: &Runtime) {
        let state = match self.zygote(runtime).await {
            Ok(process) => State::Ready(Box::new(process)),
            Err(error) => {
                tracing::warn!(runtime = runtime.name, "interpreters are started one by one: {error}");
                State::Unusable
            }
        };
        self.0.zygotes.states().insert(runtime.interpreter.clone(), state);
    }

    async fn zygote(&self, runtime: &Runtime) -> exec::Result<Process> {
        let key = PoolKey { runtime: runtime.clone(), heap_mb: None };
        let blank = self.blank(&key);
        let limits = Limits { memory_bytes: MEMORY_BYTES, ..Limits::of_blank() };
        let arguments = bootstrap::zygote_arguments();
        let spec = Spec { origin: Origin::Zygote, arguments, limits: spoken(&limits), ..blank };
        let mut process = self.launch(spec, limits.response_bytes).await?;
        process.boot(limits.init).await?;
        Ok(process)
    }

    /// The function's process as a fork of a zygote, if that can be.
    pub(super) async fn forked(&self, f: &Deployed, limits: &Limits) -> Option<Process> {
        let Plan::Pooled(key) = Plan::of(f) else { return None };
        let origin = self.origin(&key);
        if origin == Origin::Program {
            return None;
        }
        let (code, layers) = (Some(code(f).ok()?), layers(f).ok()?);
        let spec = Spec { origin, code, layers, limits: spoken(limits), ..self.blank(&key) };
        match self.launch(spec, limits.response_bytes).await {
            Ok(process) => {
                process.tell(f);
                Some(process)
            }
            Err(error) => {
                tracing::warn!("a zygote did not fork: {error}");
                None
            }
        }
    }
}
