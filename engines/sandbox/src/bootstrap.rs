//! What starts a function's process: our bootstraps, its command line and its variables.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use exec::{Deployed, Runtime, RuntimeFamily};

const PYTHON: &str = include_str!("../bootstrap/bootstrap.py");
const ZYGOTE: &str = include_str!("../bootstrap/zygote.py");
const NODE: &str = include_str!("../bootstrap/bootstrap.mjs");

/// Where the runtime API listens inside every sandbox; the port is the one of AWS's own environments.
pub(crate) const RUNTIME_API_PORT: u16 = 9001;

/// Writes the bootstraps into the folder that becomes `/var/runtime`.
pub(crate) fn install(runtime_dir: &Path) -> io::Result<()> {
    fs::create_dir_all(runtime_dir)?;
    fs::set_permissions(runtime_dir, fs::Permissions::from_mode(0o755))?;
    for (name, text) in [("bootstrap.py", PYTHON), ("zygote.py", ZYGOTE), ("bootstrap.mjs", NODE)] {
        let file = runtime_dir.join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// The interpreter's arguments. Python's `-S` keeps the host's own packages out of a function; with `-B` it
/// does not try to write beside its modules, which it may not.
pub(crate) fn arguments(family: RuntimeFamily, heap_mb: Option<u32>) -> Vec<String> {
    match family {
        RuntimeFamily::Python => ["-S", "-B", "/var/runtime/bootstrap.py"].map(str::to_owned).to_vec(),
        RuntimeFamily::Node => {
            let heap = heap_mb.map(|heap_mb| format!("--max-old-space-size={heap_mb}"));
            heap.into_iter().chain(["/var/runtime/bootstrap.mjs".to_owned()]).collect()
        }
        RuntimeFamily::Provided => Vec::new(),
    }
}

/// What is run: the first of these that is there. Where a function brings its own program, in Lambda's order.
pub(crate) fn programs(runtime: &Runtime) -> Vec<PathBuf> {
    match runtime.family {
        RuntimeFamily::Python | RuntimeFamily::Node => vec![runtime.interpreter.clone()],
        RuntimeFamily::Provided => ["/var/task/bootstrap", "/opt/bootstrap"].map(PathBuf::from).to_vec(),
    }
}

/// The arguments of Python's zygote.
pub(crate) fn zygote_arguments() -> Vec<String> {
    ["-S", "-B", "/var/runtime/zygote.py"].map(str::to_owned).to_vec()
}

/// Folders of the interpreter that the sandbox would not show otherwise.
pub(crate) fn prefixes(runtime: &Runtime) -> Vec<PathBuf> {
    let prefix = &runtime.base_prefix;
    if prefix.starts_with("/usr") { Vec::new() } else { vec![prefix.clone()] }
}

/// What every process of a runtime has, whatever its function.
pub(crate) fn defaults(family: RuntimeFamily) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let mut put = |name: &str, value: String| env.insert(name.to_owned(), value);
    put("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned());
    let libraries = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib";
    put("LD_LIBRARY_PATH", libraries.to_owned());
    put("LANG", "en_US.UTF-8".to_owned());
    put("TZ", ":UTC".to_owned());
    match family {
        RuntimeFamily::Python => {
            put("PYTHONPATH", "/var/runtime/sdk-python".to_owned());
        }
        RuntimeFamily::Node => {
            let paths = "/opt/nodejs/node_modules:/var/runtime/sdk-nodejs/node_modules:/var/runtime/node_modules";
            put("NODE_PATH", paths.to_owned());
        }
        RuntimeFamily::Provided => (),
    };
    put("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{RUNTIME_API_PORT}"));
    put("LAMBDA_TASK_ROOT", "/var/task".to_owned());
    put("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned());
    env
}

/// All variables of a function: defaults, over them its own, over them what the platform fixes.
pub(crate) fn environment(f: &Deployed) -> BTreeMap<String, String> {
    let fixed = defaults(f.runtime.family);
    let mut env = fixed.clone();
    env.extend(f.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    env.extend(fixed.into_iter().filter(|(name, _)| FIXED.contains(&name.as_str())));
    let mut put = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    put("AWS_LAMBDA_FUNCTION_NAME", &f.function_name);
    put("AWS_LAMBDA_FUNCTION_VERSION", &f.function_version);
    put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &f.memory_mb.to_string());
    put("AWS_LAMBDA_LOG_GROUP_NAME", &f.log_group);
    put("AWS_LAMBDA_LOG_STREAM_NAME", &f.log_stream);
    put("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    if f.runtime.family != RuntimeFamily::Provided {
        put("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{}", f.runtime.name));
    }
    put("AWS_REGION", &f.region);
    put("AWS_DEFAULT_REGION", &f.region);
    put("_HANDLER", &f.handler);
    env.retain(|name, value| is_variable(name, value));
    env
}

/// Defaults that a function cannot change.
const FIXED: &[&str] = &["AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"];

/// The variable that tells a bootstrap to ask which function it serves, before it loads any.
pub(crate) const WAITS: &str = "CLEARSKY_WAITS";

/// Names that the operating system can carry.
fn is_variable(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}
