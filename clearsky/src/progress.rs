//! How far a backup or a restore has come, for people: on standard error, now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use backup::Frame;
use kv::Item;

/// Between two lines.
const EVERY: Duration = Duration::from_secs(1);

/// Counts frames.
pub struct Progress {
    verb: &'static str,
    rows: u64,
    records: u64,
    bodies: u64,
    body_bytes: u64,
    shown: Instant,
    on_terminal: bool,
}

impl Progress {
    pub fn new(verb: &'static str) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        Self { verb, rows: 0, records: 0, bodies: 0, body_bytes: 0, shown: Instant::now(), on_terminal }
    }

    /// Counts one more.
    pub fn see(&mut self, frame: &Frame) {
        match frame {
            Frame::Item(Item::Row(..)) => self.rows += 1,
            Frame::Item(Item::Record(..) | Item::Timer(..)) => self.records += 1,
            Frame::Body(..) => self.bodies += 1,
            Frame::Chunk(bytes) => self.body_bytes += bytes.len() as u64,
            Frame::Head(_) | Frame::Item(Item::Log { .. }) => (),
        }
        if EVERY <= self.shown.elapsed() {
            self.shown = Instant::now();
            let (start, end) = if self.on_terminal { ("\r", "") } else { ("", "\n") };
            eprint!("{start}{}{end}", self.text());
        }
    }

    /// The last line.
    pub fn end(&self) {
        let start = if self.on_terminal { "\r" } else { "" };
        eprintln!("{start}{}", self.text());
    }

    fn text(&self) -> String {
        let Self { verb, rows, records, bodies, body_bytes, .. } = self;
        let megabytes = *body_bytes as f64 / 1e6;
        format!("{verb} {rows} rows, {records} records, {bodies} bodies of {megabytes:.1} MB")
    }
}
