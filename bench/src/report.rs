//! The result: a table for people, JSON for programs.

use std::time::Duration;

use serde::Serialize;

use crate::load::Window;

/// Everything that a run found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub endpoint: String,
    pub boot_ms: Option<f64>,
    pub idle_memory_mb: Option<f64>,
    /// With the processes that the server has started.
    pub idle_memory_of_all_mb: Option<f64>,
    pub lines: Vec<Line>,
}

/// One row.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Line {
    pub what: String,
    pub clients: usize,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    /// Of a row that moves 50 MB at a time.
    pub megabytes_per_second: Option<f64>,
    pub failures: u64,
    /// What the ratio compares with.
    pub against: Option<String>,
    pub ratio: Option<f64>,
}

impl Line {
    /// Of several windows: the median rate, and the latencies of all.
    pub fn of(what: &str, clients: usize, windows: &[Window]) -> Self {
        let rates = windows.iter().map(Window::per_second).collect();
        let latencies: Vec<Duration> = windows.iter().flat_map(|window| window.latencies.iter().copied()).collect();
        let failures = windows.iter().map(|window| window.failures).sum();
        Self { per_second: median(rates), failures, ..Self::of_times(what, clients, latencies) }
    }

    /// Of single measurements, one after the other.
    pub fn of_times(what: &str, clients: usize, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: f64| {
            let index = ((times.len() as f64 * part).ceil() as usize).saturating_sub(1);
            times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
        };
        let total: Duration = times.iter().sum();
        let per_second = times.len() as f64 / total.as_secs_f64().max(f64::EPSILON);
        let (p50_ms, p95_ms, p99_ms) = (at(0.5), at(0.95), at(0.99));
        Self { what: what.into(), clients, per_second, p50_ms, p95_ms, p99_ms, ..Self::default() }
    }

    pub fn against(self, what: &str, ratio: f64) -> Self {
        Self { against: Some(what.to_owned()), ratio: Some(ratio), ..self }
    }
}

/// The middle one; the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => f64::NAN,
    }
}

impl Report {
    pub fn print(&self) {
        println!("endpoint {}", self.endpoint);
        if let Some(boot) = self.boot_ms {
            println!("boot to first answer {boot:.0} ms");
        }
        if let (Some(own), Some(all)) = (self.idle_memory_mb, self.idle_memory_of_all_mb) {
            println!("idle memory {own:.1} MB, with its processes {all:.1} MB");
        }
        println!();
        let head = ["what", "clients", "per s", "p50 ms", "p95 ms", "p99 ms", "ratio", "of"];
        let [what, clients, rate, p50, p95, p99, ratio, of] = head;
        println!("{what:<34} {clients:>7} {rate:>9} {p50:>8} {p95:>8} {p99:>8} {ratio:>6}  {of}");
        for line in &self.lines {
            let rate = line.megabytes_per_second.map_or(format!("{:.0}", line.per_second), |mb| format!("{mb:.0}MB"));
            let ratio = line.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
            let of = line.against.as_deref().unwrap_or("");
            let failed = if line.failures > 0 { format!("  ({} FAILED)", line.failures) } else { String::new() };
            let Line { what, clients, p50_ms, p95_ms, p99_ms, .. } = line;
            println!(
                "{what:<34} {clients:>7} {rate:>9} {p50_ms:>8.2} {p95_ms:>8.2} {p99_ms:>8.2} {ratio:>6}  {of}{failed}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_samples() {
        let times = (1..=100).rev().map(Duration::from_millis).collect();
        let line = Line::of_times("x", 1, times);
        assert_eq!((line.p50_ms, line.p95_ms, line.p99_ms), (50.0, 95.0, 99.0));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }
}
