//! The server's side: starts the supervisor, asks it for sandboxes, hears how they end.

mod entrypoint;
mod environment;
mod lines;
mod runtime_api;
mod zygotes;

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use exec::{Blank, Deployed, Environment, Error, Isolation, Level, Limits, PoolKey, RuntimeFamily};
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use runtime_api::Kind;
use zygotes::Zygotes;

use crate::protocol::{self, End, Event, Hello, Listen, Origin, Request, Spec};
use crate::{SUBCOMMAND, bootstrap, socket, supervisor};

/// How the sandboxes of a server are set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// A folder of the data directory for bootstraps and SDKs (`sdk-python`, `sdk-nodejs/node_modules`), shown read-only
    /// at `/var/runtime` in every sandbox. SDKs are looked for whenever a function starts.
    pub runtime_dir: PathBuf,
    /// Whether processes that wait for a function are forks of one that has booted. They start faster, but share its
    /// address space's layout and hash seed with each other.
    pub zygotes: bool,
}

/// Where the platform is to answer inside a sandbox: its public authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// An IPv4 address, or a name, which then resolves to the sandbox's loopback.
    pub host: String,
    pub port: u16,
}

/// The sandbox engine. Clones share one supervisor; when the last is dropped, every sandbox dies.
#[derive(Clone)]
pub struct Sandboxes(Arc<Shared>);

struct Shared {
    supervisor: Arc<Supervisor>,
    hello: Hello,
    runtime_dir: PathBuf,
    zygotes: Zygotes,
    door: OnceLock<(protocol::Door, Arc<dyn exec::Door>)>,
    next_id: AtomicU64,
}

/// The supervisor's socket, and who waits for which sandbox.
struct Supervisor {
    socket: Arc<OwnedFd>,
    waiting: Arc<Waiting>,
}

type Waiting = Mutex<HashMap<u64, Waiter>>;

struct Waiter {
    started: Option<oneshot::Sender<Started>>,
    specialised: Option<oneshot::Sender<Option<String>>>,
    ended: oneshot::Sender<End>,
}

/// A sandbox whose process runs.
struct Started {
    memory_peak: Option<PathBuf>,
    descriptors: Vec<OwnedFd>,
}

/// Starts the supervisor. Call it before the asynchronous runtime starts, in a binary whose main begins with
/// `supervisor_main`. Where functions cannot be isolated this still succeeds: `level` says why they will not run.
pub fn start(config: &Config) -> io::Result<Sandboxes> {
    supervisor::raise_open_files();
    bootstrap::install(&config.runtime_dir)?;
    let runtime_dir = std::fs::canonicalize(&config.runtime_dir)?;
    let mount_point = runtime_dir.join(".root");
    std::fs::create_dir_all(&mount_point)?;
    let (ours, theirs) = socket::pair()?;
    spawn(&theirs, &mount_point)?;
    drop(theirs);
    let Some((Event::Hello(hello), _)) = socket::receive(&ours)? else {
        return Err(io::Error::other("the sandbox supervisor ended before it said what it can do"));
    };
    let socket = Arc::new(ours);
    let waiting = Arc::new(Waiting::default());
    let (events, waiters) = (Arc::clone(&socket), Arc::clone(&waiting));
    std::thread::Builder::new().name("sandbox-events".to_owned()).spawn(move || hear(&events, &waiters))?;
    let supervisor = Arc::new(Supervisor { socket, waiting });
    let (door, next_id) = (OnceLock::new(), AtomicU64::new(1));
    let zygotes = Zygotes::new(config.zygotes);
    Ok(Sandboxes(Arc::new(Shared { supervisor, hello, runtime_dir, zygotes, door, next_id })))
}

fn spawn(socket: &OwnedFd, mount_point: &Path) -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    command.arg(SUBCOMMAND).arg(socket.as_raw_fd().to_string()).arg(mount_point);
    command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty())?;
    let spawned = command.spawn();
    rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    let mut child = spawned?;
    // It ends when our socket closes; this thread only takes its status, so that it leaves no zombie.
    std::thread::Builder::new().name("sandbox-supervisor".to_owned()).spawn(move || drop(child.wait()))?;
    Ok(())
}

/// The events of the supervisor, until it ends; then nobody waits any more.
fn hear(socket: &OwnedFd, waiting: &Waiting) {
    while let Ok(Some((event, descriptors))) = socket::receive::<Event>(socket) {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Hello(_) => (),
            Event::Started { id, memory_peak } => {
                let started = waiting.get_mut(&id).and_then(|waiter| waiter.started.take());
                let wanted = started.map(|started| started.send(Started { memory_peak, descriptors }));
                if !matches!(wanted, Some(Ok(()))) {
                    // Whoever asked for it has gone, perhaps before the supervisor heard of it.
                    let _ = socket::send(socket, &Request::Kill { id }, &[]);
                }
            }
            Event::Specialised { id, failed } => {
                let asked = waiting.get_mut(&id).and_then(|waiter| waiter.specialised.take());
                // Nobody asks any more where it is being killed.
                let _ = asked.map(|asked| asked.send(failed));
            }
            Event::Ended { id, end } => {
                if let Some(waiter) = waiting.remove(&id) {
                    let _ = waiter.ended.send(end);
                }
            }
        }
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Supervisor {
    fn send(&self, request: &Request) -> io::Result<()> {
        socket::send(&*self.socket, request, &[])
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Wakes the thread that reads, and tells the supervisor.
        let _ = rustix::net::shutdown(&*self.socket, rustix::net::Shutdown::Both);
    }
}

impl Sandboxes {
    /// What weakens the level on this host, for people to read.
    pub fn gaps(&self) -> &[String] {
        &self.0.hello.gaps
    }

    /// Lets sandboxes that are made from now on reach the platform under its public authority. Only the first call counts.
    ///
    /// An authority that is an IPv6 address is refused: it cannot be served inside a sandbox yet.
    pub fn open_door(&self, authority: &Authority, door: Arc<dyn exec::Door>) -> exec::Result<()> {
        let host = authority.host.as_str();
        let (address, name) = match host.parse::<Ipv4Addr>() {
            Ok(address) if address.is_unspecified() => (Ipv4Addr::LOCALHOST, None),
            Ok(address) => (address, None),
            Err(_) if host.contains(':') => {
                return Err(Error::Failed(format!("the authority {host} is an IPv6 address")));
            }
            Err(_) if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') => {
                return Err(Error::Failed(format!("the authority {host:?} is not a host name")));
            }
            Err(_) => (Ipv4Addr::LOCALHOST, Some(host.to_owned())),
        };
        if authority.port == bootstrap::RUNTIME_API_PORT && address.is_loopback() {
            let port = authority.port;
            return Err(Error::Failed(format!("port {port} belongs to the runtime API inside a sandbox")));
        }
        let _ = self.0.door.set((protocol::Door { address, port: authority.port, name }, door));
        Ok(())
    }

    /// A sandbox with the function's code, whose process is the function's from the start.
    fn whole(&self, f: &Deployed, limits: &Limits) -> exec::Result<Spec> {
        let key = PoolKey { runtime: f.runtime.clone(), heap_mb: exec::heap_mb(f.runtime.family, f.memory_mb) };
        let env = bootstrap::environment(f).into_iter().collect();
        Ok(Spec { code: Some(code(f)?), layers: layers(f)?, env, limits: spoken(limits), ..self.blank(&key) })
    }

    /// A sandbox without code, whose process waits to be told its function.
    fn blank(&self, key: &PoolKey) -> Spec {
        let family = key.runtime.family;
        let mut env = bootstrap::defaults(family);
        env.insert(bootstrap::WAITS.to_owned(), "1".to_owned());
        let door = self.0.door.get().map(|(door, _)| door.clone());
        Spec {
            id: self.0.next_id.fetch_add(1, Ordering::Relaxed),
            origin: Origin::Program,
            programs: bootstrap::programs(&key.runtime),
            arguments: bootstrap::arguments(family, key.heap_mb),
            env: env.into_iter().collect(),
            code: None,
            layers: None,
            runtime_dir: self.0.runtime_dir.clone(),
            prefixes: bootstrap::prefixes(&key.runtime),
            listen: Listen { runtime_api_port: bootstrap::RUNTIME_API_PORT, door },
            limits: spoken(&Limits::of_blank()),
        }
    }

    /// Makes a sandbox and starts the process in it.
    async fn launch(&self, spec: Spec, response_bytes_max: usize) -> exec::Result<environment::Process> {
        if let Some(reason) = &self.0.hello.unavailable {
            return Err(Error::Unavailable(reason.clone()));
        }
        let (id, kind) = (spec.id, if waits(&spec) { Kind::Blank } else { Kind::Function });
        let (started, on_start) = oneshot::channel();
        let (ended, on_end) = oneshot::channel();
        let waiter = Waiter { started: Some(started), specialised: None, ended };
        self.0.supervisor.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, waiter);
        let alive = environment::Alive::new(Arc::clone(&self.0.supervisor), id, on_end);
        self.ask(Request::Start(Box::new(spec))).await?;
        let Ok(started) = on_start.await else {
            let end = alive.wait().await;
            return Err(match end {
                Some(End { failed: Some(reason), for_program: true, .. }) => Error::Entrypoint(reason),
                Some(End { failed: Some(reason), .. }) => Error::Failed(reason),
                _ => Error::Unavailable("the supervisor ended".to_owned()),
            });
        };
        let door = self.0.door.get().map(|(_, door)| Arc::clone(door));
        let api = runtime_api::RuntimeApi::new(kind, response_bytes_max);
        environment::Process::new(alive, started, door, api)
            .map_err(|error| Error::Failed(format!("the sandbox's listeners: {error}")))
    }

    /// A burst of requests may fill the socket; that wait belongs to the blocking pool.
    async fn ask(&self, request: Request) -> exec::Result<()> {
        let shared = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || shared.supervisor.send(&request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::Unavailable(format!("the supervisor is gone: {error}"))),
            Err(error) => Err(Error::Failed(error.to_string())),
        }
    }

    /// Gives a waiting sandbox its code and the limits of its function.
    async fn hand_over(&self, id: u64, f: &Deployed, limits: &Limits) -> exec::Result<()> {
        let (code, layers) = (code(f)?, layers(f)?);
        let (specialised, answer) = oneshot::channel();
        if let Some(waiter) = self.0.supervisor.waiting.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            waiter.specialised = Some(specialised);
        }
        self.ask(Request::Specialise { id, code, layers, limits: spoken(limits) }).await?;
        match answer.await {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(Error::Failed(reason)),
            Err(_) => Err(Error::Failed("the sandbox ended while it waited for its function".to_owned())),
        }
    }
}

fn waits(spec: &Spec) -> bool {
    spec.env.iter().any(|(name, _)| name == bootstrap::WAITS)
}

fn code(f: &Deployed) -> exec::Result<PathBuf> {
    whole_path(&f.code)
}

fn layers(f: &Deployed) -> exec::Result<Option<PathBuf>> {
    f.layers.as_deref().map(whole_path).transpose()
}

fn whole_path(folder: &Path) -> exec::Result<PathBuf> {
    let failed = |error| Error::Failed(format!("the code at {}: {error}", folder.display()));
    std::fs::canonicalize(folder).map_err(failed)
}

fn spoken(limits: &Limits) -> protocol::Limits {
    protocol::Limits {
        memory_bytes: limits.memory_bytes,
        cpu_milli: limits.cpu_milli,
        processes: limits.processes,
        open_files: limits.open_files,
        tmp_bytes: limits.tmp_bytes,
    }
}

impl Isolation for Sandboxes {
    fn level(&self) -> Level {
        match &self.0.hello.unavailable {
            None => Level::Full,
            Some(reason) => Level::None(reason.clone()),
        }
    }

    fn prepare<'a>(&'a self, key: &'a PoolKey) -> BoxFuture<'a, exec::Result<Blank>> {
        Box::pin(async move {
            let limits = Limits::of_blank();
            let mut spec = self.blank(key);
            spec.origin = self.origin(key);
            let mut process = self.launch(spec, limits.response_bytes).await?;
            process.boot(limits.init).await?;
            Ok(Blank::new(process))
        })
    }

    fn specialise<'a>(
        &'a self,
        blank: Blank,
        f: &'a Deployed,
        limits: Limits,
    ) -> BoxFuture<'a, exec::Result<Box<dyn Environment>>> {
        Box::pin(async move {
            let Some(mut process) = blank.into_inner::<environment::Process>() else {
                return Err(Error::Failed("the blank is of another engine".to_owned()));
            };
            process.become_function(self, f, &limits).await?;
            let environment: Box<dyn Environment> =
                Box::new(environment::Sandbox::new(self.clone(), f.clone(), limits, process));
            Ok(environment)
        })
    }

    fn start<'a>(&'a self, f: &'a Deployed, limits: Limits) -> BoxFuture<'a, exec::Result<Box<dyn Environment>>> {
        Box::pin(async move {
            let launched = match self.forked(f, &limits).await {
                Some(process) => Ok(process),
                None => self.launch(self.whole(f, &limits)?, limits.response_bytes).await,
            };
            let process = match launched {
                // The function's own fault: its first request is told.
                Err(Error::Entrypoint(reason)) if f.runtime.family == RuntimeFamily::Provided => {
                    let environment: Box<dyn Environment> = Box::new(entrypoint::Unstartable { reason });
                    return Ok(environment);
                }
                launched => launched?,
            };
            let environment: Box<dyn Environment> =
                Box::new(environment::Sandbox::new(self.clone(), f.clone(), limits, process));
            Ok(environment)
        })
    }
}
