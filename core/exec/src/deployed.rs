//! What is run: a function's code, settings and limits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::Runtime;

/// A function version as an environment needs it.
#[derive(Clone)]
pub struct Deployed {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub function_name: String,
    /// `$LATEST` or a number.
    pub function_version: String,
    /// Its log group, `/aws/lambda/<name>` unless configured.
    pub log_group: String,
    /// The log stream of this one environment.
    pub log_stream: String,
    /// Where the package is unpacked; mounted read-only at `/var/task`. Folders and files must be readable by everyone.
    pub code: PathBuf,
    /// Where its layers are unpacked, one over the other; mounted read-only at `/opt`. Readable by everyone, as the code.
    pub layers: Option<PathBuf>,
    /// `module.function`.
    pub handler: String,
    /// The interpreter that runs it.
    pub runtime: Runtime,
    /// 128-10,240 (facts).
    pub memory_mb: u32,
    /// Size of `/tmp`, 512-10,240 (facts).
    pub ephemeral_storage_mb: u32,
    /// 1-900 s (facts).
    pub timeout: Duration,
    /// The region the function sees as its own.
    pub region: String,
    /// The function's variables, plus those that only the platform knows (credentials, `AWS_ENDPOINT_URL`). A variable
    /// that the engine sets itself (`AWS_LAMBDA_*`, `_HANDLER`, `LAMBDA_TASK_ROOT`) wins over one given here.
    pub env: BTreeMap<String, String>,
}

/// Variables may hold secrets: Debug shows their names only.
impl std::fmt::Debug for Deployed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deployed")
            .field("function_name", &self.function_name)
            .field("function_version", &self.function_version)
            .field("runtime", &self.runtime.name)
            .field("handler", &self.handler)
            .field("memory_mb", &self.memory_mb)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What an environment may use at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub memory_bytes: u64,
    /// Thousandths of a virtual CPU that it is entitled to when CPUs are scarce.
    pub cpu_milli: u32,
    /// Processes and threads together.
    pub processes: u32,
    pub open_files: u32,
    pub tmp_bytes: u64,
    /// How long the code may take to load before its first request is handed over.
    pub init: Duration,
    pub response_bytes: usize,
}

/// Lambda quota: 1,024 processes and threads (facts).
const PROCESSES: u32 = 1024;
/// Lambda quota: 1,024 file descriptors (facts).
const OPEN_FILES: u32 = 1024;
/// 1,769 MB of memory come with one virtual CPU (facts).
const MEMORY_MB_PER_CPU: u32 = 1769;
/// The init phase is limited to 10 s (facts).
const INIT: Duration = Duration::from_secs(10);
/// 6 MiB and 100 bytes (facts).
const RESPONSE_BYTES: usize = 6 * 1024 * 1024 + 100;
const MIB: u64 = 1024 * 1024;

/// What a blank is held to while it waits: the smallest function's share.
const BLANK_MEMORY_MB: u32 = 128;
const BLANK_TMP_MB: u32 = 512;

impl Limits {
    /// Limits of a sandbox that waits for its function.
    pub fn of_blank() -> Self {
        Self::sized(BLANK_MEMORY_MB, BLANK_TMP_MB)
    }

    /// Lambda's limits for a function of this size.
    pub fn of(f: &Deployed) -> Self {
        Self::sized(f.memory_mb, f.ephemeral_storage_mb)
    }

    fn sized(memory_mb: u32, ephemeral_storage_mb: u32) -> Self {
        Self {
            memory_bytes: u64::from(memory_mb) * MIB,
            cpu_milli: memory_mb.saturating_mul(1000).div_ceil(MEMORY_MB_PER_CPU),
            processes: PROCESSES,
            open_files: OPEN_FILES,
            tmp_bytes: u64::from(ephemeral_storage_mb) * MIB,
            init: INIT,
            response_bytes: RESPONSE_BYTES,
        }
    }
}
