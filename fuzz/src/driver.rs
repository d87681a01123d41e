//! One target, driven in this process.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::mutate::mutate;
use crate::random::Random;
use crate::targets::Target;
use crate::{minimise, seeds};

/// What a target may hold whatever the input: tables and caches that are made once.
const MEMORY_BYTES_BASE: usize = 4 * 1024 * 1024;
/// What an input of 64 KiB may take, unoptimised and on a busy machine; the quadratic takes minutes.
const SLOWEST: Duration = Duration::from_secs(5);
/// So many inputs are kept to be mutated further.
const CORPUS_MAX: usize = 8192;

/// How much memory is held, and how to ask: the program has the allocator.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub current: fn() -> usize,
    pub peak: fn() -> usize,
    pub reset: fn(),
}

/// What a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub seconds: u64,
    pub seed: u64,
    pub memory: Memory,
}

/// What a run says of itself.
#[derive(Debug)]
pub struct Report {
    pub inputs: u64,
    pub classes: usize,
    /// The most memory that an input held, for each of its bytes (inputs of 1 KiB and more).
    pub bytes_per_byte: usize,
    pub slowest: Duration,
    /// An input that failed, and why.
    pub failure: Option<(Vec<u8>, String)>,
}

/// Drives a target until the time is over or an input fails. With `trace`, each input is written there first, so that one
/// that ends the process can be found.
pub fn drive(target: &Target, settings: &Settings, trace: Option<&Path>) -> anyhow::Result<Report> {
    let mut corpus = seeds::corpus(target);
    let tokens = seeds::tokens(&corpus);
    let mut random = Random::new(settings.seed);
    let mut trace = trace.map(File::create).transpose().context("the trace")?;
    let mut seen = HashSet::new();
    let mut report = Report { inputs: 0, classes: 0, bytes_per_byte: 0, slowest: Duration::ZERO, failure: None };
    let end = Instant::now() + Duration::from_secs(settings.seconds);
    let seeded = corpus.len();
    while Instant::now() < end {
        let at = usize::try_from(report.inputs).unwrap_or(usize::MAX);
        let input = match corpus.get(at).filter(|_| at < seeded) {
            Some(seed) => seed.clone(),
            None => mutate(&mut random, &corpus, &tokens),
        };
        if let Some(file) = &mut trace {
            record(file, &input)?;
        }
        report.inputs += 1;
        match run(target, &input, settings.memory) {
            Err(why) => {
                let small = minimise::minimise(&input, |input| run(target, input, settings.memory).is_err());
                report.failure = Some((small, why));
                break;
            }
            Ok(ran) => {
                report.slowest = report.slowest.max(ran.took);
                if 1024 <= input.len() {
                    report.bytes_per_byte = report.bytes_per_byte.max(ran.held_bytes / input.len());
                }
                if seen.insert(ran.class) && corpus.len() < CORPUS_MAX && seeded <= at {
                    corpus.push(input);
                }
            }
        }
    }
    report.classes = seen.len();
    Ok(report)
}

fn record(file: &mut File, input: &[u8]) -> anyhow::Result<()> {
    file.rewind()?;
    file.write_all(input)?;
    file.set_len(input.len() as u64)?;
    Ok(())
}

/// What an input did.
#[derive(Debug)]
pub struct Ran {
    class: u64,
    held_bytes: usize,
    took: Duration,
}

/// Where the last panic was: the hook has it, `catch_unwind` does not.
static PANICKED: Mutex<String> = Mutex::new(String::new());

/// Keeps panics from the terminal.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut said) = PANICKED.lock() {
            *said = panic.to_string();
        }
    }));
}

/// One input. The text says why it fails: a panic, too much memory, too long.
pub fn run(target: &Target, input: &[u8], memory: Memory) -> Result<Ran, String> {
    let before = (memory.current)();
    (memory.reset)();
    let started = Instant::now();
    let class = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = started.elapsed();
    let held_bytes = (memory.peak)().saturating_sub(before);
    let Ok(class) = class else {
        return Err(PANICKED.lock().map(|said| said.clone()).unwrap_or_default());
    };
    let most = MEMORY_BYTES_BASE + target.bytes_per_byte * input.len();
    if most < held_bytes {
        return Err(format!("{} bytes of input held {held_bytes} bytes, at most {most}", input.len()));
    }
    if SLOWEST < took && SLOWEST < again(target, input) {
        return Err(format!("{} bytes of input took {took:?}", input.len()));
    }
    Ok(Ran { class, held_bytes, took })
}

/// The machine may have been busy.
fn again(target: &Target, input: &[u8]) -> Duration {
    let started = Instant::now();
    let _ = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    started.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Memory = Memory { current: || 0, peak: || 0, reset: || () };

    fn target(run: fn(&[u8]) -> u64) -> Target {
        Target { name: "none", run, seeds: || vec![b"aaaa".to_vec()], bytes_per_byte: 0 }
    }

    #[test]
    fn a_panic_is_found_and_made_small() {
        let bad = target(|data| {
            if data.contains(&b'#') {
                // A panic that no hook prints.
                std::panic::resume_unwind(Box::new("a hash"));
            }
            data.len() as u64
        });
        let report = drive(&bad, &Settings { seconds: 20, seed: 1, memory: NOTHING }, None).unwrap();
        assert_eq!(report.failure.unwrap().0, b"#");
    }

    #[test]
    fn memory_is_bounded() {
        let greedy = Memory { current: || 0, peak: || usize::MAX, reset: || () };
        assert!(run(&target(|_| 0), b"a", NOTHING).is_ok());
        assert!(run(&target(|_| 0), b"a", greedy).unwrap_err().contains("held"));
    }
}
