//! `clearsky serve`: from flags to a server that listens, and to its end.

use std::fs;
use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base::Ids;
use edge::{Edge, Inside, Server};
use kv_fjall::Fjall;
use sandbox::Sandboxes;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{self, Serve};
use crate::wiring::{self, Parts};
use crate::{endpoint, keys, log, runtimes};

/// Runs the server until it is told to stop.
pub fn run(settings: &Serve) -> anyhow::Result<()> {
    let _log = log::start(&settings.log)?;
    let data_dir = settings.place.data_dir.as_path();
    fs::create_dir_all(data_dir).with_context(|| format!("cannot make the data directory {}", data_dir.display()))?;
    // The store's lock comes first: a second server must touch nothing.
    let kv = open(data_dir)?;
    let listener =
        TcpListener::bind(settings.listen).with_context(|| format!("cannot listen on {}", settings.listen))?;
    listener.set_nonblocking(true)?;
    let listening = config::url(listener.local_addr()?);
    let url = settings.public_url.clone().unwrap_or_else(|| listening.clone());
    let key_file = keys::load_or_create(data_dir, &Ids::system())?;
    let root_keys = if settings.root_key.is_empty() { vec![key_file.root_key()] } else { settings.root_key.clone() };
    let first_key = root_keys.first().cloned().context("no root key")?;

    // Before the asynchronous runtime: the supervisor is started from a process with one thread of ours.
    let runtime_dir = runtimes::folder(data_dir);
    fs::create_dir_all(&runtime_dir)?;
    let sandboxes = sandbox::start(&sandbox::Config { runtime_dir }).context("the sandbox supervisor did not start")?;
    let inside = Inside::default();
    let door = sandboxes.open_door(&config::authority(&url), std::sync::Arc::new(inside.clone()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let drained = runtime.block_on(async {
        let broken = kv.broken();
        let parts = Parts { settings, url: &url, key_file: &key_file, root_keys, sandboxes: &sandboxes, kv };
        let platform = wiring::platform(parts)?;
        wiring::workers(&platform).await?;
        let edge = Edge::new(platform.clone());
        inside.open(&edge);
        let listener = tokio::net::TcpListener::from_std(listener)?;
        // Before anybody is told that it runs: from now on SIGTERM drains.
        let stop = stopped(broken)?;
        endpoint::publish(data_dir, &url, &first_key)?;
        greet(data_dir, (&listening, &url), &sandboxes, door.err());
        let (ended, unserved) = {
            let (tell, told) = tokio::sync::oneshot::channel();
            let stop = async { drop(tell.send(stop.await)) };
            let unserved = Server::new(listener, edge).run(stop).await;
            (told.await.unwrap_or(Ended::Told), unserved)
        };
        endpoint::withdraw(data_dir);
        wiring::drain(&platform).await?;
        platform.tasks.shutdown().await;
        if unserved.0 {
            tracing::warn!("some requests were cut off: they did not end in time");
        }
        anyhow::Ok(ended)
    })?;
    drop(sandboxes);
    match drained {
        Ended::Told => Ok(()),
        Ended::Broken => {
            bail!("the store failed and accepts no more writes; what was acknowledged is safe: start again")
        }
    }
}

/// Why the server ends.
enum Ended {
    Told,
    Broken,
}

/// Resolves at SIGTERM, SIGINT, or when the store has failed.
fn stopped(mut broken: tokio::sync::watch::Receiver<bool>) -> anyhow::Result<impl Future<Output = Ended>> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => Ended::Told,
            _ = interrupt.recv() => Ended::Told,
            Ok(_) = broken.wait_for(|broken| *broken) => Ended::Broken,
        }
    })
}

/// How long a lock may outlive the server that held it: a process that it was just starting still has a copy.
const LOCK_LINGERS: Duration = Duration::from_secs(1);

/// Opens the store. Who restarts a server at once need not know of `LOCK_LINGERS`.
fn open(data_dir: &Path) -> anyhow::Result<Fjall> {
    let started = Instant::now();
    loop {
        match Fjall::open(data_dir.join("kv"), kv_fjall::Options::default()) {
            Err(kv_fjall::Error::Locked { .. }) if started.elapsed() < LOCK_LINGERS => {
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => return opened.map_err(|error| opening(data_dir, error)),
        }
    }
}

fn opening(data_dir: &Path, error: kv_fjall::Error) -> anyhow::Error {
    match error {
        kv_fjall::Error::Locked { .. } => {
            anyhow::anyhow!("another server uses the data directory {}", data_dir.display())
        }
        error => error.into(),
    }
}

/// What a person reads at the start. `ready` is the last line.
fn greet(data_dir: &Path, (listening, url): (&str, &str), sandboxes: &Sandboxes, door: Option<exec::Error>) {
    use exec::Isolation as _;
    println!("clearsky {}", env!("CARGO_PKG_VERSION"));
    println!("listening on {listening}");
    if url != listening {
        println!("public URL {url}");
    }
    println!("data in {}", data_dir.display());
    println!("isolation: {}", sandboxes.level());
    for gap in sandboxes.gaps() {
        println!("isolation: {gap}");
    }
    if let Some(error) = door {
        println!("functions cannot reach this server: {error}");
    }
    println!("use it: eval \"$(clearsky env --data-dir {})\"", data_dir.display());
    println!("ready");
}
