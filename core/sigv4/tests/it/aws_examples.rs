//! The examples of the S3 API reference, whose signatures are published.

use http::Method;
use sigv4::{Credentials, Dialect, Payload, PayloadMode, RequestView, SignPayload, Signer, presign_v2};

use crate::{Case, DOC_SECRET, at, credentials, headers};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const NOW: &str = "20130524T000000Z";
const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");

fn example() -> Credentials {
    credentials("AKIAIOSFODNN7EXAMPLE", DOC_SECRET, None)
}

fn check_sign(method: Method, target: &str, given: &[(&str, &str)], body: &[u8], expected: &str) {
    let keys = example();
    let signer = Signer { credentials: &keys, region: "us-east-1", service: "s3", dialect: Dialect::S3 };
    let mut map = headers(given);
    let signed = signer.sign(&method, target, &mut map, SignPayload::Bytes(body), at(NOW));
    assert_eq!(signed.signature, expected, "{method} {target}");
}

#[test]
fn published_signatures_of_headers() {
    let range = [HOST, ("range", "bytes=0-9")];
    check_sign(
        Method::GET,
        "/test.txt",
        &range,
        b"",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    let put = [HOST, ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
    let body = b"Welcome to Amazon S3.";
    check_sign(
        Method::PUT,
        "/test%24file.text",
        &put,
        body,
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
    check_sign(
        Method::PUT,
        "/test$file.text",
        &put,
        body,
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
    check_sign(
        Method::GET,
        "/?lifecycle",
        &[HOST],
        b"",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    let list = "/?max-keys=2&prefix=J";
    check_sign(Method::GET, list, &[HOST], b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

#[test]
fn the_published_get_verifies() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
        SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
        Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    let case = Case {
        secret: DOC_SECRET,
        method: "GET",
        target: "/test.txt",
        headers: &[
            HOST,
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", EMPTY),
            ("x-amz-date", NOW),
            ("authorization", authorization),
        ],
        payload: Payload::Buffered(b""),
        dialect: Dialect::S3,
        now: NOW,
    };
    let (presented, verified) = case.verify().unwrap();
    assert_eq!(presented.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(presented.scope().unwrap().region, "us-east-1");
    assert!(!presented.is_presigned());
    assert_eq!(verified.payload, PayloadMode::Signed(EMPTY.into()));
}

#[test]
fn the_published_url() {
    let keys = example();
    let signer = Signer { credentials: &keys, region: "us-east-1", service: "s3", dialect: Dialect::S3 };
    let target = signer.presign(&Method::GET, "/test.txt", &headers(&[HOST]), 86_400, at(NOW));
    assert_eq!(
        target,
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3\
         %2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
    let case = Case {
        secret: DOC_SECRET,
        method: "GET",
        target: &target,
        headers: &[HOST],
        payload: Payload::Streamed,
        dialect: Dialect::S3,
        now: "20130524T235959Z",
    };
    assert_eq!(case.verify().unwrap().1.payload, PayloadMode::Unsigned);
}

#[test]
fn the_published_url_of_version_2() {
    let empty = headers(&[]);
    let view = RequestView::new(&Method::GET, "/photos/puppy.jpg", &empty).with_virtual_bucket("johnsmith");
    assert_eq!(
        presign_v2(&view, &example(), 1_175_139_620),
        "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"
    );
}
