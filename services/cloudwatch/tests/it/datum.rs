//! Putting data: its forms, limits and errors.

use expect_test::{Expect, expect};
use service::testing::Kit;

use crate::{START_S, house};

fn put(data: &str) -> String {
    format!(r#"PutMetricData {{"Namespace":"App","MetricData":{data}}}"#)
}

fn check(data: &str, answer: Expect) {
    house().check(&put(data), answer);
}

/// The statistics of the metric `n` in the last hour.
const STATISTICS: &str = r#"GetMetricStatistics {"Namespace":"App","MetricName":"n","StartTime":1795474800,"EndTime":1795478460,
    "Period":60,"Statistics":["SampleCount","Sum","Minimum","Maximum","Average"],"ExtendedStatistics":["p50"]}"#;

#[test]
fn data_is_a_value_values_or_statistics() {
    house()
        .check(&put(r#"[{"MetricName":"n","Value":3}]"#), expect!["200 {}"])
        .check(
            &put(r#"[{"MetricName":"n","Values":[1,2],"Counts":[2,1]},{"MetricName":"n","Values":[9]}]"#),
            expect!["200 {}"],
        )
        .check(
            STATISTICS,
            expect![[r#"
            200 {
              "Label": "n",
              "Datapoints": [
                {
                  "Timestamp": 1795478400,
                  "SampleCount": 5.0,
                  "Average": 3.2,
                  "Sum": 16.0,
                  "Minimum": 1.0,
                  "Maximum": 9.0,
                  "Unit": "None",
                  "ExtendedStatistics": {
                    "p50": 1.993661701417341
                  }
                }
              ]
            }"#]],
        );
    house()
        .check(
            &put(r#"[{"MetricName":"n","StatisticValues":{"SampleCount":4,"Sum":10,"Minimum":1,"Maximum":4}}]"#),
            expect!["200 {}"],
        )
        .check(
            STATISTICS,
            expect![[r#"
            200 {
              "Label": "n",
              "Datapoints": [
                {
                  "Timestamp": 1795478400,
                  "SampleCount": 4.0,
                  "Average": 2.5,
                  "Sum": 10.0,
                  "Minimum": 1.0,
                  "Maximum": 4.0,
                  "Unit": "None"
                }
              ]
            }"#]],
        );
}

#[tokio::test]
async fn query_puts_the_same() {
    let house = house();
    let ask = async |body: &str| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let shown = house.kit.http(&Kit::root(), "cloudwatch", "POST /", &form, body.to_owned()).await.unwrap();
        format!("{} {}", shown.status, shown.text())
    };
    let put = "Action=PutMetricData&Version=2010-08-01&Namespace=App&MetricData.member.1.MetricName=n\
               &MetricData.member.1.Value=5&MetricData.member.1.Unit=Seconds";
    assert!(ask(put).await.starts_with("200 <PutMetricDataResponse"), "{}", ask(put).await);
    let statistics = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=App&MetricName=n&Period=60\
                      &StartTime=2026-11-24T00:00:00Z&EndTime=2026-11-24T00:01:00Z&Statistics.member.1=Sum";
    let answer = ask(statistics).await;
    assert!(answer.contains("<Unit>Seconds</Unit>") && answer.contains("<Sum>5"), "{answer}");
    expect![[r#"400 <ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error><Type>Sender</Type><Code>MissingParameter</Code><Message>The parameter MetricData is required.</Message></Error><RequestId>0bc942ee-9086-4171-b9b5-01d1d854bb71</RequestId></ErrorResponse>"#]].assert_eq(&ask("Action=PutMetricData&Version=2010-08-01&Namespace=App").await);
}

#[test]
fn a_request_names_what_it_puts() {
    house()
        .check(r#"PutMetricData {"Namespace":"App"}"#, expect![[r#"
            400 x-amzn-query-error: MissingParameter;Sender
                {"__type":"MissingRequiredParameterException","message":"The parameter MetricData is required."}"#]])
        .check(r#"PutMetricData {"Namespace":"AWS/App","MetricData":[{"MetricName":"n","Value":3}]}"#, expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value AWS/ for parameter Namespace is invalid."
            }"#]])
        .check(r#"PutMetricData {"Namespace":"ä","MetricData":[{"MetricName":"n","Value":3}]}"#, expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value ä for parameter Namespace is invalid."
            }"#]])
        .check(r#"PutMetricData {"Namespace":":a","MetricData":[{"MetricName":"n","Value":3}]}"#, expect![[r#"
            400 x-amzn-query-error: ValidationError;Sender
                {
              "__type": "ValidationError",
              "message": "1 validation error detected: Value ':a' at 'namespace' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:].*"
            }"#]])
        .check(r#"PutMetricData {"Namespace":"App","EntityMetricData":[]}"#, expect![[r#"
            400 x-amzn-query-error: MissingParameter;Sender
                {"__type":"MissingRequiredParameterException","message":"The parameter MetricData is required."}"#]])
        .check_denied(&put(r#"[{"MetricName":"n","Value":3}]"#), expect![[r#"
            400 x-amzn-query-error: AccessDenied;Sender
                {
              "__type": "AccessDenied",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: cloudwatch:PutMetricData on resource: arn:aws:cloudwatch:us-east-1:000000000000:dataset/default because no identity-based policy allows the cloudwatch:PutMetricData action"
            }"#]]);
    let many = vec![r#"{"MetricName":"n","Value":3}"#; 1001].join(",");
    check(
        &format!("[{many}]"),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The collection MetricData must not have a size greater than 1000."
            }"#]],
    );
}

#[test]
fn a_datum_has_one_form() {
    check(
        r#"[{"MetricName":"n"}]"#,
        expect![[r#"
            400 x-amzn-query-error: MissingParameter;Sender
                {
              "__type": "MissingRequiredParameterException",
              "message": "The parameter MetricData.member.1.Value is required."
            }"#]],
    );
    check(
        r#"[{"MetricName":"n","Value":1,"Values":[1]}]"#,
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterCombination;Sender
                {
              "__type": "InvalidParameterCombinationException",
              "message": "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both."
            }"#]],
    );
    let set = r#""StatisticValues":{"SampleCount":1,"Sum":1,"Minimum":1,"Maximum":1}"#;
    check(
        &format!(r#"[{{"MetricName":"n","Value":1,{set}}}]"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterCombination;Sender
                {
              "__type": "InvalidParameterCombinationException",
              "message": "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both."
            }"#]],
    );
    check(
        &format!(r#"[{{"MetricName":"n","Values":[1],{set}}}]"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterCombination;Sender
                {
              "__type": "InvalidParameterCombinationException",
              "message": "The parameters MetricData.member.1.StatisticValues and MetricData.member.1.Values are mutually exclusive and you have specified both."
            }"#]],
    );
    check(
        r#"[{"MetricName":"n","Value":1,"Counts":[1]}]"#,
        expect![[r#"
            400 x-amzn-query-error: MissingParameter;Sender
                {
              "__type": "MissingRequiredParameterException",
              "message": "The parameter MetricData.member.1.Values is required."
            }"#]],
    );
    check(
        r#"[{"MetricName":"n","Values":[1,2],"Counts":[1]}]"#,
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."
            }"#]],
    );
    check(
        r#"[{"MetricName":"n","Values":[]}]"#,
        expect![[r#"
            400 x-amzn-query-error: MissingParameter;Sender
                {
              "__type": "MissingRequiredParameterException",
              "message": "The parameter MetricData.member.1.Values is required."
            }"#]],
    );
    check(
        r#"[{"MetricName":"n","Values":[1],"Counts":[0]}]"#,
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value 0 for parameter MetricData.member.1.Counts.member.1 is invalid."
            }"#]],
    );
    let values = vec!["1"; 151].join(",");
    check(
        &format!(r#"[{{"MetricName":"n","Values":[{values}]}}]"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The collection MetricData.member.1.Values must not have a size greater than 150."
            }"#]],
    );
}

#[test]
fn values_are_numbers_of_bounded_size() {
    check(
        r#"[{"MetricName":"n","Value":1e200}]"#,
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value 1e200 for parameter MetricData.member.1.Value is invalid."
            }"#]],
    );
    let set = |set: &str| format!(r#"[{{"MetricName":"n","StatisticValues":{{{set}}}}}]"#);
    check(
        &set(r#""SampleCount":0,"Sum":1,"Minimum":1,"Maximum":1"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value 0 for parameter MetricData.member.1.StatisticValues.SampleCount is invalid."
            }"#]],
    );
    check(
        &set(r#""SampleCount":1,"Sum":1,"Minimum":2,"Maximum":1"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterCombination;Sender
                {
              "__type": "InvalidParameterCombinationException",
              "message": "The parameter MetricData.member.1.StatisticValues.Maximum must be greater than or equal to MetricData.member.1.StatisticValues.Minimum."
            }"#]],
    );
    check(
        &set(r#""SampleCount":1,"Sum":1,"Minimum":2"#),
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "1 validation error detected: Value null at 'metricData.1.member.statisticValues.maximum' failed to satisfy constraint: Member must not be null"
        }"#]],
    );
}

#[test]
fn units_and_resolutions_are_those_there_are() {
    check(
        r#"[{"MetricName":"n","Value":1,"Unit":"Parsec"}]"#,
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "1 validation error detected: Value 'Parsec' at 'metricData.1.member.unit' failed to satisfy constraint: Member must satisfy enum value set: [Seconds, Microseconds, Milliseconds, Bytes, Kilobytes, Megabytes, Gigabytes, Terabytes, Bits, Kilobits, Megabits, Gigabits, Terabits, Percent, Count, Bytes/Second, Kilobytes/Second, Megabytes/Second, Gigabytes/Second, Terabytes/Second, Bits/Second, Kilobits/Second, Megabits/Second, Gigabits/Second, Terabits/Second, Count/Second, None]"
        }"#]],
    );
    check(
        r#"[{"MetricName":"n","Value":1,"StorageResolution":5}]"#,
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value 5 for parameter MetricData.member.1.StorageResolution is invalid."
            }"#]],
    );
}

#[test]
fn dimensions_have_names() {
    let datum = |dimensions: &str| format!(r#"[{{"MetricName":"n","Value":1,"Dimensions":[{dimensions}]}}]"#);
    check(
        &datum(r#"{"Name":"a","Value":"1"},{"Name":"a","Value":"2"}"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The parameter MetricData.member.1.Dimensions names the dimension a more than once."
            }"#]],
    );
    check(
        &datum(r#"{"Name":":a","Value":"1"}"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value :a for parameter MetricData.member.1.Dimensions.member.1.Name is invalid."
            }"#]],
    );
    check(
        &datum(r#"{"Name":"a","Value":" "}"#),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The value   for parameter MetricData.member.1.Dimensions.member.1.Value is invalid."
            }"#]],
    );
    let many: Vec<_> = (0..31).map(|n| format!(r#"{{"Name":"d{n}","Value":"1"}}"#)).collect();
    check(
        &datum(&many.join(",")),
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "1 validation error detected: Value '[Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension, Dimension]' at 'metricData.1.member.dimensions' failed to satisfy constraint: Member must have length less than or equal to 30"
        }"#]],
    );
    check(&datum(&many[..30].join(",")), expect!["200 {}"]);
}

#[test]
fn data_is_of_lately() {
    let at = |at_s: i64| format!(r#"[{{"MetricName":"n","Value":1,"Timestamp":{at_s}}}]"#);
    check(&at(START_S + 7200), expect!["200 {}"]);
    check(
        &at(START_S + 7201),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future."
            }"#]],
    );
    check(&at(START_S - 14 * 86_400), expect!["200 {}"]);
    check(
        &at(START_S - 14 * 86_400 - 1),
        expect![[r#"
            400 x-amzn-query-error: InvalidParameterValue;Sender
                {
              "__type": "InvalidParameterValueException",
              "message": "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."
            }"#]],
    );
}
