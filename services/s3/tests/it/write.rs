//! PutObject.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::kit::{S3, code, element};

fn crc32(body: &[u8]) -> String {
    let value = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, body) as u32;
    STANDARD.encode(value.to_be_bytes())
}

fn md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

#[tokio::test]
async fn an_object_keeps_what_it_was_sent_with() {
    let s3 = S3::new().await;
    let headers = [
        ("content-type", "image/jpeg"),
        ("cache-control", "no-cache"),
        ("content-disposition", "attachment"),
        ("content-encoding", "aws-chunked,gzip"),
        ("content-language", "de"),
        ("expires", "Thu, 01 Dec 2026 16:00:00 GMT"),
        ("x-amz-meta-Album", "holiday"),
        ("content-length", "3"),
    ];
    let put = s3.ok("PUT /photos/a/b%20c.jpg", &headers, "abc").await;
    assert_eq!(put.header("etag"), "\"900150983cd24fb0d6963f7d28e17f72\"");
    assert_eq!((put.header("x-amz-checksum-type"), put.body.len()), ("FULL_OBJECT", 0));

    for method in ["GET", "HEAD"] {
        let got = s3.ok(&format!("{method} /photos/a/b%20c.jpg"), &[], "").await;
        assert_eq!(got.status, 200);
        assert_eq!(got.text(), if method == "GET" { "abc" } else { "" });
        let shown = [
            "content-type",
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "expires",
            "x-amz-meta-album",
            "content-length",
            "etag",
            "last-modified",
            "accept-ranges",
        ];
        let shown: Vec<&str> = shown.into_iter().map(|name| got.header(name)).collect();
        let expected = [
            "image/jpeg",
            "no-cache",
            "attachment",
            "gzip",
            "de",
            "Thu, 01 Dec 2026 16:00:00 GMT",
            "holiday",
            "3",
            "\"900150983cd24fb0d6963f7d28e17f72\"",
            "Tue, 24 Nov 2026 00:00:00 GMT",
            "bytes",
        ];
        assert_eq!(shown, expected, "{method}");
    }
}

#[tokio::test]
async fn bytes_without_a_type_are_bytes() {
    let s3 = S3::new().await;
    s3.put("a", "").await;
    let got = s3.ok("GET /photos/a", &[], "").await;
    assert_eq!(
        (got.status, got.header("content-type"), got.header("content-length")),
        (200, "binary/octet-stream", "0")
    );
    assert_eq!(got.header("etag"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    s3.ok("PUT /photos/b", &[("content-type", "")], "").await;
    assert_eq!(s3.ok("HEAD /photos/b", &[], "").await.header("content-type"), "binary/octet-stream");
}

#[tokio::test]
async fn five_megabytes_stream_through() {
    let s3 = S3::new().await;
    let body: Vec<u8> = (0..5 * 1024 * 1024_u32).map(|i| (i % 251) as u8).collect();
    let crc = crc32(&body);
    let put = s3.ok("PUT /photos/large", &[("x-amz-checksum-crc32", &crc)], body.clone()).await;
    assert_eq!(put.header("x-amz-checksum-crc32"), crc);
    let got = s3.ok("GET /photos/large", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert!(got.body == body, "the same bytes");
    assert_eq!(got.header("x-amz-checksum-crc32"), crc);
    let tail = s3.ok("GET /photos/large", &[("range", "bytes=-10")], "").await;
    assert!(tail.body == body[body.len() - 10..]);
}

#[tokio::test]
async fn a_newer_object_replaces_the_older_one_and_its_bytes() {
    let s3 = S3::new().await;
    s3.put("a", "one").await;
    s3.put("a", "two").await;
    assert_eq!(s3.ok("GET /photos/a", &[], "").await.text(), "two");
    assert_eq!(s3.kit.blobs.count(), 1);
}

#[tokio::test]
async fn checksums_are_checked_kept_and_shown() {
    let s3 = S3::new().await;
    let known = [
        ("crc32", "CRC32", "NSRBwg=="),
        ("crc32c", "CRC32C", "Nks/tw=="),
        ("sha1", "SHA1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        ("sha256", "SHA256", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ("crc64nvme", "CRC64NVME", ""),
    ];
    for (name, algorithm, value) in known {
        let header = format!("x-amz-checksum-{name}");
        let value = match value {
            // Computed by the server for whoever sends none.
            "" => s3.ok("PUT /photos/a", &[], "abc").await.header(&header).to_owned(),
            value => value.to_owned(),
        };
        let sent = [(header.as_str(), value.as_str()), ("x-amz-sdk-checksum-algorithm", algorithm)];
        let put = s3.ok("PUT /photos/a", &sent, "abc").await;
        assert_eq!(put.header(&header), value);
        let plain = s3.ok("HEAD /photos/a", &[], "").await;
        assert_eq!(plain.header(&header), "");
        let shown = s3.ok("HEAD /photos/a", &[("x-amz-checksum-mode", "ENABLED")], "").await;
        assert_eq!((shown.header(&header), shown.header("x-amz-checksum-type")), (value.as_str(), "FULL_OBJECT"));
        let part = [("x-amz-checksum-mode", "ENABLED"), ("range", "bytes=0-1")];
        assert_eq!(s3.ok("GET /photos/a", &part, "").await.header(&header), "");

        let wrong = s3.send("PUT /photos/b", &sent, "abd").await;
        assert_eq!(code(&wrong), "400 BadDigest");
        let expected = format!("The {algorithm} you specified did not match the calculated checksum.");
        assert_eq!(element(&wrong.text(), "Message"), expected);
        let malformed = s3.send("PUT /photos/b", &[(header.as_str(), "AAA=")], "abc").await;
        assert_eq!(code(&malformed), "400 InvalidRequest");
        assert_eq!(element(&malformed.text(), "Message"), format!("Value for {header} header is invalid."));
    }
    assert_eq!(s3.code("GET /photos/b", &[], "").await, "404 NoSuchKey");
    assert_eq!(s3.kit.blobs.count(), 1, "no refused body stays");
}

#[tokio::test]
async fn checksums_that_contradict_each_other_are_refused() {
    let s3 = S3::new().await;
    let both = [("x-amz-checksum-crc32", "NSRBwg=="), ("x-amz-checksum-crc32c", "Nks/tw==")];
    assert_eq!(s3.code("PUT /photos/a", &both, "abc").await, "400 InvalidRequest");
    let other = [("x-amz-checksum-crc32", "NSRBwg=="), ("x-amz-sdk-checksum-algorithm", "SHA1")];
    assert_eq!(s3.code("PUT /photos/a", &other, "abc").await, "400 InvalidRequest");
    let missing = [("x-amz-sdk-checksum-algorithm", "CRC32")];
    assert_eq!(s3.code("PUT /photos/a", &missing, "abc").await, "400 InvalidRequest");
    // Announced as a trailer that never comes.
    let announced = [("x-amz-trailer", "x-amz-checksum-crc32")];
    assert_eq!(s3.code("PUT /photos/a", &announced, "abc").await, "400 MalformedTrailerError");
    assert_eq!(s3.code("PUT /photos/a", &[("x-amz-checksum-sha512", "AA==")], "abc").await, "501 NotImplemented");
    assert_eq!(s3.kit.blobs.count(), 0);
}

#[tokio::test]
async fn content_md5_is_checked() {
    let s3 = S3::new().await;
    assert_eq!(s3.code("PUT /photos/a", &[("content-md5", &md5(b"abc"))], "abc").await, "200");
    let wrong = s3.send("PUT /photos/b", &[("content-md5", &md5(b"abd"))], "abc").await;
    assert_eq!(code(&wrong), "400 BadDigest");
    assert_eq!(element(&wrong.text(), "CalculatedDigest"), md5(b"abc"));
    for broken in ["", "abc", "AAAA"] {
        assert_eq!(s3.code("PUT /photos/b", &[("content-md5", broken)], "abc").await, "400 InvalidDigest", "{broken}");
    }
    assert_eq!(s3.kit.blobs.count(), 1);
}

#[tokio::test]
async fn writes_may_depend_on_what_is_there() {
    let s3 = S3::new().await;
    let new = [("if-none-match", "*")];
    assert_eq!(s3.code("PUT /photos/a", &new, "one").await, "200");
    let refused = s3.send("PUT /photos/a", &new, "two").await;
    assert_eq!(code(&refused), "412 PreconditionFailed");
    assert_eq!(element(&refused.text(), "Condition"), "If-None-Match");
    let etag = s3.ok("HEAD /photos/a", &[], "").await.header("etag").to_owned();
    assert_eq!(s3.code("PUT /photos/a", &[("if-match", "\"0\"")], "two").await, "412 PreconditionFailed");
    assert_eq!(s3.code("PUT /photos/a", &[("if-match", &etag)], "two").await, "200");
    assert_eq!(s3.code("PUT /photos/b", &[("if-match", &etag)], "two").await, "404 NoSuchKey");
    assert_eq!(s3.code("PUT /photos/a", &[("if-none-match", &etag)], "x").await, "501 NotImplemented");
    assert_eq!(s3.ok("GET /photos/a", &[], "").await.text(), "two");
    assert_eq!(s3.kit.blobs.count(), 1);
}

#[tokio::test]
async fn what_goes_too_far_is_refused() {
    let s3 = S3::new().await;
    assert_eq!(s3.code(&format!("PUT /photos/{}", "k".repeat(1024)), &[], "").await, "200");
    let long = s3.send(&format!("PUT /photos/{}", "k".repeat(1025)), &[], "").await;
    assert_eq!((code(&long).as_str(), element(&long.text(), "MaxSizeAllowed")), ("400 KeyTooLongError", "1024"));
    // 512 letters of two bytes fit, one more does not.
    assert_eq!(s3.code(&format!("PUT /photos/{}", "%C3%A9".repeat(512)), &[], "").await, "200");
    assert_eq!(s3.code(&format!("PUT /photos/{}", "%C3%A9".repeat(513)), &[], "").await, "400 KeyTooLongError");
    let metadata = "m".repeat(2048);
    assert_eq!(s3.code("PUT /photos/m", &[("x-amz-meta-m", &metadata)], "").await, "400 MetadataTooLarge");
    assert_eq!(s3.code("PUT /photos/m", &[("x-amz-meta-m", &metadata[1..])], "").await, "200");
    assert_eq!(s3.code("PUT /none/m", &[], "").await, "404 NoSuchBucket");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let s3 = S3::new().await;
    let refused = [
        ("x-amz-acl", "public-read"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
    ];
    for header in refused {
        assert_eq!(s3.code("PUT /photos/a", &[header], "1").await, "501 NotImplemented", "{header:?}");
    }
    for line in ["POST /photos/a?uploads", "PUT /photos/a?partNumber=1&uploadId=u"] {
        assert_eq!(s3.code(line, &[], "").await, "501 NotImplemented", "{line}");
    }
    assert_eq!(s3.kit.blobs.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_first_writers_one_wins() {
    let s3 = std::sync::Arc::new(S3::new().await);
    let writers: Vec<_> = (0..16)
        .map(|i| {
            let s3 = std::sync::Arc::clone(&s3);
            tokio::spawn(async move { s3.code("PUT /photos/a", &[("if-none-match", "*")], format!("{i}")).await })
        })
        .collect();
    let mut codes = Vec::new();
    for writer in writers {
        codes.push(writer.await.unwrap());
    }
    codes.sort();
    assert_eq!(codes.remove(0), "200");
    assert!(codes.iter().all(|code| code == "412 PreconditionFailed"), "{codes:?}");
    assert_eq!(s3.kit.blobs.count(), 1, "the losers' bodies are gone");
}

#[tokio::test]
async fn keys_are_text() {
    let s3 = S3::new().await;
    for line in ["PUT /photos/%ff", "GET /photos/a%C3", "DELETE /photos/%ff"] {
        assert_eq!(s3.code(line, &[], "").await, "400 InvalidURI", "{line}");
    }
    s3.ok("PUT /photos/%C3%A9", &[], "x").await;
    assert_eq!(s3.ok("GET /photos/%c3%a9", &[], "").await.text(), "x");
}
