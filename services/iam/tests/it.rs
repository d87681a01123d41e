//! IAM and STS on a platform in memory, with the real port behind authorisation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what fails here fails the test")]

#[path = "it/chaos.rs"]
mod chaos;
#[path = "it/group.rs"]
mod group;
#[path = "it/identity.rs"]
mod identity;
#[path = "it/kit.rs"]
mod kit;
#[path = "it/managed.rs"]
mod managed;
#[path = "it/policy.rs"]
mod policy;
#[path = "it/refusals.rs"]
mod refusals;
#[path = "it/role.rs"]
mod role;
#[path = "it/session.rs"]
mod session;
#[path = "it/simulate.rs"]
mod simulate;
#[path = "it/tags.rs"]
mod tags;
#[path = "it/user.rs"]
mod user;
