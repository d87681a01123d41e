//! The platform's own lines in a function's log, as Lambda writes them. Pure.

use base::Timestamp;
use exec::{Ended, Outcome, Runtime};
use serde_json::Value;

const MIB: u64 = 1024 * 1024;

/// `INIT_START`, where a function runs on another version than its own.
pub(crate) fn init_start(runtime: &Runtime, asked: &str) -> String {
    let Runtime { name, version, .. } = runtime;
    let language: String = name.chars().take_while(char::is_ascii_alphabetic).collect();
    format!("INIT_START Runtime Version: {language}:{version}\tthe nearest to {asked} on this host")
}

/// `START`, before the function's own lines.
pub(crate) fn start(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}")
}

/// The lines behind the function's own: why it died, if it did, `END` and `REPORT`.
pub(crate) fn end(request_id: &str, outcome: &Outcome, memory_mb: u32, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    match &outcome.ended {
        Ended::Response(_) | Ended::FunctionError { .. } | Ended::InitError { .. } => (),
        Ended::Timeout { after } | Ended::InitTimeout { after } => {
            let (at, after) = (now.iso8601_ms(), after.as_secs_f64());
            lines.push(format!("{at} {request_id} Task timed out after {after:.2} seconds\n"));
        }
        Ended::Exited { .. } | Ended::Fault { .. } => {
            let document: Value = serde_json::from_slice(&outcome.ended.payload(request_id)).unwrap_or_default();
            lines.extend(document.get("errorMessage").and_then(Value::as_str).map(str::to_owned));
            lines.extend(outcome.ended.error_type().map(str::to_owned));
        }
    }
    lines.push(format!("END RequestId: {request_id}"));
    lines.push(report(request_id, outcome, memory_mb));
    lines
}

/// Loading the code is billed like running it, each millisecond begun.
pub(crate) fn billed_ms(outcome: &Outcome) -> u64 {
    let all = outcome.duration + outcome.init.map(|init| init.duration).unwrap_or_default();
    u64::try_from(all.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

fn report(request_id: &str, outcome: &Outcome, memory_mb: u32) -> String {
    let milliseconds = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    let duration = milliseconds(outcome.duration);
    let init = outcome.init.map(|init| milliseconds(init.duration));
    let billed = billed_ms(outcome);
    let used = outcome.memory_max_bytes.div_ceil(MIB);
    let mut line = format!(
        "REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\t\
         Memory Size: {memory_mb} MB\tMax Memory Used: {used} MB\t"
    );
    if let Some(init) = init {
        line.push_str(&format!("Init Duration: {init:.2} ms\t"));
    }
    match (&outcome.ended, outcome.ended.error_type()) {
        (Ended::Timeout { .. } | Ended::InitTimeout { .. }, _) => line.push_str("Status: timeout"),
        (Ended::Response(_) | Ended::FunctionError { .. }, _) | (_, None) => (),
        (_, Some(error_type)) => line.push_str(&format!("Status: error\tError Type: {error_type}")),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_named() {
        for (name, version, asked, expected) in [
            ("nodejs20.x", "20.20.2", "nodejs24.x", "nodejs:20.20.2\tthe nearest to nodejs24.x on this host"),
            ("python3.11", "3.11.2", "python3.9", "python:3.11.2\tthe nearest to python3.9 on this host"),
        ] {
            let runtime = Runtime {
                name: name.into(),
                family: exec::RuntimeFamily::of(name).unwrap(),
                version: version.into(),
                interpreter: Default::default(),
                base_prefix: Default::default(),
            };
            assert_eq!(init_start(&runtime, asked), format!("INIT_START Runtime Version: {expected}"));
        }
    }
    use bytes::Bytes;
    use exec::Init;
    use std::time::Duration;

    fn check(ended: Ended, init_ms: Option<u64>, expected: &[&str]) {
        let init = init_ms.map(|ms| Init { duration: Duration::from_millis(ms) });
        let outcome = Outcome { ended, init, duration: Duration::from_micros(95_780), memory_max_bytes: 39 * MIB - 1 };
        assert_eq!(end("r-1", &outcome, 512, Timestamp::from_ms(0)), expected);
    }

    const REPORT: &str = "REPORT RequestId: r-1\tDuration: 95.78 ms\tBilled Duration: 96 ms\tMemory Size: 512 MB\tMax Memory Used: 39 MB\t";

    #[test]
    fn every_end_has_its_lines() {
        check(Ended::Response(Bytes::new()), None, &["END RequestId: r-1", REPORT]);
        let with_init = REPORT.replace("Billed Duration: 96", "Billed Duration: 116") + "Init Duration: 20.00 ms\t";
        check(Ended::Response(Bytes::new()), Some(20), &["END RequestId: r-1", &with_init]);
        check(
            Ended::Timeout { after: Duration::from_secs(3) },
            None,
            &[
                "1970-01-01T00:00:00.000Z r-1 Task timed out after 3.00 seconds\n",
                "END RequestId: r-1",
                &format!("{REPORT}Status: timeout"),
            ],
        );
        check(
            Ended::Exited { status: Some(1), signal: None, out_of_memory: false },
            None,
            &[
                "RequestId: r-1 Error: Runtime exited with error: exit status 1",
                "Runtime.ExitError",
                "END RequestId: r-1",
                &format!("{REPORT}Status: error\tError Type: Runtime.ExitError"),
            ],
        );
    }
}
