//! The house kit: descriptors, operation tables, the context of a request, the dispatcher, ports, tasks, the trace.

mod answer;
mod audit;
mod auth;
mod authorise;
mod batch;
mod caller;
pub mod common;
mod cx;
mod demand;
mod digest;
mod dispatch;
mod door;
mod failure;
mod frames;
mod incoming;
mod macros;
pub mod metrics;
mod parsed;
mod plane;
mod platform;
pub mod ports;
mod receive;
mod service;
pub mod sweep;
mod table;
mod tasks;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod traces;
mod wanted;

pub use answer::{Answer, Events, Opened, Outgoing};
pub use auth::Auth;
pub use batch::{Batch, run_batch};
pub use caller::{Caller, Credentials};
pub use cx::{Cx, Effect};
pub use demand::Demand;
pub use door::{HttpRequest, Reply, enter};
pub use failure::Failure;
pub use incoming::{BodyError, Digests, Incoming, Received, Trailers, checksums_wanted};
pub use metrics::Metrics;
pub use parsed::Parsed;
pub use plane::{Form, Plane, PlaneRequest, PlaneResponse};
pub use platform::{Platform, PlatformBuilder, Settings};
pub use service::{Anonymous, HostStyle, PlaneClaim, Service};
pub use table::{Entry, Run};
pub use tasks::Tasks;
pub use trace::{Invocation, Noted, Step, Trace};
pub use traces::{Asked, AuditLog, Running, Traced, Traces};
pub use wanted::{Use, Verdict, Wanted};

/// What the macros of this crate need from others.
#[doc(hidden)]
pub mod macro_support {
    pub use futures::future::BoxFuture;
    pub use kv::Tx;
    pub use wire::{Operation, Structure};
}
