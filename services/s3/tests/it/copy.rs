//! CopyObject.

use crate::kit::{S3, code, element};

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn a_copy_is_the_same_object_with_bytes_of_its_own() {
    let s3 = S3::new().await;
    s3.ok("PUT /backup", &[], "").await;
    let headers = [("content-type", "image/png"), ("x-amz-meta-a", "1"), ("x-amz-checksum-crc32", "NSRBwg==")];
    s3.ok("PUT /photos/a%20b", &headers, "abc").await;
    let copied = s3.ok("PUT /backup/c", &[("x-amz-copy-source", "/photos/a%20b")], "").await.text();
    assert!(copied.contains("<CopyObjectResult"), "{copied}");
    assert_eq!(element(&copied, "ETag"), "&quot;900150983cd24fb0d6963f7d28e17f72&quot;");
    assert_eq!(element(&copied, "ChecksumCRC32"), "NSRBwg==");
    s3.ok("DELETE /photos/a%20b", &[], "").await;
    let got = s3.ok("GET /backup/c", &[], "").await;
    assert_eq!(
        (got.text().as_str(), got.header("content-type"), got.header("x-amz-meta-a")),
        ("abc", "image/png", "1")
    );
    assert_eq!(s3.kit.blobs.count(), 1);
}

#[tokio::test]
async fn a_copy_may_replace_what_is_said_of_the_object() {
    let s3 = S3::new().await;
    s3.ok("PUT /photos/a", &[("x-amz-meta-a", "1")], "abc").await;
    let source = ("x-amz-copy-source", "photos/a");
    let refused = s3.code("PUT /photos/a", &[source], "").await;
    assert_eq!(refused, "400 InvalidRequest");
    s3.ok("PUT /photos/a", &[source, ("x-amz-storage-class", "STANDARD")], "").await;
    assert_eq!(s3.ok("GET /photos/a", &[], "").await.header("x-amz-meta-a"), "1");
    let replace =
        [source, ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-b", "2"), ("content-type", "text/css")];
    s3.ok("PUT /photos/a", &replace, "").await;
    let got = s3.ok("GET /photos/a", &[], "").await;
    assert_eq!((got.text().as_str(), got.header("content-type")), ("abc", "text/css"));
    assert_eq!((got.header("x-amz-meta-a"), got.header("x-amz-meta-b")), ("", "2"));
    assert_eq!(s3.kit.blobs.count(), 1);
}

#[tokio::test]
async fn copies_that_cannot_be() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    s3.put("there", "x").await;
    let table: [(&str, Headers<'_>, &str); 8] = [
        ("/photos/b", &[("x-amz-copy-source", "photos/none")], "404 NoSuchKey"),
        ("/photos/b", &[("x-amz-copy-source", "nowhere/a")], "404 NoSuchBucket"),
        ("/nowhere/b", &[("x-amz-copy-source", "photos/a")], "404 NoSuchBucket"),
        ("/photos/b", &[("x-amz-copy-source", "photos")], "400 InvalidArgument"),
        ("/photos/b", &[("x-amz-copy-source", "photos/a?versionId=1")], "400 InvalidArgument"),
        (
            "/photos/b",
            &[("x-amz-copy-source", "photos/a"), ("x-amz-copy-source-if-match", "\"0\"")],
            "412 PreconditionFailed",
        ),
        (
            "/photos/b",
            &[("x-amz-copy-source", "photos/a"), ("x-amz-copy-source-if-none-match", "*")],
            "412 PreconditionFailed",
        ),
        ("/photos/there", &[("x-amz-copy-source", "photos/a"), ("if-none-match", "*")], "412 PreconditionFailed"),
    ];
    for (target, headers, expected) in table {
        let refused = s3.send(&format!("PUT {target}"), headers, "").await;
        assert_eq!(code(&refused), expected, "{headers:?}");
    }
    assert_eq!(s3.kit.blobs.count(), 2, "no copied bytes stay");
}
