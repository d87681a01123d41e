//! Cgroups, version 1 and 2: limits on memory, processes and CPU, and what was used.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::protocol::{Limits, Spec};

const MOUNT: &str = "/sys/fs/cgroup";
/// What a sandbox is limited by. The freezer and the count of CPU time are wanted too, but their absence weakens nothing.
const CONTROLLERS: &[&str] = &["memory", "pids", "cpu"];
/// The kernel's default period of the CPU quota.
const PERIOD_US: u64 = 100_000;
/// How often a folder is tried to be removed whose last process the kernel is still letting go of.
const REMOVALS: u32 = 50;

/// The folders under which every sandbox gets one of its own.
pub(super) struct Cgroups {
    version: Version,
    /// One for each controller in version 1, one for all in version 2.
    parents: Vec<(&'static str, PathBuf)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The cgroups of one sandbox.
pub(super) struct Cgroup {
    version: Version,
    folders: Vec<(&'static str, PathBuf)>,
}

/// What a sandbox used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub memory_max_bytes: u64,
    pub cpu_us: u64,
    pub oom_kills: u64,
}

impl Cgroups {
    /// Makes the folders of this supervisor below the cgroup it is in, and says what is missing for full strength.
    pub(super) fn find() -> (Self, Vec<String>) {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let name = format!("clearsky-{}", std::process::id());
        let (version, parents) = if Path::new(MOUNT).join("cgroup.controllers").exists() {
            (Version::Two, version_2(&own, &name).into_iter().map(|path| ("", path)).collect())
        } else {
            (Version::One, version_1(&own, &name))
        };
        let has = |wanted: &str| version == Version::Two || parents.iter().any(|(name, _)| *name == wanted);
        let mut gaps: Vec<String> =
            CONTROLLERS.iter().filter(|name| !has(name)).map(|name| format!("no cgroup controller '{name}'")).collect();
        // Without control of memory and processes, what is left does not limit a function: rlimits and watching do.
        let parents = if has("memory") && has("pids") { parents } else { Vec::new() };
        match version {
            _ if parents.is_empty() => gaps.push(
                "no use of cgroups: memory is looked at from time to time, CPU is not shared by weight, idle functions \
                 are not frozen"
                    .to_owned(),
            ),
            Version::One => gaps.push("cgroup v1".to_owned()),
            Version::Two => (),
        }
        (Self { version, parents }, gaps)
    }

    /// Makes the cgroup of one sandbox, with its limits; none where there are no controllers.
    pub(super) fn make(&self, spec: &Spec) -> io::Result<Option<Cgroup>> {
        if self.parents.is_empty() {
            return Ok(None);
        }
        let folders = self.parents.iter().map(|(name, parent)| (*name, parent.join(spec.id.to_string()))).collect();
        let cgroup = Cgroup { version: self.version, folders };
        for (_, folder) in &cgroup.folders {
            fs::create_dir(folder)?;
        }
        if let Err(error) = cgroup.limit(&spec.limits) {
            cgroup.remove();
            return Err(error);
        }
        Ok(Some(cgroup))
    }

    /// Removes the supervisor's own folders; every sandbox must be gone.
    pub(super) fn remove(&self) {
        self.parents.iter().for_each(|(_, folder)| remove_folder(folder));
    }
}

fn version_1(own: &str, name: &str) -> Vec<(&'static str, PathBuf)> {
    let mut parents = Vec::new();
    for controller in CONTROLLERS.iter().chain(&["freezer", "cpuacct"]) {
        let line = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let controllers = parts.next()?;
            controllers.split(',').any(|c| c == *controller).then(|| parts.next().unwrap_or("/"))
        });
        let root = Path::new(MOUNT).join(controller);
        // In a container the path may be the host's and not be there: then the mount itself is our cgroup.
        let inside = root.join(line.unwrap_or("/").trim_start_matches('/'));
        let base = if inside.is_dir() { inside } else { root };
        sweep(&base);
        let folder = base.join(name);
        if base.join("cgroup.procs").exists() && fs::create_dir(&folder).is_ok() {
            parents.push((*controller, folder));
        }
    }
    parents
}

/// The delegated cgroup we are in. Its processes move to a leaf, as only a cgroup without any may have limited children.
fn version_2(own: &str, name: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let base = Path::new(MOUNT).join(path.trim_start_matches('/'));
    sweep(&base);
    let wanted = "+memory +pids +cpu";
    if fs::write(base.join("cgroup.subtree_control"), wanted).is_err() {
        let leaf = base.join("clearsky-server");
        let _ = fs::create_dir(&leaf);
        for pid in fs::read_to_string(base.join("cgroup.procs")).ok()?.lines() {
            let _ = fs::write(leaf.join("cgroup.procs"), pid);
        }
        fs::write(base.join("cgroup.subtree_control"), wanted).ok()?;
    }
    let folder = base.join(name);
    fs::create_dir(&folder).ok()?;
    fs::write(folder.join("cgroup.subtree_control"), wanted).ok()?;
    Some(folder)
}

/// Removes what supervisors left that were killed. Those of living ones have processes or are not empty, and stay.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix("clearsky-")) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            for child in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                let _ = fs::remove_dir(child.path());
            }
            let _ = fs::remove_dir(entry.path());
        }
    }
}

impl Cgroup {
    pub(super) fn limit(&self, limits: &Limits) -> io::Result<()> {
        // The first process of the sandbox counts too.
        let processes = u64::from(limits.processes) + 1;
        // Entitled to its share when CPUs are scarce; never more than the whole CPUs that its memory begins.
        let cpu_milli = u64::from(limits.cpu_milli.max(1));
        let quota_us = cpu_milli.div_ceil(1000) * PERIOD_US;
        match self.version {
            Version::One => {
                // Only where the kernel accounts for swap; without swap there is nothing to limit. It may never be below
                // the other, which may go up or down.
                let _ = self.write("memory", "memory.memsw.limit_in_bytes", limits.memory_bytes);
                self.write("memory", "memory.limit_in_bytes", limits.memory_bytes)?;
                let _ = self.write("memory", "memory.memsw.limit_in_bytes", limits.memory_bytes);
                self.write("pids", "pids.max", processes)?;
                self.write("cpu", "cpu.shares", (cpu_milli * 1024 / 1000).max(2))?;
                // Absent where the kernel has no CPU bandwidth control; shares still hold.
                let _ = self.write("cpu", "cpu.cfs_quota_us", quota_us);
                Ok(())
            }
            Version::Two => {
                self.write("", "memory.max", limits.memory_bytes)?;
                let _ = self.write("", "memory.swap.max", 0);
                self.write("", "pids.max", processes)?;
                self.write("", "cpu.weight", (cpu_milli / 10).clamp(1, 10_000))?;
                let _ = self.write("", "cpu.max", format!("{quota_us} {PERIOD_US}"));
                Ok(())
            }
        }
    }

    /// The files by which a process joins, open.
    pub(super) fn joins(&self) -> io::Result<Vec<OwnedFd>> {
        let open = |folder: &Path| File::options().write(true).open(folder.join("cgroup.procs"));
        self.folders.iter().map(|(_, folder)| Ok(open(folder)?.into())).collect()
    }

    /// Moves the calling process in.
    pub(super) fn join(&self) -> io::Result<()> {
        self.folders.iter().try_for_each(|(_, folder)| fs::write(folder.join("cgroup.procs"), "0"))
    }

    /// The file with the most memory used.
    pub(super) fn memory_peak(&self) -> Option<PathBuf> {
        match self.version {
            Version::One => Some(self.folder("memory")?.join("memory.max_usage_in_bytes")),
            Version::Two => Some(self.folder("")?.join("memory.peak")),
        }
    }

    pub(super) fn usage(&self) -> Used {
        let memory_max_bytes = self.memory_peak().and_then(|file| number(&fs::read_to_string(file).ok()?));
        let (events, cpu_us) = match self.version {
            Version::One => {
                let cpu_ns = number(&self.read("cpuacct", "cpuacct.usage"));
                (self.read("memory", "memory.oom_control"), cpu_ns.map(|ns| ns / 1000))
            }
            Version::Two => (self.read("", "memory.events"), field(&self.read("", "cpu.stat"), "usage_usec")),
        };
        Used {
            memory_max_bytes: memory_max_bytes.unwrap_or_default(),
            cpu_us: cpu_us.unwrap_or_default(),
            oom_kills: field(&events, "oom_kill").unwrap_or_default(),
        }
    }

    pub(super) fn freeze(&self) -> io::Result<()> {
        match self.version {
            Version::One => self.write("freezer", "freezer.state", "FROZEN"),
            Version::Two => self.write("", "cgroup.freeze", 1),
        }
    }

    pub(super) fn thaw(&self) -> io::Result<()> {
        match self.version {
            Version::One => self.write("freezer", "freezer.state", "THAWED"),
            Version::Two => self.write("", "cgroup.freeze", 0),
        }
    }

    /// Removes it; its processes must be dead.
    pub(super) fn remove(&self) {
        self.folders.iter().for_each(|(_, folder)| remove_folder(folder));
    }

    fn folder(&self, controller: &str) -> Option<&Path> {
        self.folders.iter().find(|(name, _)| *name == controller).map(|(_, folder)| folder.as_path())
    }

    /// Writes a setting; nothing where the controller is missing (which is said as a gap).
    fn write(&self, controller: &str, file: &str, value: impl ToString) -> io::Result<()> {
        self.folder(controller).map_or(Ok(()), |folder| fs::write(folder.join(file), value.to_string()))
    }

    fn read(&self, controller: &str, file: &str) -> String {
        self.folder(controller).and_then(|folder| fs::read_to_string(folder.join(file)).ok()).unwrap_or_default()
    }
}

fn remove_folder(folder: &Path) {
    for _ in 0..REMOVALS {
        match fs::remove_dir(folder) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            _ => return,
        }
    }
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// A line `name value` of a flat-keyed file.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| number(line.strip_prefix(name)?.strip_prefix(' ')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_flat_keyed_files() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(field(text, "oom_kill"), Some(3));
        assert_eq!(field(text, "oom"), None);
    }
}
