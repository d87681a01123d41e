//! A package on its way into the blob store.

use bytes::Bytes;
use kv::Abort;
use service::{Cx, Failure};
use sha2::{Digest, Sha256};

use crate::engine::package;
use crate::errors::Error;
use crate::model::Code;

/// Quota: 50 MB for a zip in a request (docs).
const ZIP_BYTES_MAX: usize = 50 * 1024 * 1024;

/// A package that has been judged, with its hash.
pub(crate) struct Judged {
    zip: Bytes,
    sha256: String,
}

/// Judges a package; nothing is kept yet.
pub(crate) async fn judge(zip: Option<&Bytes>, operation: &'static str) -> Result<Judged, Error> {
    let zip =
        zip.cloned().ok_or_else(|| Error::InvalidParameter("Please provide a source for function code.".into()))?;
    if zip.len() > ZIP_BYTES_MAX {
        return Err(Error::TooLarge { max: crate::BODY_BYTES_MAX, operation });
    }
    let judged = tokio::task::spawn_blocking(move || {
        package::judge(&zip)?;
        let sha256 = hex::encode(Sha256::digest(&zip));
        Ok(Judged { zip, sha256 })
    });
    judged.await.map_err(|error| Error::from(Failure::internal(error)))?
}

impl Judged {
    /// What the record would say, were it kept.
    pub fn unkept(&self, as_in: &Code) -> Code {
        let mut code = as_in.clone();
        code.sha256.clone_from(&self.sha256);
        code.bytes = self.zip.len() as u64;
        code
    }

    /// Keeps the package. Until a record names it, the caller must `discard` it when it fails.
    pub async fn keep(self, cx: &Cx) -> Result<Code, Error> {
        let bytes = self.zip.len() as u64;
        let mut upload = cx.platform.blobs.write();
        for at in (0..self.zip.len()).step_by(blob::CHUNK_BYTES) {
            let chunk = self.zip.slice(at..self.zip.len().min(at + blob::CHUNK_BYTES));
            upload.push(chunk).await.map_err(Failure::from)?;
        }
        let stored = upload.finish().await.map_err(Failure::from)?;
        Ok(Code::new(&stored.id, self.sha256, bytes))
    }
}

/// Removes a package that no record came to name, unless the commit may have happened after all.
pub(crate) async fn discard(cx: &Cx, code: &Code, failure: &Failure) {
    if matches!(failure.abort, Some(Abort::Unknown)) {
        return;
    }
    let Some(id) = code.blob() else { return };
    if let Err(error) = cx.platform.blobs.delete(&id).await {
        tracing::warn!("a package that no function refers to stays behind: {error}");
    }
}
