//! One running sandbox: serves requests one at a time, enforces time limits, says how each ended.

use std::fs;
use std::io;
use std::net;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
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
use super::{Sandboxes, Started};
use crate::protocol::{End, Request};

/// Connections from one sandbox that are served at a time; more wait in the listener's backlog. Below the 1,024 open files
/// that one process in there may have, as each takes a descriptor of the server.
const CONNECTIONS_MAX: usize = 256;
/// How long a runtime that reported that it could not load the code may take to end by itself.
const INIT_ERROR_GRACE: Duration = Duration::from_millis(100);

/// A sandbox's life as its maker reports it. Dropping it kills the sandbox.
pub(super) struct Alive {
    sandboxes: Sandboxes,
    id: u64,
    ending: oneshot::Receiver<End>,
    ended: Option<Option<End>>,
}

impl Alive {
    pub(super) fn new(sandboxes: Sandboxes, id: u64, ending: oneshot::Receiver<End>) -> Self {
        Self { sandboxes, id, ending, ended: None }
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
        let _ = self.sandboxes.0.supervisor.send(request);
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

/// The environment.
pub(super) struct Sandbox {
    alive: Alive,
    api: Arc<RuntimeApi>,
    out: Lines,
    err: Lines,
    server: JoinHandle<()>,
    memory_peak: Option<PathBuf>,
    started: Instant,
    timeout: Duration,
    init_max: Duration,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Loading,
    Loaded,
    Dead,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sandbox {
    pub(super) fn new(
        alive: Alive,
        started: Started,
        door: Option<Arc<dyn exec::Door>>,
        f: &Deployed,
        limits: Limits,
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
        let api = RuntimeApi::new(limits.response_bytes, f.timeout);
        let server = tokio::spawn(serve(api_listener, Arc::clone(&api), door));
        let (memory_peak, timeout, init_max) = (started.memory_peak, f.timeout, limits.init);
        let started = Instant::now();
        Ok(Self { alive, api, out, err, server, memory_peak, started, timeout, init_max, phase: Phase::Loading })
    }

    async fn run(&mut self, invocation: Invocation, sink: &mut dyn Sink) -> Outcome {
        let mut init = None;
        if self.phase == Phase::Loading {
            let ended = self.load(sink).await;
            init = Some(Init { duration: self.started.elapsed() });
            if let Some(ended) = ended {
                return self.outcome(ended, init, Duration::ZERO, sink).await;
            }
        }
        if self.phase == Phase::Dead {
            let reason = "the environment has ended already".to_owned();
            return self.outcome(Ended::Fault { reason }, init, Duration::ZERO, sink).await;
        }
        let started = Instant::now();
        self.api.offer(invocation);
        let ended = match self.next(started + self.timeout, sink).await {
            Next::Report(Report::Response(payload)) => Ended::Response(payload),
            Next::Report(Report::Error { error_type, payload }) => Ended::FunctionError { error_type, payload },
            Next::Report(_) => Ended::Fault { reason: "the runtime reported out of turn".to_owned() },
            Next::End(end) => exited(end),
            Next::Late => Ended::Timeout { after: self.timeout },
        };
        self.outcome(ended, init, started.elapsed(), sink).await
    }

    /// Waits until the code is loaded; the end, if it could not be.
    async fn load(&mut self, sink: &mut dyn Sink) -> Option<Ended> {
        match self.next(self.started + self.init_max, sink).await {
            Next::Report(Report::Ready) => {
                self.phase = Phase::Loaded;
                None
            }
            Next::Report(Report::InitError { error_type, payload }) => {
                // Lets it print what it has to say about it.
                self.next(Instant::now() + INIT_ERROR_GRACE, sink).await;
                Some(Ended::InitError { error_type, payload })
            }
            Next::Report(_) => Some(Ended::Fault { reason: "the runtime reported out of turn".to_owned() }),
            Next::End(end) => Some(exited(end)),
            Next::Late => Some(Ended::InitTimeout { after: self.init_max }),
        }
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

    /// Ends what must end, and passes on the last lines.
    async fn outcome(&mut self, ended: Ended, init: Option<Init>, duration: Duration, sink: &mut dyn Sink) -> Outcome {
        let mut memory_max_bytes = self.memory_max_bytes();
        let mut outcome = Outcome { ended, init, duration, memory_max_bytes };
        if !outcome.reusable() {
            self.phase = Phase::Dead;
            if let Some(end) = self.alive.kill().await {
                memory_max_bytes = memory_max_bytes.max(end.memory_max_bytes);
            }
            self.server.abort();
        }
        self.out.drain(sink);
        self.err.drain(sink);
        outcome.memory_max_bytes = memory_max_bytes;
        outcome
    }

    fn memory_max_bytes(&self) -> u64 {
        let text = self.memory_peak.as_ref().and_then(|file| fs::read_to_string(file).ok());
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
        self.alive.ask(&Request::Freeze { id: self.alive.id });
        Box::pin(async { Ok(()) })
    }

    fn thaw(&mut self) -> BoxFuture<'_, exec::Result<()>> {
        self.alive.ask(&Request::Thaw { id: self.alive.id });
        Box::pin(async { Ok(()) })
    }

    fn alive(&self) -> bool {
        self.phase != Phase::Dead && self.alive.ended.is_none() && self.alive.ending.is_empty()
    }

    fn kill(mut self: Box<Self>) -> BoxFuture<'static, Usage> {
        Box::pin(async move {
            let peak = self.memory_max_bytes();
            let end = self.alive.kill().await.unwrap_or_default();
            let memory_max_bytes = peak.max(end.memory_max_bytes);
            Usage { memory_max_bytes, cpu: Duration::from_micros(end.cpu_us) }
        })
    }
}
