//! What the server measures of itself: recorded in memory by whoever works, taken by the house that keeps metrics.

mod requests;
mod summary;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{Scope, Timestamp};

pub use requests::{BOUNDS_US, Durations, Request, Requests};
pub use summary::{BUCKETS_MAX, PERCENTILE_ERROR, Summary};

/// Things that are measured at once: twice the functions that a host is meant to hold. Of further ones nothing is kept.
const SUBJECTS_MAX: usize = 20_000;
/// Log lines with metrics in them that wait to be read.
const LINES_MAX: usize = 10_000;
/// The bytes of those lines.
const LINES_BYTES_MAX: usize = 16 * 1024 * 1024;
const MINUTE_MS: i64 = 60_000;

/// What is measured: a function, say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    pub scope: Scope,
    /// `AWS/Lambda`
    pub namespace: &'static str,
    /// The dimension that names it: `FunctionName`.
    pub dimension: &'static str,
    pub name: String,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub metric: &'static str,
    /// As CloudWatch names units.
    pub unit: &'static str,
    pub value: f64,
}

/// What was measured in one minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Minute {
    pub subject: Subject,
    pub metric: &'static str,
    pub unit: &'static str,
    pub begins: Timestamp,
    pub summary: Summary,
}

/// A line of a log that may hold metrics (the embedded metric format).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub scope: Scope,
    pub at: Timestamp,
    pub text: String,
}

/// What a metric came to since the server started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    pub metric: &'static str,
    pub count: f64,
    pub sum: f64,
}

/// A number as it is now, with the labels that tell it from others of its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// What it counts, with the unit last, as Prometheus names things.
    pub name: &'static str,
    pub help: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}

/// Says numbers as they are now. It must not wait.
pub type Gauges = Box<dyn Fn() -> Vec<Gauge> + Send + Sync>;

/// The measurements of a server. Recording takes a short lock and never waits for anything else.
#[derive(Default)]
pub struct Metrics {
    held: Mutex<Held>,
    lines: Mutex<Lines>,
    gauges: Mutex<Vec<Gauges>>,
    pub requests: Requests,
}

#[derive(Default)]
struct Held {
    subjects: HashMap<Subject, HashMap<&'static str, Measured>>,
    active: HashMap<Subject, u32>,
}

#[derive(Default)]
struct Measured {
    unit: &'static str,
    count: f64,
    sum: f64,
    /// What nobody has taken yet, by the minute.
    minutes: BTreeMap<i64, Summary>,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<Line>,
    bytes: usize,
}

/// While it is held, its subject is at work once more.
#[derive(Debug)]
pub struct Active<'a> {
    metrics: &'a Metrics,
    subject: &'a Subject,
    /// How often it is at work now, this time included.
    pub at_once: u32,
}

impl Metrics {
    /// Records measurements of one moment.
    pub fn record(&self, subject: &Subject, at: Timestamp, samples: &[Sample]) {
        let minute = at.as_ms().div_euclid(MINUTE_MS) * MINUTE_MS;
        let mut held = held(&self.held);
        if !held.subjects.contains_key(subject) {
            if SUBJECTS_MAX <= held.subjects.len() {
                return;
            }
            held.subjects.insert(subject.clone(), HashMap::new());
        }
        let Some(measured) = held.subjects.get_mut(subject) else { return };
        for Sample { metric, unit, value } in samples.iter().filter(|sample| sample.value.is_finite()) {
            let measured = measured.entry(metric).or_default();
            measured.unit = unit;
            measured.count += 1.0;
            measured.sum += value;
            measured.minutes.entry(minute).or_default().add(*value);
        }
    }

    /// Counts the subject as at work until the answer is dropped.
    pub fn active<'a>(&'a self, subject: &'a Subject) -> Active<'a> {
        let mut held = held(&self.held);
        let count = held.active.entry(subject.clone()).or_default();
        *count = count.saturating_add(1);
        Active { metrics: self, subject, at_once: *count }
    }

    /// Who is at work now, and how often at once.
    pub fn at_work(&self) -> HashMap<Subject, u32> {
        held(&self.held).active.clone()
    }

    /// Takes what has been recorded and not been taken.
    pub fn take(&self) -> Vec<Minute> {
        let mut taken = Vec::new();
        for (subject, metrics) in &mut held(&self.held).subjects {
            for (metric, measured) in metrics {
                for (begins, summary) in std::mem::take(&mut measured.minutes) {
                    let (subject, unit, begins) = (subject.clone(), measured.unit, Timestamp::from_ms(begins));
                    taken.push(Minute { subject, metric, unit, begins, summary });
                }
            }
        }
        taken
    }

    /// Gives back what was taken and could not be kept.
    pub fn give_back(&self, minutes: Vec<Minute>) {
        let mut held = held(&self.held);
        for Minute { subject, metric, unit, begins, summary } in minutes {
            let measured = held.subjects.entry(subject).or_default().entry(metric).or_default();
            measured.unit = unit;
            measured.minutes.entry(begins.as_ms()).or_default().merge(&summary);
        }
    }

    /// What every metric came to, in no order.
    pub fn totals(&self) -> Vec<(Subject, Vec<Total>)> {
        let held = held(&self.held);
        let total = |(metric, measured): (&&'static str, &Measured)| {
            let Measured { count, sum, .. } = measured;
            Total { metric, count: *count, sum: *sum }
        };
        held.subjects.iter().map(|(subject, metrics)| (subject.clone(), metrics.iter().map(total).collect())).collect()
    }

    /// Keeps a line for whoever reads metrics from it; without room it is lost.
    pub fn line(&self, line: Line) {
        let mut lines = held(&self.lines);
        if lines.waiting.len() < LINES_MAX && lines.bytes + line.text.len() <= LINES_BYTES_MAX {
            lines.bytes += line.text.len();
            lines.waiting.push_back(line);
        }
    }

    /// Takes the lines that wait.
    pub fn take_lines(&self) -> Vec<Line> {
        let Lines { waiting, bytes: _ } = std::mem::take(&mut *held(&self.lines));
        waiting.into()
    }

    /// Asks this for numbers from now on.
    pub fn gauges_of(&self, gauges: Gauges) {
        held(&self.gauges).push(gauges);
    }

    /// All numbers as they are now.
    pub fn gauges(&self) -> Vec<Gauge> {
        held(&self.gauges).iter().flat_map(|gauges| gauges()).collect()
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        let mut held = held(&self.metrics.held);
        let left = held.active.get_mut(self.subject).map(|count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == Some(0) {
            held.active.remove(self.subject);
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    fn subject(name: &str) -> Subject {
        let scope = Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT));
        Subject { scope, namespace: "AWS/Lambda", dimension: "FunctionName", name: name.to_owned() }
    }

    fn sample(value: f64) -> Sample {
        Sample { metric: "Duration", unit: "Milliseconds", value }
    }

    #[test]
    fn minutes_are_taken_once_and_totals_stay() {
        let (metrics, a) = (Metrics::default(), subject("a"));
        for (ms, value) in [(0, 1.0), (59_999, 2.0), (60_000, 4.0), (60_001, f64::NAN)] {
            metrics.record(&a, Timestamp::from_ms(ms), &[sample(value)]);
        }
        let taken = metrics.take();
        let shown: Vec<_> = taken.iter().map(|m| (m.begins.as_ms(), m.summary.count, m.summary.sum)).collect();
        assert_eq!(shown, [(0, 2.0, 3.0), (60_000, 1.0, 4.0)]);
        assert!(metrics.take().is_empty());
        metrics.give_back(taken);
        assert_eq!(metrics.take().len(), 2);
        assert_eq!(metrics.totals(), [(a, vec![Total { metric: "Duration", count: 3.0, sum: 7.0 }])]);
    }

    #[test]
    fn who_is_at_work_is_counted() {
        let (metrics, a) = (Metrics::default(), subject("a"));
        let first = metrics.active(&a);
        assert_eq!((first.at_once, metrics.active(&a).at_once), (1, 2));
        drop(first);
        assert!(held(&metrics.held).active.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let metrics = Metrics::default();
        (0..SUBJECTS_MAX + 10)
            .for_each(|n| metrics.record(&subject(&n.to_string()), Timestamp::default(), &[sample(1.0)]));
        assert_eq!(metrics.take().len(), SUBJECTS_MAX);
        let line = Line { scope: subject("a").scope, at: Timestamp::default(), text: "x".repeat(1024 * 1024) };
        (0..20).for_each(|_| metrics.line(line.clone()));
        assert_eq!((metrics.take_lines().len(), metrics.take_lines().len()), (16, 0));
    }
}
