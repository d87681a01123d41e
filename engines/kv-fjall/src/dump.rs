//! Dumping and loading: everything that a store holds, in and out.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use fjall::{Guard, OwnedWriteBatch, PersistMode, Readable};
use futures::{StreamExt, stream};
use kv::{Dump, Item, LogId, Position, Result};
use tokio::sync::mpsc;

use crate::{
    encode::{self, Head},
    engine::{Moment, Shared},
    open::{Error, Files, Options},
    read::failed,
};

/// A lot handed over at once, and a batch written at once.
const LOT_BYTES: usize = 512 * 1024;

/// Lots read ahead of whoever takes them.
const LOTS_AHEAD: usize = 4;

/// Reads everything of a moment, on a thread of the blocking pool. The moment keeps what is overwritten meanwhile.
pub(crate) fn dump(shared: Arc<Shared>, moment: Arc<Moment>) -> Dump {
    let (lots, taken) = mpsc::channel(LOTS_AHEAD);
    let reading = move || {
        let mut out = Lots { lots, items: Vec::new(), bytes: 0 };
        let read = everything(&shared.files, &moment, &mut out);
        drop(out.finish(read));
    };
    tokio::task::spawn_blocking(reading);
    stream::unfold(taken, |mut taken| async { taken.recv().await.map(|lot| (lot, taken)) }).boxed()
}

/// Whoever took the lots has gone.
struct Gone;

struct Lots {
    lots: mpsc::Sender<Result<Vec<Item>>>,
    items: Vec<Item>,
    bytes: usize,
}

impl Lots {
    fn push(&mut self, item: Item) -> Result<(), Gone> {
        self.bytes += item.bytes();
        self.items.push(item);
        if self.bytes < LOT_BYTES {
            return Ok(());
        }
        self.bytes = 0;
        self.lots.blocking_send(Ok(std::mem::take(&mut self.items))).map_err(|_| Gone)
    }

    fn finish(self, read: Result<Result<(), Gone>>) -> Result<(), Gone> {
        let last = match read {
            Ok(read) => read.map(|()| Ok(self.items))?,
            Err(error) => Err(error),
        };
        self.lots.blocking_send(last).map_err(|_| Gone)
    }
}

fn everything(files: &Files, moment: &Moment, out: &mut Lots) -> Result<Result<(), Gone>> {
    let pair = |guard: Guard| {
        let (key, value) = guard.into_inner().map_err(failed)?;
        Ok::<_, kv::Error>((Bytes::from(key), Bytes::from(value)))
    };
    for guard in moment.snapshot.iter(&files.rows) {
        let (key, value) = pair(guard)?;
        if out.push(Item::Row(key.into(), value)).is_err() {
            return Ok(Err(Gone));
        }
    }
    for guard in moment.snapshot.iter(&files.heads) {
        let (name, head) = pair(guard)?;
        let (log, head) = (LogId::new(name), Head::decode(&head)?);
        let (last, floor) = (Position::new(head.last), Position::new(head.floor));
        if out.push(Item::Log { log: log.clone(), last, floor }).is_err() {
            return Ok(Err(Gone));
        }
        let range = encode::record(&log, head.floor.saturating_add(1))..=encode::record(&log, head.last);
        for guard in moment.snapshot.range(&files.logs, range) {
            let (key, body) = pair(guard)?;
            if out.push(Item::Record(log.clone(), encode::decode_record(&key)?, body)).is_err() {
                return Ok(Err(Gone));
            }
        }
    }
    for guard in moment.snapshot.iter(&files.timers) {
        let (key, body) = pair(guard)?;
        let id = encode::decode_any_timer(&key)?;
        if out.push(Item::Timer(id, body)).is_err() {
            return Ok(Err(Gone));
        }
    }
    Ok(Ok(()))
}

/// A new store that is filled before anybody uses it.
pub struct Loading {
    files: Files,
    batch: OwnedWriteBatch,
    bytes: usize,
}

impl Loading {
    /// Makes the store; the directory must be new.
    pub fn begin(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let files = Files::open(dir.as_ref(), &Options::default())?;
        let batch = files.db.batch();
        Ok(Self { files, batch, bytes: 0 })
    }

    /// Takes what a dump gave.
    pub fn put(&mut self, item: Item) -> Result<()> {
        self.bytes += item.bytes();
        let files = &self.files;
        match item {
            Item::Row(key, value) => self.batch.insert(&files.rows, key.into_bytes(), value),
            Item::Log { log, last, floor } => {
                // What was trimmed is not in the dump: there is nothing left to purge.
                let head = Head { last: last.get(), floor: floor.get(), purged: floor.get() };
                self.batch.insert(&files.heads, Bytes::copy_from_slice(log.as_bytes()), head.encode());
            }
            Item::Record(log, position, body) => {
                self.batch.insert(&files.logs, encode::record(&log, position.get()), body)
            }
            Item::Timer(id, body) => self.batch.insert(&files.timers, encode::timer(&id), body),
        }
        if LOT_BYTES <= self.bytes { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        self.bytes = 0;
        let batch = std::mem::replace(&mut self.batch, self.files.db.batch());
        batch.commit().map_err(failed)
    }

    /// All of it is on disk when this returns.
    pub fn finish(mut self) -> Result<()> {
        self.write()?;
        self.files.db.persist(PersistMode::SyncAll).map_err(failed)
    }
}
