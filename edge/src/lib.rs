//! The edge: listeners, recognising requests, authentication, and the door behind it.

mod absent;
mod arriving;
mod authn;
mod body;
mod detect;
mod hosts;
mod inside;
mod plane;
mod respond;
mod serve;
mod server;

pub use inside::Inside;
pub use serve::Edge;
pub use server::{Server, Unserved};
