//! Idle environments, by function. One serves one request at a time; the one used last is used next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Scope, Timestamp};
use exec::{Environment, Runtime};
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::cache::Unpacked;
use crate::engine::logs::LogStream;
use crate::model::Function;
use crate::names::Target;

/// An environment that nobody used for so long is dropped.
const IDLE_MAX_MS: i64 = 5 * 60 * 1000;
/// Credentials must outlive a request by this much.
const CREDENTIALS_MARGIN_MS: i64 = 60 * 1000;

/// A version of a function as the pool knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    scope: Scope,
    name: String,
    /// None: `$LATEST`.
    version: Option<u32>,
}

impl Place {
    pub fn of(target: &Target, function: &Function) -> Self {
        Self { version: function.version, ..Self::latest(target) }
    }

    /// Of `$LATEST`.
    pub fn latest(target: &Target) -> Self {
        Self { scope: target.scope.clone(), name: target.name.clone(), version: None }
    }

    /// Whether both are of one function.
    fn is_beside(&self, other: &Self) -> bool {
        self.scope == other.scope && self.name == other.name
    }
}

/// An environment with what belongs to it. Dropping it kills it.
pub(crate) struct Running {
    pub environment: Box<dyn Environment>,
    pub place: Place,
    /// Of the function, when this was started.
    pub generation: String,
    /// Keeps the package from being removed.
    pub _code: Arc<Unpacked>,
    /// Keeps its layers from being removed.
    pub _layers: Option<Arc<Unpacked>>,
    pub stream: Arc<LogStream>,
    /// Of its credentials: its own calls are known by it.
    pub access_key_id: String,
    /// When its credentials end.
    pub expires: Timestamp,
    pub init_max: Duration,
    /// What runs it, if that is not the very version that it asks for and its log has yet to say so.
    pub stand_in: Option<Runtime>,
    pub idle_since: Timestamp,
    /// Its part of the room that the host has.
    pub _room: OwnedSemaphorePermit,
}

/// The idle environments.
#[derive(Default)]
pub(crate) struct Pool {
    idle: HashMap<Place, Vec<Running>>,
}

impl Pool {
    /// An environment that can serve the function as it is now; and those found that never can again.
    pub fn take(&mut self, place: &Place, function: &Function, now: Timestamp) -> (Option<Running>, Vec<Running>) {
        let mut stale = Vec::new();
        let needed = now.plus_seconds(i64::from(function.timeout_s)).plus_ms(CREDENTIALS_MARGIN_MS);
        let Some(idle) = self.idle.get_mut(place) else { return (None, stale) };
        let mut found = None;
        while let Some(running) = idle.pop() {
            let fits = running.generation == function.generation && needed < running.expires;
            if fits && running.environment.alive() {
                found = Some(running);
                break;
            }
            stale.push(running);
        }
        if idle.is_empty() {
            self.idle.remove(place);
        }
        (found, stale)
    }

    pub fn put(&mut self, running: Running) {
        self.idle.entry(running.place.clone()).or_default().push(running);
    }

    /// Takes out everything of all versions of a function.
    pub fn retire_all(&mut self, place: &Place) -> Vec<Running> {
        let of_it: Vec<Place> = self.idle.keys().filter(|other| other.is_beside(place)).cloned().collect();
        of_it.iter().flat_map(|place| self.retire(place)).collect()
    }

    /// Takes out everything of a version.
    pub fn retire(&mut self, place: &Place) -> Vec<Running> {
        self.idle.remove(place).unwrap_or_default()
    }

    /// Takes out the environment that has been idle longest.
    pub fn oldest(&mut self) -> Option<Running> {
        let since = |idle: &Vec<Running>| idle.first().map(|running| running.idle_since);
        let place = self.idle.iter().min_by_key(|(_, idle)| since(idle)).map(|(place, _)| place.clone())?;
        let idle = self.idle.get_mut(&place)?;
        let oldest = if idle.is_empty() { None } else { Some(idle.remove(0)) };
        if idle.is_empty() {
            self.idle.remove(&place);
        }
        oldest
    }

    /// Takes out what has been idle for too long, or died meanwhile.
    pub fn idle_too_long(&mut self, now: Timestamp) -> Vec<Running> {
        let mut out = Vec::new();
        for idle in self.idle.values_mut() {
            let is_over = |r: &Running| r.idle_since.plus_ms(IDLE_MAX_MS) <= now || !r.environment.alive();
            let (over, kept) = std::mem::take(idle).into_iter().partition(is_over);
            *idle = kept;
            out.extend::<Vec<Running>>(over);
        }
        self.idle.retain(|_, idle| !idle.is_empty());
        out
    }
}
