//! Bodies in memory.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Clock, FakeClock, Ids, Timestamp};
use blob::{BlobId, Blobs, CHUNK_BYTES, Error, Hold, Holds, Listed, Result, Stored, Upload};
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::stream::BoxStream;

type Bodies = Arc<Mutex<BTreeMap<BlobId, (Bytes, Timestamp)>>>;

/// A blob store for tests.
pub struct MemoryBlobs {
    bodies: Bodies,
    holds: Holds,
    ids: Arc<Ids>,
    clock: Arc<FakeClock>,
}

impl MemoryBlobs {
    /// An empty store whose bodies are as old as this clock says.
    pub fn new(clock: &Arc<FakeClock>) -> Self {
        Self {
            bodies: Bodies::default(),
            holds: Holds::default(),
            ids: Arc::new(Ids::seeded(2)),
            clock: Arc::clone(clock),
        }
    }

    /// How many bodies there are.
    pub fn count(&self) -> usize {
        lock(&self.bodies).len()
    }

    /// A part of a body; empty if there is none.
    pub fn get(&self, id: &BlobId, range: Range<u64>) -> Bytes {
        let bodies = lock(&self.bodies);
        let body = bodies.get(id).map(|(body, _)| body.clone()).unwrap_or_default();
        let end = (range.end as usize).min(body.len());
        body.slice((range.start as usize).min(end)..end)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writing {
    body: BytesMut,
    bodies: Bodies,
    ids: Arc<Ids>,
    clock: Arc<FakeClock>,
}

impl Upload for Writing {
    fn push(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<()>> {
        self.body.extend_from_slice(&chunk);
        Box::pin(async { Ok(()) })
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<Stored>> {
        Box::pin(async move {
            let id = BlobId::random(&self.ids);
            let bytes = self.body.len() as u64;
            lock(&self.bodies).insert(id.clone(), (self.body.freeze(), self.clock.now()));
            Ok(Stored { id, bytes })
        })
    }
}

impl Blobs for MemoryBlobs {
    fn write(&self) -> Box<dyn Upload> {
        let (bodies, ids, clock) = (Arc::clone(&self.bodies), Arc::clone(&self.ids), Arc::clone(&self.clock));
        Box::new(Writing { body: BytesMut::new(), bodies, ids, clock })
    }

    fn read(&self, id: &BlobId, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
        if !lock(&self.bodies).contains_key(id) {
            return Box::pin(futures::stream::iter([Err(io::Error::from(io::ErrorKind::NotFound))]));
        }
        let part = self.get(id, range);
        let chunks: Vec<_> = part.chunks(CHUNK_BYTES).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Box::pin(futures::stream::iter(chunks))
    }

    fn len<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let length = lock(&self.bodies).get(id).map(|(body, _)| body.len() as u64);
            length.ok_or_else(|| Error::NotFound(id.clone()))
        })
    }

    fn delete<'a>(&'a self, id: &'a BlobId) -> BoxFuture<'a, Result<()>> {
        if !self.holds.defers(id) {
            lock(&self.bodies).remove(id);
        }
        Box::pin(async { Ok(()) })
    }

    fn hold(&self) -> Hold {
        let bodies = Arc::clone(&self.bodies);
        self.holds.begin(move |deferred| lock(&bodies).retain(|id, _| !deferred.contains(id)))
    }

    fn list<'a>(&'a self, after: Option<&'a BlobId>, limit: usize) -> BoxFuture<'a, Result<Vec<Listed>>> {
        let bodies = lock(&self.bodies);
        let listed = |(id, (body, stored_at)): (&BlobId, &(Bytes, Timestamp))| Listed {
            id: id.clone(),
            bytes: body.len() as u64,
            stored_at: *stored_at,
        };
        let names = bodies.iter().filter(|(id, _)| after.is_none_or(|after| after < *id)).take(limit).map(listed);
        let names = names.collect();
        Box::pin(async { Ok(names) })
    }
}
