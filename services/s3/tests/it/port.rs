//! Objects for other houses.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use bytes::Bytes;
use service::Caller;
use service::ports::{ObjectName, Objects};
use service::testing::Kit;

use crate::kit::S3;

async fn read(s3: &S3, caller: &Caller, key: &str, bytes_max: u64) -> Result<Bytes, &'static str> {
    let reader = s3::Reader::new(Arc::downgrade(&s3.kit.platform));
    let object = ObjectName { bucket: "photos".into(), key: key.into(), version: None };
    reader.read(caller, "us-east-1", &object, bytes_max).await.map_err(|failure| failure.facts.code)
}

#[tokio::test]
async fn whole_objects_for_who_may_read_them() {
    let s3 = S3::new().await;
    s3.put("a", "four").await;
    s3.put("empty", "").await;
    assert_eq!(read(&s3, &Kit::root(), "a", 4).await, Ok(Bytes::from_static(b"four")));
    assert_eq!(read(&s3, &Kit::root(), "empty", 4).await, Ok(Bytes::new()));
    assert_eq!(read(&s3, &Kit::root(), "a", 3).await, Err("EntityTooLarge"));
    assert_eq!(read(&s3, &Kit::root(), "b", 4).await, Err("NoSuchKey"));
    assert_eq!(read(&s3, &Kit::nobody(), "a", 4).await, Err("AccessDenied"));
}
