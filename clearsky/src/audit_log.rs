//! `--audit-log`: records on their way to a file or to standard output. The server never waits for either.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::Context;
use service::{AuditLog, Platform};

/// Records that wait for the disk; beyond them new ones are lost, which is logged.
const WAITING_MAX: usize = 8192;
/// How long the end of the server waits for the last records.
const DRAIN: Duration = Duration::from_secs(2);

/// The way to the log.
#[derive(Clone)]
pub struct Records {
    send: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

enum Message {
    Record(String),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

/// Where records go.
enum Target {
    Stdout,
    File { path: PathBuf, file: File },
}

impl Records {
    /// Opens the log: a path, or `-` for standard output. What cannot be opened is told at once.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let target = match path.as_os_str().as_encoded_bytes() {
            b"-" => Target::Stdout,
            _ => {
                let file = append(path).with_context(|| format!("--audit-log {}", path.display()))?;
                Target::File { path: path.to_owned(), file }
            }
        };
        let (send, receive) = sync_channel(WAITING_MAX);
        let lost = Arc::<AtomicU64>::default();
        let losses = Arc::clone(&lost);
        std::thread::Builder::new().name("audit log".into()).spawn(move || write(target, &receive, &losses))?;
        Ok(Self { send, lost })
    }

    /// Hands the platform's records to the log.
    pub fn attach(&self, platform: &Platform) {
        let Self { send, lost } = self.clone();
        let log: AuditLog = Box::new(move |line| {
            if send.try_send(Message::Record(line)).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        });
        platform.traces.audit_to(log);
    }

    /// Waits for the last records to be written.
    pub fn drain(&self) {
        let (done, written) = sync_channel(1);
        let waited = self.send.try_send(Message::Flush(done)).map(|()| written.recv_timeout(DRAIN));
        if !matches!(waited, Ok(Ok(()) | Err(RecvTimeoutError::Disconnected))) || 0 < self.lost.load(Ordering::Relaxed)
        {
            tracing::warn!("some audit records were not written");
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn write(mut target: Target, receive: &Receiver<Message>, lost: &AtomicU64) {
    while let Ok(first) = receive.recv() {
        let (mut lines, mut count, mut flushed) = (Vec::new(), 0, Vec::new());
        for message in std::iter::once(first).chain(receive.try_iter().take(WAITING_MAX)) {
            match message {
                Message::Record(line) => {
                    lines.extend_from_slice(line.as_bytes());
                    lines.push(b'\n');
                    count += 1;
                }
                Message::Flush(done) => flushed.push(done),
            }
        }
        let overflowed = lost.swap(0, Ordering::Relaxed);
        if 0 < overflowed {
            tracing::warn!("{overflowed} audit records were lost: they came faster than they can be written");
        }
        if let Err(error) = target.write(&lines) {
            tracing::warn!("{count} audit records were lost: {error}");
        }
        flushed.into_iter().for_each(|done| {
            let _ = done.send(());
        });
    }
}

impl Target {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(lines)?;
                out.flush()
            }
            Self::File { path, file } => {
                // Who rotates the log moves the file away: then a new one begins.
                let here = std::fs::metadata(&*path).ok().map(|found| (found.dev(), found.ino()));
                let ours = file.metadata().map(|ours| (ours.dev(), ours.ino()))?;
                if here != Some(ours) {
                    *file = append(path)?;
                }
                file.write_all(lines)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_appended_and_a_rotated_file_begins_anew() {
        let dir = std::env::temp_dir().join(format!("clearsky-audit-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (path, old) = (dir.join("audit.log"), dir.join("audit.log.1"));
        let records = Records::open(&path).unwrap();
        let say = |text: &str| {
            records.send.try_send(Message::Record(text.to_owned())).unwrap();
            records.drain();
        };
        say("one");
        say("two");
        std::fs::rename(&path, &old).unwrap();
        say("three");
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        assert!(Records::open(&dir.join("none").join("audit.log")).is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
