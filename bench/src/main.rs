//! The load program of `cargo xtask bench`: any endpoint that speaks the protocols, measured beside a bare skeleton.

mod anchors;
mod client;
mod cold;
mod load;
mod process;
mod report;
mod rows;
mod skeleton;
mod stage;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base::Secret;
use clap::{Parser, Subcommand};
use sigv4::Credentials;

use crate::client::Target;
use crate::process::{KEY, Process, SECRET};
use crate::report::{Line, Report, median};
use crate::rows::Rows;
use crate::stage::{Language, Stage};

/// Measures a server: one that it starts, or the one that AWS_ENDPOINT_URL names.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Also measures a bare server on this machine, and prints each figure as a ratio to it.
    #[arg(long)]
    skeleton: bool,
    /// At most 30 seconds: one round, few clients.
    #[arg(long)]
    quick: bool,
    /// Only rows whose name holds this text.
    #[arg(long)]
    only: Option<String>,
    /// Where the figures go as JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
    /// The server to start, if no endpoint is given.
    #[arg(long, default_value = "target/release/clearsky")]
    binary: PathBuf,
    /// What the started server logs.
    #[arg(long, default_value = "info")]
    log: String,
    /// Measures this server instead of starting one: http://HOST:PORT.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", default_value = KEY)]
    key: String,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", default_value = SECRET, hide_env_values = true)]
    secret: String,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    region: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The skeleton's own process.
    #[command(hide = true)]
    ServeSkeleton {
        #[arg(long)]
        folder: PathBuf,
    },
}

/// How much is measured.
struct Effort {
    rounds: usize,
    window: Duration,
    clients: &'static [usize],
    boots: usize,
    functions: usize,
    /// Functions of the sustained cold starts.
    sustained: usize,
}

const QUICK: Effort =
    Effort { rounds: 1, window: Duration::from_millis(400), clients: &[1, 16], boots: 2, functions: 4, sustained: 40 };
const FULL: Effort = Effort {
    rounds: 3,
    window: Duration::from_millis(900),
    clients: &[1, 16, 64],
    boots: 5,
    functions: 50,
    sustained: 400,
};

/// A server is idle this long after its start.
const IDLE_AFTER: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.command {
        Some(Command::ServeSkeleton { folder }) => runtime.block_on(skeleton::serve(folder, SECRET.to_owned())),
        None => runtime.block_on(bench(arguments)),
    }
}

async fn bench(arguments: &Arguments) -> anyhow::Result<()> {
    let effort = if arguments.quick { QUICK } else { FULL };
    let mut report = Report::default();
    let (target, _server) = match &arguments.endpoint {
        Some(url) => {
            let authority = url.strip_prefix("http://").context("only http:// endpoints")?.trim_end_matches('/');
            (arguments.target(authority), None)
        }
        None => {
            let server = start(arguments, &effort, &mut report)?;
            (own_target(&server.authority), Some(server))
        }
    };
    report.endpoint = format!("http://{}", target.authority);
    let skeleton = if arguments.skeleton { Some(Process::skeleton()?) } else { None };
    let mut stage = Stage::new(&target).await?;
    let measured = measure(arguments, &effort, &mut stage, &target, skeleton.as_ref(), &mut report).await;
    // A server of our own goes with its data.
    if arguments.endpoint.is_some() {
        stage.clear().await;
    }
    measured?;
    report.print();
    std::fs::write(&arguments.json, serde_json::to_vec_pretty(&report)?)
        .with_context(|| arguments.json.display().to_string())?;
    println!("\nas JSON: {}", arguments.json.display());
    Ok(())
}

impl Arguments {
    fn target(&self, authority: &str) -> Arc<Target> {
        let credentials = Credentials {
            access_key_id: self.key.clone(),
            secret_access_key: Secret::new(self.secret.clone()),
            session_token: self.token.clone().map(Secret::new),
        };
        Arc::new(Target { authority: authority.to_owned(), region: self.region.clone(), credentials })
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }
}

/// A process that we have started, with the key that it was given.
fn own_target(authority: &str) -> Arc<Target> {
    let (access_key_id, secret_access_key) = (KEY.to_owned(), Secret::new(SECRET.to_owned()));
    let credentials = Credentials { access_key_id, secret_access_key, session_token: None };
    Arc::new(Target { authority: authority.to_owned(), region: "us-east-1".to_owned(), credentials })
}

/// Starts the server some times and keeps the last one.
fn start(arguments: &Arguments, effort: &Effort, report: &mut Report) -> anyhow::Result<Process> {
    let mut boots = Vec::new();
    for _ in 1..effort.boots {
        boots.push(Process::server(&arguments.binary, &arguments.log)?.boot.as_secs_f64() * 1000.0);
    }
    let server = Process::server(&arguments.binary, &arguments.log)?;
    boots.push(server.boot.as_secs_f64() * 1000.0);
    std::thread::sleep(IDLE_AFTER);
    let (own, all) = server.memory();
    report.boot_ms = Some(median(boots));
    (report.idle_memory_mb, report.idle_memory_of_all_mb) = (Some(own as f64 / 1e6), Some(all as f64 / 1e6));
    Ok(server)
}

async fn measure(
    arguments: &Arguments,
    effort: &Effort,
    stage: &mut Stage,
    target: &Arc<Target>,
    skeleton: Option<&Process>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let skeleton = skeleton.map(|skeleton| own_target(&skeleton.authority));
    let only = arguments.only.clone();
    let mut rows = Rows { server: Arc::clone(target), skeleton, names: stage.names.clone(), only, rows: Vec::new() };
    stage.table().await?;
    for clients in effort.clients {
        rows.items(*clients).await?;
    }
    if arguments.wants("Object") {
        stage.bucket().await?;
        for clients in effort.clients.iter().filter(|clients| **clients <= 16) {
            rows.small_objects(*clients).await?;
        }
        rows.big_objects().await?;
    }
    if arguments.wants("Invoke") {
        let mut usable = Vec::new();
        for language in [Language::Python, Language::Node] {
            usable.extend(cold::usable(stage, language).await);
        }
        for tried in &usable {
            report.lines.extend(cold::one_by_one(stage, tried, effort.functions).await?);
        }
        for tried in usable.iter().filter(|tried| tried.language == Language::Python) {
            report.lines.push(cold::sustained(stage, target, tried, effort.sustained).await?);
        }
        if let Some(tried) = usable.first() {
            for clients in effort.clients.iter().filter(|clients| **clients <= 16) {
                rows.invocations(*clients, &tried.function).await?;
            }
        }
        let spawns = (0..effort.functions).filter_map(|_| anchors::STATIC.time()).collect();
        report.lines.push(Line::of_times(anchors::STATIC.name, 1, spawns));
    }
    rows.run(effort.rounds, effort.window).await?;
    report.lines.extend(rows.lines()?);
    Ok(())
}
