//! Anchors: what this machine needs for the work that no server can avoid.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use md5::{Digest, Md5};

use crate::workload::BIG_BYTES;

/// A program that is started and ends at once.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    pub name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

pub const PYTHON: Anchor = Anchor { name: "python3 -c pass", program: "/usr/bin/python3", arguments: &["-c", "pass"] };
pub const NODE: Anchor = Anchor { name: "node -e 0", program: "node", arguments: &["-e", "0"] };
/// Debian links ldconfig statically.
pub const STATIC: Anchor = Anchor { name: "static binary", program: "/sbin/ldconfig", arguments: &["--version"] };

impl Anchor {
    /// From its start to its end; `None` where the program is not there.
    pub fn time(&self) -> Option<Duration> {
        let started = Instant::now();
        let mut command = Command::new(self.program);
        // Extra certificates double Node's start.
        command.args(self.arguments).env_remove("NODE_EXTRA_CA_CERTS");
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        status.success().then(|| started.elapsed())
    }
}

/// The MD5 of 50 MB on one core: what S3's ETag costs.
pub fn md5_big(body: &[u8]) -> Duration {
    let started = Instant::now();
    std::hint::black_box(Md5::digest(body));
    started.elapsed()
}

/// Writing 50 MB to a file and forcing them to the disk.
pub fn disk_big(body: &[u8]) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let mut file = File::create(folder.path().join("big"))?;
    file.write_all(body)?;
    file.sync_data()?;
    Ok(started.elapsed())
}

/// 50 MB in this time, as a rate.
pub fn megabytes_per_second(took: Duration) -> f64 {
    BIG_BYTES as f64 / 1e6 / took.as_secs_f64().max(f64::EPSILON)
}
