//! Running other programs, and counting what their tests say.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// A command in a folder, with its output passed through.
pub fn program(folder: &Path, name: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder).args(arguments);
    command
}

/// Runs a command to its end; it must succeed.
pub fn must(mut command: Command) -> anyhow::Result<()> {
    let shown = show(&command);
    let status = command.status().with_context(|| shown.clone())?;
    ensure!(status.success(), "`{shown}` failed with {status}");
    Ok(())
}

/// Runs a command, prints each line as it comes, and hands it to `line`. Says whether it succeeded.
pub fn each_line(mut command: Command, mut line: impl FnMut(&str)) -> anyhow::Result<bool> {
    let shown = show(&command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| shown.clone())?;
    let stdout = child.stdout.take().context("no output")?;
    for text in BufReader::new(stdout).lines() {
        let text = text?;
        println!("{text}");
        line(&text);
    }
    Ok(child.wait()?.success())
}

/// Whether a program answers `--version`.
pub fn has(name: &str, arguments: &[&str]) -> bool {
    let quiet = Command::new(name).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
