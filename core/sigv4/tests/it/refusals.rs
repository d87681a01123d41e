//! What is refused, with AWS's code, status and words.

use http::Method;
use sigv4::{Dialect, Family, Payload, Presented, RequestView, SigError, SignPayload, Signer};

use crate::{Case, DOC_SECRET, at, credentials, headers};

const NOW: &str = "20261124T002504Z";

/// Signs a request, lets `change` spoil it, and shows what comes of it.
fn spoilt(dialect: Dialect, now: &str, change: impl Fn(&mut Vec<(String, String)>)) -> SigError {
    let keys = credentials("AKID", DOC_SECRET, None);
    let signer = Signer { credentials: &keys, region: "us-east-1", service: "dynamodb", dialect };
    let mut map = headers(&[("host", "localhost"), ("x-amz-target", "T.Op")]);
    signer.sign(&Method::POST, "/", &mut map, SignPayload::Bytes(b"{}"), at(NOW));
    let mut pairs: Vec<_> =
        map.iter().map(|(k, v)| (k.as_str().to_string(), v.to_str().unwrap().to_string())).collect();
    change(&mut pairs);
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let payload = Payload::Buffered(b"{}");
    let case = Case { secret: DOC_SECRET, method: "POST", target: "/", headers: &pairs, payload, dialect, now };
    case.verify().map(|_| ()).unwrap_err()
}

fn header(name: &str, from: &str, to: &str) -> impl Fn(&mut Vec<(String, String)>) {
    move |pairs| {
        for (_, value) in pairs.iter_mut().filter(|(k, _)| k == name) {
            *value = value.replace(from, to);
        }
    }
}

fn check(error: &SigError, family: Family, status: u16, code: &str, text: &str) {
    let words = if family == Family::S3 { error.s3_message() } else { error.to_string() };
    assert_eq!((error.status(family), error.code(family), words.as_str()), (status, code, text));
}

#[test]
fn times_off_by_more_than_fifteen_minutes() {
    let same = |_: &mut Vec<_>| ();
    let late = spoilt(Dialect::STANDARD, "20261124T004005Z", same);
    let text = "Signature expired: 20261124T002504Z is now earlier than 20261124T002505Z (20261124T004005Z - 15 min.)";
    check(&late, Family::Json, 400, "InvalidSignatureException", text);
    check(&late, Family::RestJson, 403, "InvalidSignatureException", text);
    check(&late, Family::Query, 403, "SignatureDoesNotMatch", text);
    let early = spoilt(Dialect::S3, "20261124T001003Z", same);
    let text = "The difference between the request time and the current time is too large.";
    check(&early, Family::S3, 403, "RequestTimeTooSkewed", text);
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20261124T002504Z is still later than 20261124T002503Z (20261124T001003Z + 15 min.)"
    );
}

#[test]
fn what_is_not_signed() {
    let unsigned = spoilt(Dialect::STANDARD, NOW, header("authorization", ";x-amz-target", ""));
    let text = "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.";
    check(&unsigned, Family::Json, 400, "InvalidSignatureException", text);
    let added = spoilt(Dialect::S3, NOW, |pairs| pairs.push(("x-amz-acl".into(), "public-read".into())));
    let text = "There were headers present in the request which were not signed";
    check(&added, Family::S3, 403, "AccessDenied", text);
    let no_host = spoilt(Dialect::S3, NOW, header("authorization", "host;", ""));
    assert_eq!(no_host, SigError::NotSigned { headers: vec!["host".into()] });
    let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    check(&no_host, Family::RestJson, 403, "InvalidSignatureException", text);
}

#[test]
fn scopes_that_do_not_fit() {
    let date = spoilt(Dialect::STANDARD, NOW, header("authorization", "/20261124/", "/20261123/"));
    let text = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                '20261123' != '20261124', from '20261124T002504Z'.";
    check(&date, Family::Query, 403, "SignatureDoesNotMatch", text);
    check(
        &date,
        Family::S3,
        400,
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed; Invalid credential date \"20261123\". This date is not the same as \
         X-Amz-Date: \"20261124T002504Z\".",
    );
    let end = spoilt(Dialect::STANDARD, NOW, header("authorization", "aws4_request", "aws4"));
    let text = "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'.";
    check(&end, Family::Json, 400, "InvalidSignatureException", text);
    let region = spoilt(Dialect::STANDARD, NOW, header("authorization", "us-east-1", "us-west-2"));
    assert!(matches!(region, SigError::Mismatch(_)));
    let short = spoilt(Dialect::S3, NOW, header("authorization", "/dynamodb", ""));
    check(
        &short,
        Family::S3,
        400,
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed; the Credential is mal-formed; expecting \
         \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
    );
}

#[test]
fn a_scope_is_checked_against_the_service_and_region() {
    let map = headers(&[
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=A/20261124/us-east-1/batch/aws4_request, SignedHeaders=host, Signature=0",
        ),
        ("x-amz-date", NOW),
    ]);
    let presented = Presented::from_request(&RequestView::new(&Method::GET, "/", &map)).unwrap().unwrap();
    presented.check_service(&["events", "batch"]).unwrap();
    presented.check_region("us-east-1").unwrap();
    let service = presented.check_service(&["sqs"]).unwrap_err();
    assert_eq!(service.to_string(), "Credential should be scoped to correct service: 'sqs'. ");
    let region = presented.check_region("eu-west-1").unwrap_err();
    assert_eq!(region.to_string(), "Credential should be scoped to a valid region, not 'us-east-1'. ");
    let text = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
    check(&region, Family::S3, 400, "AuthorizationHeaderMalformed", text);
}

#[test]
fn incomplete_headers_name_what_they_lack() {
    let bearer = spoilt(Dialect::STANDARD, NOW, |pairs| {
        pairs.retain(|(k, _)| k != "x-amz-date");
        pairs.iter_mut().filter(|(k, _)| k == "authorization").for_each(|(_, v)| *v = "Bearer x".into());
    });
    check(
        &bearer,
        Family::Query,
        400,
        "IncompleteSignature",
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a \
         'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) \
         Authorization=uTem/WB082UJMN2ajD6lH6UChGpTAddMJSx2iu923No=",
    );
    check(&bearer, Family::S3, 400, "InvalidArgument", "Unsupported Authorization Type");
    let no_date = spoilt(Dialect::S3, NOW, |pairs| pairs.retain(|(k, _)| k != "x-amz-date"));
    let text = "AWS authentication requires a valid Date or x-amz-date header";
    check(&no_date, Family::S3, 403, "AccessDenied", text);
    let no_signature = spoilt(Dialect::STANDARD, NOW, header("authorization", "Signature=", "Sig="));
    assert!(no_signature.to_string().starts_with("Authorization header requires 'Signature' parameter. (Hashed"));
    let v2 = spoilt(Dialect::S3, NOW, header("authorization", "AWS4-HMAC-SHA256", "AWS"));
    let text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    check(&v2, Family::S3, 400, "InvalidRequest", text);
}

#[test]
fn the_date_header_stands_in() {
    let map = |date: &str| {
        headers(&[
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=A/20261124/r/s/aws4_request,SignedHeaders=date;host,Signature=0",
            ),
            ("date", date),
        ])
    };
    for date in ["Tue, 24 Nov 2026 00:25:04 GMT", NOW, "2026-11-24T00:25:04Z"] {
        let map = map(date);
        let presented = Presented::from_request(&RequestView::new(&Method::GET, "/", &map)).unwrap().unwrap();
        assert_eq!(presented.signed_at(), Some(at(NOW)), "{date}");
    }
    let bad = Presented::from_request(&RequestView::new(&Method::GET, "/", &map("yesterday"))).unwrap_err();
    let text = "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601";
    check(&bad, Family::Query, 400, "IncompleteSignature", text);
    let text = "AWS authentication requires a valid Date or x-amz-date header";
    check(&bad, Family::S3, 403, "AccessDenied", text);
}

#[test]
fn queries_that_cannot_be_read() {
    let target = |changes: &[(&str, &str)]| {
        let good = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20261124%2Fr%2Fs3%2Faws4_request\
                    &X-Amz-Date=20261124T002504Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
        changes.iter().fold(good.to_string(), |text, (from, to)| text.replace(from, to))
    };
    let requires = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                    X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
    let rows = [
        ("&X-Amz-Expires=60", "", requires),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", requires),
        ("Expires=60", "Expires=soon", "X-Amz-Expires should be a number"),
        ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative"),
        (
            "Expires=60",
            "Expires=604801",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds",
        ),
        ("T002504Z", "", "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
        (
            "A%2F20261124",
            "A",
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \
             \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        ),
    ];
    let none = headers(&[]);
    for (from, to, text) in rows {
        let target = target(&[(from, to)]);
        let error = Presented::from_request(&RequestView::new(&Method::GET, &target, &none)).unwrap_err();
        check(&error, Family::S3, 400, "AuthorizationQueryParametersError", text);
    }
    let good = target(&[]);
    assert!(Presented::from_request(&RequestView::new(&Method::GET, &good, &none)).unwrap().is_some());
    let both = headers(&[("authorization", "AWS4-HMAC-SHA256 x")]);
    let error = Presented::from_request(&RequestView::new(&Method::GET, &good, &both)).unwrap_err();
    assert_eq!((error.clone(), error.status(Family::S3)), (SigError::SeveralMechanisms, 400));
    assert!(Presented::from_request(&RequestView::new(&Method::GET, "/?Expires=1", &none)).unwrap().is_none());
}

#[test]
fn payload_declarations() {
    let missing = spoilt(Dialect::S3, NOW, |pairs| pairs.retain(|(k, _)| k != "x-amz-content-sha256"));
    check(
        &missing,
        Family::S3,
        400,
        "InvalidRequest",
        "Missing required header for this request: x-amz-content-sha256",
    );
    let odd = spoilt(Dialect::S3, NOW, header("x-amz-content-sha256", "4", "?"));
    assert_eq!((odd.status(Family::S3), odd.code(Family::S3)), (400, "InvalidArgument"));
}
