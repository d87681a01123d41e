//! The embedded metric format: metrics that a function writes into its log, as a line of JSON. Lines that are none are left
//! alone, and so is what AWS would not read in them.

use std::collections::BTreeMap;

use base::{Scope, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use service::metrics::{Line, Summary};

use crate::model::{Datum, Detail, MINUTE_S, Metric, unit};

/// Metrics of one directive, and values of one metric (specification).
const METRICS_MAX: usize = 100;
/// Dimensions of one set (specification).
const DIMENSIONS_MAX: usize = 30;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct About {
    timestamp: Option<i64>,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    #[serde(default)]
    dimensions: Vec<Vec<String>>,
    #[serde(default)]
    metrics: Vec<Definition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
    storage_resolution: Option<i64>,
}

/// The data in a line.
pub(crate) fn data(line: &Line) -> Vec<(Scope, Datum)> {
    let Line { scope, at, text } = line;
    let Some((about, document)) = parse(text) else { return Vec::new() };
    let at = about.timestamp.map_or(*at, Timestamp::from_ms);
    let data = about.cloud_watch_metrics.iter().flat_map(|directive| directed(directive, &document, at));
    data.map(|datum| (scope.clone(), datum)).collect()
}

fn parse(text: &str) -> Option<(About, Map<String, Value>)> {
    let Value::Object(mut document) = serde_json::from_str(text.trim()).ok()? else { return None };
    let about = serde_json::from_value(document.remove("_aws")?).ok()?;
    Some((about, document))
}

/// The data of one directive: each metric with each set of dimensions.
fn directed(directive: &Directive, document: &Map<String, Value>, at: Timestamp) -> Vec<Datum> {
    let Directive { namespace, dimensions, metrics } = directive;
    if namespace.starts_with("AWS/") || !is_name(namespace) {
        return Vec::new();
    }
    let sets: Vec<BTreeMap<String, String>> = match dimensions.as_slice() {
        [] => vec![BTreeMap::new()],
        sets => sets.iter().filter_map(|set| dimension_set(set, document)).collect(),
    };
    let mut data = Vec::new();
    for Definition { name, unit: unit_name, storage_resolution } in metrics.iter().take(METRICS_MAX) {
        let summary = document.get(name).map(summary).unwrap_or_default();
        let Some(unit) = unit(unit_name.as_deref()).filter(|_| is_name(name) && 0.0 < summary.count) else { continue };
        let detail = if *storage_resolution == Some(1) { Detail::Seconds } else { Detail::Minutes };
        let step_s = if detail == Detail::Seconds { 1 } else { MINUTE_S };
        let at_s = at.as_seconds().div_euclid(step_s) * step_s;
        for dimensions in &sets {
            let metric = Metric { namespace: namespace.clone(), name: name.clone(), dimensions: dimensions.clone() };
            data.push(Datum { metric, unit, at_s, detail, summary: summary.clone() });
        }
    }
    data
}

/// The values of dimensions stand in the document, as text.
fn dimension_set(names: &[String], document: &Map<String, Value>) -> Option<BTreeMap<String, String>> {
    let pair = |name: &String| {
        let value = document.get(name)?.as_str().filter(|value| is_name(value) && is_name(name))?;
        Some((name.clone(), value.to_owned()))
    };
    if DIMENSIONS_MAX < names.len() { None } else { names.iter().map(pair).collect() }
}

/// A number, or several.
fn summary(value: &Value) -> Summary {
    let mut summary = Summary::default();
    let values = match value {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let numbers = values.iter().take(METRICS_MAX).filter_map(Value::as_f64);
    numbers.filter(|number| number.is_finite()).for_each(|number| summary.add(number));
    summary
}

/// As PutMetricData wants names: visible ASCII, of at most a kilobyte.
fn is_name(text: &str) -> bool {
    text.len() <= 1024 && !text.trim().is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    fn read(text: &str) -> Vec<String> {
        let scope = Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT));
        let line = Line { scope, at: Timestamp::from_ms(61_000), text: text.to_owned() };
        let shown = |(_, datum): (Scope, Datum)| {
            let Datum { metric: Metric { namespace, name, dimensions }, unit, at_s, detail: _, summary } = datum;
            format!("{namespace} {name} {dimensions:?} {unit} {at_s} {} {}", summary.count, summary.sum)
        };
        data(&line).into_iter().map(shown).collect()
    }

    #[test]
    fn metrics_come_with_each_set_of_dimensions() {
        let line = r#"{"_aws":{"Timestamp":120500,"CloudWatchMetrics":[{"Namespace":"Shop","Dimensions":[["service"],["service","page"]],
            "Metrics":[{"Name":"latency","Unit":"Milliseconds"},{"Name":"orders","StorageResolution":1},{"Name":"none"}]}]},
            "service":"cart","page":"checkout","latency":[10,20.5],"orders":3,"requestId":"r-1"}"#;
        assert_eq!(
            read(line),
            [
                r#"Shop latency {"service": "cart"} 3 120 2 30.5"#,
                r#"Shop latency {"page": "checkout", "service": "cart"} 3 120 2 30.5"#,
                r#"Shop orders {"service": "cart"} 0 120 1 3"#,
                r#"Shop orders {"page": "checkout", "service": "cart"} 0 120 1 3"#,
            ]
        );
    }

    #[test]
    fn without_dimensions_or_a_time_it_is_the_lines() {
        let line = r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"Shop","Metrics":[{"Name":"n"}]}]},"n":1}"#;
        assert_eq!(read(line), ["Shop n {} 0 60 1 1"]);
    }

    #[test]
    fn other_lines_hold_no_metrics() {
        for line in [
            "",
            "hello",
            "[1]",
            r#"{"a":1}"#,
            r#"{"_aws":1}"#,
            r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"AWS/Lambda","Metrics":[{"Name":"n"}]}]},"n":1}"#,
            r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"S","Metrics":[{"Name":"n"}]}]},"n":"1"}"#,
            r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"S","Dimensions":[["d"]],"Metrics":[{"Name":"n"}]}]},"n":1}"#,
        ] {
            assert!(read(line).is_empty(), "{line}");
        }
    }
}
