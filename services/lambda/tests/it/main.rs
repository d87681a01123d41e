//! Lambda's operations against a store in memory and environments that only pretend to run code.

mod bench;
mod download;
mod fake;
mod function;
mod invoke;
mod logs;
mod permission;
mod roles;
mod update;
