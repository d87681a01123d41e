//! Timeouts, crashes, restarts, what is left behind, and the death of the server.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use exec::{Ended, Limits, RuntimeFamily};
use sandbox::{Config, runtimes};

use crate::kit::{From, Kit, request, text};
use crate::tests;

tests![
    timeout_kills_the_tree,
    exit_status,
    death_by_signal,
    idle_death,
    slow_init,
    hanging_init,
    dropping_kills,
    freezing,
    many_at_once,
    nothing_is_left,
    the_servers_death,
    discovery,
    every_runtime,
    unusable_code,
];

/// How long the kernel and the supervisor may take to clear up before a test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until `done` or the end of patience.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a process with this word in its command line lives on the host.
fn lives(marker: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let own = std::process::id().to_string();
    processes.filter(|p| p.file_name() != *own).any(|process| {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == marker.as_bytes())
    })
}

const LEAVES_A_CHILD: &str = r#"
import subprocess, time
def handler(e, c):
    subprocess.Popen(['/usr/bin/python3', '-c', 'import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True: signal.pause()', e],
                     start_new_session=True)
    print('started', flush=True)
    time.sleep(60)
"#;

async fn timeout_kills_the_tree(kit: Arc<Kit>) {
    let marker = "marker-of-timeout";
    let Some(mut f) = kit.python(LEAVES_A_CHILD) else { return };
    f.deployed.timeout = Duration::from_millis(500);
    let mut environment = kit.start(&f).await;
    let mut lines = Vec::new();
    let invocation = request("r-1", &format!("\"{marker}\""));
    let (outcome, seen) = tokio::join!(environment.invoke(invocation, &mut lines), async {
        let started = Instant::now();
        while !lives(marker) && started.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lives(marker)
    });
    assert!(seen, "the child was never there");
    assert_eq!(
        text(&outcome),
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 0.50 seconds"}"#
    );
    assert!(!lives(marker) && !environment.alive());
    assert_eq!(lines, ["started"]);
}

async fn exit_status(kit: Arc<Kit>) {
    let Some(f) = kit.python("def handler(e, c):\n    print('last words')\n    exit(e)\n") else { return };
    let (outcome, lines) = kit.once(&f, "3").await;
    let message = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 3"}"#;
    assert_eq!((text(&outcome).as_str(), lines), (message, vec!["last words".to_owned()]));
    let (outcome, _) = kit.once(&f, "0").await;
    assert!(text(&outcome).ends_with("Runtime exited without providing a reason\"}"), "{outcome:?}");
}

async fn death_by_signal(kit: Arc<Kit>) {
    for (signal, words) in [(11, "segmentation fault"), (6, "aborted"), (9, "killed")] {
        let Some(f) = kit.python("import os\ndef handler(e, c):\n    os.kill(os.getpid(), e)\n") else { return };
        let (outcome, _) = kit.once(&f, &signal.to_string()).await;
        assert_eq!(outcome.ended, Ended::Exited { status: None, signal: Some(signal), out_of_memory: false });
        assert!(text(&outcome).ends_with(&format!("signal: {words}\"}}")), "{outcome:?}");
    }
}

/// By a unique reference, as an environment may be sent to another thread but not shared.
fn ended(environment: &mut Box<dyn exec::Environment>) -> bool {
    !environment.alive()
}

/// A process that ends between two requests is replaced, and the next request is served.
async fn idle_death(kit: Arc<Kit>) {
    let code = "import os, threading\ndef handler(e, c):\n    if e:\n        threading.Timer(0.01, os._exit, [1]).start()\n    return os.getpid()\n";
    let Some(f) = kit.python(code) else { return };
    let mut environment = kit.start(&f).await;
    let mut lines = Vec::new();
    assert!(environment.invoke(request("a", "1"), &mut lines).await.reusable());
    until("the idle process ends", || ended(&mut environment)).await;
    let outcome = environment.invoke(request("b", "0"), &mut lines).await;
    assert!(outcome.reusable() && outcome.init.is_some(), "{outcome:?}");
    assert!(environment.alive());
}

/// What takes too long to load is loaded once more, within the function's own time.
async fn slow_init(kit: Arc<Kit>) {
    let Some(f) = kit.python("import time\ntime.sleep(0.3)\ndef handler(e, c):\n    return 'late'\n") else { return };
    let limits = Limits { init: Duration::from_millis(100), ..Limits::of(&f.deployed) };
    let mut environment = kit.try_start(&f.deployed, limits).await.unwrap();
    let outcome = environment.invoke(request("r-1", "0"), &mut Vec::new()).await;
    assert_eq!(text(&outcome), "\"late\"");
    assert!(outcome.duration >= Duration::from_millis(300), "{outcome:?}");
}

async fn hanging_init(kit: Arc<Kit>) {
    let Some(mut f) = kit.python("print('in vain')\nwhile True: pass\n") else { return };
    f.deployed.timeout = Duration::from_millis(200);
    let limits = Limits { init: Duration::from_millis(100), ..Limits::of(&f.deployed) };
    let mut environment = kit.try_start(&f.deployed, limits).await.unwrap();
    let mut lines = Vec::new();
    let outcome = environment.invoke(request("r-1", "0"), &mut lines).await;
    assert_eq!(outcome.ended, Ended::Timeout { after: Duration::from_millis(200) });
    assert_eq!(lines, ["in vain", "in vain"]);
}

async fn dropping_kills(kit: Arc<Kit>) {
    let marker = "marker-of-drop";
    let Some(f) = kit.python(&LEAVES_A_CHILD.replace("time.sleep(60)", "")) else { return };
    let mut environment = kit.start(&f).await;
    assert!(environment.invoke(request("r", &format!("\"{marker}\"")), &mut Vec::new()).await.reusable());
    until("the child is there", || lives(marker)).await;
    drop(environment);
    until("the child is gone", || !lives(marker)).await;
}

/// A frozen environment does nothing; thawed it serves on; and frozen it can be killed.
async fn freezing(kit: Arc<Kit>) {
    let code = r#"
import threading, time
count = 0
def run():
    global count
    while True:
        count += 1
        time.sleep(0.001)
def handler(e, c):
    if e:
        threading.Thread(target=run, daemon=True).start()
    return count
"#;
    let Some(f) = kit.python(code) else { return };
    let mut environment = kit.start(&f).await;
    environment.invoke(request("a", "1"), &mut Vec::new()).await;
    environment.freeze().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    environment.thaw().await.unwrap();
    let outcome = environment.invoke(request("b", "0"), &mut Vec::new()).await;
    let count: u32 = text(&outcome).parse().unwrap();
    assert!(count < 100, "it ran on: {count}");
    environment.freeze().await.unwrap();
    environment.kill().await;
}

async fn many_at_once(kit: Arc<Kit>) {
    let Some(f) = kit.python("def handler(e, c):\n    return e\n") else { return };
    let f = Arc::new(f);
    let mut set = tokio::task::JoinSet::new();
    for n in 0..40 {
        let (kit, f) = (Arc::clone(&kit), Arc::clone(&f));
        set.spawn(async move { (n, text(&kit.once(&f, &n.to_string()).await.0)) });
    }
    for (n, answer) in set.join_all().await {
        assert_eq!(answer, n.to_string());
    }
}

fn cgroups() -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                let ours =
                    path.parent().and_then(|p| p.file_name()?.to_str()).is_some_and(|p| p.starts_with("clearsky-"));
                if ours {
                    found.push(path.display().to_string());
                }
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(std::path::Path::new("/sys/fs/cgroup"), &mut found);
    found
}

async fn nothing_is_left(kit: Arc<Kit>) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let Some(f) = kit.python("def handler(e, c):\n    return 1\n") else { return };
    // A zygote stays, for others.
    kit.start(&f).await.kill().await;
    let before = cgroups();
    let mut environment = kit.start(&f).await;
    environment.invoke(request("r", "1"), &mut Vec::new()).await;
    let mut during = cgroups();
    during.retain(|folder| !before.contains(folder));
    assert!(!during.is_empty() || kit.sandboxes.gaps().iter().any(|gap| gap.contains("no cgroup")));
    environment.kill().await;
    until("all cgroups are removed", || cgroups().iter().all(|folder| !during.contains(folder))).await;
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").unwrap(), mounts);
    assert_eq!(fs::read_dir(kit.runtime_dir.path().join(".root")).unwrap().count(), 0);
}

/// A server of its own process, killed without warning while a function runs.
async fn the_servers_death(kit: Arc<Kit>) {
    let marker = "marker-of-death";
    let Some(f) = kit.python(LEAVES_A_CHILD) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new("/proc/self/exe")
        .args(["__server".as_ref(), folder.path(), f.code.path(), marker.as_ref()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    until("the child is there", || lives(marker)).await;
    server.kill().unwrap();
    server.wait().unwrap();
    until("the child is gone", || !lives(marker)).await;
    let folder = folder.path().to_str().unwrap().to_owned();
    until("the supervisor is gone", || !lives(&format!("{folder}/.root"))).await;
}

/// The server that `the_servers_death` kills.
pub fn server_main() -> Option<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [first, folder, code, marker] = arguments.as_slice() else { return None };
    if first != "__server" {
        return None;
    }
    struct Print;
    impl exec::Sink for Print {
        fn line(&mut self, _: exec::Stream, line: &[u8]) {
            println!("{}", String::from_utf8_lossy(line));
        }
    }
    let runtime_dir = tempfile::tempdir().unwrap();
    let sandboxes = sandbox::start(&Config { runtime_dir: folder.into(), zygotes: false }).unwrap();
    let found = runtimes::discover("/usr/bin".as_ref());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let kit = Arc::new(Kit { from: From::Nothing, sandboxes, found, runtime_dir });
        let mut f = kit.python("").unwrap();
        f.deployed.code = code.into();
        let mut environment = kit.start(&f).await;
        environment.invoke(request("r", &format!("\"{marker}\"")), &mut Print).await;
    });
    Some(ExitCode::SUCCESS)
}

async fn discovery(kit: Arc<Kit>) {
    let folder = tempfile::tempdir().unwrap();
    let shim = folder.path().join("python3");
    fs::write(&shim, "#!/bin/sh\nexit 3\n").unwrap();
    crate::kit::open_to_all(&shim);
    let found = runtimes::discover(folder.path().as_os_str());
    let names = |found: &runtimes::Found| found.usable.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), names(&kit.found));
    let skipped = found.skipped.iter().find(|(path, _)| *path == shim.display().to_string()).unwrap();
    assert!(skipped.1.starts_with("does not run"), "{skipped:?}");
    let interpreters = found.usable.iter().filter(|runtime| runtime.family != RuntimeFamily::Provided);
    for runtime in interpreters {
        assert!(runtime.interpreter.is_absolute() && runtime.version.contains('.'), "{runtime:?}");
    }
}

/// Every interpreter that is said to be usable does run a function, those outside `/usr` too.
async fn every_runtime(kit: Arc<Kit>) {
    let runtime_dir = tempfile::tempdir().unwrap();
    let sandboxes =
        sandbox::start(&Config { runtime_dir: runtime_dir.path().into(), zygotes: kit.from == From::Zygote }).unwrap();
    let found = runtimes::discover(&std::env::var_os("PATH").unwrap_or_default());
    let kit = Kit { from: kit.from, sandboxes, found, runtime_dir };
    for runtime in kit.found.usable.iter().filter(|runtime| runtime.family != RuntimeFamily::Provided) {
        let mut f = kit
            .python("import sys, json, hashlib\ndef handler(e, c):\n    return '%d.%d' % sys.version_info[:2]\n")
            .unwrap();
        if runtime.family == RuntimeFamily::Node {
            std::fs::write(f.code.path().join("app.js"), "exports.handler = async () => process.versions.node")
                .unwrap();
        }
        f.deployed.runtime = runtime.clone();
        let (outcome, lines) = kit.once(&f, "1").await;
        let version = text(&outcome);
        assert!(runtime.version.starts_with(version.trim_matches('"')), "{runtime:?} {version} {lines:?}");
    }
}

async fn unusable_code(kit: Arc<Kit>) {
    let Some(mut f) = kit.python("") else { return };
    f.deployed.code = "/nowhere/at/all".into();
    let error = kit.try_start(&f.deployed, Limits::of(&f.deployed)).await.err().unwrap().to_string();
    assert!(error.contains("/nowhere/at/all: No such file"), "{error}");
    let Some(mut f) = kit.python("") else { return };
    f.deployed.runtime.interpreter = "/usr/bin/no-such-interpreter".into();
    let error = kit.try_start(&f.deployed, Limits::of(&f.deployed)).await.err().unwrap().to_string();
    assert!(error.contains("fork/exec /usr/bin/no-such-interpreter: no such file"), "{error}");
}
