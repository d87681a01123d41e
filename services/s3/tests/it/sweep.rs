//! The sweeper of bodies, over a bucket.

use bytes::Bytes;
use service::sweep::{AGE_MIN_MS, Swept, sweep};

use super::kit::S3;

/// A body that no record refers to, as a crash would leave it.
async fn orphan(s3: &S3) {
    let mut upload = s3.kit.platform.blobs.write();
    upload.push(Bytes::from_static(b"left behind")).await.unwrap();
    upload.finish().await.unwrap();
}

#[tokio::test]
async fn only_old_bodies_without_an_object_are_removed() {
    let s3 = S3::new().await;
    for n in 0..30 {
        s3.ok(&format!("PUT /photos/{n}"), &[], format!("body {n}")).await;
    }
    s3.ok("PUT /photos/copy", &[("x-amz-copy-source", "/photos/7")], "").await;
    orphan(&s3).await;
    orphan(&s3).await;
    assert_eq!(sweep(&s3.kit.platform).await.unwrap(), Swept::default(), "all are young");

    s3.kit.clock.advance_ms(AGE_MIN_MS + 1);
    orphan(&s3).await;
    let swept = sweep(&s3.kit.platform).await.unwrap();
    assert_eq!(swept, Swept { judged: 33, removed: 2, removed_bytes: 22 });
    assert_eq!(s3.kit.blobs.count(), 32, "the young one stays");
    for n in 0..30 {
        assert_eq!(s3.ok(&format!("GET /photos/{n}"), &[], "").await.text(), format!("body {n}"));
    }
    assert_eq!(s3.ok("GET /photos/copy", &[], "").await.text(), "body 7");

    s3.kit.clock.advance_ms(AGE_MIN_MS + 1);
    assert_eq!(sweep(&s3.kit.platform).await.unwrap().removed, 1);
}
