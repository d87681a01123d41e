//! The directory: opening, finding, listing and deleting files.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use base::{Ids, Timestamp};
use blob::{BlobId, Blobs, Error, Hold, Holds, LIST_MAX, Listed, Result, Upload};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};

use crate::{read, upload::FileUpload};

/// Free space that uploads leave alone, so that the key-value store beside them goes on.
pub const FREE_BYTES_RESERVE: u64 = 512 * 1024 * 1024;

const TEMPORARY: &str = "tmp";

/// How bodies lie in the directory. A directory that does not say has this format.
const FORMAT: &str = "clearsky-blobs 1\n";

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Uploads are refused while the filesystem has less free space than this.
    pub free_bytes_reserve: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { free_bytes_reserve: FREE_BYTES_RESERVE }
    }
}

/// Why a directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is in use by another process", dir.display())]
    Locked { dir: PathBuf },
    #[error("{} has the format {found:?}, this program knows {FORMAT:?} only; nothing was changed", dir.display())]
    Format { dir: PathBuf, found: String },
    #[error("{}: {source}", dir.display())]
    Io { dir: PathBuf, source: io::Error },
}

/// Blobs as files in a directory of this machine.
pub struct BlobStore {
    files: Arc<Files>,
}

/// The directory, as uploads share it.
pub(crate) struct Files {
    dir: PathBuf,
    free_bytes_reserve: u64,
    ids: Ids,
    holds: Holds,
    _lock: File,
}

impl BlobStore {
    /// Opens the directory, making it if needed, and removes what unfinished uploads left.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let dir = dir.as_ref();
        let failed = |source| OpenError::Io { dir: dir.into(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::Locked { dir: dir.into() },
            TryLockError::Error(source) => failed(source),
        })?;
        check_format(dir)?;
        empty(&dir.join(TEMPORARY)).map_err(failed)?;
        sync_dir(dir).map_err(failed)?;
        let files = Files {
            dir: dir.into(),
            free_bytes_reserve: options.free_bytes_reserve,
            ids: Ids::system(),
            holds: Holds::default(),
            _lock: lock,
        };
        Ok(Self { files: Arc::new(files) })
    }

    /// Starts a blob that has a name already, for restoring a backup. Finishing it fails where there is one of that name.
    pub fn write_as(&self, id: BlobId) -> Box<dyn Upload> {
        Box::new(FileUpload::new(Arc::clone(&self.files), Some(id)))
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Files) -> Result<T> + Send + 'static) -> Result<T> {
        let files = Arc::clone(&self.files);
        tokio::task::spawn_blocking(move || work(&files)).await.map_err(io::Error::other)?
    }
}

impl Blobs for BlobStore {
    fn write(&self) -> Box<dyn Upload> {
        Box::new(FileUpload::new(Arc::clone(&self.files), None))
    }

    fn read(&self, id: &BlobId, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
        read::stream(self.files.path(id), range)
    }

    fn len<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<u64>> {
        let id = id.clone();
        self.blocking(move |files| match fs::metadata(files.path(&id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound(id)),
            found => Ok(found?.len()),
        })
        .boxed()
    }

    fn delete<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<()>> {
        let id = id.clone();
        self.blocking(move |files| if files.holds.defers(&id) { Ok(()) } else { files.remove(&id) }).boxed()
    }

    fn hold(&self) -> Hold {
        let files = Arc::clone(&self.files);
        self.files.holds.begin(move |deferred| {
            let files = Arc::clone(&files);
            let remove = move || {
                for id in deferred {
                    if let Err(error) = files.remove(&id) {
                        tracing::warn!("a body that was deleted is left to the sweeper: {error}");
                    }
                }
            };
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(remove)),
                Err(_) => remove(),
            }
        })
    }

    fn list<'a>(&'a self, after: Option<&'a BlobId>, limit: usize) -> BoxFuture<'a, Result<Vec<Listed>>> {
        let (after, limit) = (after.cloned(), limit.min(LIST_MAX));
        self.blocking(move |files| Ok(files.list(after.as_ref(), limit)?)).boxed()
    }
}

impl Files {
    /// Where the blob's file is: a thousand directories keep each one small.
    fn path(&self, id: &BlobId) -> PathBuf {
        self.shelf(id).join(id.as_str())
    }

    fn shelf(&self, id: &BlobId) -> PathBuf {
        self.dir.join(id.as_str().get(..2).unwrap_or_default())
    }

    fn remove(&self, id: &BlobId) -> Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// A file without a name in the store yet; it goes away with its path.
    pub(crate) fn temporary(&self) -> Result<(File, tempfile::TempPath)> {
        self.check_room()?;
        let made = tempfile::Builder::new().prefix("").tempfile_in(self.dir.join(TEMPORARY));
        Ok(made.map_err(from_io)?.into_parts())
    }

    /// Whether there is more free space than the reserve.
    pub(crate) fn check_room(&self) -> Result<()> {
        let stat = rustix::fs::statvfs(&self.dir).map_err(io::Error::from)?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.free_bytes_reserve { Err(Error::Full) } else { Ok(()) }
    }

    /// Gives a file that is on disk its name, durably.
    pub(crate) fn keep(&self, path: tempfile::TempPath, id: Option<BlobId>) -> Result<BlobId> {
        let id = id.unwrap_or_else(|| BlobId::random(&self.ids));
        let shelf = self.shelf(&id);
        match fs::create_dir(&shelf) {
            Ok(()) => sync_dir(&self.dir)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
            Err(error) => return Err(from_io(error)),
        }
        path.persist_noclobber(shelf.join(id.as_str())).map_err(|error| from_io(error.error))?;
        sync_dir(&shelf)?;
        Ok(id)
    }

    fn list(&self, after: Option<&BlobId>, limit: usize) -> io::Result<Vec<Listed>> {
        let first = after.and_then(|id| id.as_str().get(..2)).unwrap_or_default();
        let mut shelves = names(&self.dir)?;
        shelves.retain(|name| name.len() == 2 && first <= name.as_str());
        let mut found = Vec::new();
        for shelf in shelves {
            let shelf = self.dir.join(shelf);
            let ids = names(&shelf)?.into_iter().filter_map(|name| BlobId::try_from(name).ok());
            for id in ids.filter(|id| after.is_none_or(|after| after < id)) {
                if limit <= found.len() {
                    return Ok(found);
                }
                found.extend(listed(&shelf, id)?);
            }
        }
        Ok(found)
    }
}

/// None if it was deleted meanwhile.
fn listed(shelf: &Path, id: BlobId) -> io::Result<Option<Listed>> {
    match fs::metadata(shelf.join(id.as_str())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => {
            let found = found?;
            let age = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let stored_at = Timestamp::from_ms(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
            Ok(Some(Listed { id, bytes: found.len(), stored_at }))
        }
    }
}

/// The names in a directory, in order.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

fn empty(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for entry in fs::read_dir(dir)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// Before anything else is looked at: what another program wrote stays as it is.
fn check_format(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join("format");
    let failed = |source| OpenError::Io { dir: path.clone(), source };
    match fs::read(&path) {
        Ok(found) if found == FORMAT.as_bytes() => Ok(()),
        Ok(found) => Err(OpenError::Format { dir: dir.into(), found: String::from_utf8_lossy(&found).into_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
            file.write_all(FORMAT.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
            file.persist(&path).map_err(|error| failed(error.error))?;
            Ok(())
        }
        Err(error) => Err(failed(error)),
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// A full disk or quota has its own error.
pub(crate) fn from_io(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Io(error),
    }
}
