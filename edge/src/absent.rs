//! Services of AWS that are not here: told apart by what they sign for, and answered in the protocol that was spoken.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use sigv4::Presented;

use crate::detect::is_form;
use crate::respond::{Body, full};

const CODE: &str = "NotImplemented";

/// The service that a signed request is for and that nobody here serves. Whatever may be meant for S3 is S3's to refuse: its
/// requests always say what their body hashes to.
pub(crate) fn service<'a>(parts: &Parts, presented: Option<&'a Presented>) -> Option<&'a str> {
    let scope = presented.filter(|presented| !presented.is_presigned())?.scope()?;
    let json = content_type(parts).is_some_and(|kind| kind.contains("json") || kind.contains("cbor"));
    let elsewhere = json
        || is_form(parts)
        || ["x-amz-target", "smithy-protocol"].iter().any(|name| parts.headers.contains_key(*name))
        || !parts.headers.contains_key("x-amz-content-sha256");
    elsewhere.then_some(scope.service.as_str())
}

/// The answer to it.
pub(crate) fn answer(parts: &Parts, service: &str, request_id: &str) -> Response<Body> {
    let message = format!("The service {service} is not implemented by Clearsky.");
    let json = || format!("{{\"__type\":\"{CODE}\",\"message\":\"{message}\"}}");
    let (kind, body) = if parts.headers.contains_key("smithy-protocol") {
        ("application/cbor", cbor(&[("__type", CODE), ("message", &message)]))
    } else if is_form(parts) {
        let error = format!("<Error><Type>Receiver</Type><Code>{CODE}</Code><Message>{message}</Message></Error>");
        let xml = format!("<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>");
        ("text/xml", Bytes::from(xml))
    } else if parts.headers.contains_key("x-amz-target") {
        ("application/x-amz-json-1.0", Bytes::from(json()))
    } else {
        ("application/json", Bytes::from(json()))
    };
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(CODE));
    if kind == "application/cbor" {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn content_type(parts: &Parts) -> Option<&str> {
    parts.headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// A CBOR map of texts (RFC 8949: major types 5 and 3), each shorter than 65,536 bytes.
fn cbor(pairs: &[(&str, &str)]) -> Bytes {
    let mut out = vec![0xbf];
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        let bytes = text.as_bytes();
        out.push(0x79);
        out.extend((bytes.len().min(usize::from(u16::MAX)) as u16).to_be_bytes());
        out.extend(bytes.iter().take(usize::from(u16::MAX)));
    }
    out.push(0xff);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], expected: Option<&str>) {
        let authorization =
            "AWS4-HMAC-SHA256 Credential=k/20261124/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
        let mut request = http::Request::builder()
            .method("POST")
            .header("authorization", authorization)
            .header("x-amz-date", "20261124T000000Z");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let presented = Presented::from_request(&sigv4::RequestView::of(&parts)).unwrap();
        let found = service(&parts, presented.as_ref());
        assert_eq!(
            found
                .map(|name| answer(&parts, name, "id").headers()[CONTENT_TYPE].to_str().unwrap().to_owned())
                .as_deref(),
            expected
        );
    }

    #[test]
    fn services_that_are_not_here_are_told_from_s3_and_answered_in_their_protocol() {
        check(&[("x-amz-target", "AmazonSQS.ListQueues")], Some("application/x-amz-json-1.0"));
        check(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")], Some("text/xml"));
        check(&[("smithy-protocol", "rpc-v2-cbor")], Some("application/cbor"));
        check(&[], Some("application/json"));
        check(&[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], None);
    }

    #[test]
    fn cbor_is_a_map_of_texts() {
        assert_eq!(cbor(&[("a", "bc")]), Bytes::from_static(b"\xbf\x79\x00\x01a\x79\x00\x02bc\xff"));
    }
}
