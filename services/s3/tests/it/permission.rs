//! Who may do what.

use base::Account;
use service::Caller;
use service::testing::{ACCOUNT, Kit};

use crate::kit::{S3, code, element, elements};

#[tokio::test]
async fn nobody_may_do_anything() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    let anonymous = Caller::anonymous(Account::from(ACCOUNT));
    let lines = [
        "GET /",
        "PUT /other",
        "HEAD /photos",
        "DELETE /photos",
        "GET /photos?location",
        "GET /photos",
        "GET /photos?list-type=2",
        "GET /photos/a",
        "HEAD /photos/a",
        "PUT /photos/b",
        "DELETE /photos/a",
    ];
    for line in lines {
        for caller in [&Kit::nobody(), &anonymous] {
            let refused = s3.send_as(caller, line, &[], "").await;
            assert_eq!(code(&refused), "403 AccessDenied", "{line}");
        }
    }
    let copy = [("x-amz-copy-source", "photos/a")];
    assert_eq!(code(&s3.send_as(&Kit::nobody(), "PUT /photos/b", &copy, "").await), "403 AccessDenied");
    let delete = "<Delete><Object><Key>a</Key></Object></Delete>";
    let refused = s3.send_as(&Kit::nobody(), "POST /photos?delete", &[], delete).await.text();
    assert_eq!((element(&refused, "Key"), element(&refused, "Code")), ("a", "AccessDenied"));
    assert_eq!(s3.kit.blobs.count(), 1);
}

#[tokio::test]
async fn permissions_hold_for_the_resources_they_name() {
    let s3 = S3::granting(
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::photos/mine/*"},
            {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos",
             "Condition":{"StringLike":{"s3:prefix":"mine/*"}}}]}"#,
    )
    .await;
    let me = Kit::nobody();
    let send = |line: &'static str| {
        let (s3, me) = (&s3, &me);
        async move { code(&s3.send_as(me, line, &[], "x").await) }
    };
    s3.put("theirs/a", "1").await;
    assert_eq!(send("PUT /photos/mine/a").await, "200");
    assert_eq!(send("GET /photos/mine/a").await, "200");
    assert_eq!(send("PUT /photos/theirs/b").await, "403 AccessDenied");
    assert_eq!(send("GET /photos/theirs/a").await, "403 AccessDenied");
    assert_eq!(send("GET /photos?list-type=2&prefix=mine/").await, "200");
    assert_eq!(send("GET /photos?list-type=2&prefix=theirs/").await, "403 AccessDenied");
    assert_eq!(send("GET /photos?list-type=2").await, "403 AccessDenied");
    // Who may not list the bucket as a whole does not learn what is absent.
    assert_eq!(send("GET /photos/mine/none").await, "403 AccessDenied");
    assert_eq!(send("HEAD /photos/mine/none").await, "403 AccessDenied");

    let delete = "<Delete><Object><Key>mine/a</Key></Object><Object><Key>theirs/a</Key></Object></Delete>";
    let answer = s3.send_as(&me, "POST /photos?delete", &[], delete).await.text();
    assert_eq!(elements(element(&answer, "Deleted"), "Key"), ["mine/a"]);
    assert_eq!(elements(element(&answer, "Error"), "Key"), ["theirs/a"]);
}

#[tokio::test]
async fn anonymous_requests_may_not_change_headers() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    let anonymous = Caller::anonymous(Account::from(ACCOUNT));
    let refused = s3.send_as(&anonymous, "GET /photos/a?response-content-type=text/html", &[], "").await;
    assert_eq!(code(&refused), "403 AccessDenied");
}
