//! Whatever arrives, nothing panics, and nothing but the truth verifies.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use sigv4::{AwsChunked, Dialect, Framing, Payload, Presented, RequestView, SignPayload, Signer, Step};

use crate::{DOC_SECRET, at, credentials, headers};

const NOW: &str = "20261124T002504Z";

fn look(target: &str, authorization: &[u8], date: &str) {
    let mut map = HeaderMap::new();
    for (name, value) in [("authorization", authorization), ("x-amz-date", date.as_bytes())] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.insert(name, value);
        }
    }
    let view = RequestView::new(&Method::GET, target, &map);
    if let Ok(Some(presented)) = Presented::from_request(&view) {
        for dialect in [Dialect::S3, Dialect::STANDARD] {
            assert!(presented.verify(DOC_SECRET, &view, Payload::Buffered(b""), dialect, at(NOW)).is_err());
        }
    }
}

proptest! {
    #[test]
    fn anything_as_a_header(rest in any::<Vec<u8>>(), part in "[A-Za-z/=,; ]{0,40}", date in "[0-9TZ]{0,17}") {
        look("/", &rest, &date);
        let own = format!("AWS4-HMAC-SHA256 Credential={part}, SignedHeaders={part}, Signature={part}");
        look("/", own.as_bytes(), &date);
    }

    #[test]
    fn anything_as_a_target(path in "[ -~]{0,30}", value in "[!-~]{0,30}") {
        look(&path, b"", "");
        let query = ["Algorithm", "Credential", "Signature", "Date", "Expires", "SignedHeaders"]
            .map(|name| format!("X-Amz-{name}={value}"));
        look(&format!("{path}?{}", query.join("&")), b"", "");
        look(&format!("{path}?AWSAccessKeyId={value}&Signature={value}&Expires={value}"), b"", "");
    }

    #[test]
    fn anything_as_a_body(body in any::<Vec<u8>>(), text in "[0-9a-f;:\r\n]{0,60}", declared in 0u64..40) {
        for body in [body, text.into_bytes()] {
            let mut decoder = AwsChunked::new(Framing::UnsignedTrailer, declared);
            let mut input = Bytes::from(body);
            let mut got = 0;
            while let Ok(Step::Payload(bytes)) = decoder.push(&mut input) {
                got += bytes.len() as u64;
            }
            prop_assert!(got <= declared);
        }
    }

    #[test]
    fn what_we_sign_verifies_and_a_changed_target_does_not(
        path in "/[a-zA-Z0-9_.~%+ /-]{0,30}",
        query in "[a-c]=[a-zA-Z0-9%+]{0,5}(&[a-c]=[a-z]{0,3}){0,3}",
        extra in "[d-z]",
    ) {
        let keys = credentials("AKID", DOC_SECRET, None);
        for dialect in [Dialect::S3, Dialect::STANDARD] {
            let signer = Signer { credentials: &keys, region: "us-east-1", service: "x", dialect };
            let target = format!("{path}?{query}");
            let mut map = headers(&[("host", "localhost")]);
            signer.sign(&Method::GET, &target, &mut map, SignPayload::Bytes(b""), at(NOW));
            let verify = |target: &str| {
                let view = RequestView::new(&Method::GET, target, &map);
                let presented = Presented::from_request(&view).unwrap().unwrap();
                presented.verify(DOC_SECRET, &view, Payload::Buffered(b""), dialect, at(NOW)).is_ok()
            };
            prop_assert!(verify(&target));
            let changed = format!("{target}&{extra}=1");
            prop_assert!(!verify(&changed));
        }
    }
}
