//! Which interpreters this host has, under Lambda's names.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use exec::{PROVIDED, Runtime, RuntimeFamily};

/// Folders that are searched after `PATH`'s.
const FOLDERS: &[&str] = &["/usr/bin", "/usr/local/bin"];
/// An interpreter that takes longer to say its version is not one to run functions on.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The bootstrap is written for this version of Python 3 and later.
const PYTHON_MINOR_MIN: u32 = 8;
const PYTHON_ASKS: &str =
    "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.executable, sys.base_prefix, sep='\\n')";
const NODE_ASKS: &str = "console.log(process.versions.node + '\\n' + process.execPath)";

/// The languages whose interpreters are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Node,
}

/// The interpreters of this host.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// One for each name, best first found: those under `/usr` before all others.
    pub usable: Vec<Runtime>,
    /// Those that cannot be used: the path, and why.
    pub skipped: Vec<(String, String)>,
}

impl Found {
    /// The runtime of this name.
    pub fn get(&self, name: &str) -> Option<&Runtime> {
        self.usable.iter().find(|runtime| runtime.name == name)
    }
}

/// Asks every `python3*` and `node` in `path` (as in the variable `PATH`) and the usual folders. Blocks: each is started once.
pub fn discover(path: &OsStr) -> Found {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).chain(std::env::split_paths(path)).collect();
    let behind: Vec<PathBuf> = folders.iter().flat_map(|folder| behind_shims(folder)).collect();
    folders.extend(behind);
    for candidate in folders.iter().flat_map(|folder| candidates(folder)) {
        let real = fs::canonicalize(&candidate.1).unwrap_or_else(|_| candidate.1.clone());
        if !seen.insert(real) {
            continue;
        }
        match inspect(candidate.0, &candidate.1) {
            Ok(runtime) if found.get(&runtime.name).is_none() => found.usable.push(runtime),
            Ok(_) => (),
            Err(reason) => found.skipped.push((candidate.1.display().to_string(), reason)),
        }
    }
    found.usable.extend(PROVIDED.map(provided));
    found.usable.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// What a function brings itself runs on every host whose kind of machine it was built for.
fn provided(name: &str) -> Runtime {
    Runtime {
        name: name.to_owned(),
        family: RuntimeFamily::Provided,
        version: std::env::consts::ARCH.to_owned(),
        interpreter: PathBuf::from("bootstrap"),
        base_prefix: PathBuf::from("/usr"),
    }
}

/// A version manager's shims (pyenv) start the one version that is chosen; the others stand beside them.
fn behind_shims(folder: &Path) -> Vec<PathBuf> {
    let versions = match folder.parent() {
        Some(parent) if folder.ends_with("shims") => parent.join("versions"),
        _ => return Vec::new(),
    };
    let mut found: Vec<_> =
        fs::read_dir(versions).into_iter().flatten().flatten().map(|e| e.path().join("bin")).collect();
    found.sort();
    found
}

fn candidates(folder: &Path) -> Vec<(Language, PathBuf)> {
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let language = |file: &PathBuf| {
        let name = file.file_name()?.to_str()?;
        let minor = name.strip_prefix("python3.").or_else(|| name.strip_prefix("node"));
        match name {
            "python3" => Some(Language::Python),
            "node" => Some(Language::Node),
            _ if !minor.is_some_and(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit())) => None,
            _ if name.starts_with("python3.") => Some(Language::Python),
            _ => Some(Language::Node),
        }
    };
    files.into_iter().filter_map(|file| Some((language(&file)?, file))).collect()
}

fn inspect(language: Language, path: &Path) -> Result<Runtime, String> {
    let (flag, question) = match language {
        Language::Python => ("-c", PYTHON_ASKS),
        Language::Node => ("-e", NODE_ASKS),
    };
    let answer = ask(path, flag, question)?;
    let mut lines = answer.lines();
    let version = lines.next().unwrap_or_default().to_owned();
    let interpreter = PathBuf::from(lines.next().unwrap_or_default());
    let mut numbers = version.split('.');
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        return Err(format!("says no version but {answer:?}"));
    };
    if language == Language::Python && minor.parse::<u32>().is_ok_and(|minor| minor < PYTHON_MINOR_MIN) {
        return Err(format!("Python {version} is older than 3.{PYTHON_MINOR_MIN}, which the bootstrap needs"));
    }
    let (family, name) = match language {
        Language::Python => (RuntimeFamily::Python, format!("python{major}.{minor}")),
        Language::Node => (RuntimeFamily::Node, format!("nodejs{major}.x")),
    };
    let base_prefix = match language {
        Language::Python => PathBuf::from(lines.next().unwrap_or_default()),
        Language::Node => node_prefix(&interpreter),
    };
    shown(&interpreter, &base_prefix)?;
    Ok(Runtime { name, family, version, interpreter, base_prefix })
}

/// `/opt/node/bin/node` belongs to `/opt/node`.
fn node_prefix(interpreter: &Path) -> PathBuf {
    let prefix = interpreter.parent().and_then(Path::parent);
    prefix.unwrap_or(Path::new("/usr")).to_path_buf()
}

/// Whether a sandbox can show it and its user, who owns nothing on the host, can execute it.
fn shown(interpreter: &Path, prefix: &Path) -> Result<(), String> {
    let real = fs::canonicalize(interpreter).map_err(|error| format!("{}: {error}", interpreter.display()))?;
    if !real.starts_with("/usr") && !real.starts_with(prefix) {
        return Err(format!("{} lies outside its own prefix {}", real.display(), prefix.display()));
    }
    if prefix.components().count() < 3 && !prefix.starts_with("/usr") {
        return Err(format!("its prefix {} holds more than an interpreter", prefix.display()));
    }
    let mode = |path: &Path| fs::metadata(path).map(|m| m.permissions().mode()).unwrap_or_default();
    let inside = real.ancestors().take_while(|path| path.starts_with(prefix));
    match inside.into_iter().find(|path| mode(path) & 0o005 != 0o005) {
        Some(path) => Err(format!("other users may not execute {}", path.display())),
        None => Ok(()),
    }
}

/// Runs the interpreter with a question, without the caller's variables.
fn ask(path: &Path, flag: &str, question: &str) -> Result<String, String> {
    let mut command = Command::new(path);
    command.args([flag, question]).env_clear().env("PATH", "/usr/bin:/bin");
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = spawned.map_err(|error| format!("cannot be started: {error}"))?;
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if started.elapsed() < ANSWER_MAX => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("does not answer".to_owned());
            }
        }
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("does not run: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "answers in no known encoding".to_owned())
}
