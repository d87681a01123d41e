//! One running sandbox: serves requests one at a time, enforces time limits, says how each ended.

use std::fs;
use std::io;
use std::net;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use exec::{Deployed, Ended, Environment, Init, Invocation, Limits, Outcome, Sink, Stream, Usage};
use futures::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::lines::Lines;
use super::runtime_api::{Report, RuntimeApi};
use super::{Sandboxes, Started, Supervisor};
use crate::bootstrap;
use crate::protocol::{End, Request};

/// Connections from one sandbox that are served at a time; more wait in the listener's backlog. Below the 1,024 open files
/// that one process in there may have, as each takes a descriptor of the server.
const CONNECTIONS_MAX: usize = 256;
/// A number of 64 bits and its line break.
const NUMBER_BYTES_MAX: usize = 24;
/// How long a runtime that reported that it could not load the code may take to end by itself.
const INIT_ERROR_GRACE: Duration = Duration::from_millis(100);

/// A sandbox's life as its maker reports it. Dropping it kills the sandbox.
pub(super) struct Alive {
    supervisor: Arc<Supervisor>,
    id: u64,
    ending: oneshot::Receiver<End>,
    ended: Option<Option<End>>,
}

impl Alive {
    pub(super) fn new(supervisor: Arc<Supervisor>, id: u64, ending: oneshot::Receiver<End>) -> Self {
        Self { supervisor, id, ending, ended: None }
    }

    /// Waits for its end; none if the supervisor itself ended, which ends every sandbox.
    pub(super) async fn wait(mut self) -> Option<End> {
        self.end().await
    }

    async fn end(&mut self) -> Option<End> {
        if self.ended.is_none() {
            self.ended = Some((&mut self.ending).await.ok());
        }
        self.ended.clone().flatten()
    }

    fn ask(&self, request: &Request) {
        // Where the supervisor is gone, so is the sandbox.
        let _ = self.supervisor.send(request);
    }

    /// Whether it is known to have ended.
    fn has_ended(&self) -> bool {
        self.ended.is_some() || !self.ending.is_empty() || self.ending.is_terminated()
    }

    async fn kill(&mut self) -> Option<End> {
        if self.ended.is_none() {
            self.ask(&Request::Kill { id: self.id });
        }
        self.end().await
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.ask(&Request::Kill { id: self.id });
        }
    }
}

/// The environment: a function, and the process that serves it now.
pub(super) struct Sandbox {
    sandboxes: Sandboxes,
    deployed: Deployed,
    limits: Limits,
    process: Process,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Loading,
    Loaded,
    Dead,
}

/// One sandbox with its runtime's process.
pub(super) struct Process {
    alive: Alive,
    api: Arc<RuntimeApi>,
    out: Lines,
    err: Lines,
    server: JoinHandle<()>,
    /// Open: it is read after every request.
    memory_peak: Option<fs::File>,
    started: Instant,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sandbox {
    pub(super) fn new(sandboxes: Sandboxes, deployed: Deployed, limits: Limits, process: Process) -> Self {
        Self { sandboxes, deployed, limits, process, phase: Phase::Loading }
    }

    async fn run(&mut self, invocation: Invocation, sink: &mut dyn Sink) -> Outcome {
        // A process that ended while it had nothing to do (a timer of its code may have) is replaced: no request was lost.
        if self.phase == Phase::Loaded && self.process.alive.has_ended() {
            self.process.drain(sink);
            if let Err(ended) = self.restart().await {
                return self.outcome(ended, None, Duration::ZERO, sink).await;
            }
        }
        let timeout = self.deployed.timeout;
        let mut init = None;
        let mut began = None;
        if self.phase == Phase::Loading {
            let mut ended = self.load(self.process.started + self.limits.init, sink).await;
            init = Some(Init { duration: self.process.started.elapsed() });
            if let Some(Ended::InitTimeout { .. }) = ended {
                // Once more, now within the function's own time, as Lambda does (facts: life cycle).
                let started = *began.insert(Instant::now());
                self.process.alive.kill().await;
                self.process.drain(sink);
                ended = match self.restart().await {
                    Ok(()) => self.load(started + timeout, sink).await,
                    Err(ended) => Some(ended),
                };
                if let Some(Ended::InitTimeout { .. }) = ended {
                    ended = Some(Ended::Timeout { after: timeout });
                }
            }
            if let Some(ended) = ended {
                let duration = began.map(|began| began.elapsed()).unwrap_or_default();
                return self.outcome(ended, init, duration, sink).await;
            }
        }
        if self.phase == Phase::Dead {
            let reason = "the environment has ended already".to_owned();
            return self.outcome(Ended::Fault { reason }, init, Duration::ZERO, sink).await;
        }
        let began = began.unwrap_or_else(Instant::now);
        self.process.api.offer(invocation, began + timeout);
        let ended = match self.process.next(began + timeout, sink).await {
            Next::Report(Report::Response(payload)) => Ended::Response(payload),
            Next::Report(Report::Error { error_type, payload }) => Ended::FunctionError { error_type, payload },
            Next::Report(_) => Ended::Fault { reason: "the runtime reported out of turn".to_owned() },
            Next::End(end) => exited(end),
            Next::Late => Ended::Timeout { after: timeout },
        };
        self.outcome(ended, init, began.elapsed(), sink).await
    }

    async fn restart(&mut self) -> Result<(), Ended> {
        self.phase = Phase::Loading;
        let fault = |error: exec::Error| Ended::Fault { reason: error.to_string() };
        let spec = self.sandboxes.whole(&self.deployed, &self.limits).map_err(fault)?;
        self.process = self.sandboxes.launch(spec, self.limits.response_bytes).await.map_err(fault)?;
        Ok(())
    }

    /// Waits until the code is loaded; the end, if it could not be.
    async fn load(&mut self, deadline: Instant, sink: &mut dyn Sink) -> Option<Ended> {
        let mut next = self.process.next(deadline, sink).await;
        if let Next::Report(Report::Waiting) = next {
            // A fork asks for its function, which it has been told.
            next = self.process.next(deadline, sink).await;
        }
        match next {
            Next::Report(Report::Ready) => {
                self.phase = Phase::Loaded;
                None
            }
            Next::Report(Report::InitError { error_type, payload }) => {
                // Lets it print what it has to say about it.
                self.process.next(Instant::now() + INIT_ERROR_GRACE, sink).await;
                Some(Ended::InitError { error_type, payload })
            }
            Next::Report(_) => Some(Ended::Fault { reason: "the runtime reported out of turn".to_owned() }),
            Next::End(end) => Some(exited(end)),
            Next::Late => Some(Ended::InitTimeout { after: self.limits.init }),
        }
    }

    /// Ends what must end, and passes on the last lines.
    async fn outcome(&mut self, ended: Ended, init: Option<Init>, duration: Duration, sink: &mut dyn Sink) -> Outcome {
        let mut outcome = Outcome { ended, init, duration, memory_max_bytes: self.process.memory_max_bytes() };
        if !outcome.reusable() {
            self.phase = Phase::Dead;
            let end = self.process.alive.kill().await.unwrap_or_default();
            outcome.memory_max_bytes = outcome.memory_max_bytes.max(end.memory_max_bytes);
            self.process.server.abort();
        }
        self.process.drain(sink);
        outcome
    }
}

impl Process {
    pub(super) fn new(
        alive: Alive,
        started: Started,
        door: Option<Arc<dyn exec::Door>>,
        api: Arc<RuntimeApi>,
    ) -> io::Result<Self> {
        let mut descriptors = started.descriptors.into_iter();
        let mut next = || descriptors.next().ok_or(io::ErrorKind::UnexpectedEof);
        let api_listener = listener(next()?)?;
        let door = match door {
            Some(door) => Some((listener(next()?)?, door)),
            None => None,
        };
        let out = Lines::new(Stream::Stdout, next()?)?;
        let err = Lines::new(Stream::Stderr, next()?)?;
        let server = tokio::spawn(serve(api_listener, Arc::clone(&api), door));
        let memory_peak = started.memory_peak.and_then(|file| fs::File::open(file).ok());
        Ok(Self { alive, api, out, err, server, memory_peak, started: Instant::now() })
    }

    /// Waits until the interpreter of a blank has booted.
    pub(super) async fn boot(&mut self, patience: Duration) -> exec::Result<()> {
        let mut said = Vec::<String>::new();
        match self.next(Instant::now() + patience, &mut said).await {
            Next::Report(Report::Waiting) => Ok(()),
            Next::Late => Err(exec::Error::Failed("the interpreter did not boot in time".to_owned())),
            Next::End(Some(End { failed: Some(reason), .. })) => Err(exec::Error::Failed(reason)),
            Next::End(_) | Next::Report(_) => {
                self.drain(&mut said);
                Err(exec::Error::Failed(format!("the interpreter did not boot: {}", said.join(" "))))
            }
        }
    }

    /// Hands a function over to a blank.
    pub(super) async fn become_function(
        &mut self,
        sandboxes: &Sandboxes,
        f: &Deployed,
        limits: &Limits,
    ) -> exec::Result<()> {
        self.started = Instant::now();
        sandboxes.hand_over(self.alive.id, f, limits).await?;
        self.tell(f);
        Ok(())
    }

    /// Tells the process its function.
    pub(super) fn tell(&self, f: &Deployed) {
        self.api.give(&bootstrap::environment(f));
    }

    pub(super) fn id(&self) -> u64 {
        self.alive.id
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.alive.has_ended()
    }

    /// Passes lines on until something happens.
    async fn next(&mut self, deadline: Instant, sink: &mut dyn Sink) -> Next {
        let late = tokio::time::sleep_until(deadline);
        tokio::pin!(late);
        loop {
            tokio::select! {
                biased;
                report = self.api.report() => return Next::Report(report),
                end = self.alive.end() => return Next::End(end),
                () = &mut late => return Next::Late,
                () = self.out.ready() => self.out.take(sink),
                () = self.err.ready() => self.err.take(sink),
            };
        }
    }

    fn drain(&mut self, sink: &mut dyn Sink) {
        self.out.drain(sink);
        self.err.drain(sink);
    }

    fn memory_max_bytes(&self) -> u64 {
        let mut text = [0; NUMBER_BYTES_MAX];
        let read = self.memory_peak.as_ref().and_then(|file| file.read_at(&mut text, 0).ok());
        let text = text.get(..read.unwrap_or_default()).and_then(|text| std::str::from_utf8(text).ok());
        text.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
    }
}

enum Next {
    Report(Report),
    End(Option<End>),
    Late,
}

fn exited(end: Option<End>) -> Ended {
    match end {
        Some(End { failed: Some(reason), .. }) => Ended::Fault { reason },
        Some(end) => Ended::Exited { status: end.status, signal: end.signal, out_of_memory: end.out_of_memory },
        None => Ended::Fault { reason: "the sandbox supervisor ended".to_owned() },
    }
}

fn listener(descriptor: OwnedFd) -> io::Result<TcpListener> {
    TcpListener::from_std(net::TcpListener::from(descriptor))
}

/// Accepts on both listeners of a sandbox. All connections end with this future.
async fn serve(api_listener: TcpListener, api: Arc<RuntimeApi>, door: Option<(TcpListener, Arc<dyn exec::Door>)>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((conn, _)) = api_listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                connections.spawn(Arc::clone(&api).serve(conn));
            }
            Some((conn, door)) = accept(door.as_ref()), if connections.len() < CONNECTIONS_MAX => {
                connections.spawn(door.serve(conn));
            }
            Some(_) = connections.join_next() => (),
            else => return,
        }
    }
}

async fn accept(door: Option<&(TcpListener, Arc<dyn exec::Door>)>) -> Option<(TcpStream, Arc<dyn exec::Door>)> {
    let (listener, door) = door?;
    Some((listener.accept().await.ok()?.0, Arc::clone(door)))
}

impl Environment for Sandbox {
    fn invoke<'a>(&'a mut self, invocation: Invocation, sink: &'a mut dyn Sink) -> BoxFuture<'a, Outcome> {
        Box::pin(self.run(invocation, sink))
    }

    fn freeze(&mut self) -> BoxFuture<'_, exec::Result<()>> {
        let alive = &self.process.alive;
        alive.ask(&Request::Freeze { id: alive.id });
        Box::pin(async { Ok(()) })
    }

    fn thaw(&mut self) -> BoxFuture<'_, exec::Result<()>> {
        let alive = &self.process.alive;
        alive.ask(&Request::Thaw { id: alive.id });
        Box::pin(async { Ok(()) })
    }

    fn alive(&self) -> bool {
        self.phase != Phase::Dead && !self.process.alive.has_ended()
    }

    fn kill(mut self: Box<Self>) -> BoxFuture<'static, Usage> {
        Box::pin(async move {
            let peak = self.process.memory_max_bytes();
            let end = self.process.alive.kill().await.unwrap_or_default();
            let memory_max_bytes = peak.max(end.memory_max_bytes);
            Usage { memory_max_bytes, cpu: Duration::from_micros(end.cpu_us) }
        })
    }
}
