//! The key-value seam on disk, by fjall: one commit thread, one fsync per group of transactions, published after it.

mod commit;
mod dump;
mod encode;
mod engine;
mod group;
mod open;
mod read;
mod timers;

pub use dump::Loading;
pub use engine::Fjall;
pub use open::{Error, FREE_BYTES_RESERVE, Options};
