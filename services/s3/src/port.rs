//! The port that other houses read objects through.

use std::sync::{Arc, Weak};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use service::ports::{ObjectName, Objects};
use service::{Caller, Cx, Failure, Outgoing, Platform};

use crate::errors::Error;
use crate::ops::read;
use crate::wire::GetObjectRequest;

/// Reads objects for other houses.
#[derive(Debug)]
pub struct Reader {
    platform: Weak<Platform>,
}

impl Reader {
    pub fn new(platform: Weak<Platform>) -> Self {
        Self { platform }
    }

    async fn whole(
        &self,
        caller: &Caller,
        region: &str,
        object: &ObjectName,
        bytes_max: u64,
    ) -> Result<Bytes, Failure> {
        let platform = self.platform.upgrade().ok_or_else(|| Failure::defect("the server is gone"))?;
        let service = platform.service("s3").map(Arc::clone);
        let service = service.ok_or_else(|| Failure::not_implemented("The service s3"))?;
        let cx = Cx::new(&platform, &service, caller.clone(), region, platform.ids.uuid());
        let bytes = whole(&cx, object, bytes_max).await;
        cx.ended("GetObject", bytes.as_ref().err());
        bytes
    }
}

async fn whole(cx: &Cx, object: &ObjectName, bytes_max: u64) -> Result<Bytes, Failure> {
    let ObjectName { bucket, key, version } = object.clone();
    for demand in crate::reading(cx, &bucket, &key, version.as_deref()) {
        cx.demand(demand).await?;
    }
    let input = GetObjectRequest { bucket, key, version_id: version, ..GetObjectRequest::default() };
    let mut tx = cx.platform.begin().await?;
    let (_, body) = read::get_object(cx, &mut tx, &input).await?;
    drop(tx);
    let (id, range) = match body {
        Outgoing::Blob { id, range } => (id, range),
        Outgoing::Nothing => return Ok(Bytes::new()),
        Outgoing::Made(_) => return Err(Failure::defect("an object without a length")),
    };
    if bytes_max < range.end - range.start {
        return Err(Error::EntityTooLarge.into());
    }
    let mut stream = cx.platform.blobs.read(&id, range);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.map_err(Failure::internal)?);
    }
    Ok(bytes.freeze())
}

impl Objects for Reader {
    fn read<'a>(
        &'a self,
        caller: &'a Caller,
        region: &'a str,
        object: &'a ObjectName,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<Bytes, Failure>> {
        Box::pin(self.whole(caller, region, object, bytes_max))
    }
}
