//! Functions that bring their own program: scripts, static binaries, layers, and what cannot be run.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use exec::{Ended, FreshReason, Plan};

use crate::kit::{Function, Kit, open_to_all, request, text};
use crate::tests;

tests![shell, static_binary, layers, environment, cannot_be_run, ends_by_itself];

/// The loop of AWS's tutorial for custom runtimes.
const LOOP: &str = r#"#!/bin/bash
set -euo pipefail
echo "in $PWD for $_HANDLER"
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
    headers=$(mktemp)
    event=$(curl -sS -LD "$headers" "$api/next")
    id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
    echo "got $event"
    if [ "$event" = '"fail"' ]; then
        curl -sS -o /dev/null "$api/$id/error" -H 'Lambda-Runtime-Function-Error-Type: Function.Failed' -d '{"errorMessage":"no"}'
    else
        curl -sS -o /dev/null "$api/$id/response" -d "[$event,\"$id\",\"$*\"]"
    fi
done
"#;

/// The same in a language of its own.
const BINARY: &str = r#"
use std::io::{Read, Write};
fn ask(request: String) -> String {
    let mut connection = std::net::TcpStream::connect(std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap()).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
fn main() {
    let path = "/2018-06-01/runtime/invocation";
    loop {
        let next = ask(format!("GET {path}/next HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"));
        let (head, event) = next.split_once("\r\n\r\n").unwrap();
        let id = head.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: ")).unwrap();
        let body = format!("{{\"echo\":{event}}}");
        let length = body.len();
        ask(format!("POST {path}/{id}/response HTTP/1.1\r\nHost: api\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"));
    }
}
"#;

/// A function whose package holds this program.
fn provided(kit: &Kit, program: &[u8]) -> Function {
    let f = kit.function("provided.al2023", "bootstrap", "").unwrap();
    place(f.code.path(), program);
    f
}

fn place(folder: &Path, program: &[u8]) {
    std::fs::write(folder.join("bootstrap"), program).unwrap();
    permit(folder, 0o755);
}

fn permit(folder: &Path, mode: u32) {
    std::fs::set_permissions(folder.join("bootstrap"), std::fs::Permissions::from_mode(mode)).unwrap();
}

async fn shell(kit: Arc<Kit>) {
    if !Path::new("/usr/bin/curl").exists() {
        return println!("skipped: no curl on this host");
    }
    let f = provided(&kit, LOOP.as_bytes());
    assert_eq!(Plan::of(&f.deployed), Plan::Fresh(FreshReason::Program));
    let mut environment = kit.start(&f).await;
    let mut lines = Vec::new();
    for (id, expected) in [("a", r#"[{"n":1},"a",""]"#), ("b", r#"[{"n":1},"b",""]"#)] {
        let outcome = environment.invoke(request(id, r#"{"n":1}"#), &mut lines).await;
        assert_eq!(text(&outcome), expected, "{lines:?}");
        assert_eq!(outcome.init.is_some(), id == "a");
    }
    let outcome = environment.invoke(request("c", r#""fail""#), &mut lines).await;
    assert_eq!(
        (outcome.ended.error_type(), text(&outcome).as_str()),
        (Some("Function.Failed"), r#"{"errorMessage":"no"}"#)
    );
    assert!(outcome.reusable());
    assert_eq!(lines, ["in /var/task for app.handler", "got {\"n\":1}", "got {\"n\":1}", "got \"fail\""]);
    environment.kill().await;
}

async fn static_binary(kit: Arc<Kit>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.rs"), BINARY).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2021", "-C", "target-feature=+crt-static", "-C", "relocation-model=static", "-o"]);
    let compiled = rustc.args(["bootstrap", "main.rs"]).current_dir(folder.path()).stderr(Stdio::null()).status();
    if !compiled.is_ok_and(|status| status.success()) {
        return println!("skipped: rustc links no static binary here");
    }
    let program = std::fs::read(folder.path().join("bootstrap")).unwrap();
    let f = provided(&kit, &program);
    let mut environment = kit.start(&f).await;
    for id in ["a", "b"] {
        let outcome = environment.invoke(request(id, "[1]"), &mut exec::Discard).await;
        assert_eq!(text(&outcome), r#"{"echo":[1]}"#);
    }
    environment.kill().await;
}

/// A layer's program runs where the package has none.
async fn layers(kit: Arc<Kit>) {
    let exits = |status: u8| format!("#!/bin/sh\nexit {status}\n").into_bytes();
    let mut f = provided(&kit, &exits(3));
    let layer = tempfile::tempdir().unwrap();
    open_to_all(layer.path());
    place(layer.path(), &exits(4));
    f.deployed.layers = Some(layer.path().to_owned());
    for expected in [3, 4] {
        let (outcome, lines) = kit.once(&f, "1").await;
        let Ended::Exited { status, .. } = outcome.ended else { panic!("{outcome:?} {lines:?}") };
        assert_eq!(status, Some(expected));
        let _ = std::fs::remove_file(f.code.path().join("bootstrap"));
    }
}

async fn environment(kit: Arc<Kit>) {
    let mut f = provided(&kit, b"#!/bin/sh\n/usr/bin/env\nid -u\n");
    f.deployed.env.insert("OWN".into(), "1".into());
    let (_, lines) = kit.once(&f, "1").await;
    for expected in
        ["OWN=1", "_HANDLER=app.handler", "LAMBDA_TASK_ROOT=/var/task", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001"]
    {
        assert!(lines.iter().any(|line| line == expected), "{expected}: {lines:?}");
    }
    for absent in ["AWS_EXECUTION_ENV=", "PYTHONPATH=", "NODE_PATH=", "CLEARSKY_"] {
        assert!(!lines.iter().any(|line| line.starts_with(absent)), "{absent}: {lines:?}");
    }
    let user: u32 = lines.last().unwrap().parse().unwrap();
    assert!(user >= 1000, "{user}");
}

async fn cannot_be_run(kit: Arc<Kit>) {
    let none = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
    let mut foreign = vec![0_u8; 64];
    // A program (type 2) of 64 bits, little-endian, for a machine that is not made (0xbeef).
    foreign[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xef\xbe");
    type Change = fn(&Path);
    let cases: [(&[u8], Change, &str); 6] = [
        (b"", |folder| std::fs::remove_file(folder.join("bootstrap")).unwrap(), none),
        (
            b"",
            |folder| {
                std::fs::remove_file(folder.join("bootstrap")).unwrap();
                std::fs::create_dir(folder.join("bootstrap")).unwrap();
            },
            none,
        ),
        (b"#!/bin/sh\n", |folder| permit(folder, 0o644), "fork/exec /var/task/bootstrap: permission denied"),
        (b"echo no interpreter named\n", |_| (), "fork/exec /var/task/bootstrap: exec format error"),
        (&foreign, |_| (), "fork/exec /var/task/bootstrap: exec format error"),
        (b"#!/no/such/shell\n", |_| (), "fork/exec /var/task/bootstrap: no such file or directory"),
    ];
    for (program, change, expected) in cases {
        let f = provided(&kit, program);
        change(f.code.path());
        let (outcome, lines) = kit.once(&f, "1").await;
        let expected = format!("RequestId: r-1 Error: {expected}");
        let document = serde_json::json!({ "errorType": "Runtime.InvalidEntrypoint", "errorMessage": expected });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text(&outcome)).unwrap(), document);
        assert_eq!(outcome.ended.error_type(), Some("Runtime.InvalidEntrypoint"));
        assert_eq!(lines, [expected.as_str(), "Runtime.InvalidEntrypoint"]);
        assert!(!outcome.reusable());
    }
}

async fn ends_by_itself(kit: Arc<Kit>) {
    for (program, message) in [
        ("#!/bin/sh\necho bye; exit 7\n", "Runtime exited with error: exit status 7"),
        ("#!/bin/sh\nkill -SEGV $$\n", "Runtime exited with error: signal: segmentation fault"),
        ("#!/bin/sh\nexit 0\n", "Runtime exited without providing a reason"),
    ] {
        let (outcome, lines) = kit.once(&provided(&kit, program.as_bytes()), "1").await;
        assert_eq!(outcome.ended.error_type(), Some("Runtime.ExitError"), "{lines:?}");
        assert!(text(&outcome).contains(message), "{outcome:?}");
    }
}
