//! Opening the data directory: its lock, its format, its keyspaces.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions};

/// Free space that is left to compaction and the journal: fjall poisons itself when the disk is full, so writes are
/// refused before. Twice the journal and a memtable per keyspace.
pub const FREE_BYTES_RESERVE: u64 = 256 * 1024 * 1024;

/// Blocks kept in memory.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// Journals on disk: what a start after a crash reads again (fjall takes no less than 64 MiB).
const JOURNAL_BYTES_MAX: u64 = 96 * 1024 * 1024;

/// Rows in memory before they become a file.
const MEMTABLE_BYTES_MAX: u64 = 16 * 1024 * 1024;

const FORMAT: &str = "clearsky-kv 1\n";

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Writes are refused while the filesystem has less free space than this.
    pub free_bytes_reserve: u64,
    /// Blocks kept in memory.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { free_bytes_reserve: FREE_BYTES_RESERVE, cache_bytes: CACHE_BYTES }
    }
}

/// Why a directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} is in use by another process", dir.display())]
    Locked { dir: PathBuf },
    #[error("{} has the format {found:?}, this program knows {FORMAT:?} only", dir.display())]
    Format { dir: PathBuf, found: String },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {source}", dir.display())]
    Fjall { dir: PathBuf, source: fjall::Error },
}

/// An open directory.
pub(crate) struct Files {
    pub db: Database,
    pub rows: Keyspace,
    pub logs: Keyspace,
    pub heads: Keyspace,
    pub timers: Keyspace,
    /// Logs with trimmed records that are still on disk.
    pub purges: Keyspace,
    pub dir: PathBuf,
    // Last, so that the directory is unlocked when the database is closed.
    _lock: File,
}

impl Files {
    pub(crate) fn open(dir: &Path, options: &Options) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|source| Error::Io { path: dir.into(), source })?;
        let lock = lock(dir)?;
        let data = dir.join("fjall");
        check_format(dir, &data)?;

        let failed = |source| match source {
            fjall::Error::Locked => Error::Locked { dir: dir.into() },
            source => Error::Fjall { dir: dir.into(), source },
        };
        let db = Database::builder(&data)
            .cache_size(options.cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .manual_journal_persist(true)
            .open()
            .map_err(failed)?;
        let create = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES_MAX);
        let keyspace = |name| db.keyspace(name, create).map_err(failed);
        Ok(Self {
            rows: keyspace("rows")?,
            logs: keyspace("logs")?,
            heads: keyspace("heads")?,
            timers: keyspace("timers")?,
            purges: keyspace("purges")?,
            dir: dir.into(),
            db,
            _lock: lock,
        })
    }

    /// Bytes that the filesystem has left for us.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let failed = |source| Error::Io { path: path.clone(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { dir: dir.into() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The format's name is on disk before any data is.
fn check_format(dir: &Path, data: &Path) -> Result<(), Error> {
    let path = dir.join("format");
    let failed = |source| Error::Io { path: path.clone(), source };
    match fs::read(&path) {
        Ok(found) if found == FORMAT.as_bytes() => Ok(()),
        Ok(found) => Err(Error::Format { dir: dir.into(), found: String::from_utf8_lossy(&found).into_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !data.exists() => {
            write_format(dir, &path).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::Format { dir: dir.into(), found: String::new() })
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_format(dir: &Path, path: &Path) -> io::Result<()> {
    let temporary = dir.join("format.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(FORMAT.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        drop(Files::open(dir.path(), &Options::default()).unwrap());
        drop(Files::open(dir.path(), &Options::default()).unwrap());
        fs::write(dir.path().join("format"), "clearsky-kv 99\n").unwrap();
        let error = Files::open(dir.path(), &Options::default()).err().unwrap();
        assert!(matches!(&error, Error::Format { found, .. } if found.contains("99")), "{error}");
        fs::remove_file(dir.path().join("format")).unwrap();
        assert!(matches!(Files::open(dir.path(), &Options::default()), Err(Error::Format { .. })));
    }

    #[test]
    fn a_second_opener_is_told_which_directory_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let first = Files::open(dir.path(), &Options::default()).unwrap();
        let error = Files::open(dir.path(), &Options::default()).err().unwrap();
        assert!(matches!(&error, Error::Locked { dir: named } if named == dir.path()), "{error}");
        drop(first);
        assert!(Files::open(dir.path(), &Options::default()).is_ok());
    }
}
