//! What tests have seen, for `cargo xtask coverage`: which operation ended how, and what it was asked with.
//!
//! Each test binary writes a file of its own below target/observed, anew in each whole run: one line for each outcome with
//! a combination of members that was not there before. A run of chosen tests writes nothing.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The folder of the records.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/observed");

/// The lines of this run, and where they are written.
static SEEN: Mutex<(BTreeSet<String>, Option<File>)> = Mutex::new((BTreeSet::new(), None));

/// Notes an outcome: `ok` or an error's code, and the names of the members that the request gave.
pub(crate) fn note(service_id: &str, operation: &str, outcome: &str, members: &BTreeSet<String>) {
    let members = members.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let line = format!("{service_id}\t{operation}\t{outcome}\t{members}\n");
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.0.insert(line.clone()) {
        return;
    }
    if seen.1.is_none() {
        seen.1 = file();
    }
    if let Some(file) = &mut seen.1 {
        // Without its record a test is as good; the coverage then says what it misses.
        let _ = file.write_all(line.as_bytes());
    }
}

/// Cargo starts a test binary in its package's folder; the binary's name ends with a hash. Arguments that are no flags
/// choose tests.
fn file() -> Option<File> {
    if std::env::args().skip(1).any(|argument| !argument.starts_with('-') || argument.starts_with("--skip")) {
        return None;
    }
    let package = std::env::current_dir().ok()?;
    let binary = std::env::current_exe().ok()?;
    let binary = binary.file_stem()?.to_string_lossy().into_owned();
    let name = binary.rsplit_once('-').map_or(binary.as_str(), |(name, _)| name);
    std::fs::create_dir_all(FOLDER).ok()?;
    File::create(PathBuf::from(FOLDER).join(format!("{}.{name}.tsv", package.file_name()?.to_string_lossy()))).ok()
}
