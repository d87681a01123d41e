//! GetMetricData: many queries at once, a page of their data points.

use std::collections::BTreeMap;

use base::Timestamp;
use kv::Tx;
use service::{Cx, Failure};

use super::statistics::{Times, data, metric};
use crate::engine::expression::{Expression, Series, Unread, Value};
use crate::errors::Error;
use crate::model::{Statistic, unit};
use crate::store::{self, Pending};
use crate::wire::{GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult, MetricStat};

/// Quota: queries of one request (docs).
const QUERIES_MAX: usize = 500;
/// Quota: data points of one page (docs).
const DATAPOINTS_MAX: usize = 100_800;

/// Answers the data of queries: each period's value, newest first unless the request says otherwise.
pub(crate) async fn get_metric_data(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetMetricDataInput,
) -> Result<GetMetricDataOutput, Error> {
    let GetMetricDataInput { metric_data_queries, start_time, end_time, next_token, scan_by, max_datapoints } = input;
    if metric_data_queries.is_empty() {
        return Err(Error::Missing("MetricDataQueries".into()));
    }
    if QUERIES_MAX < metric_data_queries.len() {
        let text = format!("The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}.");
        return Err(Error::Validation(text));
    }
    let max = match max_datapoints.map(usize::try_from) {
        None => DATAPOINTS_MAX,
        Some(Ok(max)) if (1..=DATAPOINTS_MAX).contains(&max) => max,
        Some(_) => {
            return Err(Error::Validation(format!(
                "The parameter MaxDatapoints must be between 1 and {DATAPOINTS_MAX}."
            )));
        }
    };
    let queries = metric_data_queries.iter().map(Query::parse).collect::<Result<Vec<_>, _>>()?;
    check_ids(&queries)?;
    let listing = format!("GetMetricData:{start_time:?}:{end_time:?}:{scan_by:?}:{metric_data_queries:?}");
    let tokens = cx.page(&listing);
    let begin = next_token.as_deref().map(|token| tokens.open(token).ok().and_then(|bytes| Place::decode(&bytes)));
    let begin = begin.map(|place| place.ok_or(Error::InvalidNextToken)).transpose()?.unwrap_or_default();

    let pending = store::pending(tx, &cx.scope).await?;
    let values = values(cx, tx, &queries, (*start_time, *end_time), &pending).await?;
    let newest_first = scan_by.as_deref() != Some("TimestampAscending");
    let shown = queries.iter().filter(|query| query.shown).map(|query| {
        let series = values.get(query.id).cloned().unwrap_or_default();
        let points: Vec<(i64, f64)> = series.into_iter().collect();
        (query, if newest_first { points.into_iter().rev().collect() } else { points })
    });
    let (results, next) = page(shown.collect(), begin, max);
    let next_token = next.map(|place| tokens.after(&place.encode()));
    Ok(GetMetricDataOutput { metric_data_results: Some(results), next_token })
}

/// One query, read.
struct Query<'a> {
    id: &'a str,
    label: String,
    shown: bool,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Data(&'a MetricStat, Statistic),
    Expression(Expression),
}

impl<'a> Query<'a> {
    fn parse(query: &'a MetricDataQuery) -> Result<Self, Error> {
        let MetricDataQuery { id, metric_stat, expression, label, return_data } = query;
        if !id.starts_with(|c: char| c.is_ascii_lowercase())
            || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return Err(Error::Validation(format!(
                "The value {id} for parameter MetricDataQueries.member.Id is invalid."
            )));
        }
        if label.as_ref().is_some_and(|label| label.contains("${")) {
            return Err(Failure::not_implemented(format!("The dynamic label of {id}")).into());
        }
        let (kind, named) = match (metric_stat, expression) {
            (Some(stat), None) => {
                let name = stat.metric.metric_name.as_deref();
                let name =
                    name.ok_or_else(|| Error::Missing("MetricDataQueries.member.MetricStat.Metric.MetricName".into()))?;
                (Kind::Data(stat, statistic(&stat.stat)?), name)
            }
            (None, Some(text)) => (Kind::Expression(arithmetic(id, text)?), id.as_str()),
            _ => {
                let text = format!("Exactly one of MetricStat and Expression must be specified for the query {id}.");
                return Err(Error::Validation(text));
            }
        };
        let label = label.clone().unwrap_or_else(|| named.to_owned());
        Ok(Self { id, label, shown: return_data.unwrap_or(true), kind })
    }
}

fn statistic(name: &str) -> Result<Statistic, Error> {
    match Statistic::parse(name) {
        Some(Some(statistic)) => Ok(statistic),
        Some(None) => Err(Failure::not_implemented(format!("The statistic {name}")).into()),
        None => Err(Error::Validation(format!("The value {name} for parameter Stat is invalid."))),
    }
}

fn arithmetic(id: &str, text: &str) -> Result<Expression, Error> {
    Expression::parse(text).map_err(|unread| match unread {
        Unread::Absent(what) => Failure::not_implemented(format!("{what} in the expression {id}")).into(),
        Unread::Broken => Error::Validation(format!("Error in expression '{id}': {text} is no expression.")),
    })
}

/// Ids are there once, and expressions know only those in front of them.
fn check_ids(queries: &[Query<'_>]) -> Result<(), Error> {
    if let Some(id) = crate::model::twice(queries.iter().map(|query| query.id)) {
        return Err(Error::Validation(format!("The id {id} is used by more than one query.")));
    }
    for query in queries {
        let Kind::Expression(expression) = &query.kind else { continue };
        let unknown = |id: &&str| !queries.iter().any(|other| other.id == *id && matches!(other.kind, Kind::Data(..)));
        if let Some(unknown) = expression.queries().into_iter().find(unknown) {
            return Err(match queries.iter().any(|other| other.id == unknown) {
                true => {
                    Failure::not_implemented(format!("The expression {unknown} in the expression {}", query.id)).into()
                }
                false => Error::Validation(format!("Error in expression '{}': {unknown} is no query.", query.id)),
            });
        }
    }
    Ok(())
}

/// The values of all queries, by their ids.
async fn values<'a>(
    cx: &Cx,
    tx: &mut Tx,
    queries: &[Query<'a>],
    (start, end): (Timestamp, Timestamp),
    pending: &Pending,
) -> Result<BTreeMap<&'a str, Series>, Error> {
    let mut values = BTreeMap::new();
    for query in queries {
        let Kind::Data(stat, statistic) = &query.kind else { continue };
        values.insert(query.id, series(cx, tx, stat, *statistic, (start, end), pending).await?);
    }
    for query in queries {
        let Kind::Expression(expression) = &query.kind else { continue };
        let of = |id: &str| values.get(id).cloned().map(Value::Series);
        match expression.value(&of) {
            Some(Value::Series(series)) => drop(values.insert(query.id, series)),
            _ => {
                let text = format!("Error in expression '{}': it must have data of at least one metric.", query.id);
                return Err(Error::Validation(text));
            }
        }
    }
    Ok(values)
}

async fn series(
    cx: &Cx,
    tx: &mut Tx,
    stat: &MetricStat,
    statistic: Statistic,
    span: (Timestamp, Timestamp),
    pending: &Pending,
) -> Result<Series, Error> {
    let MetricStat { metric: named, period, stat: _, unit: unit_name } = stat;
    let crate::wire::Metric { namespace, metric_name, dimensions } = named;
    let missing = |member: &str| Error::Missing(format!("MetricDataQueries.member.MetricStat.Metric.{member}"));
    let namespace = namespace.as_deref().ok_or_else(|| missing("Namespace"))?;
    let metric_name = metric_name.as_deref().ok_or_else(|| missing("MetricName"))?;
    let metric = metric(namespace, metric_name, dimensions.as_deref());
    let times = Times::parse(span, *period, cx.now())?;
    let unit = unit_name.as_deref().and_then(|name| unit(Some(name)));
    let mut all: BTreeMap<i64, service::metrics::Summary> = BTreeMap::new();
    for ((at_s, _), summary) in data(cx, tx, &metric, &times, unit, pending).await? {
        all.entry(at_s).or_default().merge(&summary);
    }
    Ok(all.iter().filter_map(|(at_s, summary)| Some((*at_s, statistic.of(summary)?))).collect())
}

/// Where a page ended: the query, and the last of its data points that has been shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    query: u64,
    last_s: Option<i64>,
}

impl Place {
    fn encode(self) -> Vec<u8> {
        format!("{}:{}", self.query, self.last_s.map(|last| last.to_string()).unwrap_or_default()).into_bytes()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (query, last) = std::str::from_utf8(bytes).ok()?.split_once(':')?;
        Some(Self { query: query.parse().ok()?, last_s: last.parse().ok() })
    }
}

type Shown<'q, 'a> = (&'q Query<'a>, Vec<(i64, f64)>);

/// As many data points as a page holds, query by query, and where the next one goes on. The first page names every query,
/// those without data too.
fn page(shown: Vec<Shown<'_, '_>>, begin: Place, max: usize) -> (Vec<MetricDataResult>, Option<Place>) {
    let (mut results, mut room) = (Vec::new(), max);
    for (at, (query, points)) in shown.into_iter().enumerate().skip(usize::try_from(begin.query).unwrap_or(usize::MAX))
    {
        let at = at as u64;
        let last = begin.last_s.filter(|_| at == begin.query);
        let seen = last.and_then(|last| points.iter().position(|(at_s, _)| *at_s == last)).map_or(0, |seen| seen + 1);
        let rest = points.get(seen..).unwrap_or_default();
        let taken = rest.get(..room.min(rest.len())).unwrap_or_default();
        let complete = taken.len() == rest.len();
        if !taken.is_empty() || complete {
            results.push(result(query, taken, complete));
        }
        room -= taken.len();
        if !complete {
            let last_s = taken.last().map(|(at_s, _)| *at_s).or(last);
            return (results, Some(Place { query: at, last_s }));
        }
    }
    (results, None)
}

fn result(query: &Query<'_>, points: &[(i64, f64)], complete: bool) -> MetricDataResult {
    MetricDataResult {
        id: Some(query.id.to_owned()),
        label: Some(query.label.clone()),
        timestamps: Some(points.iter().map(|(at_s, _)| Timestamp::from_ms(at_s.saturating_mul(1000))).collect()),
        values: Some(points.iter().map(|(_, value)| *value).collect()),
        status_code: Some(if complete { "Complete" } else { "PartialData" }.to_owned()),
    }
}
