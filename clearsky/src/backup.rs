//! `clearsky backup`: everything that a running server holds, into a file.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use backup::Reader;
use base::{Clock as _, SystemClock};
use serde_json::json;

use crate::client;
use crate::config::Client;
use crate::progress::Progress;

/// Asks the server for a backup and writes it: whole, checked, for its owner only, or not at all.
pub fn run(server: &Client, target: &Path) -> anyhow::Result<()> {
    let target = name(target);
    ensure!(!target.exists(), "{} is there already", target.display());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made for its owner only, and gone unless it is kept.
    let file = tempfile::Builder::new().prefix(".clearsky-backup-").tempfile_in(folder);
    let file = file.with_context(|| format!("cannot write to {}", folder.display()))?;
    let answer = client::open(server, "Backup", &json!({}))?;
    let mut writing = BufWriter::new(file);
    let mut progress = Progress::new("backed up");
    let mut reader = Reader::open(Copying { from: BufReader::new(answer), to: &mut writing })?;
    while let Some(frame) = reader.frame().context("the server's answer")? {
        progress.see(&frame);
    }
    drop(reader);
    let file = writing.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(&target).with_context(|| target.display().to_string())?;
    File::open(folder)?.sync_all()?;
    progress.end();
    println!("{}: it holds the server's keys, so keep it secret", target.display());
    Ok(())
}

/// A folder gets a file with the time in its name.
fn name(target: &Path) -> PathBuf {
    match fs::metadata(target) {
        Ok(found) if found.is_dir() => {
            let now = SystemClock.now().iso8601().replace([':', '-'], "");
            let now = now.split('.').next().unwrap_or_default().trim_end_matches('Z').to_owned();
            target.join(format!("clearsky-{now}Z.backup"))
        }
        _ => target.to_owned(),
    }
}

/// Writes down whatever is read.
struct Copying<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.from.read(buffer)?;
        self.to.write_all(buffer.get(..bytes).unwrap_or_default())?;
        Ok(bytes)
    }
}
