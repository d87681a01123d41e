//! Fields of a frame's contents: byte strings behind their lengths, numbers, and the rest.

use bytes::{Buf, Bytes, BytesMut};

/// Contents being read.
pub(crate) struct Fields(pub Bytes);

impl Fields {
    pub(crate) fn text(&mut self) -> Option<Bytes> {
        let bytes = usize::try_from(self.0.try_get_u32().ok()?).ok()?;
        (bytes <= self.0.len()).then(|| self.0.split_to(bytes))
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.0.try_get_u64().ok()
    }

    pub(crate) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.0)
    }
}

/// Writes a byte string behind its length. Keys and names are far below 4 GiB.
pub(crate) fn put(out: &mut BytesMut, text: &[u8]) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(text);
}
