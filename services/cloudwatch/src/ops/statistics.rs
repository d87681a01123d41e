//! GetMetricStatistics: the data of one metric, period by period; and what other queries read data with.

use std::collections::BTreeMap;

use base::Timestamp;
use kv::Tx;
use service::metrics::Summary;
use service::{Cx, Failure};

use crate::errors::Error;
use crate::model::{MINUTE_S, Metric, RESOLUTIONS, Resolution, Statistic, unit, unit_name};
use crate::store::{self, Pending, Span};
use crate::wire::{Datapoint, Dimension, GetMetricStatisticsInput, GetMetricStatisticsOutput};

/// Quota: data points of one answer (docs).
const DATAPOINTS_MAX: i64 = 1440;

/// Periods below a minute (docs).
const SHORT_PERIODS: [i64; 5] = [1, 5, 10, 20, 30];

/// Answers statistics of a metric, one data point for each period and unit that has data.
pub(crate) async fn get_metric_statistics(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, Error> {
    let GetMetricStatisticsInput {
        namespace,
        metric_name,
        dimensions,
        start_time,
        end_time,
        period,
        statistics,
        extended_statistics,
        unit: unit_name,
    } = input;
    let (plain, extended) = (statistics.as_deref().unwrap_or_default(), extended_statistics.as_deref());
    let extended = percentiles(extended.unwrap_or_default())?;
    if plain.is_empty() && extended.is_empty() {
        let text = "Must specify either Statistics or ExtendedStatistics";
        return Err(Error::InvalidCombination(text.into()));
    }
    let plain = plain.iter().filter_map(|name| Statistic::parse(name).flatten()).collect::<Vec<_>>();
    let times = Times::parse((*start_time, *end_time), *period, cx.now())?;
    if DATAPOINTS_MAX < times.periods() {
        return Err(Error::InvalidCombination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of {DATAPOINTS_MAX}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range.",
            times.periods()
        )));
    }
    let metric = metric(namespace, metric_name, dimensions.as_deref());
    let pending = store::pending(tx, &cx.scope).await?;
    let unit = unit_name.as_deref().and_then(|name| unit(Some(name)));
    let data = data(cx, tx, &metric, &times, unit, &pending).await?;
    let points = data.iter().map(|((at_s, unit), summary)| point((*at_s, *unit), summary, &plain, &extended));
    Ok(GetMetricStatisticsOutput { label: Some(metric_name.clone()), datapoints: Some(points.collect()) })
}

/// The percentiles by the names that they were asked by.
fn percentiles(names: &[String]) -> Result<Vec<(String, Statistic)>, Error> {
    let parse = |name: &String| match Statistic::parse(name) {
        Some(Some(statistic @ Statistic::Percentile(_))) => Ok((name.clone(), statistic)),
        Some(None) => Err(Failure::not_implemented(format!("The statistic {name}")).into()),
        Some(Some(_)) | None => Err(Error::value(name, "ExtendedStatistics")),
    };
    names.iter().map(parse).collect()
}

fn point(
    (at_s, unit): (i64, u8),
    summary: &Summary,
    plain: &[Statistic],
    extended: &[(String, Statistic)],
) -> Datapoint {
    let of = |statistic: Statistic| plain.contains(&statistic).then(|| statistic.of(summary)).flatten();
    let percentiles: BTreeMap<String, f64> =
        extended.iter().filter_map(|(name, statistic)| Some((name.clone(), statistic.of(summary)?))).collect();
    Datapoint {
        timestamp: Some(Timestamp::from_ms(at_s.saturating_mul(1000))),
        sample_count: of(Statistic::SampleCount),
        average: of(Statistic::Average),
        sum: of(Statistic::Sum),
        minimum: of(Statistic::Minimum),
        maximum: of(Statistic::Maximum),
        unit: Some(unit_name(unit).to_owned()),
        extended_statistics: (!percentiles.is_empty()).then_some(percentiles),
    }
}

/// A metric as a request names it.
pub(crate) fn metric(namespace: &str, name: &str, dimensions: Option<&[Dimension]>) -> Metric {
    let pair = |dimension: &Dimension| (dimension.name.clone(), dimension.value.clone());
    let dimensions = dimensions.unwrap_or_default().iter().map(pair).collect();
    Metric { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
}

/// The periods that a request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    start_s: i64,
    /// Not in it.
    end_s: i64,
    period_s: i64,
}

impl Times {
    pub fn parse((start, end): (Timestamp, Timestamp), period: i32, now: Timestamp) -> Result<Self, Error> {
        let period_s = i64::from(period);
        if start == end {
            return Err(Error::Validation("The parameter StartTime must not equal parameter EndTime.".into()));
        }
        if end < start {
            return Err(Error::Validation("The parameter StartTime must be less than the parameter EndTime.".into()));
        }
        if period_s % MINUTE_S != 0 && !SHORT_PERIODS.contains(&period_s) {
            return Err(Error::value(period, "Period"));
        }
        let end_s = end.plus_ms(999).as_seconds();
        Ok(Self { start_s: Resolution::start_of(start, period_s, now), end_s, period_s })
    }

    pub fn periods(&self) -> i64 {
        let Self { start_s, end_s, period_s } = self;
        end_s.saturating_sub(*start_s).saturating_add(period_s - 1) / period_s
    }
}

/// The data of a metric by period and unit.
pub(crate) async fn data(
    cx: &Cx,
    tx: &mut Tx,
    metric: &Metric,
    times: &Times,
    unit: Option<u8>,
    pending: &Pending,
) -> Result<BTreeMap<(i64, u8), Summary>, Error> {
    let Times { start_s, end_s: _, period_s } = *times;
    let resolution = Resolution::serving(period_s, start_s);
    let [.., longest] = RESOLUTIONS;
    let now_s = cx.now().as_seconds();
    let to_s = start_s.saturating_add(times.periods().saturating_mul(period_s));
    // Nothing is later than two hours from now, and what is older than its rows are kept may be there still.
    let (from_s, to_s) = (start_s.max(now_s - resolution.kept_s), to_s.min(now_s + longest.kept_s));
    let span = Span { resolution, from_s, to_s, unit };
    let mut periods: BTreeMap<(i64, u8), Summary> = BTreeMap::new();
    for ((at_s, unit), summary) in store::rows(tx, &metric.id(&cx.scope), span, pending).await? {
        let period = start_s + (at_s - start_s).div_euclid(period_s) * period_s;
        periods.entry((period, unit)).or_default().merge(&summary);
    }
    Ok(periods)
}
