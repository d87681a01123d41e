//! Statistics of one metric: periods, units, percentiles.

use expect_test::{Expect, expect};

use crate::{START_S, house, with};

/// A request for the last hour, with further members.
fn request(members: &str) -> String {
    let (start, end) = (START_S - 3600, START_S + 60);
    format!(
        r#"GetMetricStatistics {{"Namespace":"App","MetricName":"Latency","StartTime":{start},"EndTime":{end},{members}}}"#
    )
}

fn check(members: &str, answer: Expect) {
    with(&[(0, 4.0), (60, 2.0), (61, 1.0), (3540, 8.0)]).check(&request(members), answer);
}

#[test]
fn each_period_with_data_has_a_point() {
    check(
        r#""Period":60,"Statistics":["Sum"]"#,
        expect![[r#"
        200 {
          "Label": "Latency",
          "Datapoints": [
            {
              "Timestamp": 1795474860,
              "Sum": 8.0,
              "Unit": "Milliseconds"
            },
            {
              "Timestamp": 1795478280,
              "Sum": 1.0,
              "Unit": "Milliseconds"
            },
            {
              "Timestamp": 1795478340,
              "Sum": 2.0,
              "Unit": "Milliseconds"
            },
            {
              "Timestamp": 1795478400,
              "Sum": 4.0,
              "Unit": "Milliseconds"
            }
          ]
        }"#]],
    );
    check(
        r#""Period":300,"Statistics":["Average","SampleCount"]"#,
        expect![[r#"
        200 {
          "Label": "Latency",
          "Datapoints": [
            {
              "Timestamp": 1795474800,
              "SampleCount": 1.0,
              "Average": 8.0,
              "Unit": "Milliseconds"
            },
            {
              "Timestamp": 1795478100,
              "SampleCount": 2.0,
              "Average": 1.5,
              "Unit": "Milliseconds"
            },
            {
              "Timestamp": 1795478400,
              "SampleCount": 1.0,
              "Average": 4.0,
              "Unit": "Milliseconds"
            }
          ]
        }"#]],
    );
    check(
        r#""Period":3600,"Statistics":["Maximum","Minimum"]"#,
        expect![[r#"
        200 {
          "Label": "Latency",
          "Datapoints": [
            {
              "Timestamp": 1795474800,
              "Minimum": 1.0,
              "Maximum": 8.0,
              "Unit": "Milliseconds"
            },
            {
              "Timestamp": 1795478400,
              "Minimum": 4.0,
              "Maximum": 4.0,
              "Unit": "Milliseconds"
            }
          ]
        }"#]],
    );
    check(
        r#""Period":60,"Statistics":["Sum"],"Dimensions":[{"Name":"a","Value":"b"}]"#,
        expect![[r#"200 {"Label":"Latency","Datapoints":[]}"#]],
    );
}

#[test]
fn rows_say_what_the_log_says() {
    for period in [60, 120, 300, 900, 3600] {
        let request =
            request(&format!(r#""Period":{period},"Statistics":["Sum","SampleCount"],"ExtendedStatistics":["p90"]"#));
        let house = with(&[(0, 4.0), (60, 2.0), (61, 1.0), (3540, 8.0)]);
        let pending = house.ask(&service::testing::Kit::root(), &request);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(cloudwatch::merge(&house.kit.platform)).unwrap();
        assert_eq!(house.ask(&service::testing::Kit::root(), &request), pending);
        house.given(r#"PutMetricData {"Namespace":"App","MetricData":[{"MetricName":"Latency","Value":1,"Unit":"Milliseconds"}]}"#);
        assert_ne!(house.ask(&service::testing::Kit::root(), &request), pending);
    }
}

#[test]
fn percentiles_are_near() {
    let values: Vec<(i64, f64)> = (1..=100).map(|n| (0, f64::from(n))).collect();
    with(&values).check(
        &request(r#""Period":60,"ExtendedStatistics":["p0","p50","p99.9","p100"]"#),
        expect![[r#"
        200 {
          "Label": "Latency",
          "Datapoints": [
            {
              "Timestamp": 1795478400,
              "Unit": "Milliseconds",
              "ExtendedStatistics": {
                "p0": 1.0,
                "p100": 100.0,
                "p50": 49.90296094906597,
                "p99.9": 98.50457626879007
              }
            }
          ]
        }"#]],
    );
    check(
        r#""Period":60,"ExtendedStatistics":["tm90"]"#,
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {"__type":"NotImplemented","message":"The statistic tm90 is not implemented by Clearsky."}"#]],
    );
    check(
        r#""Period":60,"ExtendedStatistics":["p101"]"#,
        expect![[r#"
        400 x-amzn-query-error: InvalidParameterValue;Sender
            {
          "__type": "InvalidParameterValueException",
          "message": "The value p101 for parameter ExtendedStatistics is invalid."
        }"#]],
    );
    check(
        r#""Period":60,"ExtendedStatistics":["Sum"]"#,
        expect![[r#"
        400 x-amzn-query-error: InvalidParameterValue;Sender
            {
          "__type": "InvalidParameterValueException",
          "message": "The value Sum for parameter ExtendedStatistics is invalid."
        }"#]],
    );
}

#[test]
fn units_are_told_apart() {
    let put = |unit: &str| {
        format!(
            r#"PutMetricData {{"Namespace":"App","MetricData":[{{"MetricName":"Latency","Value":1,"Unit":"{unit}"}}]}}"#
        )
    };
    let house = house();
    house
        .given(&put("Seconds"))
        .given(&put("Count"))
        .check(
            &request(r#""Period":60,"Statistics":["Sum"]"#),
            expect![[r#"
            200 {
              "Label": "Latency",
              "Datapoints": [
                {
                  "Timestamp": 1795478400,
                  "Sum": 1.0,
                  "Unit": "Seconds"
                },
                {
                  "Timestamp": 1795478400,
                  "Sum": 1.0,
                  "Unit": "Count"
                }
              ]
            }"#]],
        )
        .check(
            &request(r#""Period":60,"Statistics":["Sum"],"Unit":"Count""#),
            expect![[r#"200 {"Label":"Latency","Datapoints":[{"Timestamp":1795478400,"Sum":1.0,"Unit":"Count"}]}"#]],
        );
}

#[test]
fn seconds_are_kept_of_metrics_that_ask_for_them() {
    let put = |at: i64, resolution: i64| {
        format!(
            r#"PutMetricData {{"Namespace":"App","MetricData":[{{"MetricName":"Latency","Value":1,"Timestamp":{at},"StorageResolution":{resolution}}}]}}"#
        )
    };
    house()
        .given(&put(START_S - 61, 1))
        .given(&put(START_S - 55, 1))
        .given(&put(START_S - 54, 60))
        .check(
            &request(r#""Period":10,"Statistics":["Sum"]"#),
            expect![[r#"
            200 {
              "Label": "Latency",
              "Datapoints": [
                {
                  "Timestamp": 1795478330,
                  "Sum": 1.0,
                  "Unit": "None"
                },
                {
                  "Timestamp": 1795478340,
                  "Sum": 1.0,
                  "Unit": "None"
                }
              ]
            }"#]],
        )
        .check(
            &request(r#""Period":60,"Statistics":["Sum"]"#),
            expect![[r#"
            200 {
              "Label": "Latency",
              "Datapoints": [
                {
                  "Timestamp": 1795478280,
                  "Sum": 1.0,
                  "Unit": "None"
                },
                {
                  "Timestamp": 1795478340,
                  "Sum": 2.0,
                  "Unit": "None"
                }
              ]
            }"#]],
        );
}

#[test]
fn requests_have_rules() {
    check(
        r#""Period":60"#,
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterCombination;Sender
                {
              "__type": "InvalidParameterCombinationException",
              "message": "Must specify either Statistics or ExtendedStatistics"
            }"#]],
    );
    check(
        r#""Period":61,"Statistics":["Sum"]"#,
        expect![[r#"
        400 x-amzn-query-error: InvalidParameterValue;Sender
            {
          "__type": "InvalidParameterValueException",
          "message": "The value 61 for parameter Period is invalid."
        }"#]],
    );
    check(
        r#""Period":1,"Statistics":["Sum"]"#,
        expect![[r#"
        400 x-amzn-query-error: InvalidParameterCombination;Sender
            {
          "__type": "InvalidParameterCombinationException",
          "message": "You have requested up to 3660 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        }"#]],
    );
    check(
        r#""Period":0,"Statistics":["Sum"]"#,
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "1 validation error detected: Value '0' at 'period' failed to satisfy constraint: Member must have value greater than or equal to 1"
        }"#]],
    );
    check(
        r#""Period":60,"Statistics":["Median"]"#,
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "1 validation error detected: Value '[Median]' at 'statistics' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [SampleCount, Average, Sum, Minimum, Maximum]]"
        }"#]],
    );
    let span = |start: i64, end: i64| {
        format!(
            r#"GetMetricStatistics {{"Namespace":"App","MetricName":"n","StartTime":{start},"EndTime":{end},"Period":60,"Statistics":["Sum"]}}"#
        )
    };
    house()
        .check(&span(5, 5), expect![[r#"
            400 x-amzn-query-error: ValidationError;Sender
                {"__type":"ValidationError","message":"The parameter StartTime must not equal parameter EndTime."}"#]])
        .check(&span(6, 5), expect![[r#"
            400 x-amzn-query-error: ValidationError;Sender
                {
              "__type": "ValidationError",
              "message": "The parameter StartTime must be less than the parameter EndTime."
            }"#]])
        .check(&span(START_S, i64::MAX / 1000), expect![[r#"
            400 x-amzn-query-error: InvalidParameterCombination;Sender
                {
              "__type": "InvalidParameterCombinationException",
              "message": "You have requested up to 153722837356273 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
            }"#]])
        .check(r#"GetMetricStatistics {"Namespace":"App"}"#, expect![[r#"
            400 x-amzn-query-error: ValidationError;Sender
                {
              "__type": "ValidationError",
              "message": "4 validation errors detected: Value null at 'metricName' failed to satisfy constraint: Member must not be null; Value null at 'startTime' failed to satisfy constraint: Member must not be null; Value null at 'endTime' failed to satisfy constraint: Member must not be null; Value null at 'period' failed to satisfy constraint: Member must not be null"
            }"#]])
        .check_denied(&request(r#""Period":60,"Statistics":["Sum"]"#), expect![[r#"
            400 x-amzn-query-error: AccessDenied;Sender
                {
              "__type": "AccessDenied",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: cloudwatch:GetMetricStatistics on resource: * because no identity-based policy allows the cloudwatch:GetMetricStatistics action"
            }"#]]);
}
