//! What botocore signs, we verify; what we sign is what botocore signs.

use http::Method;
use sigv4::{Dialect, Payload, Presented, RequestView, SigError, SignPayload, Signer, presign_v2};

use crate::vectors::{HEADERS, PRESIGNED, PRESIGNED_V2};
use crate::{Case, at, credentials, headers};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: &str = "20261124T002504Z";
const HOST: (&str, &str) = ("host", "127.0.0.1:4566");

fn dialect(name: &str) -> Dialect {
    if name == "s3" { Dialect::S3 } else { Dialect::STANDARD }
}

#[test]
fn signed_headers_verify() {
    for (name, method, target, body, given) in HEADERS {
        let all: Vec<_> = given.iter().copied().chain([HOST]).collect();
        let case = Case {
            secret: SECRET,
            method,
            target,
            headers: &all,
            payload: Payload::Buffered(body.as_bytes()),
            dialect: dialect(name),
            now: NOW,
        };
        let (presented, verified) = case.verify().unwrap_or_else(|e| panic!("{name} {target}: {e:?}"));
        let token = given.iter().find(|(k, _)| *k == "x-amz-security-token").map(|(_, v)| *v);
        assert_eq!(presented.session_token.as_ref().map(|t| t.expose().as_str()), token);
        assert!(verified.check_hash("0").is_err());
        let wrong = Case { secret: "other", ..case };
        assert!(matches!(wrong.verify(), Err(SigError::Mismatch(_))), "{name} {target}");
        let body = Case { secret: SECRET, payload: Payload::Buffered(b"changed"), ..wrong };
        assert!(matches!(body.verify(), Err(SigError::Mismatch(_) | SigError::PayloadMismatch { .. })));
    }
}

#[test]
fn our_signatures_are_botocores() {
    for (name, method, target, body, given) in HEADERS {
        let theirs = given.iter().find(|(k, _)| *k == "authorization").unwrap().1;
        let token = given.iter().find(|(k, _)| *k == "x-amz-security-token").map(|(_, v)| *v);
        let id = if token.is_some() { "ASIAEXAMPLE" } else { "AKIDEXAMPLE" };
        let keys = credentials(id, SECRET, token);
        let (service, dialect) = if *name == "s3" { ("s3", Dialect::S3) } else { ("lambda", Dialect::STANDARD) };
        let signer = Signer { credentials: &keys, region: "us-east-1", service, dialect };
        let own = |k: &str| k == "content-type" || k == "x-amz-meta-odd";
        let before: Vec<_> = given.iter().copied().filter(|(k, _)| own(k)).chain([HOST]).collect();
        let (mut map, method) = (headers(&before), Method::try_from(*method).unwrap());
        signer.sign(&method, target, &mut map, SignPayload::Bytes(body.as_bytes()), at(NOW));
        assert_eq!(map["authorization"], theirs, "{name} {target}");
    }
}

#[test]
fn presigned_urls_verify_until_they_expire() {
    for (name, method, target) in PRESIGNED {
        let (secret, dialect, payload) = (SECRET, dialect(name), Payload::Buffered(b"".as_slice()));
        let case = Case { secret, method, target, headers: &[HOST], payload, dialect, now: "20261124T004003Z" };
        case.verify().unwrap_or_else(|e| panic!("{name} {target}: {e:?}"));
        let late = Case { now: "20261124T004004Z", ..case };
        assert!(matches!(late.verify(), Err(SigError::Expired { expires_s: Some(900), .. })));
        let longer = target.replace("X-Amz-Expires=900", "X-Amz-Expires=901");
        let changed = Case { target: &longer, now: NOW, ..late };
        assert!(matches!(changed.verify(), Err(SigError::Mismatch(_))));
    }
}

#[test]
fn version_2_urls_verify() {
    let none = headers(&[]);
    for (method, bucket, target) in PRESIGNED_V2 {
        let method = Method::try_from(*method).unwrap();
        let view = RequestView::new(&method, target, &none);
        let view = if bucket.is_empty() { view } else { view.with_virtual_bucket(bucket) };
        let presented = Presented::from_request(&view).unwrap().unwrap();
        assert_eq!(presented.session_token.is_some(), presented.access_key_id.starts_with("ASIA"));
        let verify = |secret: &str, view, dialect, now: &str| {
            presented.verify(secret, view, Payload::Streamed, dialect, at(now)).map(|_| ())
        };
        assert_eq!(verify(SECRET, &view, Dialect::S3, NOW), Ok(()), "{target}");
        assert!(matches!(verify("other", &view, Dialect::S3, NOW), Err(SigError::Mismatch(_))));
        assert!(matches!(verify(SECRET, &view, Dialect::S3, "20261124T012505Z"), Err(SigError::Expired { .. })));
        assert!(matches!(verify(SECRET, &view, Dialect::STANDARD, NOW), Err(SigError::Unsupported { .. })));
        let extra = headers(&[("x-amz-storage-class", "GLACIER")]);
        let changed = RequestView::new(&method, target, &extra);
        assert!(matches!(verify(SECRET, &changed, Dialect::S3, NOW), Err(SigError::Mismatch(_))));
    }
}

#[test]
fn our_version_2_urls_verify() {
    let given = headers(&[("x-amz-acl", "public-read"), ("content-type", "text/plain")]);
    let keys = credentials("ASIAEXAMPLE", SECRET, Some("tok/en+with=="));
    let view = RequestView::new(&Method::PUT, "/b/k?uploadId=x%2Fy", &given);
    let target = presign_v2(&view, &keys, 1_795_483_504);
    let none = headers(&[]);
    let view = RequestView::new(&Method::PUT, &target, &none);
    let presented = Presented::from_request(&view).unwrap().unwrap();
    presented.verify(SECRET, &view, Payload::Streamed, Dialect::S3, at(NOW)).unwrap();
}
