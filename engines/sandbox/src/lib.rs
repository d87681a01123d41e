//! Runs functions in sandboxes of their own: namespaces, a read-only root, seccomp, cgroups. The threats are in THREATS.md.

mod bootstrap;
mod client;
mod protocol;
pub mod runtimes;
mod socket;
mod supervisor;
mod sys;

pub use client::{Authority, Config, Sandboxes, start};
pub use supervisor::{SUBCOMMAND, supervisor_main};
