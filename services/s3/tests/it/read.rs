//! GetObject and HeadObject.

use crate::kit::{S3, code, element};

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn ranges() {
    let s3 = S3::new().await;
    s3.put("a", "0123456789").await;
    s3.put("empty", "").await;
    let table = [
        ("a", "bytes=0-3", "206 bytes 0-3/10 4 0123"),
        ("a", "bytes=0-0", "206 bytes 0-0/10 1 0"),
        ("a", "bytes=7-", "206 bytes 7-9/10 3 789"),
        ("a", "bytes=-2", "206 bytes 8-9/10 2 89"),
        ("a", "bytes=-20", "206 bytes 0-9/10 10 0123456789"),
        ("a", "bytes=8-100", "206 bytes 8-9/10 2 89"),
        ("a", "bytes=5-2", "200  10 0123456789"),
        ("a", "bytes=0-1,3-4", "200  10 0123456789"),
        ("a", "pages=1-2", "200  10 0123456789"),
        ("a", "bytes=10-", "416 InvalidRange"),
        ("a", "bytes=-0", "416 InvalidRange"),
        ("empty", "bytes=0-", "416 InvalidRange"),
        ("empty", "bytes=-1", "416 InvalidRange"),
    ];
    for (key, range, expected) in table {
        let got = s3.send(&format!("GET /photos/{key}"), &[("range", range)], "").await;
        let head = s3.send(&format!("HEAD /photos/{key}"), &[("range", range)], "").await;
        assert_eq!(got.status, head.status, "{range}");
        assert_eq!(got.header("content-range"), head.header("content-range"), "{range}");
        let shown = match got.status {
            200 | 206 => {
                let (range, length) = (got.header("content-range"), got.header("content-length"));
                format!("{} {range} {length} {}", got.status, got.text())
            }
            _ => code(&got),
        };
        assert_eq!(shown, expected, "{range} of {key}");
    }
    let refused = s3.send("GET /photos/a", &[("range", "bytes=10-")], "").await.text();
    assert_eq!((element(&refused, "ActualObjectSize"), element(&refused, "RangeRequested")), ("10", "bytes=10-"));
}

#[tokio::test]
async fn conditions() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    let etag = "\"900150983cd24fb0d6963f7d28e17f72\"";
    let (then, before) = ("Tue, 24 Nov 2026 00:00:00 GMT", "Mon, 23 Nov 2026 23:59:59 GMT");
    let table: [(Headers<'_>, &str); 10] = [
        (&[("if-match", etag)], "200"),
        (&[("if-match", "\"other\"")], "412 PreconditionFailed"),
        (&[("if-none-match", etag)], "304"),
        (&[("if-none-match", "\"other\"")], "200"),
        (&[("if-modified-since", then)], "304"),
        (&[("if-modified-since", before)], "200"),
        (&[("if-unmodified-since", then)], "200"),
        (&[("if-unmodified-since", before)], "412 PreconditionFailed"),
        (&[("if-match", etag), ("if-unmodified-since", before)], "200"),
        (&[("if-none-match", etag), ("if-modified-since", before)], "304"),
    ];
    for (headers, expected) in table {
        for method in ["GET", "HEAD"] {
            let got = s3.send(&format!("{method} /photos/a"), headers, "").await;
            assert_eq!(code(&got), expected, "{method} {headers:?}");
            if got.status == 304 {
                assert_eq!((got.header("etag"), got.body.len()), (etag, 0));
            }
        }
    }
}

#[tokio::test]
async fn a_request_may_ask_for_other_headers() {
    let s3 = S3::new().await;
    s3.ok("PUT /photos/a", &[("content-type", "image/png")], "abc").await;
    let query = "response-content-type=text%2Fplain&response-content-disposition=attachment%3B%20filename%3D%22a%22\
                 &response-cache-control=no-store&response-content-encoding=gzip&response-content-language=en\
                 &response-expires=Tue%2C%2001%20Dec%202026%2016%3A00%3A00%20GMT";
    let got = s3.ok(&format!("GET /photos/a?{query}"), &[], "").await;
    assert_eq!(got.header("content-type"), "text/plain");
    assert_eq!(got.header("content-disposition"), "attachment; filename=\"a\"");
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(got.header("content-encoding"), "gzip");
    assert_eq!(got.header("content-language"), "en");
    assert!(got.header("expires") == "Tue, 01 Dec 2026 16:00:00 GMT", "{}", got.header("expires"));
    assert_eq!(s3.ok("GET /photos/a", &[], "").await.header("content-type"), "image/png");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let s3 = S3::new().await;
    let missing = s3.send("GET /photos/none", &[], "").await;
    assert_eq!((code(&missing).as_str(), element(&missing.text(), "Key")), ("404 NoSuchKey", "none"));
    assert_eq!(s3.send("HEAD /photos/none", &[], "").await.status, 404);
    let missing = s3.send("GET /nowhere/none", &[], "").await;
    assert_eq!((code(&missing).as_str(), element(&missing.text(), "BucketName")), ("404 NoSuchBucket", "nowhere"));
}

#[tokio::test]
async fn dates_that_are_none_are_no_conditions() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    for header in ["if-modified-since", "if-unmodified-since"] {
        assert_eq!(s3.code("GET /photos/a", &[(header, "yesterday")], "").await, "200", "{header}");
    }
}

#[tokio::test]
async fn metadata_beyond_ascii_is_an_encoded_word() {
    let s3 = S3::new().await;
    s3.ok("PUT /photos/a", &[("x-amz-meta-name", "ÄMÄZÕÑ S3"), ("x-amz-meta-empty", "")], "").await;
    let got = s3.ok("HEAD /photos/a", &[], "").await;
    assert_eq!(got.header("x-amz-meta-name"), "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=");
    assert!(got.headers.contains_key("x-amz-meta-empty"));
}

#[tokio::test]
async fn answers_and_errors_have_both_ids() {
    let s3 = S3::new().await;
    for line in ["GET /photos", "GET /photos/none"] {
        let got = s3.send(line, &[], "").await;
        assert!(!got.header("x-amz-request-id").is_empty() && !got.header("x-amz-id-2").is_empty(), "{line}");
    }
    let error = s3.send("GET /photos/none", &[], "").await;
    assert_eq!(element(&error.text(), "HostId"), error.header("x-amz-id-2"));
    assert_eq!(element(&error.text(), "RequestId"), error.header("x-amz-request-id"));
}

#[tokio::test]
async fn a_body_that_is_gone_is_an_error_before_the_answer_begins() {
    use blob::Blobs as _;
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    let gone = s3.kit.blobs.list(None, 1).await.unwrap().remove(0).id;
    s3.kit.blobs.delete(&gone).await.unwrap();
    assert_eq!(s3.code("GET /photos/a", &[], "").await, "503 ServiceUnavailable");
}
