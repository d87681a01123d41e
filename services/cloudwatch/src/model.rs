//! Metrics, their data, and how long these are kept.

use std::collections::{BTreeMap, BTreeSet};

use base::{Account, Region, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use service::metrics::Summary;
use sha2::{Digest, Sha256};

use crate::engine::bytes::{Reader, Writer};

/// Units as data is stored with them, by place: a new one goes to the end. They are the model's.
pub(crate) const UNITS: [&str; 27] = [
    "None",
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
];

pub(crate) const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// Metrics without data for two weeks are not listed (docs).
pub(crate) const LISTED_S: i64 = 14 * DAY_S;

/// What is kept of a metric, and how long: seconds for 3 hours (of metrics that ask for them), minutes for 15 days, five minutes
/// for 63 days, hours for 455 days (docs). The coarser rows are written along with the finer ones.
pub(crate) const RESOLUTIONS: [Resolution; 4] = [
    Resolution { step_s: 1, kept_s: 3 * HOUR_S },
    Resolution { step_s: MINUTE_S, kept_s: 15 * DAY_S },
    Resolution { step_s: 5 * MINUTE_S, kept_s: 63 * DAY_S },
    Resolution { step_s: HOUR_S, kept_s: 455 * DAY_S },
];

/// How finely time is divided, and how long such rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolution {
    pub step_s: i64,
    pub kept_s: i64,
}

impl Resolution {
    /// The beginning of the step that a moment is in.
    pub fn floor(self, at_s: i64) -> i64 {
        at_s.div_euclid(self.step_s) * self.step_s
    }

    /// The coarsest rows that periods of this length from this moment are made of.
    pub fn serving(period_s: i64, start_s: i64) -> Self {
        let [seconds, ..] = RESOLUTIONS;
        let fits = |r: &&Self| period_s % r.step_s == 0 && start_s % r.step_s == 0;
        RESOLUTIONS.iter().rev().find(fits).copied().unwrap_or(seconds)
    }

    /// The beginning of a request's first period: rounded down the more the longer ago it is (docs).
    pub fn start_of(start: Timestamp, period_s: i64, now: Timestamp) -> i64 {
        let [_, minutes, fives, hours] = RESOLUTIONS;
        let start_s = start.as_seconds();
        match now.as_seconds() - start_s {
            age if fives.kept_s < age => hours.floor(start_s),
            age if minutes.kept_s < age => fives.floor(start_s),
            _ if period_s < MINUTE_S => start_s.div_euclid(period_s) * period_s,
            _ => minutes.floor(start_s),
        }
    }
}

/// A metric: its name, and the dimensions in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Metric {
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
}

/// What stands for a metric in the keys of its rows.
pub(crate) type Id = [u8; 32];

impl Metric {
    pub fn id(&self, scope: &Scope) -> Id {
        let mut writer = Writer::default();
        let parts = [scope.account.as_str(), scope.region.as_str(), &self.namespace, &self.name];
        parts.into_iter().for_each(|text| writer.text(text));
        for (name, value) in &self.dimensions {
            writer.text(name);
            writer.text(value);
        }
        Sha256::digest(writer.finish()).into()
    }
}

/// What is remembered of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MetricRecord {
    V1(Known),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub metric: Metric,
    /// The minute of its latest data.
    pub last: Timestamp,
}

/// Data of one metric and unit, of one minute or, where it asks for them, of one second.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Datum {
    pub metric: Metric,
    /// A place in `UNITS`.
    pub unit: u8,
    /// In seconds: where a step of its resolution begins.
    pub at_s: i64,
    pub detail: Detail,
    pub summary: Summary,
}

/// What AWS calls the storage resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    Seconds,
    Minutes,
}

impl Datum {
    /// The resolutions that it has rows of.
    pub fn resolutions(&self) -> impl Iterator<Item = Resolution> + use<> {
        let skipped = if self.detail == Detail::Seconds { 0 } else { 1 };
        RESOLUTIONS.into_iter().skip(skipped)
    }
}

/// What one request put, as the log keeps it until it has been merged into rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub scope: Scope,
    pub data: Vec<Datum>,
}

impl Batch {
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::versioned();
        writer.text(self.scope.account.as_str());
        writer.text(self.scope.region.as_str());
        for Datum { metric, unit, at_s, detail, summary } in &self.data {
            writer.text(&metric.namespace);
            writer.text(&metric.name);
            writer.number(metric.dimensions.len() as u64);
            for (name, value) in &metric.dimensions {
                writer.text(name);
                writer.text(value);
            }
            writer.number(u64::from(*unit));
            writer.signed(*at_s);
            writer.number(u64::from(*detail == Detail::Seconds));
            writer.summary(summary);
        }
        writer.finish()
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::versioned(bytes)?;
        let scope = Scope::new(Account::from(reader.text()?), Region::from(reader.text()?));
        let mut data = Vec::new();
        while !reader.is_empty() {
            let (namespace, name) = (reader.text()?.to_owned(), reader.text()?.to_owned());
            let mut dimensions = BTreeMap::new();
            for _ in 0..reader.number()? {
                dimensions.insert(reader.text()?.to_owned(), reader.text()?.to_owned());
            }
            let metric = Metric { namespace, name, dimensions };
            let (unit, at_s) = (u8::try_from(reader.number()?).ok()?, reader.signed()?);
            let detail = if reader.number()? == 0 { Detail::Minutes } else { Detail::Seconds };
            data.push(Datum { metric, unit, at_s, detail, summary: reader.summary()? });
        }
        Some(Self { scope, data })
    }

    /// Data of one metric, unit and moment as one.
    pub fn of(scope: Scope, data: impl IntoIterator<Item = Datum>) -> Self {
        let mut merged: BTreeMap<(Metric, u8, i64, Detail), Summary> = BTreeMap::new();
        for Datum { metric, unit, at_s, detail, summary } in data {
            merged.entry((metric, unit, at_s, detail)).or_default().merge(&summary);
        }
        let datum = |((metric, unit, at_s, detail), summary)| Datum { metric, unit, at_s, detail, summary };
        Self { scope, data: merged.into_iter().map(datum).collect() }
    }
}

/// The place of a unit.
pub(crate) fn unit(name: Option<&str>) -> Option<u8> {
    let name = name.unwrap_or("None");
    UNITS.iter().position(|unit| *unit == name).and_then(|place| u8::try_from(place).ok())
}

/// The unit at a place.
pub(crate) fn unit_name(place: u8) -> &'static str {
    UNITS.get(usize::from(place)).copied().unwrap_or("None")
}

/// What a request asks of data: a statistic, or a percentile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// A part of all values, 0 to 1.
    Percentile(f64),
}

/// Statistics that AWS has and nobody computes here.
const ABSENT: &[&str] = &["tm", "wm", "tc", "ts", "pr", "iqm", "TM", "WM", "TC", "TS", "PR", "IQM"];

impl Statistic {
    /// `None`: there is no such statistic; an inner `None`: AWS has it.
    pub fn parse(text: &str) -> Option<Option<Self>> {
        Some(Some(match text {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            other => match other.strip_prefix('p').and_then(percent) {
                Some(part) => Self::Percentile(part),
                None if ABSENT.iter().any(|known| other.starts_with(known)) => return Some(None),
                None => return None,
            },
        }))
    }

    pub fn of(self, summary: &Summary) -> Option<f64> {
        Some(match self {
            Self::SampleCount => summary.count,
            Self::Average => summary.average(),
            Self::Sum => summary.sum,
            Self::Minimum => summary.min,
            Self::Maximum => summary.max,
            Self::Percentile(part) => return summary.quantile(part),
        })
    }
}

/// `99.9`: digits and a point, up to 100.
fn percent(text: &str) -> Option<f64> {
    let digits =
        text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.starts_with(|c: char| c.is_ascii_digit());
    let percent: f64 = text.parse().ok().filter(|_| digits)?;
    (percent <= 100.0).then_some(percent / 100.0)
}

/// The names of the dimensions that are there twice.
pub(crate) fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datum(at_s: i64, detail: Detail, value: f64) -> Datum {
        let dimensions = BTreeMap::from([("host".to_owned(), "a".to_owned())]);
        let metric = Metric { namespace: "App".into(), name: "Latency".into(), dimensions };
        Datum { metric, unit: 3, at_s, detail, summary: Summary::of(value, 2.0) }
    }

    fn scope() -> Scope {
        Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT))
    }

    const BATCH: &[u8] = include_bytes!("../tests/golden/batch_v1.bin");

    fn golden() -> Batch {
        Batch::of(scope(), [datum(60, Detail::Minutes, 1.5), datum(61, Detail::Seconds, -2.0)])
    }

    #[test]
    fn batches_come_back() {
        assert_eq!(Batch::decode(&golden().encode()), Some(golden()));
        assert_eq!(Batch::decode(BATCH), Some(golden()), "batches of older stores are read");
        assert_eq!(Batch::decode(&BATCH[..BATCH.len() - 1]), None);
    }

    #[test]
    fn metrics_of_older_stores_are_read() {
        let MetricRecord::V1(known) = serde_json::from_str(include_str!("../tests/golden/metric_v1.json")).unwrap();
        let metric = datum(0, Detail::Minutes, 0.0).metric;
        assert_eq!(known, Known { metric, last: Timestamp::from_ms(60_000) });
    }

    #[test]
    fn equal_data_is_one() {
        let batch = Batch::of(scope(), [1.0, 2.0, 3.0].map(|value| datum(60, Detail::Minutes, value)));
        assert_eq!(batch.data.len(), 1);
        assert_eq!(batch.data[0].summary.sum, 12.0);
    }

    #[test]
    fn the_coarsest_rows_that_fit_serve() {
        let step = |period, start| Resolution::serving(period, start).step_s;
        assert_eq!([step(60, 0), step(300, 0), step(300, 60), step(7200, 3600), step(10, 0)], [60, 300, 60, 3600, 1]);
    }

    #[test]
    fn old_starts_are_rounded() {
        let start = |age_s: i64, period| {
            let now = Timestamp::from_ms(1_000_000_000_000);
            let start = now.plus_seconds(-age_s);
            start.as_seconds() - Resolution::start_of(start, period, now)
        };
        assert_eq!([start(5, 10), start(5, 60), start(16 * DAY_S, 60), start(64 * DAY_S, 60)], [5, 35, 100, 2800]);
    }

    #[test]
    fn statistics_have_names() {
        let parse = |text: &str| Statistic::parse(text);
        assert_eq!(parse("Sum"), Some(Some(Statistic::Sum)));
        assert_eq!(parse("p99.9"), Some(Some(Statistic::Percentile(0.9990000000000001))));
        assert_eq!(parse("p100"), Some(Some(Statistic::Percentile(1.0))));
        assert_eq!(parse("tm90"), Some(None));
        for text in ["", "p", "p101", "p-1", "pinf", "p.5", "p1e1", "Median", "sum"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn metrics_with_other_parts_have_other_ids() {
        let one = datum(0, Detail::Minutes, 0.0).metric;
        let other = Metric { namespace: "AppL".into(), name: "atency".into(), ..one.clone() };
        assert_ne!(one.id(&scope()), other.id(&scope()));
    }
}
