//! What is measured of each invocation, under the names that CloudWatch has for it where it has one.

use std::sync::Arc;

use exec::Outcome;
use service::Platform;
use service::metrics::{Gauge, Sample, Subject};

use crate::engine::{ENVIRONMENTS_MAX, Finished, Functions, Job, report};
use crate::errors::Error;
use crate::names::Target;
use crate::wire::errors;

const MIB: f64 = 1024.0 * 1024.0;

impl Functions {
    /// Serves a request and records what came of it.
    pub(crate) async fn measured(&self, platform: &Arc<Platform>, job: Job) -> Result<Finished, Error> {
        let (subject, memory_mb) = (subject(&job.target), job.function.memory_mb);
        let active = platform.metrics.active(&subject);
        let served = self.serve(platform, job).await;
        let samples = match &served {
            Ok(finished) => ran(&finished.outcome, memory_mb, active.at_once),
            Err(Error::Failed(failure)) if failure.facts == errors::TOO_MANY_REQUESTS_EXCEPTION => {
                vec![count("Throttles", 1.0)]
            }
            Err(_) => Vec::new(),
        };
        platform.metrics.record(&subject, platform.clock.now(), &samples);
        served
    }

    /// What waits and what is there, as numbers.
    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        let environments = ENVIRONMENTS_MAX.saturating_sub(self.room.available_permits());
        let mut gauges = vec![Gauge {
            name: "clearsky_function_environments",
            help: "Environments of functions, busy and idle.",
            labels: Vec::new(),
            value: environments as f64,
        }];
        gauges.extend(self.blanks().ready().into_iter().map(|(runtime, ready)| Gauge {
            name: "clearsky_pool_blanks",
            help: "Interpreters booted ahead that wait for code.",
            labels: vec![("runtime", runtime)],
            value: ready as f64,
        }));
        gauges
    }
}

fn subject(target: &Target) -> Subject {
    let (scope, name) = (target.scope.clone(), target.name.clone());
    Subject { scope, namespace: "AWS/Lambda", dimension: "FunctionName", name }
}

const fn count(metric: &'static str, value: f64) -> Sample {
    Sample { metric, unit: "Count", value }
}

/// What an invocation was. Errors, throttles and cold starts are recorded where there were none, too, so that their averages
/// are rates.
fn ran(outcome: &Outcome, memory_mb: u32, at_once: u32) -> Vec<Sample> {
    let flag = |is_so: bool| if is_so { 1.0 } else { 0.0 };
    let milliseconds = |metric, value| Sample { metric, unit: "Milliseconds", value };
    let billed_ms = report::billed_ms(outcome) as f64;
    let mut samples = vec![
        count("Invocations", 1.0),
        count("Errors", flag(outcome.ended.error_type().is_some())),
        count("Throttles", 0.0),
        count("ColdStarts", flag(outcome.init.is_some())),
        count("ConcurrentExecutions", f64::from(at_once)),
        milliseconds("Duration", outcome.duration.as_secs_f64() * 1e3),
        milliseconds("BilledMilliseconds", billed_ms),
        Sample { metric: "MemoryUsed", unit: "Megabytes", value: outcome.memory_max_bytes as f64 / MIB },
        Sample { metric: "GBSeconds", unit: "None", value: f64::from(memory_mb) / 1024.0 * billed_ms / 1e3 },
    ];
    samples.extend(outcome.init.map(|init| milliseconds("InitDuration", init.duration.as_secs_f64() * 1e3)));
    samples
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use exec::{Ended, Init};

    use super::*;

    fn shown(ended: Ended, init: Option<u64>) -> Vec<(&'static str, f64)> {
        let init = init.map(|ms| Init { duration: Duration::from_millis(ms) });
        let outcome = Outcome { ended, init, duration: Duration::from_millis(100), memory_max_bytes: 32 * 1024 * 1024 };
        ran(&outcome, 512, 2).into_iter().map(|sample| (sample.metric, sample.value)).collect()
    }

    #[test]
    fn every_invocation_has_its_numbers() {
        let warm = shown(Ended::Response(Bytes::new()), None);
        for sample in [
            ("Invocations", 1.0),
            ("Errors", 0.0),
            ("ColdStarts", 0.0),
            ("ConcurrentExecutions", 2.0),
            ("Duration", 100.0),
            ("BilledMilliseconds", 100.0),
            ("MemoryUsed", 32.0),
            ("GBSeconds", 0.05),
        ] {
            assert!(warm.contains(&sample), "{sample:?} is not among {warm:?}");
        }
        let cold = shown(Ended::Exited { status: Some(1), signal: None, out_of_memory: false }, Some(20));
        for sample in [("Errors", 1.0), ("ColdStarts", 1.0), ("InitDuration", 20.0), ("BilledMilliseconds", 120.0)] {
            assert!(cold.contains(&sample), "{sample:?} is not among {cold:?}");
        }
    }
}
