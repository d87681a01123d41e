//! The seam between functions and what runs them: isolation, environments, invocations and how they end. No I/O.

mod choice;
mod deployed;
mod invocation;
mod isolation;
mod level;
mod outcome;
mod plan;
mod runtime;

pub use choice::{Matching, choose};
pub use deployed::{Deployed, Limits};
pub use invocation::{Discard, Invocation, Sink, Stream};
pub use isolation::{Blank, Door, Environment, Error, Isolation, Result};
pub use level::Level;
pub use outcome::{Ended, Init, Outcome, Usage};
pub use plan::{FreshReason, Plan, PoolKey, heap_mb};
pub use runtime::{PROVIDED, Runtime, RuntimeFamily};
