//! Forks of zygotes: how the first process of a sandbox gets its runtime from one.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::FdFlags;

use super::child::{Plan, Step, Streams, step};
use crate::protocol::Fork;
use crate::{socket, sys};

/// The descriptor at which a zygote finds its socket.
const SOCKET: i32 = 3;

/// What of itself the first process shows the zygote. The mount namespace comes last: behind it, paths are others.
const NAMESPACES: [&str; 6] = ["pid", "net", "ipc", "uts", "cgroup", "mnt"];

/// Asks the zygote for a fork in this sandbox; its process id, once it is as powerless as any function.
pub(super) fn fork_runtime(plan: &Plan<'_>, zygote: &OwnedFd, joins: &[OwnedFd], streams: &Streams<'_>) -> Step<i32> {
    let (answer, asked): (PipeReader, PipeWriter) = step("pipe", io::pipe())?;
    let open = |name: &&str| File::open(format!("/proc/self/ns/{name}"));
    let namespaces: Vec<File> = step("own namespaces", NAMESPACES.iter().map(open).collect())?;
    let mut descriptors: Vec<BorrowedFd<'_>> = namespaces.iter().map(AsFd::as_fd).collect();
    descriptors.extend(joins.iter().map(AsFd::as_fd));
    descriptors.extend([streams.input, streams.output, streams.error].map(AsFd::as_fd));
    descriptors.push(asked.as_fd());
    let request = Fork { uid: plan.uid, cgroups: joins.len() };
    step("ask the zygote", socket::send(zygote, &request, &descriptors))?;
    drop(descriptors);
    drop(asked);
    let mut said = String::new();
    step("hear the zygote", { answer }.read_to_string(&mut said))?;
    let pid = match said.split_once('!') {
        Some((_, reason)) => return Err(format!("fork: {reason}")),
        None => said.parse().map_err(|_| "fork: the zygote ended")?,
    };
    // Its resource limits are those of the zygote, which are the same for every function.
    Ok(pid)
}

/// Puts a zygote's socket where it looks for it, open across exec.
pub(super) fn install(socket: &OwnedFd) -> io::Result<()> {
    if socket.as_raw_fd() == SOCKET {
        return Ok(rustix::io::fcntl_setfd(socket, FdFlags::empty())?);
    }
    sys::duplicate_to(socket, SOCKET)
}
