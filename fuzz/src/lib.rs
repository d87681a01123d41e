//! Fuzz targets for whatever reads bytes of strangers, and a driver for them that stable Rust builds.

mod class;
pub mod driver;
pub mod minimise;
mod mutate;
mod random;
mod sample;
mod seeds;
pub mod supervise;
pub mod targets;

pub use class::Class;
pub use targets::{TARGETS, Target, named, run};
