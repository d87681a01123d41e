//! `clearsky serve`: from flags to a server that listens, and to its end.

use std::fs;
use std::future::Future;
use std::net::TcpListener;

use anyhow::{Context, bail};
use base::Ids;
use edge::{Edge, Inside, Server};
use sandbox::Sandboxes;
use tokio::signal::unix::{SignalKind, signal};

use crate::audit_log::Records;
use crate::config::{self, Auth, Serve};
use crate::storage::Locked;
use crate::wiring::{self, Parts};
use crate::{endpoint, keys, log, runtimes};

/// What is said at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// What there is to know.
    Plain,
    /// And what to paste.
    Friendly,
}

/// Runs the server until it is told to stop.
pub fn run(settings: &Serve, manner: Manner) -> anyhow::Result<()> {
    settings.check().map_err(anyhow::Error::msg)?;
    let _log = log::start(&settings.log)?;
    let data_dir = settings.place.data_dir.as_path();
    fs::create_dir_all(data_dir).with_context(|| format!("cannot make the data directory {}", data_dir.display()))?;
    // The lock comes first: a second server must touch nothing.
    let locked = Locked::open(data_dir, &settings.kv)?;
    let listener =
        TcpListener::bind(settings.listen).with_context(|| format!("cannot listen on {}", settings.listen))?;
    listener.set_nonblocking(true)?;
    let listening = config::url(listener.local_addr()?);
    let url = settings.public_url.clone().unwrap_or_else(|| listening.clone());
    let records = settings.audit_log.as_deref().map(Records::open).transpose()?;
    let key_file = keys::load_or_create(data_dir, &Ids::system())?;
    let root_keys = if settings.root_key.is_empty() { vec![key_file.root_key()] } else { settings.root_key.clone() };
    let first_key = root_keys.first().cloned().context("no root key")?;

    // Before the asynchronous runtime: the supervisor is started from a process with one thread of ours.
    let runtime_dir = runtimes::folder(data_dir);
    fs::create_dir_all(&runtime_dir)?;
    let sandboxes = sandbox::start(&sandbox::Config { runtime_dir, zygotes: settings.zygotes })
        .context("the sandbox supervisor did not start")?;
    let inside = Inside::default();
    let door = sandboxes.open_door(&config::authority(&url), std::sync::Arc::new(inside.clone()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let drained = runtime.block_on(async {
        let storage = locked.connect().await?;
        let broken = storage.broken.clone();
        let parts = Parts { settings, url: &url, key_file: &key_file, root_keys, sandboxes: &sandboxes, storage };
        let platform = wiring::platform(parts)?;
        wiring::workers(&platform).await?;
        records.iter().for_each(|records| records.attach(&platform));
        let edge = Edge::new(platform.clone());
        inside.open(&edge);
        let listener = tokio::net::TcpListener::from_std(listener)?;
        // Before anybody is told that it runs: from now on SIGTERM drains.
        let stop = stopped(broken)?;
        endpoint::publish(data_dir, &url, &first_key)?;
        greet(settings, (&listening, &url), &sandboxes, door.err());
        if manner == Manner::Friendly {
            println!("\n# for your shell:\n{}", endpoint::env(data_dir)?);
        }
        println!("ready");
        let (ended, unserved) = {
            let (tell, told) = tokio::sync::oneshot::channel();
            let stop = async { drop(tell.send(stop.await)) };
            let unserved = Server::new(listener, edge).run(stop).await;
            (told.await.unwrap_or(Ended::Told), unserved)
        };
        endpoint::withdraw(data_dir);
        wiring::drain(&platform).await?;
        platform.tasks.shutdown().await;
        records.iter().for_each(Records::drain);
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

/// What a person reads at the start; `ready` is the last line of all.
fn greet(settings: &Serve, (listening, url): (&str, &str), sandboxes: &Sandboxes, door: Option<exec::Error>) {
    use exec::Isolation as _;
    let data_dir = settings.place.data_dir.display();
    println!("clearsky {}", env!("CARGO_PKG_VERSION"));
    println!("listening on {listening}");
    if url != listening {
        println!("public URL {url}");
    }
    println!("data in {data_dir}");
    match settings.auth {
        Auth::Enforce => (),
        Auth::Audit => {
            println!("auth: audit: everybody is let in; what enforce would refuse is recorded (clearsky policy)")
        }
        Auth::Off => println!("auth: off: everybody is let in, nobody looks"),
    }
    println!("isolation: {}", sandboxes.level());
    for gap in sandboxes.gaps() {
        println!("isolation: {gap}");
    }
    if let Some(error) = door {
        println!("functions cannot reach this server: {error}");
    }
    println!("use it: eval \"$(clearsky env --data-dir {data_dir})\"");
}
