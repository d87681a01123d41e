//! IAM and STS on a platform in memory, with the real port behind authorisation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what fails here fails the test")]

#[path = "it/identity.rs"]
mod identity;
#[path = "it/kit.rs"]
mod kit;
#[path = "it/policy.rs"]
mod policy;
#[path = "it/role.rs"]
mod role;
#[path = "it/session.rs"]
mod session;
#[path = "it/tags.rs"]
mod tags;
