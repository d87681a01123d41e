//! Where the lines of one invocation go: to its log stream, and the last ones to its caller.

use std::sync::Arc;

use base::Clock;
use exec::{Sink, Stream};

use crate::engine::logs::{LogStream, Logs};

/// The last 4 KB of the log come with the answer (docs: LogType Tail).
const TAIL_BYTES_MAX: usize = 4096;

/// Takes the lines of one invocation.
pub(crate) struct Lines<'a> {
    logs: &'a Logs,
    stream: Arc<LogStream>,
    clock: Arc<dyn Clock>,
    tail: String,
}

impl<'a> Lines<'a> {
    pub fn new(logs: &'a Logs, stream: Arc<LogStream>, clock: Arc<dyn Clock>) -> Self {
        Self { logs, stream, clock, tail: String::new() }
    }

    /// A line of the platform's own.
    pub fn platform(&mut self, line: &str) {
        self.add(line);
    }

    /// The last lines, each with its line break.
    pub fn into_tail(mut self) -> String {
        cut(&mut self.tail);
        self.tail
    }

    fn add(&mut self, line: &str) {
        self.tail.push_str(line);
        self.tail.push('\n');
        if self.tail.len() > 4 * TAIL_BYTES_MAX {
            cut(&mut self.tail);
        }
        self.logs.add(&self.stream, self.clock.now(), line);
    }
}

impl Sink for Lines<'_> {
    fn line(&mut self, _: Stream, line: &[u8]) {
        self.add(&String::from_utf8_lossy(line));
    }
}

/// Keeps the last bytes, whole characters only.
fn cut(text: &mut String) {
    let mut at = text.len().saturating_sub(TAIL_BYTES_MAX);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    text.drain(..at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_4_kb_in_whole_characters() {
        let mut text = "é".repeat(3000);
        cut(&mut text);
        assert_eq!(text.len(), 4096);
        let mut text = format!("{}x", "é".repeat(3000));
        cut(&mut text);
        assert_eq!(text.len(), 4095);
        let mut text = "short".to_owned();
        cut(&mut text);
        assert_eq!(text, "short");
    }
}
