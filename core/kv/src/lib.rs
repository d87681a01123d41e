//! The key-value seam: ordered, serialisable transactions, logs and timers, whatever engine is below.

mod bells;
mod commit;
mod dump;
mod engine;
mod error;
mod holder;
mod key;
mod log;
mod range;
mod store;
mod timer;
mod turns;
mod tx;
mod window;

#[cfg(feature = "suite")]
pub mod chaos;
#[cfg(feature = "suite")]
pub mod suite;

pub use bells::{Bell, Bells};
pub use commit::{Abort, Commit, Committed, Reads, Version};
pub use dump::{Dump, Item};
pub use engine::{Engine, Snapshot};
pub use error::{Error, Result};
pub use holder::Holder;
pub use key::{KEY_BYTES_MAX, Key, VALUE_BYTES_MAX};
pub use log::{LOG_ID_BYTES_MAX, LogId, LogRange, Position, Record, Records};
pub use range::{Direction, Limit, PAGE_BYTES_MAX, PAGE_ROWS_MAX, Page, PageBuilder, Range, Watch};
pub use store::Store;
pub use timer::{Due, Timer, TimerId};
pub use turns::{Turn, Turns};
pub use tx::{COMMIT_BYTES_MAX, Counts, SNAPSHOT_AGE_MAX, Tx};
pub use window::{WINDOW_KEYS_MAX, Window};
