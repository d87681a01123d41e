//! The file system of a sandbox: a read-only root made of the host's programs, the function's code and a `/tmp`.

use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces};

use super::child::{Step, step};
use crate::protocol::{Limits, Spec};

/// Top-level folders with programs and libraries; where they are links (merged `/usr`) the link is copied.
const PROGRAMS: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];
/// What programs read in `/etc`: the linker's cache, certificates, the links of alternatives, media types, the time zone.
const ETC: &[&str] = &[
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "ssl",
    "pki",
    "ca-certificates",
    "alternatives",
    "mime.types",
    "localtime",
    "protocols",
    "services",
];
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];
const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];
/// Node's modules look for packages in the folders above them (and not in NODE_PATH): the SDK, and layers.
const PACKAGES: &[(&str, &str)] =
    &[("var/node_modules", "runtime/sdk-nodejs/node_modules"), ("node_modules", "opt/nodejs/node_modules")];
/// Files of `/proc` that speak of the host and not of the sandbox; some only root can read, and nobody here is root.
const MASKED: &[&str] =
    &["kcore", "keys", "key-users", "kallsyms", "timer_list", "sysrq-trigger", "sched_debug", "latency_stats", "kmsg"];
/// Files and folders of a `/tmp`, so that small ones cannot use up the kernel's memory unseen.
const TMP_INODES: u64 = 100_000;

/// Where the code is shown, below the root.
const CODE: &str = "var/task";
/// Where its layers are.
const LAYERS: &str = "opt";
/// The loader remembers which of its folders are not there: a process that gets its layers later must find this one.
const LAYERS_LIBRARIES: &str = "opt/lib";
/// How what belongs to the host or to the operator is shown.
const READ_ONLY: MountFlags =
    MountFlags::BIND.union(MountFlags::RDONLY).union(MountFlags::NOSUID).union(MountFlags::NODEV);

/// Builds the root on `mount_point` and moves into it; nothing of the host's tree stays reachable.
pub(super) fn build(spec: &Spec, mount_point: &Path, uid: u32) -> Step<()> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    step("private mounts", rustix::mount::mount_change("/", private))?;
    tmpfs(mount_point, "size=1m,nr_inodes=2k,mode=755", MountFlags::NOSUID | MountFlags::NODEV)?;
    let root = Root(mount_point);

    for path in PROGRAMS {
        root.show(Path::new(path))?;
    }
    root.etc(spec, uid)?;
    for prefix in &spec.prefixes {
        root.show(prefix)?;
    }
    match &spec.code {
        Some(code) => root.bind(code, CODE)?,
        None => drop(root.folder(CODE)?),
    }
    root.bind(&spec.runtime_dir, "var/runtime")?;
    match &spec.layers {
        Some(layers) => root.bind(layers, LAYERS)?,
        None if spec.code.is_none() => drop(root.folder(LAYERS_LIBRARIES)?),
        None => drop(root.folder(LAYERS)?),
    }
    for (name, target) in PACKAGES {
        step(name, symlink(target, mount_point.join(name)))?;
    }
    root.devices()?;
    let tmp = root.folder("tmp")?;
    let options = format!("{},mode=700,uid={uid},gid={uid}", tmp_size(&spec.limits));
    tmpfs(&tmp, &options, MountFlags::NOSUID | MountFlags::NODEV)?;
    root.proc()?;
    root.enter()
}

/// Gives a running sandbox its code, its layers and a `/tmp` of its function's size. For the supervisor, which is back in its own
/// mounts afterwards; where it cannot get back, the second error says so and it must end.
pub(super) fn specialise(
    process: &OwnedFd,
    code: &Path,
    layers: Option<&Path>,
    limits: &Limits,
) -> Result<Step<()>, String> {
    let own = step("own mounts", File::open("/proc/self/ns/mnt"))?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let open = |(folder, at): (&Path, &'static str)| {
        step("open the code", rustix::mount::open_tree(CWD, folder, flags)).map(|tree| (tree, at))
    };
    let trees = [Some((code, CODE)), layers.map(|layers| (layers, LAYERS))].into_iter().flatten().map(open);
    let done = trees.collect::<Step<Vec<_>>>().and_then(|trees| {
        step("enter the mounts", move_into_thread_name_spaces(process.as_fd(), ThreadNameSpaceType::MOUNT))?;
        let moved = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        for (tree, at) in &trees {
            let at = Path::new("/").join(at);
            step("mount the code", rustix::mount::move_mount(tree, "", CWD, &at, moved))?;
            step("mount the code", rustix::mount::mount_remount(&at, READ_ONLY, ""))?;
        }
        let options = step("options", CString::new(tmp_size(limits)))?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        step("size of /tmp", rustix::mount::mount_remount("/tmp", flags, options.as_c_str()))
    });
    step("leave the mounts", move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::Mount)))?;
    Ok(done)
}

fn tmp_size(limits: &Limits) -> String {
    format!("size={},nr_inodes={TMP_INODES}", limits.tmp_bytes)
}

/// The new root, while it is still a folder of the host.
struct Root<'a>(&'a Path);

impl Root<'_> {
    fn folder(&self, path: impl AsRef<Path>) -> Step<PathBuf> {
        let folder = self.0.join(path);
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
        step("make a folder", made)?;
        Ok(folder)
    }

    /// Shows a folder of the host at the same place, read-only; a link is copied, what is missing is left out.
    fn show(&self, path: &Path) -> Step<()> {
        let relative = path.strip_prefix("/").unwrap_or(path);
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => {
                let target = step("read a link", fs::read_link(path))?;
                if let Some(parent) = relative.parent() {
                    self.folder(parent)?;
                }
                step("copy a link", symlink(target, self.0.join(relative)))
            }
            Ok(_) => self.bind(path, relative),
            Err(_) => Ok(()),
        }
    }

    /// Mounts a file or folder of the host read-only.
    fn bind(&self, from: &Path, to: impl AsRef<Path>) -> Step<()> {
        let target = self.0.join(to.as_ref());
        let name = format!("mount {} at /{}", from.display(), to.as_ref().display());
        if step(&name, fs::metadata(from))?.is_dir() {
            self.folder(to)?;
        } else {
            self.folder(to.as_ref().parent().unwrap_or(Path::new("")))?;
            step(&name, fs::write(&target, ""))?;
        }
        step(&name, rustix::mount::mount_bind(from, &target))?;
        step(&name, rustix::mount::mount_remount(&target, READ_ONLY, ""))
    }

    fn etc(&self, spec: &Spec, uid: u32) -> Step<()> {
        let etc = self.folder("etc")?;
        for name in ETC {
            self.show(&Path::new("/etc").join(name))?;
        }
        let door = spec.listen.door.as_ref();
        let own = door.and_then(|door| Some(format!("{} {}\n", door.address, door.name.as_ref()?))).unwrap_or_default();
        let files = [
            ("passwd", format!("root:x:0:0::/:/bin/false\nsandbox:x:{uid}:{uid}::/tmp:/bin/sh\n")),
            ("group", format!("root:x:0:\nsandbox:x:{uid}:\n")),
            ("hosts", format!("127.0.0.1 localhost sandbox\n::1 localhost\n{own}")),
            ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".to_owned()),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".to_owned()),
        ];
        for (name, text) in files {
            step(name, fs::write(etc.join(name), text))?;
        }
        Ok(())
    }

    fn devices(&self) -> Step<()> {
        let dev = self.folder("dev")?;
        for name in DEVICES {
            let target = dev.join(name);
            step(name, fs::write(&target, ""))?;
            step(name, rustix::mount::mount_bind(Path::new("/dev").join(name), &target))?;
            let flags = MountFlags::BIND | MountFlags::NOSUID | MountFlags::NOEXEC;
            step(name, rustix::mount::mount_remount(&target, flags, ""))?;
        }
        for (name, target) in DEVICE_LINKS {
            step(name, symlink(target, dev.join(name)))?;
        }
        Ok(())
    }

    /// A `/proc` of the sandbox's own processes. It turns read-only for everyone but the two who set themselves up.
    fn proc(&self) -> Step<()> {
        let proc = self.folder("proc")?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        step("mount /proc", rustix::mount::mount("proc", &proc, "proc", flags, Some(c"hidepid=2")))?;
        for name in MASKED {
            let file = proc.join(name);
            if file.exists() {
                step(name, rustix::mount::mount_bind("/dev/null", &file))?;
            }
        }
        let sys = proc.join("sys");
        step("/proc/sys", rustix::mount::mount_bind(&sys, &sys))?;
        let flags = MountFlags::BIND | MountFlags::RDONLY | flags;
        step("/proc/sys", rustix::mount::mount_remount(&sys, flags, ""))
    }

    /// Makes it the root, drops the old one, and makes it read-only.
    fn enter(&self) -> Step<()> {
        step("enter the root", rustix::process::chdir(self.0))?;
        // The old root is put over the new one, and taken away there: no folder for it is needed.
        step("pivot_root", rustix::process::pivot_root(".", "."))?;
        step("leave the host", rustix::mount::unmount(".", UnmountFlags::DETACH))?;
        step("enter the root", rustix::process::chdir("/"))?;
        step("read-only root", rustix::mount::mount_remount("/", READ_ONLY, ""))
    }
}

fn tmpfs(at: &Path, options: &str, flags: MountFlags) -> Step<()> {
    let options = step("options", CString::new(options))?;
    step("tmpfs", rustix::mount::mount("tmpfs", at, "tmpfs", flags, Some(options.as_c_str())))
}
