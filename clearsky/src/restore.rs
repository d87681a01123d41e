//! `clearsky restore`: a data directory from the file of a backup.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use backup::{Frame, Head, Reader};
use blob::{Blobs, Upload};
use blob_store::BlobStore;
use kv::Item;
use kv_fjall::Loading;
use tokio::runtime::Runtime;

use crate::progress::Progress;
use crate::{keys, storage};

/// Makes the data directory, whole or not at all: beside its place, then moved there.
pub fn run(file: &Path, data_dir: &Path) -> anyhow::Result<()> {
    let shown = || file.display().to_string();
    let mut reader = Reader::open(BufReader::new(File::open(file).with_context(shown)?)).with_context(shown)?;
    check_empty(data_dir)?;
    let folder = data_dir.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let beside = tempfile::Builder::new().prefix(".clearsky-restore-").tempdir_in(folder)?;
    let mut progress = Progress::new("restored");
    let Some(Frame::Head(head)) = reader.frame().with_context(shown)? else {
        bail!("{}: the backup is damaged: it does not begin with its head", file.display());
    };
    let taken_at = head.taken_at.clone();
    let mut restoring = Restoring::begin(beside.path(), head)?;
    while let Some(frame) = reader.frame().with_context(shown)? {
        progress.see(&frame);
        restoring.take(frame)?;
    }
    restoring.finish()?;
    put_in_place(beside, folder, data_dir)?;
    progress.end();
    println!("{} is as it was at {taken_at}: clearsky serve --data-dir {0}", data_dir.display());
    Ok(())
}

fn check_empty(data_dir: &Path) -> anyhow::Result<()> {
    match fs::read_dir(data_dir) {
        Ok(mut entries) => {
            ensure!(entries.next().is_none(), "{} is not empty: nothing is overwritten", data_dir.display());
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).context(data_dir.display().to_string()),
    }
}

fn put_in_place(beside: tempfile::TempDir, folder: &Path, data_dir: &Path) -> anyhow::Result<()> {
    // A directory takes the place of an empty one; of any other it does not.
    fs::rename(beside.path(), data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    drop(beside.keep());
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A data directory in the making.
struct Restoring<'a> {
    dir: &'a Path,
    rows: Loading,
    blobs: BlobStore,
    runtime: Runtime,
    body: Option<Body>,
    has_name: bool,
}

/// A body in the making; one that is there already has no upload.
struct Body {
    upload: Option<Box<dyn Upload>>,
    left: u64,
}

impl<'a> Restoring<'a> {
    fn begin(dir: &'a Path, head: Head) -> anyhow::Result<Self> {
        for (name, text) in &head.files {
            ensure!(
                keys::FILES.contains(&name.as_str()),
                "the backup holds a file {name:?} that this program does not know"
            );
            keys::write_private(&dir.join(name), text.expose())?;
        }
        ensure!(keys::load(dir)?.is_some(), "the backup is damaged: it has no keys");
        Ok(Self {
            dir,
            rows: Loading::begin(dir.join("kv"))?,
            blobs: BlobStore::open(dir.join("blobs"), blob_store::Options::default())?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            body: None,
            has_name: false,
        })
    }

    fn take(&mut self, frame: Frame) -> anyhow::Result<()> {
        if let Frame::Chunk(chunk) = frame {
            let body = self.body.as_mut().context("the backup is damaged: bytes of no body")?;
            body.left =
                body.left.checked_sub(chunk.len() as u64).context("the backup is damaged: a body is too long")?;
            return match &mut body.upload {
                Some(upload) => Ok(self.runtime.block_on(upload.push(chunk))?),
                None => Ok(()),
            };
        }
        self.end_body()?;
        match frame {
            Frame::Head(_) | Frame::Chunk(_) => bail!("the backup is damaged: it has two heads"),
            Frame::Body(id, left) => {
                let is_there = self.runtime.block_on(self.blobs.len(&id)).is_ok();
                self.body = Some(Body { upload: (!is_there).then(|| self.blobs.write_as(id)), left });
            }
            Frame::Item(item) => {
                if let Item::Row(key, name) = &item
                    && storage::is_name(key)
                {
                    self.has_name = true;
                    keys::write_private(&storage::name_path(self.dir), &String::from_utf8_lossy(name))?;
                }
                self.rows.put(item)?;
            }
        }
        Ok(())
    }

    fn end_body(&mut self) -> anyhow::Result<()> {
        let Some(Body { upload, left }) = self.body.take() else { return Ok(()) };
        ensure!(left == 0, "the backup is damaged: a body is too short");
        if let Some(upload) = upload {
            self.runtime.block_on(upload.finish())?;
        }
        Ok(())
    }

    /// All of it is on disk when this returns.
    fn finish(mut self) -> anyhow::Result<()> {
        self.end_body()?;
        ensure!(self.has_name, "the backup is damaged: its store has no name");
        self.rows.finish()?;
        File::open(self.dir)?.sync_all()?;
        Ok(())
    }
}
