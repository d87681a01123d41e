//! Metrics through the door.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/chaos.rs"]
mod chaos;
#[path = "it/datum.rs"]
mod datum;
#[path = "it/listing.rs"]
mod listing;
#[path = "it/plane.rs"]
mod plane;
#[path = "it/query.rs"]
mod query;
#[path = "it/statistics.rs"]
mod statistics;
#[path = "it/worker.rs"]
mod worker;

use kv_memory::Memory;
use service::testing::House;

/// A house without any metric. Page tokens are shown as `$NextToken`.
fn house() -> House {
    House::new(Memory::store(), cloudwatch::service()).keeping("NextToken")
}

/// A house with these values of the metric `App Latency`, each so many seconds ago.
fn with(values: &[(i64, f64)]) -> House {
    let house = house();
    for (ago, value) in values {
        house.given(&format!(
            r#"PutMetricData {{"Namespace":"App","MetricData":[{{"MetricName":"Latency","Value":{value},"Timestamp":{},
               "Unit":"Milliseconds"}}]}}"#,
            START_S - ago
        ));
    }
    house
}

/// Where the clock stands, in seconds.
const START_S: i64 = 1_795_478_400;
