//! Reading: chunks from the blocking pool, one read ahead.

use std::{fs::File, io, ops::Range, path::PathBuf, sync::Arc};

use blob::CHUNK_BYTES;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryFutureExt, stream, stream::BoxStream};
use rustix::buffer::spare_capacity;

/// Chunks read before they are asked for, and being read: the disk works while the client takes.
const READ_AHEAD: usize = 2;

pub(crate) fn stream(path: PathBuf, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    open(path).map_ok(move |file| chunks(Arc::new(file), range)).try_flatten_stream().boxed()
}

async fn open(path: PathBuf) -> io::Result<File> {
    tokio::task::spawn_blocking(move || File::open(path)).await.map_err(io::Error::other)?
}

fn chunks(file: Arc<File>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
    let offsets = range.clone().step_by(CHUNK_BYTES);
    stream::iter(offsets)
        .map(move |offset| {
            let file = Arc::clone(&file);
            let bytes = usize::try_from(range.end - offset).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
            let reading = tokio::task::spawn_blocking(move || read_at(&file, offset, bytes));
            async move { reading.await.map_err(io::Error::other)? }
        })
        .buffered(READ_AHEAD)
}

fn read_at(file: &File, offset: u64, bytes: usize) -> io::Result<Bytes> {
    let mut chunk = Vec::with_capacity(bytes);
    while chunk.len() < bytes {
        let at = offset + chunk.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut chunk), at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
    chunk.truncate(bytes);
    Ok(chunk.into())
}
