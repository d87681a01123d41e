//! Packages: a zip is judged entry by entry before it is kept, and unpacked by the same walk. No trust in its headers.

use std::collections::HashSet;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use zip::ZipArchive;

/// Quota: 250 MB unpacked (docs).
pub(crate) const UNPACKED_BYTES_MAX: u64 = 262_144_000;
/// Far above any real package (a large `node_modules` has some 50,000 files), low enough for inodes and memory.
const ENTRIES_MAX: usize = 100_000;
/// Linux: NAME_MAX and PATH_MAX.
const NAME_BYTES_MAX: usize = 255;
const PATH_BYTES_MAX: usize = 4000;

/// The file type in a Unix mode, and the ones that a package may hold.
const MODE_TYPE: u32 = 0o170_000;
const MODE_REGULAR: u32 = 0o100_000;
const MODE_FOLDER: u32 = 0o040_000;

/// Why a package is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPackage {
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotUnzippable,
    #[error("Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes")]
    TooLarge,
    #[error("Uploaded file must be a non-empty zip")]
    Empty,
}

/// One entry of a package, its path made of plain names.
struct Entry {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File { executable: bool },
}

/// Judges a package without writing anything.
/// Answers how many bytes it has unpacked.
pub(crate) fn judge(zip: &Bytes) -> Result<u64, BadPackage> {
    let mut bytes = 0;
    let judged = walk(zip, UNPACKED_BYTES_MAX, &mut |_, content| {
        bytes += io::copy(content, &mut io::sink())?;
        Ok(())
    });
    judged.map(|()| bytes).map_err(|(bad, _)| bad)
}

/// Unpacks a judged package into a folder that is there. What another package has put there at the same path gives way. Folders get mode 755, files 644 or, if anyone may execute
/// them, 755.
pub(crate) fn unpack(zip: &Bytes, into: &Path) -> io::Result<()> {
    let visited = walk(zip, UNPACKED_BYTES_MAX, &mut |entry, content| {
        let at = into.join(&entry.path);
        match entry.kind {
            Kind::Folder => folders(into, &entry.path),
            Kind::File { executable } => {
                if let Some(parent) = entry.path.parent() {
                    folders(into, parent)?;
                }
                let mut file = create(&at)?;
                io::copy(content, &mut file)?;
                file.flush()?;
                permit(&at, if executable { 0o755 } else { 0o644 })
            }
        }
    });
    visited.map_err(|(bad, cause)| cause.unwrap_or_else(|| io::Error::other(bad)))
}

/// A new file; what stands in its way is removed.
fn create(at: &Path) -> io::Result<std::fs::File> {
    match std::fs::File::create_new(at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match std::fs::symlink_metadata(at)?.is_dir() {
                true => std::fs::remove_dir_all(at)?,
                false => std::fs::remove_file(at)?,
            }
            std::fs::File::create_new(at)
        }
        other => other,
    }
}

/// Makes the folders of a path below `root`.
fn folders(root: &Path, path: &Path) -> io::Result<()> {
    let mut at = root.to_owned();
    for part in path.components() {
        at.push(part);
        match std::fs::create_dir(&at) {
            Ok(()) => permit(&at, 0o755)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !std::fs::symlink_metadata(&at)?.is_dir() {
                    std::fs::remove_file(&at)?;
                    std::fs::create_dir(&at)?;
                    permit(&at, 0o755)?;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sets a mode whatever the umask is.
pub(crate) fn permit(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

type Visit<'a> = &'a mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()>;

/// Shows every entry to `visit`; stops at the first that must not be, or when more than `bytes_max` were inflated.
fn walk(zip: &Bytes, bytes_max: u64, visit: Visit<'_>) -> Result<(), (BadPackage, Option<io::Error>)> {
    let bad = |_| (BadPackage::NotUnzippable, None);
    if zip.is_empty() {
        return Err((BadPackage::Empty, None));
    }
    let mut archive = ZipArchive::new(Cursor::new(zip.as_ref())).map_err(bad)?;
    if archive.is_empty() {
        return Err((BadPackage::Empty, None));
    }
    if archive.len() > ENTRIES_MAX || archive.has_duplicate_names() || archive.has_overlapping_files().map_err(bad)? {
        return Err((BadPackage::NotUnzippable, None));
    }
    let mut left = bytes_max;
    let mut paths = Paths::default();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(bad)?;
        let is_folder = file.is_dir();
        let mode = file.unix_mode();
        let path = plain(file.name_raw()).filter(|_| may_be(mode, is_folder));
        let path = path.ok_or((BadPackage::NotUnzippable, None))?;
        if !paths.add(&path, is_folder) {
            return Err((BadPackage::NotUnzippable, None));
        }
        let executable = mode.is_some_and(|mode| mode & 0o111 != 0);
        let kind = if is_folder { Kind::Folder } else { Kind::File { executable } };
        let mut counted = Counted { inner: &mut file, left: &mut left, is_over: false };
        let visited = visit(&Entry { path, kind }, &mut counted);
        let is_over = counted.is_over;
        visited
            .map_err(|cause| (if is_over { BadPackage::TooLarge } else { BadPackage::NotUnzippable }, Some(cause)))?;
    }
    Ok(())
}

/// Folders and regular files only; archives made without Unix modes say nothing.
fn may_be(mode: Option<u32>, is_folder: bool) -> bool {
    match mode.map(|mode| mode & MODE_TYPE) {
        None | Some(0) => true,
        Some(MODE_FOLDER) => is_folder,
        Some(MODE_REGULAR) => !is_folder,
        Some(_) => false,
    }
}

/// An entry's name as a relative path of plain names; None if it is anything else.
fn plain(raw: &[u8]) -> Option<PathBuf> {
    let name = std::str::from_utf8(raw).ok()?;
    if name.starts_with('/') || name.contains(['\\', '\0']) || name.len() > PATH_BYTES_MAX {
        return None;
    }
    let mut path = PathBuf::new();
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." || part.len() > NAME_BYTES_MAX {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

/// The paths seen so far: no file twice, and none that is a folder too.
#[derive(Default)]
struct Paths {
    files: HashSet<PathBuf>,
    folders: HashSet<PathBuf>,
}

impl Paths {
    fn add(&mut self, path: &Path, is_folder: bool) -> bool {
        let mut folder = if is_folder { Some(path) } else { path.parent() };
        while let Some(at) = folder.filter(|at| !at.as_os_str().is_empty()) {
            if self.files.contains(at) {
                return false;
            }
            if !self.folders.insert(at.to_owned()) {
                break;
            }
            folder = at.parent();
        }
        is_folder
            || (!path.as_os_str().is_empty() && !self.folders.contains(path) && self.files.insert(path.to_owned()))
    }
}

/// Counts what is inflated, and fails once there is too much of it.
struct Counted<'a> {
    inner: &'a mut dyn Read,
    left: &'a mut u64,
    is_over: bool,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        match self.left.checked_sub(read as u64).filter(|left| *left > 0) {
            Some(left) => *self.left = left,
            None => {
                self.is_over = true;
                return Err(io::Error::other(BadPackage::TooLarge));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
