//! A pipe that a function prints into, as lines.

use std::io;
use std::os::fd::OwnedFd;

use exec::{Sink, Stream};
use tokio::net::unix::pipe::Receiver;

/// Where a line is cut: the size of a log event (CloudWatch Logs quota, 256 KB).
const LINE_BYTES_MAX: usize = 256 * 1024;
/// Our bootstraps write this (ASCII: record separator) for a line break inside one log event, as Lambda's runtimes have them in
/// log records and errors.
const BREAK_INSIDE: u8 = 0x1e;
const READ_BYTES: usize = 16 * 1024;
/// How much is taken from a pipe after an answer, so that a process that never stops printing cannot hold it up.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// One output of a sandbox.
pub(super) struct Lines {
    stream: Stream,
    /// None once every writer has closed it.
    pipe: Option<Receiver>,
    partial: Vec<u8>,
}

impl Lines {
    pub(super) fn new(stream: Stream, pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { stream, pipe: Some(Receiver::from_owned_fd(pipe)?), partial: Vec::new() })
    }

    /// Waits until there is something to `take`; for ever, once the pipe is closed.
    pub(super) async fn ready(&self) {
        match &self.pipe {
            // An error of it shows when it is read.
            Some(pipe) => drop(pipe.readable().await),
            None => std::future::pending().await,
        }
    }

    /// Passes on what was printed until now, the last line even where it is unfinished.
    pub(super) fn drain(&mut self, sink: &mut dyn Sink) {
        let mut taken = 0;
        // Asks the pipe itself: of what was printed just now, tokio may not have been told yet.
        let read = |pipe: &Receiver, buffer: &mut [u8]| Ok(rustix::io::read(pipe, buffer)?);
        while taken < DRAIN_BYTES_MAX {
            match self.take_by(read, sink) {
                0 => break,
                bytes => taken += bytes,
            }
        }
        if !self.partial.is_empty() {
            let partial = std::mem::take(&mut self.partial);
            self.pass(&partial, sink);
        }
    }

    /// Reads once, without waiting, and passes whole lines on; answers how many bytes there were.
    pub(super) fn take(&mut self, sink: &mut dyn Sink) -> usize {
        self.take_by(|pipe, buffer| pipe.try_read(buffer), sink)
    }

    fn take_by(&mut self, read: impl Fn(&Receiver, &mut [u8]) -> io::Result<usize>, sink: &mut dyn Sink) -> usize {
        let Some(pipe) = &self.pipe else { return 0 };
        let mut buffer = [0; READ_BYTES];
        match read(pipe, &mut buffer) {
            Ok(0) => self.pipe = None,
            Ok(bytes) => {
                self.split(buffer.get(..bytes).unwrap_or_default(), sink);
                return bytes;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
            Err(_) => self.pipe = None,
        }
        0
    }

    fn split(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LINE_BYTES_MAX {
                let whole = std::mem::take(&mut self.partial);
                let line = whole.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
                self.pass(line.unwrap_or(&whole), sink);
            }
        }
    }

    fn pass(&self, line: &[u8], sink: &mut dyn Sink) {
        if !line.contains(&BREAK_INSIDE) {
            return sink.line(self.stream, line);
        }
        let event: Vec<u8> = line.iter().map(|byte| if *byte == BREAK_INSIDE { b'\n' } else { *byte }).collect();
        sink.line(self.stream, &event);
    }
}
