//! Plans: what can be made ready before it is known which function will need it. Pure.

use crate::{Deployed, Runtime, RuntimeFamily};

/// How the environment of a function comes to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Plan {
    /// From a booted interpreter that waits for code.
    Pooled(PoolKey),
    /// From nothing, because of this.
    Fresh(FreshReason),
}

/// What two functions must have in common to be served from one pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolKey {
    pub runtime: Runtime,
    /// The heap that the interpreter is started with, where that is settled at its start (Node).
    pub heap_mb: Option<u32>,
}

/// Why a function cannot use a pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FreshReason {
    /// The named variable is read when the process starts.
    StartVariable(String),
    /// The interpreter's heap is settled at its start, and no pool is kept for functions of this size.
    Memory(u32),
    /// The function brings its own program.
    Program,
}

impl std::fmt::Display for FreshReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StartVariable(name) => write!(f, "{name} is read when the process starts"),
            Self::Memory(memory_mb) => write!(f, "no pool is kept for {memory_mb} MB"),
            Self::Program => f.write_str("the function brings its own program"),
        }
    }
}

/// Variables that the loader, libc or an interpreter's libraries read once, at start.
const START_VARIABLES: &[&str] = &[
    "AWS_LAMBDA_EXEC_WRAPPER",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "LANG",
    "LOCPATH",
    "OPENSSL_CONF",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "UV_THREADPOOL_SIZE",
];
/// The same, by how their names begin.
const START_PREFIXES: &[&str] = &["LC_", "LD_", "MALLOC_"];

/// Sizes that many functions have. A Node process of another size gets a heap of its own.
const POOLED_MEMORY_MB: &[u32] = &[128, 256, 512, 1024, 1536, 1769, 2048, 3008, 4096];

/// V8's heap may take this share of the function's memory, so that it collects garbage before memory is out.
const HEAP_PERCENT: u32 = 90;

impl Plan {
    /// The plan for a function.
    pub fn of(f: &Deployed) -> Self {
        if f.runtime.family == RuntimeFamily::Provided {
            return Self::Fresh(FreshReason::Program);
        }
        if let Some(name) = f.env.keys().find(|name| is_read_at_start(name, f.runtime.family)) {
            return Self::Fresh(FreshReason::StartVariable(name.clone()));
        }
        PoolKey::of(&f.runtime, f.memory_mb).map_or(Self::Fresh(FreshReason::Memory(f.memory_mb)), Self::Pooled)
    }
}

impl PoolKey {
    /// The pool of functions of this size, if there is one.
    pub fn of(runtime: &Runtime, memory_mb: u32) -> Option<Self> {
        if runtime.family == RuntimeFamily::Provided {
            return None;
        }
        let heap_mb = heap_mb(runtime.family, memory_mb);
        let is_kept = heap_mb.is_none() || POOLED_MEMORY_MB.contains(&memory_mb);
        is_kept.then(|| Self { runtime: runtime.clone(), heap_mb })
    }
}

/// The heap that an interpreter is started with, where it is settled at the start.
pub fn heap_mb(family: RuntimeFamily, memory_mb: u32) -> Option<u32> {
    match family {
        RuntimeFamily::Python | RuntimeFamily::Provided => None,
        RuntimeFamily::Node => Some(memory_mb.saturating_mul(HEAP_PERCENT) / 100),
    }
}

fn is_read_at_start(name: &str, family: RuntimeFamily) -> bool {
    let own = match family {
        RuntimeFamily::Python => Some("PYTHON"),
        RuntimeFamily::Node => Some("NODE_"),
        RuntimeFamily::Provided => None,
    };
    let mut prefixes = START_PREFIXES.iter().copied().chain(own);
    START_VARIABLES.contains(&name) || prefixes.any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    fn plan(runtime: &str, memory_mb: u32, variable: &str) -> String {
        let runtime = Runtime {
            name: runtime.into(),
            family: RuntimeFamily::of(runtime).unwrap(),
            version: String::new(),
            interpreter: PathBuf::new(),
            base_prefix: PathBuf::new(),
        };
        let f = Deployed {
            function_name: "f".into(),
            function_version: "1".into(),
            log_group: String::new(),
            log_stream: String::new(),
            code: PathBuf::new(),
            layers: None,
            handler: "app.handler".into(),
            runtime,
            memory_mb,
            ephemeral_storage_mb: 512,
            timeout: Duration::from_secs(3),
            region: "us-east-1".into(),
            env: BTreeMap::from([(variable.to_owned(), "x".to_owned())]),
        };
        match Plan::of(&f) {
            Plan::Pooled(PoolKey { heap_mb, .. }) => format!("pooled {heap_mb:?}"),
            Plan::Fresh(reason) => reason.to_string(),
        }
    }

    #[test]
    fn what_is_read_at_the_start_is_no_use_to_a_process_that_has_started() {
        for (runtime, memory_mb, variable, expected) in [
            ("python3.12", 128, "TABLE", "pooled None"),
            ("python3.12", 333, "NODE_OPTIONS", "pooled None"),
            ("python3.12", 128, "PYTHONHASHSEED", "PYTHONHASHSEED is read when the process starts"),
            ("python3.12", 128, "LD_PRELOAD", "LD_PRELOAD is read when the process starts"),
            ("python3.12", 128, "LC_ALL", "LC_ALL is read when the process starts"),
            ("python3.12", 128, "AWS_LAMBDA_EXEC_WRAPPER", "AWS_LAMBDA_EXEC_WRAPPER is read when the process starts"),
            ("python3.12", 128, "TZ", "pooled None"),
            ("provided.al2023", 128, "TABLE", "the function brings its own program"),
            ("nodejs20.x", 128, "PYTHONHASHSEED", "pooled Some(115)"),
            ("nodejs20.x", 1024, "TABLE", "pooled Some(921)"),
            ("nodejs20.x", 1025, "TABLE", "no pool is kept for 1025 MB"),
            ("nodejs20.x", 1024, "NODE_OPTIONS", "NODE_OPTIONS is read when the process starts"),
            ("nodejs20.x", 1024, "UV_THREADPOOL_SIZE", "UV_THREADPOOL_SIZE is read when the process starts"),
        ] {
            assert_eq!(plan(runtime, memory_mb, variable), expected, "{runtime} {memory_mb} {variable}");
        }
    }
}
