//! What one server is made of: stores, clock, services, ports.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use base::{Account, Clock, Ids, Seal};
use blob::Blobs;
use kv::{Store, Tx};
use serde_json::Value;

use crate::metrics::Request;
use crate::ports::Ports;
use crate::{Auth, Caller, Cx, Demand, Failure, Metrics, Service, Tasks, Traced, Traces, Wanted, door};

/// What stands for a request's line in calls inside the server.
pub(crate) const INSIDE: &str = "inside";

/// A server. Shared by every request; there is one per process outside tests.
pub struct Platform {
    pub store: Store,
    pub blobs: Arc<dyn Blobs>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    /// Seals page tokens and session tokens.
    pub seal: Seal,
    pub settings: Settings,
    pub tasks: Tasks,
    /// What happened in the last requests.
    pub traces: Traces,
    /// What callers did in audit mode.
    pub wanted: Wanted,
    /// What is measured of requests and of what runs.
    pub metrics: Metrics,
    pub services: Vec<Arc<Service>>,
    /// What is asked of each demand before it is judged: set by tests, which hold it against IAM's facts.
    pub witness: OnceLock<Witness>,
    wired: OnceLock<Wired>,
}

/// Refuses a demand that no operation should make.
pub type Witness = fn(&Demand) -> Result<(), Failure>;

/// What a server was started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The account of requests whose key does not say otherwise.
    pub account: Account,
    /// `http://authority`, without a slash at the end: what URLs start with that no request asked for.
    pub public_url: String,
    pub auth: Auth,
}

struct Wired {
    ports: Ports,
    states: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

/// Collects what a server is made of, then what the houses offer each other.
pub struct PlatformBuilder {
    pub store: Store,
    pub blobs: Arc<dyn Blobs>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    pub seal: Seal,
    pub settings: Settings,
    pub services: Vec<Service>,
}

impl PlatformBuilder {
    /// Builds the platform. `wire` makes the ports and the houses' own states, which may hold the platform weakly.
    pub fn build(self, wire: impl FnOnce(&Arc<Platform>) -> (Ports, Vec<Arc<dyn Any + Send + Sync>>)) -> Arc<Platform> {
        let Self { store, blobs, clock, ids, seal, settings, services } = self;
        let services = services.into_iter().map(Arc::new).collect();
        let platform = Arc::new(Platform {
            store,
            blobs,
            clock,
            ids,
            seal,
            settings,
            tasks: Tasks::default(),
            traces: Traces::default(),
            wanted: Wanted::default(),
            metrics: Metrics::default(),
            services,
            witness: OnceLock::new(),
            wired: OnceLock::new(),
        });
        let (ports, states) = wire(&platform);
        let states = states.into_iter().map(|state| ((*state).type_id(), state)).collect();
        // The cell is empty: this is the only place that fills it.
        let _ = platform.wired.set(Wired { ports, states });
        platform
    }
}

impl Platform {
    /// What houses do for each other.
    pub fn ports(&self) -> Result<&Ports, Failure> {
        self.wired.get().map(|wired| &wired.ports).ok_or_else(|| Failure::defect("the platform is not wired"))
    }

    /// A house's own state of this type.
    pub fn state<T: Any + Send + Sync>(&self) -> Result<Arc<T>, Failure> {
        let state = self.wired.get().and_then(|wired| wired.states.get(&TypeId::of::<T>()).cloned());
        let missing = || Failure::defect(format!("no state {}", std::any::type_name::<T>()));
        state.and_then(|state| state.downcast().ok()).ok_or_else(missing)
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.name == name)
    }

    /// A transaction for work outside operations.
    pub async fn begin(&self) -> Result<Tx, Failure> {
        Ok(self.store.begin().await?)
    }

    /// Calls an operation as this caller: the same door, authorisation and validation as from outside. Members are named as
    /// in the protocol's body, those in headers and paths as in the model; the answer likewise.
    pub async fn call(
        self: &Arc<Self>,
        caller: Caller,
        region: &str,
        service: &str,
        operation: &str,
        document: &Value,
    ) -> Result<Value, Failure> {
        let service =
            self.service(service).ok_or_else(|| Failure::not_implemented(format!("The service {service}")))?;
        let cx = Cx::new(self, service, caller, region, self.ids.uuid());
        let result = door::call(&cx, operation, document).await;
        cx.ended(operation, result.as_ref().err());
        result
    }

    /// Tells the log what came of a request, and remembers it.
    pub fn answered(&self, traced: Traced) {
        let Traced { request_id, line, service, operation, status, error, duration_us: us, .. } = &traced;
        if line != INSIDE {
            self.metrics.requests.count(Request { service, operation, status: *status }, *us);
        }
        let caller = traced.asked.as_ref().map(|asked| asked.caller.principal.name());
        match &traced.parent {
            _ if line != INSIDE => {
                let (method, path) = line.split_once(' ').unwrap_or(("", line));
                tracing::info!(request_id, service, operation, method, path, status, error, caller, us, "request");
            }
            parent => tracing::debug!(request_id, parent, service, operation, status, error, caller, us, "call inside"),
        }
        self.traces.push(traced);
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("settings", &self.settings).finish_non_exhaustive()
    }
}
