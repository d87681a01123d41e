//! A package on its way into the blob store.

use bytes::Bytes;
use kv::Abort;
use service::ports::ObjectName;
use service::{Cx, Failure};
use sha2::{Digest, Sha256};

use crate::engine::package;
use crate::errors::Error;
use crate::model::Code;

/// Quota: 50 MB for a zip in a request (docs).
const ZIP_BYTES_MAX: usize = 50 * 1024 * 1024;

/// Where a request says that a package is: in itself, or in a bucket.
#[derive(Debug, Default)]
pub(crate) struct Source<'a> {
    pub zip: Option<&'a Bytes>,
    pub bucket: Option<&'a str>,
    pub key: Option<&'a str>,
    pub version: Option<&'a str>,
}

/// A package that has been judged, with its hash.
pub(crate) struct Judged {
    zip: Bytes,
    sha256: String,
    unpacked_bytes: u64,
}

/// Judges a package; nothing is kept yet.
pub(crate) async fn judge(cx: &Cx, source: Source<'_>, operation: &'static str) -> Result<Judged, Error> {
    let zip = match source {
        Source { zip: Some(zip), bucket: None, key: None, version: None } => zip.clone(),
        Source { zip: None, bucket: Some(bucket), key: Some(key), version } => fetch(cx, bucket, key, version).await?,
        Source { zip: Some(_), .. } => {
            let text = "Please do not provide other FunctionCode parameters when providing a ZipFile.";
            return Err(Error::InvalidParameter(text.into()));
        }
        Source { zip: None, bucket: None, key: None, .. } => {
            return Err(Error::InvalidParameter("Please provide a source for function code.".into()));
        }
        Source { zip: None, .. } => {
            return Err(Error::InvalidParameter("S3Bucket and S3Key are given together.".into()));
        }
    };
    if source.zip.is_some() && zip.len() > ZIP_BYTES_MAX {
        return Err(Error::TooLarge { max: crate::BODY_BYTES_MAX, operation });
    }
    let judged = tokio::task::spawn_blocking(move || {
        let unpacked_bytes = package::judge(&zip)?;
        let sha256 = hex::encode(Sha256::digest(&zip));
        Ok(Judged { zip, sha256, unpacked_bytes })
    });
    judged.await.map_err(|error| Error::from(Failure::internal(error)))?
}

/// A package from a bucket, under the rights of who asks.
async fn fetch(cx: &Cx, bucket: &str, key: &str, version: Option<&str>) -> Result<Bytes, Error> {
    let object = ObjectName { bucket: bucket.to_owned(), key: key.to_owned(), version: version.map(str::to_owned) };
    let objects = &cx.platform.ports()?.objects;
    let read = objects.read(&cx.caller, cx.scope.region.as_str(), &object, package::UNPACKED_BYTES_MAX).await;
    read.map_err(|failure| match failure.facts.code {
        "AccessDenied" => Error::SourceDenied(format!("{bucket}/{key}")),
        "EntityTooLarge" => Error::Package(package::BadPackage::TooLarge),
        code if failure.facts.status < 500 => Error::InvalidParameter(format!(
            "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {}",
            failure.message
        )),
        _ => failure.into(),
    })
}

impl Judged {
    /// What the record would say, were it kept.
    pub fn unkept(&self, as_in: &Code) -> Code {
        let mut code = as_in.clone();
        code.sha256.clone_from(&self.sha256);
        code.bytes = self.zip.len() as u64;
        code.unpacked_bytes = self.unpacked_bytes;
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
        Ok(Code::new(&stored.id, self.sha256, bytes, self.unpacked_bytes))
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
