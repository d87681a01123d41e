//! Signatures: in the header, in the query, and over the chunks of a body.

use base::{Secret, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use sigv4::{
    AwsChunked, ChunkError, ChunkSigner, CredentialScope, Credentials, Dialect, Framing, Payload, PayloadMode,
    Presented, RequestView, SignPayload, Signer, SigningKey, Step,
};

use super::rest::{Parts, request};
use crate::class::{self, Class};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const NOW: Timestamp = Timestamp::from_ms(1_763_942_400_000);

pub fn header(data: &[u8]) -> Class {
    check(data)
}

pub fn query(data: &[u8]) -> Class {
    check(data)
}

fn check(data: &[u8]) -> Class {
    let Some(Parts { method, target, headers, body }) = request(data) else { return class::of("no request") };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return class::of("no method") };
    let view = RequestView::new(&method, target, &headers);
    let presented = match Presented::from_request(&view) {
        Ok(Some(presented)) => presented,
        Ok(None) => return class::of("anonymous"),
        Err(error) => return class::of_text(&error),
    };
    let said = [Dialect::STANDARD, Dialect::S3].map(|dialect| {
        let verified = presented.verify(SECRET, &view, Payload::Buffered(body), dialect, NOW);
        let other = presented.verify("another", &view, Payload::Buffered(body), dialect, NOW);
        assert!(other.is_err(), "nothing is signed with another key");
        verified.map_or_else(|error| class::of((class::of_text(&error), error.s3_message().len() % 7)), |_| 1)
    });
    class::of((presented.is_presigned(), presented.signed_headers().len().min(8), said))
}

/// The first byte chooses the framing, the second the length that is declared, the third where the body is cut.
pub fn aws_chunked(data: &[u8]) -> Class {
    let Some((head, body)) = data.split_at_checked(3) else { return class::of("short") };
    let [framing, declared, piece] = [0, 1, 2].map(|at| head.get(at).copied().unwrap_or_default());
    let decoder = || {
        let framing = match framing % 3 {
            0 => Framing::UnsignedTrailer,
            1 => Framing::Signed(chunk_signer()),
            _ => Framing::SignedTrailer(chunk_signer()),
        };
        AwsChunked::new(framing, u64::from(declared))
    };
    let whole = decode(decoder(), body.chunks(body.len().max(1)));
    let pieces = decode(decoder(), body.chunks(usize::from(piece) + 1));
    match (&whole, &pieces) {
        (Err(_), Err(_)) => (),
        _ => assert_eq!(whole, pieces, "pieces are read as the whole is"),
    }
    if let Ok((payload, _)) = &whole {
        assert_eq!(payload.len(), usize::from(declared), "a body is as long as was declared");
    }
    whole.map_or_else(|error| class::of_text(&error), |(_, trailers)| class::of(trailers.len()))
}

type Decoded = (Vec<u8>, Vec<(String, String)>);

fn decode<'a>(mut decoder: AwsChunked, pieces: impl Iterator<Item = &'a [u8]>) -> Result<Decoded, ChunkError> {
    let mut payload = Vec::new();
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        while let Step::Payload(bytes) = decoder.push(&mut input)? {
            payload.extend_from_slice(&bytes);
        }
    }
    decoder.finish().map(|trailers| (payload, trailers))
}

fn key() -> SigningKey {
    SigningKey::derive(SECRET, "20251124", "us-east-1", "s3")
}

fn chunk_signer() -> ChunkSigner {
    let scope = CredentialScope { date: "20251124".into(), region: "us-east-1".into(), service: "s3".into() };
    ChunkSigner::new(key(), &scope, NOW, "00")
}

fn signer(credentials: &Credentials, dialect: Dialect) -> Signer<'_> {
    Signer { credentials, region: "us-east-1", service: "s3", dialect }
}

fn credentials(token: Option<&str>) -> Credentials {
    let session_token = token.map(|token| Secret::new(token.to_owned()));
    Credentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: Secret::new(SECRET.to_owned()),
        session_token,
    }
}

fn host() -> HeaderMap {
    HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("s3.amazonaws.com"))])
}

fn shown(target: &str, headers: &HeaderMap, body: &str) -> Vec<u8> {
    let lines = headers.iter().map(|(name, value)| format!("\n{name}: {}", value.to_str().unwrap_or("")));
    format!("PUT {target}{}\n\n{body}", lines.collect::<String>()).into_bytes()
}

pub fn header_seeds() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (dialect, token) in [(Dialect::S3, None), (Dialect::STANDARD, None), (Dialect::S3, Some("token"))] {
        for mode in [None, Some(PayloadMode::Unsigned), Some(PayloadMode::SignedChunks)] {
            let mut headers = host();
            let payload = mode.map_or(SignPayload::Bytes(b"body"), SignPayload::Mode);
            let target = "/bucket/a%20b?list-type=2&prefix=%2F";
            let credentials = credentials(token);
            signer(&credentials, dialect).sign(&Method::PUT, target, &mut headers, payload, NOW);
            found.push(shown(target, &headers, "body"));
        }
    }
    found
}

pub fn query_seeds() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for token in [None, Some("token")] {
        for dialect in [Dialect::S3, Dialect::STANDARD] {
            let credentials = credentials(token);
            let target = signer(&credentials, dialect).presign(&Method::PUT, "/bucket/key", &host(), 900, NOW);
            found.push(shown(&target, &host(), ""));
        }
    }
    found.push(b"GET /b/k?AWSAccessKeyId=AKIDEXAMPLE&Expires=1763943400&Signature=abc%3D\nhost: a\n\n".to_vec());
    found
}

pub fn chunked_seeds() -> Vec<Vec<u8>> {
    const CRC: &str = "x-amz-checksum-crc32:NhCmhg==";
    // SHA-256 of "hello", of nothing, and of the trailer's line.
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mut signer = chunk_signer();
    let (first, last) = (signer.sign_chunk(hello), signer.sign_chunk(nothing));
    let chunks = format!("5;chunk-signature={first}\r\nhello\r\n0;chunk-signature={last}\r\n");
    let trailer = signer.sign_trailer("0000000000000000000000000000000000000000000000000000000000000000");
    [
        ([0, 5, 2], format!("5\r\nhello\r\n0\r\n{CRC}\r\n\r\n")),
        ([0, 10, 0], "3\r\nabc\r\n7\r\ndefghij\r\n0\r\n\r\n".into()),
        ([1, 5, 9], format!("{chunks}\r\n")),
        ([2, 5, 9], format!("{chunks}{CRC}\r\nx-amz-trailer-signature:{trailer}\r\n\r\n")),
    ]
    .map(|(head, body)| [head.as_slice(), body.as_bytes()].concat())
    .into()
}
