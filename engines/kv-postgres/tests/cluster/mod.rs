//! A PostgreSQL server of the test's own: in a temporary folder, on a unix socket, under an unprivileged user. It ends and
//! goes when the test process does, whatever way that is.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Where Debian keeps its servers.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Waits for the end of its input, which the kernel brings about, then cleans up.
const SCRIPT: &str = r#"
    cd "$DIR" || exit 1
    $AS "$BIN/initdb" --auth=trust --no-sync --username=clearsky --encoding=UTF8 --locale=C -D "$DIR/data" >"$DIR/log" 2>&1 &&
    $AS "$BIN/pg_ctl" -w -D "$DIR/data" -l "$DIR/log" -o "-k $DIR -c listen_addresses= -c fsync=off -c full_page_writes=off
        -c max_connections=200 -c autovacuum=off" start >/dev/null 2>&1 && echo ready || { cat "$DIR/log" >&2; echo failed; }
    read -r _
    $AS "$BIN/pg_ctl" -D "$DIR/data" -m immediate stop >/dev/null 2>&1
    rm -rf "$DIR"
"#;

/// A running server, or none.
pub struct Cluster {
    /// The folder of its socket, and what keeps it running.
    running: Option<(PathBuf, ChildStdin)>,
    databases: AtomicU32,
}

impl Cluster {
    /// The one of this process. Says once why there is none.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            let running = start().map_err(|reason| println!("skipped: PostgreSQL: {reason}")).ok();
            Self { running, databases: AtomicU32::new(0) }
        })
    }

    /// The connection string of a new database.
    pub async fn database(&self) -> Option<String> {
        let (dir, _) = self.running.as_ref()?;
        let url = |name| format!("host={} user=clearsky dbname={name}", dir.display());
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = tokio_postgres::connect(&url("postgres"), tokio_postgres::NoTls).await.unwrap();
        let driving = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        driving.abort();
        Some(url(&name))
    }
}

fn start() -> Result<(PathBuf, ChildStdin), String> {
    let bin = newest().ok_or(format!("no server in {VERSIONS} (apt-get install postgresql)"))?;
    let dir = tempfile::Builder::new().prefix("clearsky-pg-").tempdir().map_err(|error| error.to_string())?.keep();
    let mut user = String::new();
    if rustix::process::geteuid().is_root() {
        // It refuses to run as root.
        user = "setpriv --reuid=nobody --regid=nogroup --clear-groups --".to_owned();
        let owned = Command::new("chown").arg("nobody:nogroup").arg(&dir).status();
        if !owned.is_ok_and(|status| status.success()) {
            return Err("no user nobody to run it as".into());
        }
    }
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .envs([("DIR", dir.as_path()), ("BIN", bin.as_path()), ("AS", Path::new(&user))])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    let said = shell.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
    match (line.trim(), shell.stdin.take()) {
        ("ready", Some(input)) => Ok((dir, input)),
        _ => panic!("the server did not start: {said:?} {line}"),
    }
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(Result::ok).map(|entry| entry.path().join("bin"));
    versions.filter(|bin| bin.join("initdb").exists()).max()
}
