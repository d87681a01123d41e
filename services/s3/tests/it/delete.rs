//! DeleteObject and DeleteObjects.

use crate::kit::{S3, code, elements};

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
    let versioned = "<Delete><Object><Key>k</Key><VersionId>v</VersionId></Object></Delete>";
    assert_eq!(code(&s3.send("POST /photos?delete", &[], versioned).await), "501 NotImplemented");
}
