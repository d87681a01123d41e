//! What starts a function's process: our bootstraps, its command line and its variables.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use exec::{Deployed, RuntimeFamily};

const PYTHON: &str = include_str!("../bootstrap/bootstrap.py");
const NODE: &str = include_str!("../bootstrap/bootstrap.mjs");

/// Where the runtime API listens inside every sandbox; the port is the one of AWS's own environments.
pub(crate) const RUNTIME_API_PORT: u16 = 9001;

/// Writes the bootstraps into the folder that becomes `/var/runtime`.
pub(crate) fn install(runtime_dir: &Path) -> io::Result<()> {
    fs::create_dir_all(runtime_dir)?;
    fs::set_permissions(runtime_dir, fs::Permissions::from_mode(0o755))?;
    for (name, text) in [("bootstrap.py", PYTHON), ("bootstrap.mjs", NODE)] {
        let file = runtime_dir.join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// V8's heap may take this share of the function's memory, so that it collects garbage before memory is out.
const HEAP_PERCENT: u32 = 90;

/// The interpreter's arguments. Python's `-S` keeps the host's own packages out of a function; with `-B` it
/// does not try to write beside its modules, which it may not.
pub(crate) fn arguments(f: &Deployed) -> Vec<String> {
    match f.runtime.family {
        RuntimeFamily::Python => ["-S", "-B", "/var/runtime/bootstrap.py"].map(str::to_owned).to_vec(),
        RuntimeFamily::Node => {
            let heap_mb = f.memory_mb.saturating_mul(HEAP_PERCENT) / 100;
            vec![format!("--max-old-space-size={heap_mb}"), "/var/runtime/bootstrap.mjs".to_owned()]
        }
    }
}

/// Folders of the interpreter that the sandbox would not show otherwise.
pub(crate) fn prefixes(f: &Deployed) -> Vec<PathBuf> {
    let prefix = &f.runtime.base_prefix;
    if prefix.starts_with("/usr") { Vec::new() } else { vec![prefix.clone()] }
}

/// All variables of the process: defaults, over them the function's own, over them what the platform fixes.
pub(crate) fn environment(f: &Deployed) -> Vec<(String, String)> {
    let mut env = BTreeMap::new();
    let mut put = |name: &str, value: String| env.insert(name.to_owned(), value);
    put("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned());
    let libraries = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib";
    put("LD_LIBRARY_PATH", libraries.to_owned());
    put("LANG", "en_US.UTF-8".to_owned());
    put("TZ", ":UTC".to_owned());
    match f.runtime.family {
        RuntimeFamily::Python => {
            put("PYTHONPATH", "/var/runtime/sdk-python".to_owned());
        }
        RuntimeFamily::Node => {
            let paths = "/opt/nodejs/node_modules:/var/runtime/sdk-nodejs/node_modules:/var/runtime/node_modules";
            put("NODE_PATH", paths.to_owned());
        }
    };
    env.extend(f.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut put = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    put("AWS_LAMBDA_RUNTIME_API", &format!("127.0.0.1:{RUNTIME_API_PORT}"));
    put("AWS_LAMBDA_FUNCTION_NAME", &f.function_name);
    put("AWS_LAMBDA_FUNCTION_VERSION", &f.function_version);
    put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &f.memory_mb.to_string());
    put("AWS_LAMBDA_LOG_GROUP_NAME", &f.log_group);
    put("AWS_LAMBDA_LOG_STREAM_NAME", &f.log_stream);
    put("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    put("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{}", f.runtime.name));
    put("AWS_REGION", &f.region);
    put("AWS_DEFAULT_REGION", &f.region);
    put("_HANDLER", &f.handler);
    put("LAMBDA_TASK_ROOT", "/var/task");
    put("LAMBDA_RUNTIME_DIR", "/var/runtime");
    env.into_iter().filter(|(name, value)| is_variable(name, value)).collect()
}

/// Names that the operating system can carry.
fn is_variable(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}
