//! Queries of many metrics: order, pages, arithmetic.

use expect_test::{Expect, expect};

use crate::{START_S, house, with};

const LATENCY: &str = r#"{"Namespace":"App","MetricName":"Latency"}"#;

/// A request for the last hour.
fn request(queries: &str, members: &str) -> String {
    let (start, end) = (START_S - 3600, START_S + 60);
    format!(r#"GetMetricData {{"StartTime":{start},"EndTime":{end},"MetricDataQueries":[{queries}]{members}}}"#)
}

fn query(id: &str, stat: &str) -> String {
    format!(r#"{{"Id":"{id}","MetricStat":{{"Metric":{LATENCY},"Period":60,"Stat":"{stat}"}}}}"#)
}

fn check(queries: &str, members: &str, answer: Expect) {
    with(&[(0, 4.0), (60, 2.0), (61, 1.0), (3540, 8.0)]).check(&request(queries, members), answer);
}

#[test]
fn values_come_newest_first_or_last() {
    check(
        &query("a", "Sum"),
        "",
        expect![[r#"
        200 {
          "MetricDataResults": [
            {
              "Id": "a",
              "Label": "Latency",
              "Timestamps": [
                1795478400,
                1795478340,
                1795478280,
                1795474860
              ],
              "Values": [
                4.0,
                2.0,
                1.0,
                8.0
              ],
              "StatusCode": "Complete"
            }
          ]
        }"#]],
    );
    check(
        &query("a", "Maximum"),
        r#","ScanBy":"TimestampAscending""#,
        expect![[r#"
        200 {
          "MetricDataResults": [
            {
              "Id": "a",
              "Label": "Latency",
              "Timestamps": [
                1795474860,
                1795478280,
                1795478340,
                1795478400
              ],
              "Values": [
                8.0,
                1.0,
                2.0,
                4.0
              ],
              "StatusCode": "Complete"
            }
          ]
        }"#]],
    );
    let both = format!("{},{}", query("a", "SampleCount"), query("b", "p50").replace("Latency", "None"));
    check(
        &both,
        "",
        expect![[r#"
        200 {
          "MetricDataResults": [
            {
              "Id": "a",
              "Label": "Latency",
              "Timestamps": [
                1795478400,
                1795478340,
                1795478280,
                1795474860
              ],
              "Values": [
                1.0,
                1.0,
                1.0,
                1.0
              ],
              "StatusCode": "Complete"
            },
            {
              "Id": "b",
              "Label": "None",
              "Timestamps": [],
              "Values": [],
              "StatusCode": "Complete"
            }
          ]
        }"#]],
    );
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let both = format!("{},{}", query("a", "Sum"), query("b", "SampleCount"));
    let two = r#","MaxDatapoints":2"#;
    with(&[(0, 4.0), (60, 2.0), (120, 1.0)])
        .check(
            &request(&both, two),
            expect![[r#"
            200 {
              "MetricDataResults": [
                {
                  "Id": "a",
                  "Label": "Latency",
                  "Timestamps": [
                    1795478400,
                    1795478340
                  ],
                  "Values": [
                    4.0,
                    2.0
                  ],
                  "StatusCode": "PartialData"
                }
              ],
              "NextToken": "$NextToken"
            }"#]],
        )
        .check(
            &request(&both, r#","MaxDatapoints":2,"NextToken":"$NextToken""#),
            expect![[r#"
            200 {
              "MetricDataResults": [
                {
                  "Id": "a",
                  "Label": "Latency",
                  "Timestamps": [
                    1795478280
                  ],
                  "Values": [
                    1.0
                  ],
                  "StatusCode": "Complete"
                },
                {
                  "Id": "b",
                  "Label": "Latency",
                  "Timestamps": [
                    1795478400
                  ],
                  "Values": [
                    1.0
                  ],
                  "StatusCode": "PartialData"
                }
              ],
              "NextToken": "$NextToken"
            }"#]],
        )
        .check(
            &request(&both, r#","MaxDatapoints":3,"NextToken":"$NextToken""#),
            expect![[r#"
            200 {
              "MetricDataResults": [
                {
                  "Id": "b",
                  "Label": "Latency",
                  "Timestamps": [
                    1795478340,
                    1795478280
                  ],
                  "Values": [
                    1.0,
                    1.0
                  ],
                  "StatusCode": "Complete"
                }
              ]
            }"#]],
        )
        .check(
            &request(&query("a", "Sum"), r#","NextToken":"$NextToken""#),
            expect![[r#"
            400 x-amzn-query-error: InvalidNextToken;Sender
                {"__type":"InvalidNextToken","message":"The service was unable to find the token."}"#]],
        )
        .check(
            &request(&both, r#","NextToken":"odd""#),
            expect![[r#"
            400 x-amzn-query-error: InvalidNextToken;Sender
                {"__type":"InvalidNextToken","message":"The service was unable to find the token."}"#]],
        );
}

#[test]
fn arithmetic_is_computed() {
    let hidden = |id: &str, stat: &str| query(id, stat).replacen('{', r#"{"ReturnData":false,"#, 1);
    let queries = format!(
        r#"{},{},{{"Id":"e","Expression":"100 * a / b","Label":"mean"}}"#,
        hidden("a", "Sum"),
        hidden("b", "SampleCount")
    );
    check(
        &queries,
        "",
        expect![[r#"
        200 {
          "MetricDataResults": [
            {
              "Id": "e",
              "Label": "mean",
              "Timestamps": [
                1795478400,
                1795478340,
                1795478280,
                1795474860
              ],
              "Values": [
                400.0,
                200.0,
                100.0,
                800.0
              ],
              "StatusCode": "Complete"
            }
          ]
        }"#]],
    );
    let expression = |text: &str| format!(r#"{},{{"Id":"e","Expression":"{text}"}}"#, hidden("a", "Sum"));
    check(
        &expression("SUM(METRICS())"),
        "",
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {
          "__type": "NotImplemented",
          "message": "The function SUM in the expression e is not implemented by Clearsky."
        }"#]],
    );
    check(
        &expression("a +"),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {"__type":"ValidationError","message":"Error in expression 'e': a + is no expression."}"#]],
    );
    check(
        &expression("c"),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {"__type":"ValidationError","message":"Error in expression 'e': c is no query."}"#]],
    );
    check(
        &expression("1 + 1"),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "Error in expression 'e': it must have data of at least one metric."
        }"#]],
    );
    check(
        &expression("e"),
        "",
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {
          "__type": "NotImplemented",
          "message": "The expression e in the expression e is not implemented by Clearsky."
        }"#]],
    );
}

#[test]
fn queries_have_rules() {
    check(
        "",
        "",
        expect![[r#"
        400 x-amzn-query-error: MissingParameter;Sender
            {
          "__type": "MissingRequiredParameterException",
          "message": "The parameter MetricDataQueries is required."
        }"#]],
    );
    check(
        &query("A", "Sum"),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "The value A for parameter MetricDataQueries.member.Id is invalid."
        }"#]],
    );
    check(
        &query("a", "Median"),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {"__type":"ValidationError","message":"The value Median for parameter Stat is invalid."}"#]],
    );
    check(
        &query("a", "tm99"),
        "",
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {"__type":"NotImplemented","message":"The statistic tm99 is not implemented by Clearsky."}"#]],
    );
    check(
        &format!("{},{}", query("a", "Sum"), query("a", "Sum")),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {"__type":"ValidationError","message":"The id a is used by more than one query."}"#]],
    );
    check(
        r#"{"Id":"a"}"#,
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "Exactly one of MetricStat and Expression must be specified for the query a."
        }"#]],
    );
    check(
        &query("a", "Sum").replacen('{', r#"{"Label":"${MAX}","#, 1),
        "",
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {"__type":"NotImplemented","message":"The dynamic label of a is not implemented by Clearsky."}"#]],
    );
    check(
        &query("a", "Sum").replacen('{', r#"{"AccountId":"111111111111","#, 1),
        "",
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {
          "__type": "NotImplemented",
          "message": "The member MetricDataQueries.AccountId is not implemented by Clearsky."
        }"#]],
    );
    check(
        &query("a", "Sum").replace(r#""Namespace":"App","#, ""),
        "",
        expect![[r#"
        400 x-amzn-query-error: MissingParameter;Sender
            {
          "__type": "MissingRequiredParameterException",
          "message": "The parameter MetricDataQueries.member.MetricStat.Metric.Namespace is required."
        }"#]],
    );
    check(
        &query("a", "Sum"),
        r#","MaxDatapoints":0"#,
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {"__type":"ValidationError","message":"The parameter MaxDatapoints must be between 1 and 100800."}"#]],
    );
    check(
        &query("a", "Sum"),
        r#","LabelOptions":{"Timezone":"+0100"}"#,
        expect![[r#"
        501 x-amzn-query-error: NotImplemented;Receiver
            {"__type":"NotImplemented","message":"The member LabelOptions is not implemented by Clearsky."}"#]],
    );
    let many: Vec<String> = (0..501).map(|n| query(&format!("a{n}"), "Sum")).collect();
    check(
        &many.join(","),
        "",
        expect![[r#"
        400 x-amzn-query-error: ValidationError;Sender
            {
          "__type": "ValidationError",
          "message": "The collection MetricDataQueries must not have a size greater than 500."
        }"#]],
    );
    house().check_denied(&request(&query("a", "Sum"), ""), expect![[r#"
        400 x-amzn-query-error: AccessDenied;Sender
            {
          "__type": "AccessDenied",
          "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: cloudwatch:GetMetricData on resource: arn:aws:cloudwatch:us-east-1:000000000000:dataset/default because no identity-based policy allows the cloudwatch:GetMetricData action"
        }"#]]);
}
