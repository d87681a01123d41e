//! Listing metrics: filters, pages, what had no data lately.

use expect_test::expect;
use serde_json::Value;
use service::testing::{House, Kit};

use crate::{house, with};

fn three() -> House {
    let house = house();
    house.given(
        r#"PutMetricData {"Namespace":"App","MetricData":[{"MetricName":"a","Value":1},
           {"MetricName":"a","Value":1,"Dimensions":[{"Name":"host","Value":"x"}]},{"MetricName":"b","Value":1,
           "Dimensions":[{"Name":"host","Value":"y"},{"Name":"zone","Value":"1"}]}]}"#,
    );
    house.given(r#"PutMetricData {"Namespace":"Other","MetricData":[{"MetricName":"a","Value":1}]}"#);
    house
}

fn merge(house: &House) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(cloudwatch::merge(&house.kit.platform)).unwrap();
}

#[test]
fn filters_choose() {
    let house = three();
    for merged in [false, true] {
        if merged {
            merge(&house);
        }
        let count = |request: &str| {
            let answer = house.ask(&Kit::root(), &format!("ListMetrics {request}"));
            let document: Value = serde_json::from_str(answer.strip_prefix("200 ").unwrap()).unwrap();
            document["Metrics"].as_array().unwrap().len()
        };
        assert_eq!(count("{}"), 4);
        assert_eq!(count(r#"{"Namespace":"App"}"#), 3);
        assert_eq!(count(r#"{"MetricName":"a"}"#), 3);
        assert_eq!(count(r#"{"Namespace":"App","MetricName":"a"}"#), 2);
        assert_eq!(count(r#"{"Dimensions":[{"Name":"host"}]}"#), 2);
        assert_eq!(count(r#"{"Dimensions":[{"Name":"host","Value":"y"}]}"#), 1);
        assert_eq!(count(r#"{"Dimensions":[{"Name":"host"},{"Name":"rack"}]}"#), 0);
        assert_eq!(count(r#"{"RecentlyActive":"PT3H"}"#), 4);
    }
    house.check(
        r#"ListMetrics {"Dimensions":[{"Name":"zone"}]}"#,
        expect![[r#"
        200 {
          "Metrics": [
            {
              "Namespace": "App",
              "MetricName": "b",
              "Dimensions": [
                {
                  "Name": "host",
                  "Value": "y"
                },
                {
                  "Name": "zone",
                  "Value": "1"
                }
              ]
            }
          ]
        }"#]],
    );
}

#[test]
fn a_page_has_five_hundred() {
    let house = house();
    for part in 0..2 {
        let names: Vec<String> =
            (0..300).map(|n| format!(r#"{{"MetricName":"m{:03}","Value":1}}"#, part * 300 + n)).collect();
        house.given(&format!(r#"PutMetricData {{"Namespace":"App","MetricData":[{}]}}"#, names.join(",")));
        if part == 0 {
            merge(&house);
        }
    }
    let page = |request: &str| {
        let answer = house.ask(&Kit::root(), &format!("ListMetrics {request}"));
        let document: Value = serde_json::from_str(answer.strip_prefix("200 ").unwrap()).unwrap();
        let names: Vec<String> =
            document["Metrics"].as_array().unwrap().iter().map(|m| m["MetricName"].as_str().unwrap().into()).collect();
        (names.len(), names.first().cloned(), names.last().cloned())
    };
    assert_eq!(page("{}"), (500, Some("m000".into()), Some("m499".into())));
    assert_eq!(page(r#"{"NextToken":"$NextToken"}"#), (100, Some("m500".into()), Some("m599".into())));
    house.given("ListMetrics {}");
    house
        .check(
            r#"ListMetrics {"Namespace":"App","NextToken":"$NextToken"}"#,
            expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value for parameter NextToken is invalid."
            }"#]],
        )
        .check(
            r#"ListMetrics {"NextToken":"odd"}"#,
            expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value for parameter NextToken is invalid."
            }"#]],
        );
}

#[test]
fn what_had_no_data_lately_is_not_listed() {
    let house = with(&[(4 * 3600, 1.0)]);
    house
        .check(r#"ListMetrics {"RecentlyActive":"PT3H"}"#, expect![[r#"200 {"Metrics":[]}"#]])
        .check(r#"ListMetrics {"RecentlyActive":"PT4H"}"#, expect![[r#"
            400 x-amzn-query-error: ValidationError;Sender
                {
              "__type": "ValidationError",
              "message": "1 validation error detected: Value 'PT4H' at 'recentlyActive' failed to satisfy constraint: Member must satisfy enum value set: [PT3H]"
            }"#]])
        .check("ListMetrics {}", expect![[r#"200 {"Metrics":[{"Namespace":"App","MetricName":"Latency","Dimensions":[]}]}"#]]);
    house.kit.clock.advance_ms(14 * 86_400 * 1000);
    house
        .check("ListMetrics {}", expect![[r#"200 {"Metrics":[]}"#]])
        .check(r#"ListMetrics {"IncludeLinkedAccounts":true}"#, expect![[r#"
            501 x-amzn-query-error: NotImplemented;Receiver
                {
              "__type": "NotImplemented",
              "message": "The member IncludeLinkedAccounts is not implemented by Clearsky."
            }"#]])
        .check_denied("ListMetrics {}", expect![[r#"
            400 x-amzn-query-error: AccessDenied;Sender
                {
              "__type": "AccessDenied",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: cloudwatch:ListMetrics on resource: arn:aws:cloudwatch:us-east-1:000000000000:dataset/default because no identity-based policy allows the cloudwatch:ListMetrics action"
            }"#]]);
}
