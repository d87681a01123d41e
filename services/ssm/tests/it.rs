//! Amazon Simple Systems Manager (SSM) through its door.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/parameter.rs"]
mod parameter;

use kv_memory::Memory;
use service::testing::House;

fn house() -> House {
    House::new(Memory::store(), ssm::service())
}
