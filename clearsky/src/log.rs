//! The log on standard error: lines gather for a moment and go out together, one system call for many requests.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others.
const GATHERS: Duration = Duration::from_millis(5);
/// Beyond this, whoever logs writes: lines are never dropped and never pile up.
const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// Starts the log. What is gathered is written when the guard is dropped.
pub fn start(filter: &str) -> anyhow::Result<Guard> {
    // The store's own chatter is for those who ask for it.
    let filter =
        EnvFilter::try_new(format!("fjall=warn,lsm_tree=warn,{filter}")).with_context(|| format!("--log {filter}"))?;
    let colours = io::stderr().is_terminal();
    let lines = Lines::default();
    let writer = lines.clone();
    std::thread::Builder::new().name("log".into()).spawn(move || writer.write_as_they_come())?;
    let guard = Guard(lines.clone());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines).with_ansi(colours).init();
    Ok(guard)
}

/// Writes what is left of the log when it is dropped.
pub struct Guard(Lines);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Lines on their way to standard error.
#[derive(Clone, Default)]
struct Lines(Arc<Gathering>);

#[derive(Default)]
struct Gathering {
    lines: Mutex<Vec<u8>>,
    first: Condvar,
}

impl Lines {
    fn add(&self, line: &[u8]) {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            self.0.first.notify_one();
        }
        lines.extend_from_slice(line);
        if GATHERED_BYTES_MAX < lines.len() {
            emit(&mut lines);
        }
    }

    fn flush(&self) {
        emit(&mut self.0.lines.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn write_as_they_come(&self) {
        loop {
            let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.0.first.wait_while(lines, |lines| lines.is_empty()));
            std::thread::sleep(GATHERS);
            self.flush();
        }
    }
}

/// Where standard error is gone there is nobody to tell.
fn emit(lines: &mut Vec<u8>) {
    let _ = io::stderr().write_all(lines);
    lines.clear();
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// The subscriber writes each line at once.
struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
