//! Background work: merging, the server's own measurements, what is too old.

use base::{Account, Region, Scope, Timestamp};
use kv::{Limit, LogId, LogRange, Range, Watch};
use kv_memory::Memory;
use serde_json::{Value, json};
use service::metrics::{Line, Sample, Subject};
use service::testing::Kit;

use crate::START_S;

const DAY_MS: i64 = 86_400_000;

fn kit() -> Kit {
    Kit::new(Memory::store(), vec![cloudwatch::service()])
}

async fn put(kit: &Kit, value: f64) {
    let data = json!([{"MetricName": "n", "Value": value, "StorageResolution": 1}]);
    kit.call("cloudwatch", "PutMetricData", json!({"Namespace": "App", "MetricData": data})).await.unwrap();
}

async fn rows(kit: &Kit) -> usize {
    let mut tx = kit.platform.begin().await.unwrap();
    let page = tx.range(Range::prefix(b"cloudwatch\0row\0".as_slice()), Limit::PAGE, Watch::Untracked).await.unwrap();
    page.rows.len()
}

async fn waiting(kit: &Kit) -> usize {
    let log = LogId::from_static("cloudwatch\0put");
    kit.platform.store.read_log(&log, LogRange::forward(), Limit::PAGE).await.unwrap().records.len()
}

async fn sums(kit: &Kit, namespace: &str, name: &str, period: i64, dimensions: Value) -> Vec<f64> {
    let (start, end) = (START_S - 3600, START_S + 3600);
    let request = json!({"Namespace": namespace, "MetricName": name, "StartTime": start, "EndTime": end, "Period": period,
        "Statistics": ["Sum"], "Dimensions": dimensions});
    let answer = kit.call("cloudwatch", "GetMetricStatistics", request).await.unwrap();
    answer["Datapoints"].as_array().unwrap().iter().map(|point| point["Sum"].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn what_was_put_is_merged_once_and_leaves_the_log() {
    let kit = kit();
    for value in [1.0, 2.0, 4.0] {
        put(&kit, value).await;
    }
    assert_eq!((rows(&kit).await, waiting(&kit).await), (0, 3));
    cloudwatch::merge(&kit.platform).await.unwrap();
    cloudwatch::merge(&kit.platform).await.unwrap();
    assert_eq!((rows(&kit).await, waiting(&kit).await), (4, 0));
    put(&kit, 8.0).await;
    assert_eq!(sums(&kit, "App", "n", 60, json!([])).await, [15.0]);
    cloudwatch::merge(&kit.platform).await.unwrap();
    assert_eq!(rows(&kit).await, 4);
    assert_eq!(sums(&kit, "App", "n", 60, json!([])).await, [15.0]);
}

#[tokio::test]
async fn rows_go_when_their_time_is_over() {
    let kit = kit();
    put(&kit, 1.0).await;
    cloudwatch::merge(&kit.platform).await.unwrap();
    for (days, left) in [(0, 4), (1, 3), (15, 2), (48, 1), (392, 0)] {
        kit.clock.advance_ms(days * DAY_MS + 3_600_000);
        cloudwatch::trim(&kit.platform).await.unwrap();
        assert_eq!(rows(&kit).await, left, "{days} days later");
    }
    let mut tx = kit.platform.begin().await.unwrap();
    let page =
        tx.range(Range::prefix(b"cloudwatch\0metric\0".as_slice()), Limit::PAGE, Watch::Untracked).await.unwrap();
    assert!(page.rows.is_empty(), "the metric is forgotten with its last row");
}

#[tokio::test]
async fn the_servers_measurements_and_lines_become_metrics() {
    let kit = kit();
    let scope = Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT));
    let (namespace, dimension, name) = ("AWS/Lambda", "FunctionName", "f".to_owned());
    let subject = Subject { scope: scope.clone(), namespace, dimension, name };
    let at = Timestamp::from_ms(START_S * 1000);
    kit.platform.metrics.record(&subject, at, &[Sample { metric: "Invocations", unit: "Count", value: 1.0 }]);
    let text = r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"Shop","Metrics":[{"Name":"n"}]}]},"n":3}"#.to_owned();
    kit.platform.metrics.line(Line { scope, at, text });
    cloudwatch::flush(&kit.platform).await.unwrap();
    cloudwatch::flush(&kit.platform).await.unwrap();
    let function = json!([{"Name": "FunctionName", "Value": "f"}]);
    assert_eq!(sums(&kit, "AWS/Lambda", "Invocations", 60, function).await, [1.0]);
    assert_eq!(sums(&kit, "Shop", "n", 60, json!([])).await, [3.0]);
}
