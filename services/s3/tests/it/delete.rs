//! DeleteObject and DeleteObjects.

use crate::kit::{S3, elements};

#[tokio::test]
async fn an_object_goes_with_its_bytes() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    for _ in 0..2 {
        assert_eq!(s3.ok("DELETE /photos/a", &[], "").await.status, 204);
    }
    assert_eq!(s3.code("GET /photos/a", &[], "").await, "404 NoSuchKey");
    assert_eq!(s3.kit.blobs.count(), 0);
    assert_eq!(s3.code("DELETE /nowhere/a", &[], "").await, "404 NoSuchBucket");
}

#[tokio::test]
async fn a_deletion_may_depend_on_what_is_there() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    assert_eq!(s3.code("DELETE /photos/a", &[("if-match", "\"0\"")], "").await, "412 PreconditionFailed");
    assert_eq!(s3.code("DELETE /photos/a", &[("if-match", "\"900150983cd24fb0d6963f7d28e17f72\"")], "").await, "204");
    assert_eq!(s3.code("DELETE /photos/a", &[("if-match", "*")], "").await, "404 NoSuchKey");
}

fn delete(keys: &[&str], quiet: &str) -> String {
    let keys: String = keys.iter().map(|key| format!("<Object><Key>{key}</Key></Object>")).collect();
    format!("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{keys}{quiet}</Delete>")
}

#[tokio::test]
async fn many_go_at_once() {
    let s3 = S3::new().await;
    for key in ["a", "b&c", "d"] {
        s3.put(key, key).await;
    }
    let gone = s3.ok("POST /photos?delete", &[], delete(&["a", "b&amp;c", "none"], "")).await.text();
    assert!(gone.contains("<DeleteResult xmlns="), "{gone}");
    assert_eq!(elements(&gone, "Key"), ["a", "b&amp;c", "none"]);
    assert_eq!(s3.kit.blobs.count(), 1);

    let long = "k".repeat(1025);
    let quiet = delete(&["d", &long], "<Quiet>true</Quiet>");
    let gone = s3.ok("POST /photos?delete", &[], quiet).await.text();
    assert_eq!(elements(&gone, "Key"), [long.as_str()]);
    assert_eq!(elements(&gone, "Code"), ["KeyTooLongError"]);
    assert_eq!(s3.kit.blobs.count(), 0);
}

#[tokio::test]
async fn a_list_of_keys_has_its_limits() {
    let s3 = S3::new().await;
    let many = vec!["k"; 1001];
    assert_eq!(s3.code("POST /photos?delete", &[], delete(&many[..1000], "")).await, "200");
    assert_eq!(s3.code("POST /photos?delete", &[], delete(&many, "")).await, "400 MalformedXML");
    assert_eq!(s3.code("POST /photos?delete", &[], "<Delete>").await, "400 MalformedXML");
    for broken in
        ["", "<Delete/>", "<Delete>", "<Keys><Object><Key>k</Key></Object></Keys>", "<Delete><Object/></Delete>"]
    {
        assert_eq!(s3.code("POST /photos?delete", &[], broken).await, "400 MalformedXML", "{broken}");
    }
}

#[tokio::test]
async fn the_only_version_is_null() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    s3.put("b", "abc").await;
    assert_eq!(s3.code("DELETE /photos/a?versionId=other", &[], "").await, "400 InvalidArgument");
    assert_eq!(s3.code("GET /photos/a?versionId=other", &[], "").await, "400 InvalidArgument");
    let got = s3.ok("GET /photos/a?versionId=null", &[], "").await;
    assert_eq!((got.text().as_str(), got.header("x-amz-version-id")), ("abc", "null"));
    assert_eq!(s3.ok("HEAD /photos/a", &[], "").await.header("x-amz-version-id"), "");
    assert_eq!(s3.ok("DELETE /photos/a?versionId=null", &[], "").await.header("x-amz-version-id"), "null");

    let versioned = |id: &str| format!("<Delete><Object><Key>b</Key><VersionId>{id}</VersionId></Object></Delete>");
    let refused = s3.ok("POST /photos?delete", &[], versioned("other")).await.text();
    assert_eq!((elements(&refused, "Code"), elements(&refused, "VersionId")), (vec!["InvalidArgument"], vec!["other"]));
    let gone = s3.ok("POST /photos?delete", &[], versioned("null")).await.text();
    assert_eq!((elements(&gone, "Key"), elements(&gone, "VersionId")), (vec!["b"], vec!["null"]));
    assert_eq!(s3.kit.blobs.count(), 0);
}

#[tokio::test]
async fn what_a_list_of_keys_says_of_itself_is_checked() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    let keys = delete(&["a"], "");
    for (header, value, expected) in [
        ("content-md5", "rL0Y20zC+Fzt72VPzMSk2A==", "400 BadDigest"),
        ("content-md5", "none", "400 InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "400 BadDigest"),
        ("x-amz-checksum-sha256", "AAAAAA==", "400 InvalidRequest"),
    ] {
        assert_eq!(
            s3.code("POST /photos?delete", &[(header, value)], keys.clone()).await,
            expected,
            "{header}: {value}"
        );
    }
    assert_eq!(s3.kit.blobs.count(), 1);
    let refused = s3.code("PUT /other-photos", &[("content-md5", "rL0Y20zC+Fzt72VPzMSk2A==")], "").await;
    assert_eq!(refused, "400 BadDigest");
    assert_eq!(s3.code("HEAD /other-photos", &[], "").await, "404 NoSuchBucket");
}
