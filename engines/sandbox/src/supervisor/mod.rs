//! The supervisor: one process with one thread that alone keeps privileges, makes every sandbox and reaps it.

mod cgroup;
mod child;
mod fork;
mod network;
mod root;
mod seccomp;
mod watch;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};

use crate::protocol::{End, Event, Hello, Limits, Note, Origin, Request, Spec};
use crate::socket;
use crate::sys::{self, Side};
use cgroup::{Cgroup, Cgroups};

/// The hidden first argument with which the binary is the supervisor.
pub const SUBCOMMAND: &str = "__supervisor";

/// Sandboxes that may live at a time: the sockets, pipes and pidfds of each fit a limit of 65,536 descriptors often.
const SANDBOXES_MAX: u32 = 2000;
/// How often memory is looked at where no cgroup limits it.
const WATCH_EVERY_MS: i64 = 50;
/// User ids: two for each sandbox, from a block per supervisor, above what distributions and subuid ranges hand out.
const UID_BASE: u32 = 100_000_000;
const UID_BLOCK: u32 = SANDBOXES_MAX * 2;
const UID_BLOCKS: u32 = 1_000_000;

/// Is the supervisor, if the arguments say so; call it first in main. None: this is an ordinary start.
pub fn supervisor_main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != SUBCOMMAND {
        return None;
    }
    let number = arguments.next().and_then(|n| n.to_str()?.parse().ok());
    let mount_point = arguments.next().map(PathBuf::from);
    let (Some(number), Some(mount_point)) = (number, mount_point) else { return Some(ExitCode::from(2)) };
    // Not in the terminal's process group: Ctrl-C is for the server, which then lets functions finish.
    let _ = rustix::process::setsid();
    raise_open_files();
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    match sys::inherited(number).and_then(|server| Supervisor::new(server, mount_point)?.run()) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("clearsky: the sandbox supervisor failed: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Lets this process open as many files as it may: each sandbox takes some of the server's and of the supervisor's.
pub(crate) fn raise_open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
}

struct Supervisor {
    server: OwnedFd,
    poll: OwnedFd,
    mount_point: PathBuf,
    cgroups: Cgroups,
    filters: seccomp::Filters,
    sandboxes: HashMap<u64, Sandbox>,
    free_slots: Vec<u32>,
    next_slot: u32,
}

/// A sandbox as its maker sees it.
struct Sandbox {
    pidfd: OwnedFd,
    control: OwnedFd,
    /// Where a zygote is asked for forks.
    zygote: Option<OwnedFd>,
    cgroup: Option<Cgroup>,
    slot: u32,
    uid: u32,
    memory_bytes: u64,
    end: End,
}

/// Whether there may be more to hear.
#[derive(Clone, Copy)]
enum Heard {
    Something,
    All,
}

/// What an epoll entry is about: the server is 0, else the sandbox's id, shifted, with one bit for which descriptor.
#[derive(Clone, Copy)]
enum Token {
    Server,
    Control(u64),
    Process(u64),
}

impl Token {
    const fn encode(self) -> u64 {
        match self {
            Self::Server => 0,
            Self::Control(id) => id << 1,
            Self::Process(id) => id << 1 | 1,
        }
    }

    const fn decode(word: u64) -> Self {
        match word {
            0 => Self::Server,
            word if word & 1 == 0 => Self::Control(word >> 1),
            word => Self::Process(word >> 1),
        }
    }
}

impl Supervisor {
    fn new(server: OwnedFd, mount_point: PathBuf) -> io::Result<Self> {
        rustix::io::fcntl_setfd(&server, rustix::io::FdFlags::CLOEXEC)?;
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &server, epoll::EventData::new_u64(Token::Server.encode()), epoll::EventFlags::IN)?;
        let (cgroups, mut gaps) = Cgroups::find();
        let filters = seccomp::Filters::compile().map_err(io::Error::other)?;
        gaps.push("/tmp lies in memory and counts against the function's memory".to_owned());
        let unavailable = unavailable();
        socket::send(&server, &Event::Hello(Hello { unavailable, gaps }), &[])?;
        let sandboxes = HashMap::new();
        Ok(Self { server, poll, mount_point, cgroups, filters, sandboxes, free_slots: Vec::new(), next_slot: 0 })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(64);
        loop {
            events.clear();
            let watched = self.sandboxes.values().any(|sandbox| sandbox.cgroup.is_none());
            let ms = if watched { WATCH_EVERY_MS } else { 3_600_000 };
            let wait = Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 };
            match epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut events), Some(&wait)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => (),
                Err(error) => return Err(error.into()),
            }
            if watched {
                self.watch_memory();
            }
            // Processes last, so that what one said before its end is heard.
            events.sort_by_key(|event| event.data.u64() & 1);
            for event in &events {
                match self.handle(Token::decode(event.data.u64())) {
                    Ok(true) => (),
                    // The server is gone: so is everything it had running.
                    Ok(false) => return self.end_all(),
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return self.end_all(),
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Whether the server is still there.
    fn handle(&mut self, token: Token) -> io::Result<bool> {
        match token {
            Token::Server => match socket::receive::<Request>(&self.server) {
                Ok(Some((request, _))) => self.serve(request)?,
                Ok(None) | Err(_) => return Ok(false),
            },
            Token::Control(id) => drop(self.hear(id)?),
            Token::Process(id) => self.reap(id)?,
        }
        Ok(true)
    }

    fn serve(&mut self, request: Request) -> io::Result<()> {
        match request {
            Request::Start(spec) => {
                let id = spec.id;
                if let Err(error) = self.start(&spec) {
                    let end = End { failed: Some(error.to_string()), ..End::default() };
                    socket::send(&self.server, &Event::Ended { id, end }, &[])?;
                }
            }
            Request::Specialise { id, code, layers, limits } => {
                self.specialise(id, &code, layers.as_deref(), &limits)?
            }
            Request::Kill { id } => {
                if let Some(sandbox) = self.sandboxes.get(&id) {
                    // A frozen process of cgroup v1 does not die before it is thawed.
                    if let Some(cgroup) = &sandbox.cgroup {
                        let _ = cgroup.thaw();
                    }
                    let _ = rustix::process::pidfd_send_signal(&sandbox.pidfd, Signal::KILL);
                }
            }
            Request::Freeze { id } => {
                if let Some(cgroup) = self.sandboxes.get(&id).and_then(|sandbox| sandbox.cgroup.as_ref()) {
                    let _ = cgroup.freeze();
                }
            }
            Request::Thaw { id } => {
                if let Some(cgroup) = self.sandboxes.get(&id).and_then(|sandbox| sandbox.cgroup.as_ref()) {
                    let _ = cgroup.thaw();
                }
            }
        }
        Ok(())
    }

    fn specialise(&mut self, id: u64, code: &Path, layers: Option<&Path>, limits: &Limits) -> io::Result<()> {
        // Where it has ended meanwhile, its end has been told.
        let Some(sandbox) = self.sandboxes.get_mut(&id) else { return Ok(()) };
        sandbox.memory_bytes = limits.memory_bytes;
        let limited = sandbox.cgroup.as_ref().map_or(Ok(()), |cgroup| cgroup.limit(limits));
        let limited = limited.map_err(|error| format!("limits: {error}"));
        let mounted = root::specialise(&sandbox.pidfd, code, layers, limits).map_err(io::Error::other)?;
        let failed = limited.and(mounted).err();
        socket::send(&self.server, &Event::Specialised { id, failed }, &[])
    }

    fn start(&mut self, spec: &Spec) -> io::Result<()> {
        let slot = self.take_slot()?;
        let made = self.make(spec, slot);
        if made.is_err() {
            self.free_slots.push(slot);
        }
        made
    }

    fn make(&mut self, spec: &Spec, slot: u32) -> io::Result<()> {
        let cgroup = self.cgroups.make(spec)?;
        let (ours, theirs) = socket::pair()?;
        let link = match spec.origin {
            Origin::Zygote => Some(self.zygotes_socket()?),
            _ => None,
        };
        let asks = match spec.origin {
            Origin::Program => None,
            Origin::Zygote => link.as_ref().map(|(_, theirs)| theirs),
            Origin::Fork { zygote } => {
                let found = self.sandboxes.get(&zygote).and_then(|sandbox| sandbox.zygote.as_ref());
                Some(found.ok_or_else(|| io::Error::other("the zygote is gone"))?)
            }
        };
        let uid = UID_BASE + (std::process::id() % UID_BLOCKS) * UID_BLOCK + slot * 2;
        let namespaces = match spec.origin {
            Origin::Zygote => sys::ZYGOTES_NAMESPACES,
            Origin::Program | Origin::Fork { .. } => sys::NAMESPACES,
        };
        let side = match sys::fork(namespaces) {
            Ok(side) => side,
            Err(error) => {
                if let Some(cgroup) = cgroup {
                    cgroup.remove();
                }
                return Err(error);
            }
        };
        let pid = match side {
            Side::Child => child::run(&child::Plan {
                spec,
                control: &theirs,
                zygote: asks,
                mount_point: &self.mount_point,
                cgroup: cgroup.as_ref(),
                filters: &self.filters,
                uid,
            }),
            Side::Parent(pid) => Pid::from_raw(pid).ok_or(io::ErrorKind::NotFound)?,
        };
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        self.watch(&ours, Token::Control(spec.id))?;
        self.watch(&pidfd, Token::Process(spec.id))?;
        let (end, memory_bytes) = (End::default(), spec.limits.memory_bytes);
        let zygote = link.map(|(ours, _)| ours);
        self.sandboxes.insert(spec.id, Sandbox { pidfd, control: ours, zygote, cgroup, slot, uid, memory_bytes, end });
        Ok(())
    }

    /// A socket to a zygote, which learns at once what a fork of it may call.
    fn zygotes_socket(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        let (ours, theirs) = socket::pair()?;
        socket::send(&ours, &self.filters.code(), &[])?;
        Ok((ours, theirs))
    }

    fn watch(&self, descriptor: impl AsFd, token: Token) -> io::Result<()> {
        let flags = epoll::EventFlags::IN;
        Ok(epoll::add(&self.poll, descriptor, epoll::EventData::new_u64(token.encode()), flags)?)
    }

    fn take_slot(&mut self) -> io::Result<u32> {
        if let Some(slot) = self.free_slots.pop() {
            return Ok(slot);
        }
        if self.next_slot >= SANDBOXES_MAX {
            return Err(io::Error::other(format!("{SANDBOXES_MAX} sandboxes are running already")));
        }
        self.next_slot += 1;
        Ok(self.next_slot - 1)
    }

    /// Hears what the first process of a sandbox has to say.
    fn hear(&mut self, id: u64) -> io::Result<Heard> {
        let Some(sandbox) = self.sandboxes.get_mut(&id) else { return Ok(Heard::All) };
        match socket::receive::<Note>(&sandbox.control) {
            Ok(Some((Note::Running, descriptors))) => {
                let memory_peak = sandbox.cgroup.as_ref().and_then(Cgroup::memory_peak);
                let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
                socket::send(&self.server, &Event::Started { id, memory_peak }, &descriptors)?;
            }
            Ok(Some((Note::Failed(reason), _))) => sandbox.end.failed = Some(reason),
            Ok(Some((Note::NoProgram(reason), _))) => {
                (sandbox.end.failed, sandbox.end.for_program) = (Some(reason), true);
            }
            Ok(Some((Note::Exited { status, signal }, _))) => {
                (sandbox.end.status, sandbox.end.signal) = (status, signal);
            }
            Ok(None) | Err(_) => {
                // It may be deleted already: this runs once for the event and once more when the process is reaped.
                let _ = epoll::delete(&self.poll, &sandbox.control);
                return Ok(Heard::All);
            }
        }
        Ok(Heard::Something)
    }

    /// The first process of a sandbox ended, and with it, by the kernel's rule, every other one in there.
    fn reap(&mut self, id: u64) -> io::Result<()> {
        self.hear_out(id)?;
        let Some(mut sandbox) = self.sandboxes.remove(&id) else { return Ok(()) };
        let status = rustix::process::waitid(WaitId::PidFd(sandbox.pidfd.as_fd()), WaitIdOptions::EXITED)?;
        let told = sandbox.end.failed.is_some() || sandbox.end.status.is_some() || sandbox.end.signal.is_some();
        if let (false, Some(status)) = (told, status) {
            sandbox.end.signal = status.terminating_signal();
            sandbox.end.status = status.exit_status();
        }
        if let Some(cgroup) = sandbox.cgroup.take() {
            let used = cgroup.usage();
            sandbox.end.memory_max_bytes = used.memory_max_bytes;
            sandbox.end.cpu_us = used.cpu_us;
            sandbox.end.out_of_memory = used.oom_kills > 0 && sandbox.end.signal == Some(libc::SIGKILL);
            cgroup.remove();
        }
        self.free_slots.push(sandbox.slot);
        socket::send(&self.server, &Event::Ended { id, end: sandbox.end }, &[])
    }

    /// Reads what is still in the control socket of a process that ended.
    fn hear_out(&mut self, id: u64) -> io::Result<()> {
        let mut heard = Heard::Something;
        while let (Heard::Something, Some(sandbox)) = (heard, self.sandboxes.get(&id)) {
            let mut ready = [rustix::event::PollFd::new(&sandbox.control, rustix::event::PollFlags::IN)];
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            rustix::event::poll(&mut ready, Some(&zero))?;
            let [ready] = ready;
            if !ready.revents().contains(rustix::event::PollFlags::IN) {
                break;
            }
            heard = self.hear(id)?;
        }
        Ok(())
    }

    /// Kills what uses more memory than it may, where no cgroup does that.
    fn watch_memory(&mut self) {
        for sandbox in self.sandboxes.values_mut().filter(|sandbox| sandbox.cgroup.is_none()) {
            let used = watch::resident_bytes(sandbox.uid);
            sandbox.end.memory_max_bytes = sandbox.end.memory_max_bytes.max(used);
            if used > sandbox.memory_bytes {
                sandbox.end.out_of_memory = true;
                let _ = rustix::process::pidfd_send_signal(&sandbox.pidfd, Signal::KILL);
            }
        }
    }

    fn end_all(mut self) -> io::Result<()> {
        for sandbox in self.sandboxes.values() {
            if let Some(cgroup) = &sandbox.cgroup {
                let _ = cgroup.thaw();
            }
            let _ = rustix::process::pidfd_send_signal(&sandbox.pidfd, Signal::KILL);
        }
        for (_, mut sandbox) in self.sandboxes.drain() {
            let _ = rustix::process::waitid(WaitId::PidFd(sandbox.pidfd.as_fd()), WaitIdOptions::EXITED);
            if let Some(cgroup) = sandbox.cgroup.take() {
                cgroup.remove();
            }
        }
        self.cgroups.remove();
        Ok(())
    }
}

/// Why sandboxes of level Full cannot be made here, if they cannot: tried, not guessed.
fn unavailable() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("it takes root to make sandboxes, and this is an ordinary user".to_owned());
    }
    match sys::fork(sys::NAMESPACES) {
        Ok(Side::Child) => sys::exit_now(0),
        Ok(Side::Parent(pid)) => {
            let _ = rustix::process::waitpid(Pid::from_raw(pid), rustix::process::WaitOptions::empty());
            None
        }
        Err(error) => Some(format!("no new namespaces can be made ({error}); in a container, give it CAP_SYS_ADMIN")),
    }
}
