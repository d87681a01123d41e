//! `cargo xtask demo`: builds, starts, deploys the album, walks it once, and says what to try.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::programs::{must, program};
use crate::test::prepare_python;

/// Where the demo keeps its data: cleared by hand, so that a second demo finds what the first one made.
const DATA_DIR: &str = ".clearsky";

/// Runs the demo; the server stays until Ctrl-C unless `once`.
pub fn run(root: &Path, once: bool, listen: &str) -> anyhow::Result<()> {
    println!("building ...");
    must(program(root, "cargo", &["build", "--release", "--package", "clearsky"]))?;
    let binary = root.join("target/release/clearsky");
    let python = prepare_python(root)?;
    if !root.join(DATA_DIR).join("runtimes/sdk-python").is_dir() {
        must(program(root, &binary, &["runtimes", "install", "sdk-python", "--data-dir", DATA_DIR]))?;
    }
    let mut server = Server::start(root, &binary, listen)?;
    let walked = program(root, &python, &["examples/album/walk.py", "--data-dir", DATA_DIR, "--binary"])
        .arg(&binary)
        .status()
        .context("the walk")?;
    ensure!(walked.success(), "the walk through the album failed");
    if once {
        return server.stop();
    }
    println!("\nThe server goes on; Ctrl-C stops it.");
    server.child.wait()?;
    Ok(())
}

/// The demo's server. Dropping it stops it.
struct Server {
    child: Child,
}

impl Server {
    fn start(root: &Path, binary: &Path, listen: &str) -> anyhow::Result<Self> {
        let arguments = ["serve", "--data-dir", DATA_DIR, "--listen", listen, "--log", "warn"];
        let mut child = program(root, binary, &arguments).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let server = Self { child };
        for line in lines.by_ref() {
            let line = line?;
            println!("{line}");
            if line.starts_with("ready") {
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
                return Ok(server);
            }
        }
        anyhow::bail!("the server did not start");
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        must({
            let mut kill = Command::new("kill");
            kill.args(["-TERM", &pid]);
            kill
        })?;
        ensure!(self.child.wait()?.success(), "the server did not end well");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.stop();
        }
    }
}
