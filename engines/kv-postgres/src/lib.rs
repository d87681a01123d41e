//! The key-value seam over PostgreSQL: for data that has outgrown one machine's disk. Any number of servers share one.

mod commit;
mod engine;
mod listen;
mod locks;
mod pool;
mod read;
mod row;

pub use engine::{Error, Options, Postgres};
