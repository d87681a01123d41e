//! PutMetricData: the rules of a datum, then one record of the log.

use std::collections::BTreeMap;

use base::Timestamp;
use kv::Tx;
use service::Cx;
use service::metrics::Summary;

use crate::errors::Error;
use crate::model::{Batch, Datum, Detail, MINUTE_S, Metric, twice, unit};
use crate::store;
use crate::wire::{Dimension, MetricDatum, PutMetricDataInput, PutMetricDataNothing, StatisticSet};

/// Quota: metrics in one request (docs).
const DATA_MAX: usize = 1000;
/// Quota: values of one datum (docs).
const VALUES_MAX: usize = 150;
/// Data may be two weeks old (docs).
const PAST_S: i64 = 14 * 24 * 3600;
/// Data may be two hours ahead (docs).
const FUTURE_S: i64 = 2 * 3600;
/// Values are between minus and plus 2 to the power of 360 (docs).
const POWER_MAX: i32 = 360;

/// Keeps data. The log is what makes it durable; no row is touched, so those who put to one metric do not meet.
pub(crate) async fn put_metric_data(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutMetricDataInput,
) -> Result<PutMetricDataNothing, Error> {
    let PutMetricDataInput { namespace, metric_data } = input;
    let data = metric_data.as_deref().filter(|data| !data.is_empty());
    let data = data.ok_or_else(|| Error::Missing("MetricData".into()))?;
    if DATA_MAX < data.len() {
        let text = format!("The collection MetricData must not have a size greater than {DATA_MAX}.");
        return Err(Error::InvalidValue(text));
    }
    if namespace.starts_with("AWS/") {
        return Err(Error::value("AWS/", "Namespace"));
    }
    name(namespace, "Namespace")?;
    let mut parsed = Vec::with_capacity(data.len());
    for (place, datum) in data.iter().enumerate() {
        parsed.push(datum_of(namespace, datum, &format!("MetricData.member.{}", place + 1), cx.now())?);
    }
    store::append(tx, &Batch::of(cx.scope.clone(), parsed));
    Ok(PutMetricDataNothing {})
}

/// A datum as it is kept. `place` is how errors name it.
fn datum_of(namespace: &str, datum: &MetricDatum, place: &str, now: Timestamp) -> Result<Datum, Error> {
    let MetricDatum {
        metric_name,
        dimensions,
        timestamp,
        value,
        statistic_values,
        values,
        counts,
        unit: unit_name,
        storage_resolution,
    } = datum;
    name(metric_name, &format!("{place}.MetricName"))?;
    let metric = Metric {
        namespace: namespace.to_owned(),
        name: metric_name.clone(),
        dimensions: dimensions_of(dimensions.as_deref().unwrap_or_default(), place)?,
    };
    let summary = match (value, statistic_values, values) {
        (Some(value), None, None) => Summary::of(number(*value, place, "Value")?, 1.0),
        (None, Some(set), None) => statistics(set, place)?,
        (None, None, Some(values)) => listed(values, counts.as_deref(), place)?,
        (None, None, None) => {
            return Err(Error::Missing(format!("{place}.Value")));
        }
        (Some(_), Some(_), _) => return Err(exclusive(place, "Value", "StatisticValues")),
        (Some(_), None, Some(_)) => return Err(exclusive(place, "Value", "Values")),
        (None, Some(_), Some(_)) => return Err(exclusive(place, "StatisticValues", "Values")),
    };
    if counts.is_some() && values.is_none() {
        return Err(Error::Missing(format!("{place}.Values")));
    }
    let detail = match storage_resolution {
        None | Some(60) => Detail::Minutes,
        Some(1) => Detail::Seconds,
        Some(other) => return Err(Error::value(other, &format!("{place}.StorageResolution"))),
    };
    let at_s = moment(timestamp.unwrap_or(now), place, now)?;
    let at_s = if detail == Detail::Seconds { at_s } else { at_s.div_euclid(MINUTE_S) * MINUTE_S };
    let unit = unit(unit_name.as_deref()).ok_or_else(|| Error::value("null", &format!("{place}.Unit")))?;
    Ok(Datum { metric, unit, at_s, detail, summary })
}

/// Names are visible ASCII and spaces, and not spaces only (docs).
fn name(text: &str, parameter: &str) -> Result<(), Error> {
    let is_name = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && !text.trim().is_empty();
    if is_name { Ok(()) } else { Err(Error::value(text.escape_debug(), parameter)) }
}

fn dimensions_of(dimensions: &[Dimension], place: &str) -> Result<BTreeMap<String, String>, Error> {
    for (at, Dimension { name: key, value }) in dimensions.iter().enumerate() {
        let place = format!("{place}.Dimensions.member.{}", at + 1);
        name(key, &format!("{place}.Name"))?;
        name(value, &format!("{place}.Value"))?;
        if key.starts_with(':') {
            return Err(Error::value(key, &format!("{place}.Name")));
        }
    }
    if let Some(name) = twice(dimensions.iter().map(|dimension| dimension.name.as_str())) {
        let text = format!("The parameter {place}.Dimensions names the dimension {name} more than once.");
        return Err(Error::InvalidValue(text));
    }
    Ok(dimensions.iter().map(|dimension| (dimension.name.clone(), dimension.value.clone())).collect())
}

fn number(number: f64, place: &str, member: &str) -> Result<f64, Error> {
    let fits = number.is_finite() && number.abs() <= 2f64.powi(POWER_MAX);
    if fits { Ok(number) } else { Err(Error::value(format_args!("{number:?}"), &format!("{place}.{member}"))) }
}

fn statistics(set: &StatisticSet, place: &str) -> Result<Summary, Error> {
    let StatisticSet { sample_count, sum, minimum, maximum } = set;
    for (member, value) in [("SampleCount", sample_count), ("Sum", sum), ("Minimum", minimum), ("Maximum", maximum)] {
        number(*value, place, &format!("StatisticValues.{member}"))?;
    }
    if *sample_count <= 0.0 {
        return Err(Error::value(sample_count, &format!("{place}.StatisticValues.SampleCount")));
    }
    if maximum < minimum {
        let text = format!(
            "The parameter {place}.StatisticValues.Maximum must be greater than or equal to {place}.StatisticValues.Minimum."
        );
        return Err(Error::InvalidCombination(text));
    }
    Ok(Summary::statistics(*sample_count, *sum, *minimum, *maximum))
}

fn listed(values: &[f64], counts: Option<&[f64]>, place: &str) -> Result<Summary, Error> {
    if values.is_empty() {
        return Err(Error::Missing(format!("{place}.Values")));
    }
    if VALUES_MAX < values.len() {
        let text = format!("The collection {place}.Values must not have a size greater than {VALUES_MAX}.");
        return Err(Error::InvalidValue(text));
    }
    if counts.is_some_and(|counts| counts.len() != values.len()) {
        let text = format!("The parameters {place}.Values and {place}.Counts must be of the same size.");
        return Err(Error::InvalidValue(text));
    }
    let mut summary = Summary::default();
    for (at, value) in values.iter().enumerate() {
        let count = counts.and_then(|counts| counts.get(at)).copied().unwrap_or(1.0);
        number(count, place, "Counts")?;
        if count <= 0.0 {
            return Err(Error::value(count, &format!("{place}.Counts.member.{}", at + 1)));
        }
        summary.merge(&Summary::of(number(*value, place, "Values")?, count));
    }
    Ok(summary)
}

fn exclusive(place: &str, one: &str, other: &str) -> Error {
    Error::InvalidCombination(format!(
        "The parameters {place}.{one} and {place}.{other} are mutually exclusive and you have specified both."
    ))
}

fn moment(at: Timestamp, place: &str, now: Timestamp) -> Result<i64, Error> {
    match at.as_seconds() - now.as_seconds() {
        ahead if FUTURE_S < ahead => Err(Error::InvalidValue(format!(
            "The parameter {place}.Timestamp must specify a time no more than two hours in the future."
        ))),
        ahead if ahead < -PAST_S => Err(Error::InvalidValue(format!(
            "The parameter {place}.Timestamp must specify a time within the past two weeks."
        ))),
        _ => Ok(at.as_seconds()),
    }
}
