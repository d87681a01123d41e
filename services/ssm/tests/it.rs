//! Parameter Store through its door.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/chaos.rs"]
mod chaos;
#[path = "it/delete.rs"]
mod delete;
#[path = "it/filter.rs"]
mod filter;
#[path = "it/get.rs"]
mod get;
#[path = "it/history.rs"]
mod history;
#[path = "it/label.rs"]
mod label;
#[path = "it/listing.rs"]
mod listing;
#[path = "it/put.rs"]
mod put;
#[path = "it/tags.rs"]
mod tags;

use kv_memory::Memory;
use service::testing::House;

/// A house without any parameter. Page tokens are shown as `$NextToken`.
fn house() -> House {
    House::new(Memory::store(), ssm::service()).keeping("NextToken")
}

/// A house with parameters of these names, each with its name as its value.
fn with(names: &[&str]) -> House {
    let house = house();
    for name in names {
        house.given(&format!(r#"PutParameter {{"Name":"{name}","Value":"{name}","Type":"String"}}"#));
    }
    house
}

/// A house with the parameter `a` in as many versions, each with its number as its value.
fn with_versions(count: usize) -> House {
    let house = house();
    for number in 1..=count {
        house.given(&format!(r#"PutParameter {{"Name":"a","Value":"{number}","Type":"String","Overwrite":true}}"#));
    }
    house
}
