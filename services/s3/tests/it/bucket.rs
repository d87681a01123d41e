//! Buckets.

use base::Account;
use expect_test::expect;
use policy::Principal;
use service::Caller;
use service::testing::Kit;

use crate::kit::{S3, code, element, elements};

/// The root of another account.
pub fn stranger() -> Caller {
    let account = Account::from("111111111111");
    let arn = base::Arn { account: "111111111111".into(), ..root_arn() };
    Caller::of(Principal::Root(arn), account, "111111111111")
}

fn root_arn() -> base::Arn {
    match Kit::root().principal {
        Principal::Root(arn) => arn,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bucket_is_made_found_and_deleted() {
    let s3 = S3::empty().await;
    let made = s3.ok("PUT /photos", &[], "").await;
    assert_eq!((made.status, made.header("location")), (200, "/photos"));

    let head = s3.ok("HEAD /photos", &[], "").await;
    assert_eq!((head.status, head.header("x-amz-bucket-region")), (200, "us-east-1"));
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>"#]]
    .assert_eq(&s3.ok("GET /photos?location", &[], "").await.text());
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket><Name>photos</Name><CreationDate>2026-11-24T00:00:00.000Z</CreationDate><BucketRegion>us-east-1</BucketRegion><BucketArn>arn:aws:s3:::photos</BucketArn></Bucket></Buckets><Owner><ID>OWNER</ID></Owner></ListAllMyBucketsResult>"#]]
    .assert_eq(&{
        let text = s3.ok("GET /", &[], "").await.text();
        text.replace(element(&text, "ID"), "OWNER")
    });

    let gone = s3.ok("DELETE /photos", &[], "").await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(s3.code("HEAD /photos", &[], "").await, "404 NoSuchBucket");
    assert_eq!(elements(&s3.ok("GET /", &[], "").await.text(), "Name"), Vec::<&str>::new());
}

#[tokio::test]
async fn a_region_other_than_the_first_is_written_out() {
    let s3 = S3::empty().await;
    let body = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                <LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    s3.ok("PUT /photos", &[], body).await;
    let text = s3.ok("GET /photos?location", &[], "").await.text();
    assert!(text.contains(">eu-west-1</LocationConstraint>"), "{text}");
    assert_eq!(s3.ok("HEAD /photos", &[], "").await.header("x-amz-bucket-region"), "eu-west-1");
    assert_eq!(s3.code("PUT /photos", &[], body).await, "409 BucketAlreadyOwnedByYou");
    let nowhere = body.replace("eu-west-1", "nowhere");
    assert_eq!(s3.code("PUT /other", &[], nowhere).await, "400 InvalidLocationConstraint");
}

#[tokio::test]
async fn names_are_unique_and_of_the_right_form() {
    let s3 = S3::new().await;
    assert_eq!(s3.code("PUT /photos", &[], "").await, "200");
    let taken = s3.send_as(&stranger(), "PUT /photos", &[], "").await;
    assert_eq!(code(&taken), "409 BucketAlreadyExists");
    assert_eq!(s3.code("PUT /Photos", &[], "").await, "400 InvalidBucketName");
    assert_eq!(s3.code("PUT /no", &[], "").await, "400 InvalidBucketName");
    assert_eq!(s3.code("PUT /broken", &[], "<Create").await, "400 MalformedXML");
}

#[tokio::test]
async fn what_a_bucket_cannot_be_is_said() {
    let s3 = S3::empty().await;
    assert_eq!(s3.code("PUT /photos", &[("x-amz-acl", "public-read")], "").await, "501 NotImplemented");
    assert_eq!(s3.code("PUT /photos", &[("x-amz-bucket-object-lock-enabled", "true")], "").await, "501 NotImplemented");
    assert_eq!(s3.code("PUT /photos", &[("x-amz-grant-read", "id=1")], "").await, "501 NotImplemented");
    assert_eq!(s3.code("PUT /photos", &[("x-amz-acl", "private")], "").await, "200");
    assert_eq!(s3.code("PUT /photos?policy", &[], "{}").await, "501 NotImplemented");
}

#[tokio::test]
async fn a_bucket_with_objects_stays() {
    let s3 = S3::new().await;
    s3.put("a", "1").await;
    let refused = s3.send("DELETE /photos", &[], "").await;
    assert_eq!(code(&refused), "409 BucketNotEmpty");
    assert_eq!(element(&refused.text(), "BucketName"), "photos");
    s3.ok("DELETE /photos/a", &[], "").await;
    assert_eq!(s3.code("DELETE /photos", &[], "").await, "204");
    assert_eq!(s3.code("DELETE /photos", &[], "").await, "404 NoSuchBucket");
}

#[tokio::test]
async fn buckets_of_others_are_closed() {
    let s3 = S3::new().await;
    s3.put("a", "1").await;
    for line in ["HEAD /photos", "GET /photos/a", "GET /photos?list-type=2", "DELETE /photos", "PUT /photos/b"] {
        let refused = s3.send_as(&stranger(), line, &[], "").await;
        assert_eq!(code(&refused), "403 AccessDenied", "{line}");
    }
    assert!(elements(&s3.send_as(&stranger(), "GET /", &[], "").await.text(), "Name").is_empty());
    let expected = [("x-amz-expected-bucket-owner", "111111111111")];
    assert_eq!(s3.code("GET /photos/a", &expected, "").await, "403 AccessDenied");
    assert_eq!(s3.kit.blobs.count(), 1, "the refused body is gone");
}

#[tokio::test]
async fn buckets_come_in_pages() {
    let s3 = S3::empty().await;
    for name in ["app-one", "app-two", "app-three", "web"] {
        s3.ok(&format!("PUT /{name}"), &[], "").await;
    }
    let first = s3.ok("GET /?max-buckets=2&prefix=app", &[], "").await.text();
    assert_eq!(elements(&first, "Name"), ["app-one", "app-three"]);
    let token = element(&first, "ContinuationToken");
    let second = s3.ok(&format!("GET /?max-buckets=2&prefix=app&continuation-token={token}"), &[], "").await.text();
    assert_eq!(elements(&second, "Name"), ["app-two"]);
    assert_eq!(element(&second, "ContinuationToken"), "");
    // A token of another listing is none of this one.
    let wrong = s3.code(&format!("GET /?max-buckets=2&prefix=web&continuation-token={token}"), &[], "").await;
    assert_eq!(wrong, "400 InvalidArgument");
    assert_eq!(s3.code("GET /?max-buckets=0", &[], "").await, "400 InvalidArgument");
    assert_eq!(elements(&s3.ok("GET /?bucket-region=eu-west-1", &[], "").await.text(), "Name").len(), 0);
}
