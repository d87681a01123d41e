//! What data is kept in. The data directory is locked before anything is touched; rows may be elsewhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base::{Ids, Secret};
use blob_store::BlobStore;
use kv::{Key, Store};
use kv_fjall::Fjall;
use kv_postgres::Postgres;
use tokio::sync::watch;

use crate::config::Kv;
use crate::keys;

/// How long a lock may outlive the server that held it: a process that it was just starting still has a copy.
const LOCK_LINGERS: Duration = Duration::from_secs(1);

/// The row that names the store, beside the file in the data directory that names the same.
const NAME_KEY: &[u8] = b"clearsky\0store";

/// Stands before the name in the file for as long as it may not be in the row yet.
const UNFINISHED: &str = "unfinished ";

/// A data directory that belongs to this process.
pub struct Locked {
    data_dir: PathBuf,
    blobs: BlobStore,
    rows: Rows,
}

enum Rows {
    Fjall(Fjall),
    /// Connecting takes the asynchronous runtime.
    Postgres(Secret<String>),
}

/// Everything that data is kept in.
pub struct Storage {
    pub rows: Store,
    pub blobs: BlobStore,
    /// Turns true when the store takes no more: the process should end and be started again.
    pub broken: watch::Receiver<bool>,
}

impl Locked {
    /// Takes the data directory, and opens what is in it.
    pub fn open(data_dir: &Path, kv: &Kv) -> anyhow::Result<Self> {
        // Rows come first: their lock is the oldest.
        let rows = match kv {
            Kv::Fjall => Rows::Fjall(patiently(
                data_dir,
                || Fjall::open(data_dir.join("kv"), kv_fjall::Options::default()),
                |error| matches!(error, kv_fjall::Error::Locked { .. }),
            )?),
            Kv::Postgres(address) => Rows::Postgres(address.clone()),
            Kv::Unknown => bail!("--kv is fjall, or postgres://USER:PASSWORD@HOST/DATABASE"),
        };
        let blobs = patiently(
            data_dir,
            || BlobStore::open(data_dir.join("blobs"), blob_store::Options::default()),
            |error| matches!(error, blob_store::OpenError::Locked { .. }),
        )?;
        Ok(Self { data_dir: data_dir.into(), blobs, rows })
    }

    /// Connects, where there is something to connect to, and makes sure that rows and bodies belong together.
    pub async fn connect(self) -> anyhow::Result<Storage> {
        let Self { data_dir, blobs, rows } = self;
        let (rows, broken) = match rows {
            Rows::Fjall(fjall) => {
                let broken = fjall.broken();
                (Store::new(fjall), broken)
            }
            Rows::Postgres(address) => {
                let postgres = Postgres::open(address.expose(), kv_postgres::Options::default()).await;
                // It never breaks for good: connections are made anew.
                (Store::new(postgres.context("--kv")?), watch::channel(false).1)
            }
        };
        pair(&data_dir, &rows).await?;
        Ok(Storage { rows, blobs, broken })
    }
}

/// Opens what a former server may still hold for a moment: who restarts one at once need not know of it.
fn patiently<T, E: std::error::Error + Send + Sync + 'static>(
    data_dir: &Path,
    open: impl Fn() -> Result<T, E>,
    is_locked: impl Fn(&E) -> bool,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        match open() {
            Err(error) if is_locked(&error) && started.elapsed() < LOCK_LINGERS => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) if is_locked(&error) => bail!("another server uses the data directory {}", data_dir.display()),
            opened => return Ok(opened?),
        }
    }
}

/// Where a data directory says which rows its bodies belong to.
pub fn name_path(data_dir: &Path) -> PathBuf {
    data_dir.join("store-id")
}

/// Whether this is the row that names the store.
pub fn is_name(key: &Key) -> bool {
    key.as_bytes() == NAME_KEY
}

/// Rows without their bodies would answer errors, and bodies without their rows would be swept away: a data directory and
/// its rows carry the same name, and are used with each other only.
async fn pair(data_dir: &Path, rows: &Store) -> anyhow::Result<()> {
    let path = name_path(data_dir);
    let here = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).context(path.display().to_string()),
    };
    let mut tx = rows.begin().await?;
    let there = tx.get(&Key::from_static(NAME_KEY)).await?.map(|name| String::from_utf8_lossy(&name).into_owned());
    let name = match (here.as_deref().map(str::trim), there) {
        (Some(here), Some(there)) if here == there => return Ok(()),
        // A first start that did not come to its end.
        (Some(here), there)
            if here.strip_prefix(UNFINISHED).is_some_and(|here| there.as_ref().is_none_or(|there| here == there)) =>
        {
            here.trim_start_matches(UNFINISHED).to_owned()
        }
        (None, None) => Ids::system().uuid(),
        _ => bail!(
            "the rows of --kv and the bodies in {} do not belong together: start with the --kv and --data-dir that were \
             used with each other before",
            data_dir.display()
        ),
    };
    keys::write_private(&path, &format!("{UNFINISHED}{name}"))?;
    tx.put(Key::from_static(NAME_KEY), name.clone());
    tx.commit().await?;
    keys::write_private(&path, &name)
}
