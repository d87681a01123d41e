//! The processes of a run: the server under test and the skeleton, each started, asked for its memory, and ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Root key of the servers that we start.
pub const KEY: &str = "test";
pub const SECRET: &str = "test";

/// How long a server may take to start.
const START_WITHIN: Duration = Duration::from_secs(20);

/// A child process with a folder of its own; both go when it is dropped.
pub struct Process {
    child: Child,
    pub authority: String,
    /// From its start to its first answer.
    pub boot: Duration,
    _folder: TempDir,
}

impl Process {
    /// Starts a server on an empty data directory and waits for its first answer.
    pub fn server(binary: &Path, log: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        // Taken and given back at once: whoever asks must know the port before the server says it.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let authority = format!("127.0.0.1:{port}");
        let errors = fs::File::create(folder.path().join("log"))?;
        let started = Instant::now();
        let mut command = Command::new(binary);
        command.args(["serve", "--root-key", &format!("{KEY}:{SECRET}"), "--listen", &authority, "--log", log]);
        command.arg("--data-dir").arg(folder.path().join("data"));
        let child =
            command.stdout(Stdio::null()).stderr(errors).spawn().with_context(|| binary.display().to_string())?;
        let mut process = Self { child, authority, boot: Duration::ZERO, _folder: folder };
        while !answers(&process.authority) {
            if START_WITHIN < started.elapsed() || process.child.try_wait()?.is_some() {
                bail!("{} did not start", binary.display());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        process.boot = started.elapsed();
        Ok(process)
    }

    /// Starts this program as the skeleton.
    pub fn skeleton() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let started = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve-skeleton", "--folder"]).arg(folder.path().join("fjall"));
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let authority = format!("127.0.0.1:{}", line.trim());
        Ok(Self { child, authority, boot: started.elapsed(), _folder: folder })
    }

    /// Memory of the process, and of it with all that it has started, in bytes.
    pub fn memory(&self) -> (u64, u64) {
        let pid = self.child.id();
        let own = resident(pid).unwrap_or(0);
        (own, family(pid).into_iter().filter_map(resident).sum())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// Whether anything answers HTTP there.
fn answers(authority: &str) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(authority) else { return false };
    let head = format!("GET /_clearsky/health HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    let mut start = [0; 5];
    stream.write_all(head.as_bytes()).is_ok() && stream.read_exact(&mut start).is_ok() && &start == b"HTTP/"
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// A process and all below it.
fn family(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for thread in threads {
        let children: PathBuf = thread.path().join("children");
        let children = fs::read_to_string(children).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            found.extend(family(child));
        }
    }
    found
}
