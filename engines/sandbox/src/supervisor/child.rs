//! What runs inside a new sandbox: the first process builds it and reaps; the second becomes the runtime.

use std::convert::Infallible;
use std::fmt::Display;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions};

use super::cgroup::Cgroup;
use super::{fork, network, root, seccomp};
use crate::protocol::{Note, Origin, Spec};
use crate::socket;
use crate::sys::{self, Side};

/// All that the first process needs.
pub(super) struct Plan<'a> {
    pub spec: &'a Spec,
    pub control: &'a OwnedFd,
    /// Of a zygote, its end of the socket that asks it for forks; of a fork, the other end.
    pub zygote: Option<&'a OwnedFd>,
    /// Any folder: the new root is mounted on it, in a mount namespace that nobody else sees.
    pub mount_point: &'a Path,
    pub cgroup: Option<&'a Cgroup>,
    pub filters: &'a seccomp::Filters,
    /// The runtime's user and group id; the next one is the first process's.
    pub uid: u32,
}

impl Plan<'_> {
    fn forks(&self) -> bool {
        matches!(self.spec.origin, Origin::Fork { .. })
    }
}

/// A step that failed, named for the one who must mend it.
pub(super) type Step<T> = Result<T, String>;

/// Names the step in an error.
pub(super) fn step<T, E: Display>(name: &str, result: Result<T, E>) -> Step<T> {
    result.map_err(|error| format!("{name}: {error}"))
}

/// Builds the sandbox, starts the runtime, reaps until it ends. Never returns.
pub(super) fn run(plan: &Plan<'_>) -> ! {
    if let Err(reason) = build_and_reap(plan) {
        let _ = socket::send(plan.control, &Note::Failed(reason), &[]);
        sys::exit_now(1);
    }
    sys::exit_now(0)
}

fn build_and_reap(plan: &Plan<'_>) -> Step<()> {
    let zygote = plan.zygote.map_or(-1, AsRawFd::as_raw_fd);
    step("close inherited files", sys::close_from(3, &mut [plan.control.as_raw_fd(), zygote]))?;
    step("die with the supervisor", rustix::process::set_parent_process_death_signal(Some(Signal::KILL)))?;
    step("own session", rustix::process::setsid().map(drop))?;
    if let Some(cgroup) = plan.cgroup {
        step("join the cgroup", cgroup.join())?;
    }
    step("cgroup namespace", sys::unshare_cgroup())?;
    step("host name", rustix::system::sethostname(b"sandbox"))?;

    let listeners = network::listen(&plan.spec.listen)?;
    let (out_read, out_write) = step("pipe", rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC))?;
    let (err_read, err_write) = step("pipe", rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC))?;
    let joins = plan.cgroup.filter(|_| plan.forks()).map_or(Ok(Vec::new()), Cgroup::joins);
    let joins = step("open the cgroup", joins)?;
    root::build(plan.spec, plan.mount_point, plan.uid)?;

    let null = step("open /dev/null", std::fs::File::options().read(true).write(true).open("/dev/null"))?;
    let null = OwnedFd::from(null);
    let streams = Streams { input: &null, output: &out_write, error: &err_write };
    let runtime = match plan.zygote.filter(|_| plan.forks()) {
        Some(zygote) => fork::fork_runtime(plan, zygote, &joins, &streams)?,
        None => match start_runtime(plan, &streams)? {
            Ok(runtime) => runtime,
            Err(note) => return step("report", socket::send(plan.control, &note, &[])),
        },
    };

    let mut descriptors: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
    descriptors.extend([out_read.as_fd(), err_read.as_fd()]);
    step("report", socket::send(plan.control, &Note::Running, &descriptors))?;
    step("standard files", Streams { input: &null, output: &null, error: &null }.install())?;
    drop((listeners, out_read, out_write, err_read, err_write, null, joins));
    become_nobody(plan.uid + 1, plan)?;
    // The change of user cleared it; if the supervisor died between, the next packet has nobody to go to.
    step("die with the supervisor", rustix::process::set_parent_process_death_signal(Some(Signal::KILL)))?;

    let note = reap_until(runtime)?;
    step("report", socket::send(plan.control, &note, &[]))
}

/// Waits for every child until the runtime is the one that ended.
fn reap_until(runtime: i32) -> Step<Note> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid.as_raw_pid() == runtime => {
                return Ok(Note::Exited { status: status.exit_status(), signal: status.terminating_signal() });
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => (),
            // A zygote's fork is inherited when the process between the two has ended, which may be a moment later.
            Err(rustix::io::Errno::CHILD) if exists(runtime) => std::thread::sleep(INHERITS),
            Err(rustix::io::Errno::CHILD) => return Ok(Note::Exited { status: None, signal: None }),
            Err(error) => return Err(format!("wait: {error}")),
        }
    }
}

/// How long to wait before looking again for a process that is about to be inherited.
const INHERITS: Duration = Duration::from_micros(100);

fn exists(process: i32) -> bool {
    let found = Pid::from_raw(process).map(rustix::process::test_kill_process);
    // Of another user, it may not be signalled, but it is there.
    !matches!(found, None | Some(Err(rustix::io::Errno::SRCH)))
}

/// Standard input, output and error of a process.
pub(super) struct Streams<'a> {
    pub input: &'a OwnedFd,
    pub output: &'a OwnedFd,
    pub error: &'a OwnedFd,
}

impl Streams<'_> {
    fn install(&self) -> io::Result<()> {
        rustix::stdio::dup2_stdin(self.input)?;
        rustix::stdio::dup2_stdout(self.output)?;
        Ok(rustix::stdio::dup2_stderr(self.error)?)
    }
}

/// Forks the runtime's process and returns its id once it has become its program; else what is to be said.
fn start_runtime(plan: &Plan<'_>, streams: &Streams<'_>) -> Step<Result<i32, Note>> {
    let (failure, report) = step("pipe", io::pipe())?;
    match step("fork", sys::fork(0))? {
        Side::Child => {
            drop(failure);
            let note = match become_runtime(plan, streams) {
                Ok(never) => match never {},
                Err(note) => note,
            };
            let _ = serde_json::to_writer(&report, &note);
            sys::exit_now(127)
        }
        Side::Parent(pid) => {
            drop(report);
            let (mut failure, mut note) = (failure, Vec::new());
            step("hear of the exec", failure.read_to_end(&mut note))?;
            if note.is_empty() {
                return Ok(Ok(pid));
            }
            step("hear of the exec", serde_json::from_slice(&note).map(Err))
        }
    }
}

fn become_runtime(plan: &Plan<'_>, streams: &Streams<'_>) -> Result<Infallible, Note> {
    prepare(plan, streams).map_err(Note::Failed)?;
    let spec = plan.spec;
    let found = match spec.programs.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|program| program.is_file()),
    };
    let Some(program) = found else {
        let names: Vec<_> = spec.programs.iter().map(|program| program.to_string_lossy()).collect();
        return Err(Note::NoProgram(format!("Couldn't find valid bootstrap(s): [{}]", names.join(" "))));
    };
    let Err(error) = sys::execute(program, &spec.arguments, &spec.env);
    // Lambda's words, which are Go's.
    let reason = match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::ACCESS) => "permission denied".to_owned(),
        Some(rustix::io::Errno::NOEXEC) => "exec format error".to_owned(),
        Some(rustix::io::Errno::NOENT) => "no such file or directory".to_owned(),
        _ => error.to_string(),
    };
    Err(Note::NoProgram(format!("fork/exec {}: {reason}", program.display())))
}

/// All that stands between the fork and the program.
fn prepare(plan: &Plan<'_>, streams: &Streams<'_>) -> Step<()> {
    step("standard files", streams.install())?;
    step("close on exec", sys::close_on_exec())?;
    // Should memory run out, it is the function that goes, not the process that reports it.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    limit(plan)?;
    match plan.zygote {
        Some(socket) => {
            // Nothing else ends it with the first process: it is in the supervisor's process namespace.
            step("die with the first process", rustix::process::set_parent_process_death_signal(Some(Signal::KILL)))?;
            step("zygote's socket", fork::install(socket))?;
            step("bounding set", sys::drop_all_but_a_zygotes())?;
        }
        None => become_nobody(plan.uid, plan)?,
    }
    step("working folder", rustix::process::chdir("/var/task"))
}

fn limit(plan: &Plan<'_>) -> Step<()> {
    let limits = &plan.spec.limits;
    let mut wanted = vec![
        (Resource::Nofile, u64::from(limits.open_files)),
        (Resource::Core, 0),
        (Resource::Memlock, 64 * 1024),
        (Resource::Rtprio, 0),
    ];
    if plan.cgroup.is_none() {
        // Memory is watched by the supervisor: a limit on address space would break V8.
        wanted.push((Resource::Nproc, u64::from(limits.processes)));
    }
    for (resource, value) in wanted {
        let limit = Rlimit { current: Some(value), maximum: Some(value) };
        step("resource limit", rustix::process::setrlimit(resource, limit))?;
    }
    Ok(())
}

/// Gives up the user id, every capability, the way back to them, and most system calls.
fn become_nobody(uid: u32, plan: &Plan<'_>) -> Step<()> {
    step("bounding set", sys::drop_bounding_set())?;
    step("user id", sys::become_user(uid))?;
    step("capabilities", sys::drop_capabilities())?;
    step("no new privileges", rustix::thread::set_no_new_privs(true))?;
    plan.filters.apply()
}
