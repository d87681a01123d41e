//! Writing: frames into bytes.

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::{Frame, Head, MAGIC, frame::END};

/// A backup being written. What it answers goes into the file, in order.
#[derive(Debug)]
pub struct Writer {
    digest: Sha256,
    out: BytesMut,
}

impl Writer {
    /// Begins a file. Its first bytes come with the first `take`.
    pub fn begin(head: Head) -> Self {
        let mut writer = Self { digest: Sha256::new(), out: BytesMut::from(MAGIC) };
        writer.push(&Frame::Head(head));
        writer
    }

    /// Adds a frame.
    pub fn push(&mut self, frame: &Frame) {
        let mut contents = BytesMut::new();
        let kind = frame.encode(&mut contents);
        self.put(kind, &contents);
    }

    fn put(&mut self, kind: u8, contents: &[u8]) {
        self.out.extend_from_slice(&[kind]);
        self.out.extend_from_slice(&u32::try_from(contents.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.out.extend_from_slice(contents);
    }

    /// Bytes that `take` would answer.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// What has been added since the last time.
    pub fn take(&mut self) -> Bytes {
        let bytes = self.out.split().freeze();
        self.digest.update(&bytes);
        bytes
    }

    /// The last bytes.
    pub fn end(mut self) -> Bytes {
        let rest = self.take();
        let digest = self.digest.clone().finalize();
        self.out.extend_from_slice(&rest);
        self.put(END, &digest);
        self.out.freeze()
    }
}
