//! What the tests share: a small harness, a sandbox engine, and functions made from text.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exec::{Deployed, Ended, Environment, Invocation, Isolation, Level, Limits, Outcome, Plan};
use sandbox::runtimes::{self, Found};
use sandbox::{Authority, Config, Sandboxes};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub type Test = (&'static str, fn(Arc<Kit>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Names an async function for the harness.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[$crate::kit::Test] =
            &[$((concat!(module_path!(), "::", stringify!($name)), |kit| Box::pin($name(kit)))),*];
    };
}

pub struct Kit {
    pub from: From,
    pub sandboxes: Sandboxes,
    pub found: Found,
    pub runtime_dir: TempDir,
}

/// What environments are made of: every test holds for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Nothing,
    Blank,
    /// A blank, made by a fork.
    Zygote,
}

/// Where the platform answers inside; nothing of the host listens there.
pub const DOOR_PORT: u16 = 4566;

struct Greeter;

impl exec::Door for Greeter {
    fn serve(&self, mut conn: TcpStream) -> futures::future::BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut buffer = [0; 1024];
            let _ = conn.read(&mut buffer).await;
            let _ = conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndoor").await;
        })
    }
}

/// Runs the tests whose name holds the first argument that is no flag; all without one.
pub fn run(tests: &[Test]) -> ExitCode {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let tests: Vec<&Test> = tests.iter().filter(|(name, _)| name.contains(&filter)).collect();
    if std::env::args().any(|argument| argument == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let kits = [From::Nothing, From::Blank, From::Zygote].map(|from| Arc::new(Kit::new(from, "127.0.0.1", DOOR_PORT)));
    let sandboxes = &kits[0].sandboxes;
    if let Level::None(reason) = sandboxes.level() {
        println!("skipped: {reason}");
        return ExitCode::SUCCESS;
    }
    println!("level {}, gaps {:?}", sandboxes.level(), sandboxes.gaps());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut failed = 0;
    for (kit, (name, test)) in kits.iter().flat_map(|kit| tests.iter().map(move |test| (kit, test))) {
        let started = std::time::Instant::now();
        let passed = runtime.block_on(async { tokio::spawn(test(Arc::clone(kit))).await }).is_ok();
        let (from, ms) = (kit.from, started.elapsed().as_millis());
        println!("test {name} from {from:?} ... {} ({ms} ms)", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    println!("test result: {} passed; {failed} failed", kits.len() * tests.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}

/// A function under test: its files live as long as it does.
pub struct Function {
    pub deployed: Deployed,
    pub code: TempDir,
}

impl Kit {
    /// An engine of its own, whose platform answers under this authority.
    pub fn new(from: From, host: &str, port: u16) -> Self {
        let runtime_dir = tempfile::tempdir().unwrap();
        let sandboxes =
            sandbox::start(&Config { runtime_dir: runtime_dir.path().to_owned(), zygotes: from == From::Zygote })
                .unwrap();
        sandboxes.open_door(&Authority { host: host.into(), port }, Arc::new(Greeter)).unwrap();
        let found = runtimes::discover(std::ffi::OsStr::new("/usr/bin"));
        Self { from, sandboxes, found, runtime_dir }
    }

    /// A function of one file; none (said so) where the host lacks the runtime.
    pub fn function(&self, family: &str, file: &str, text: &str) -> Option<Function> {
        let Some(runtime) = self.found.usable.iter().find(|runtime| runtime.name.starts_with(family)) else {
            println!("skipped: no {family} on this host");
            return None;
        };
        let code = tempfile::tempdir().unwrap();
        open_to_all(code.path());
        std::fs::write(code.path().join(file), text).unwrap();
        let deployed = Deployed {
            function_name: "hello".into(),
            function_version: "$LATEST".into(),
            log_group: "/aws/lambda/hello".into(),
            log_stream: "stream".into(),
            code: code.path().to_owned(),
            layers: None,
            handler: "app.handler".into(),
            runtime: runtime.clone(),
            memory_mb: 256,
            ephemeral_storage_mb: 512,
            timeout: Duration::from_secs(30),
            region: "us-east-1".into(),
            env: BTreeMap::new(),
        };
        Some(Function { deployed, code })
    }

    /// Layers of one file, for a function of this kit.
    pub fn layers(f: &mut Function, file: &str, text: &str) -> TempDir {
        let layers = tempfile::tempdir().unwrap();
        open_to_all(layers.path());
        let file = layers.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        f.deployed.layers = Some(layers.path().to_owned());
        layers
    }

    pub fn python(&self, text: &str) -> Option<Function> {
        self.function("python3.", "app.py", text)
    }

    pub async fn start(&self, f: &Function) -> Box<dyn Environment> {
        self.try_start(&f.deployed, Limits::of(&f.deployed)).await.unwrap()
    }

    /// Waits until Python's zygote can fork.
    async fn zygote(&self, key: &exec::PoolKey) {
        let is_python = key.runtime.family == exec::RuntimeFamily::Python;
        while is_python && self.sandboxes.zygotes() == 0 {
            drop(self.sandboxes.prepare(key).await);
            tokio::task::yield_now().await;
        }
    }

    /// Makes an environment; from a blank where the kit does and the function's plan is one.
    pub async fn try_start(&self, f: &Deployed, limits: Limits) -> exec::Result<Box<dyn Environment>> {
        match (self.from, Plan::of(f)) {
            (From::Blank | From::Zygote, Plan::Pooled(key)) => {
                if self.from == From::Zygote {
                    self.zygote(&key).await;
                }
                let blank = self.sandboxes.prepare(&key).await?;
                self.sandboxes.specialise(blank, f, limits).await
            }
            _ => self.sandboxes.start(f, limits).await,
        }
    }

    /// Starts a function, invokes it once with `event`, and gives the outcome and what it printed.
    pub async fn once(&self, f: &Function, event: &str) -> (Outcome, Vec<String>) {
        let mut environment = self.start(f).await;
        let mut lines = Vec::new();
        let outcome = environment.invoke(request("r-1", event), &mut lines).await;
        environment.kill().await;
        (outcome, lines)
    }

    /// Runs Python statements in a sandbox whose `result` is the answer, and gives that as text.
    pub async fn evaluate(&self, statements: &str) -> Option<String> {
        let body: String = statements.lines().map(|line| format!("    {line}\n")).collect();
        let f = self.python(&format!(
            "import os, sys, socket, subprocess\ndef handler(event, context):\n{body}    return result\n"
        ))?;
        let (outcome, lines) = self.once(&f, "{}").await;
        match outcome.ended {
            Ended::Response(answer) => Some(String::from_utf8(answer.to_vec()).unwrap()),
            other => panic!("{other:?}\n{lines:?}"),
        }
    }
}

pub fn request(id: &str, event: &str) -> Invocation {
    Invocation {
        request_id: id.into(),
        invoked_function_arn: "the-arn".into(),
        payload: Bytes::from(event.to_owned()),
        ..Invocation::default()
    }
}

pub fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The payload of the outcome as text.
pub fn text(outcome: &Outcome) -> String {
    String::from_utf8(outcome.ended.payload("r-1").to_vec()).unwrap()
}
