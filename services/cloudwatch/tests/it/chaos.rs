//! Data over a store that is slow, conflicts for nothing and hides outcomes.

use kv::chaos::{Chaos, Odds, Seed};
use kv_memory::Memory;
use serde_json::json;
use service::testing::Kit;

use crate::START_S;

#[tokio::test]
async fn what_is_acknowledged_is_counted_once_whatever_the_store_does() {
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let hostile = Chaos::over(&Memory::store(), seed, Odds::HOSTILE);
        let kit = Kit::new(hostile, vec![cloudwatch::service()]);
        let (mut sure, mut unsure) = (0.0, 0.0);
        for n in 0..40 {
            let data = json!({"Namespace": "App", "MetricData": [{"MetricName": "n", "Value": 1}]});
            match kit.call("cloudwatch", "PutMetricData", data).await {
                Ok(_) => sure += 1.0,
                Err(_) => unsure += 1.0,
            }
            if n % 7 == 0 {
                // A merge that fails is done again by the next one; one whose outcome is unknown must not count twice.
                let _ = cloudwatch::merge(&kit.platform).await;
            }
        }
        let request = json!({"Namespace": "App", "MetricName": "n", "StartTime": START_S - 60, "EndTime": START_S + 60,
            "Period": 60, "Statistics": ["Sum"]});
        let mut answer = kit.call("cloudwatch", "GetMetricStatistics", request.clone()).await;
        while answer.is_err() {
            answer = kit.call("cloudwatch", "GetMetricStatistics", request.clone()).await;
        }
        let sum = answer.unwrap()["Datapoints"][0]["Sum"].as_f64().unwrap();
        assert!((sure..=sure + unsure).contains(&sum), "{sum} of {sure} and perhaps {unsure}");
    }
}
