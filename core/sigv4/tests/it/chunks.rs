//! aws-chunked bodies: the published example, broken ones, and every way of cutting them.

use bytes::Bytes;
use http::Method;
use sha2::{Digest, Sha256};
use sigv4::{AwsChunked, ChunkError, ChunkSigner, CredentialScope, Dialect, Framing, PayloadMode, SignPayload, Signer};
use sigv4::{SigningKey, Step, Trailers};

use crate::{DOC_SECRET, at, credentials, headers};

const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const SEED_TRAILER: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

fn signer(seed: &str) -> ChunkSigner {
    let scope = CredentialScope { date: "20130524".into(), region: "us-east-1".into(), service: "s3".into() };
    let key = SigningKey::derive(DOC_SECRET, &scope.date, &scope.region, &scope.service);
    ChunkSigner::new(key, &scope, at("20130524T000000Z"), seed)
}

fn sha(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn decode(framing: Framing, declared: u64, body: &[u8], cut: usize) -> Result<(Vec<u8>, Trailers), ChunkError> {
    let mut decoder = AwsChunked::new(framing, declared);
    let mut out = Vec::new();
    for piece in body.chunks(cut) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Step::Payload(bytes) = decoder.push(&mut input)? {
            out.extend_from_slice(&bytes);
        }
    }
    decoder.finish().map(|trailers| (out, trailers))
}

/// The published body: 65536 and 1024 times `a`.
fn published() -> Vec<u8> {
    let chunk = |size: usize, signature: &str| {
        let mut text = format!("{size:x};chunk-signature={signature}\r\n").into_bytes();
        text.extend(vec![b'a'; size]);
        text.extend(b"\r\n");
        text
    };
    [
        chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ]
    .concat()
}

#[test]
fn the_published_seed_and_chunks() {
    let keys = credentials("AKIAIOSFODNN7EXAMPLE", DOC_SECRET, None);
    let client = Signer { credentials: &keys, region: "us-east-1", service: "s3", dialect: Dialect::S3 };
    let mut map = headers(&[
        ("host", "s3.amazonaws.com"),
        ("content-encoding", "aws-chunked"),
        ("content-length", "66824"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ]);
    let mode = SignPayload::Mode(PayloadMode::SignedChunks);
    let now = at("20130524T000000Z");
    let mut signed = client.sign(&Method::PUT, "/examplebucket/chunkObject.txt", &mut map, mode, now);
    assert_eq!(signed.signature, SEED);
    assert_eq!(
        signed.chunks.sign_chunk(&sha(&[b'a'; 65_536])),
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
    );
    for cut in [1, 7, 100, 66_824] {
        let (out, trailers) = decode(Framing::Signed(signer(SEED)), 66_560, &published(), cut).unwrap();
        assert_eq!(out, vec![b'a'; 66_560]);
        assert!(trailers.is_empty());
    }
}

#[test]
fn the_published_trailer_chain() {
    let mut chain = signer(SEED_TRAILER);
    let first = chain.sign_chunk(&sha(&[b'a'; 65_536]));
    assert_eq!(first, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
    let second = chain.sign_chunk(&sha(&[b'a'; 1024]));
    assert_eq!(second, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
    let last = chain.sign_chunk(&sha(b""));
    assert_eq!(last, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
    let trailer = chain.sign_trailer(&sha(b"x-amz-checksum-crc32c:sOO8/Q==\n"));
    assert_eq!(trailer, "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

#[test]
fn a_signed_trailer_is_read_and_a_changed_one_refused() {
    let mut chain = signer(SEED_TRAILER);
    let (one, last) = (chain.sign_chunk(&sha(b"hello")), chain.sign_chunk(&sha(b"")));
    let trailer = chain.sign_trailer(&sha(b"x-amz-checksum-crc32c:sOO8/Q==\n"));
    let body = format!(
        "5;chunk-signature={one}\r\nhello\r\n0;chunk-signature={last}\r\n\
         x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{trailer}\r\n\r\n"
    );
    let framing = || Framing::SignedTrailer(signer(SEED_TRAILER));
    for cut in 1..body.len() {
        let (out, trailers) = decode(framing(), 5, body.as_bytes(), cut).unwrap();
        assert_eq!(out, b"hello");
        assert_eq!(trailers, [("x-amz-checksum-crc32c".into(), "sOO8/Q==".into())]);
    }
    let changed = [("sOO8/Q==", "sOO8/R=="), ("hello", "hellp"), ("x-amz-trailer-signature", "x-amz-other")];
    for (from, to) in changed {
        let broken = body.replace(from, to);
        assert_eq!(decode(framing(), 5, broken.as_bytes(), 9), Err(ChunkError::Signature), "{from}");
    }
}

#[test]
fn unsigned_bodies_whole_and_broken() {
    let good = "4\r\nWiki\r\n6\r\npedia \r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    let trailer = vec![("x-amz-checksum-crc32".to_string(), "AAAAAA==".to_string())];
    for cut in 1..good.len() {
        let decoded = decode(Framing::UnsignedTrailer, 10, good.as_bytes(), cut);
        assert_eq!(decoded, Ok((b"Wikipedia ".to_vec(), trailer.clone())));
    }
    for end in 0..good.len() {
        let truncated = decode(Framing::UnsignedTrailer, 10, &good.as_bytes()[..end], 3);
        assert_eq!(truncated, Err(ChunkError::Truncated), "{end}");
    }
    let long = format!("{}\r\n", "0".repeat(600));
    let broken: &[(&str, u64, ChunkError)] = &[
        (good, 9, ChunkError::TooLong { declared: 9 }),
        (good, 11, ChunkError::TooShort { declared: 11, got: 10 }),
        ("ffffffffffffffff\r\n", 10, ChunkError::TooLong { declared: 10 }),
        ("fffffffffffffffff\r\n", 10, ChunkError::Header),
        ("+4\r\nWiki\r\n", 4, ChunkError::Header),
        ("\r\n", 4, ChunkError::Header),
        ("xyz\r\n", 4, ChunkError::Header),
        ("4\r\nWikiX\r\n0\r\n\r\n", 4, ChunkError::Header),
        (&long, 4, ChunkError::LineTooLong { max: 512 }),
        ("0\r\nno colon\r\n\r\n", 0, ChunkError::Trailer),
        ("0\r\n\r\nmore", 0, ChunkError::Excess),
    ];
    for (body, declared, expected) in broken {
        let got = decode(Framing::UnsignedTrailer, *declared, body.as_bytes(), 1000);
        assert_eq!(got.as_ref(), Err(expected), "{body:?}");
    }
    let many = format!("0\r\n{}\r\n", "a:b\r\n".repeat(17));
    assert_eq!(decode(Framing::UnsignedTrailer, 0, many.as_bytes(), 1000), Err(ChunkError::Trailer));
}

#[test]
fn unsigned_chunks_are_refused_where_signed_ones_were_announced() {
    let body = b"4\r\nWiki\r\n0\r\n\r\n";
    assert_eq!(decode(Framing::Signed(signer(SEED)), 4, body, 100), Err(ChunkError::Signature));
    let mut broken = published();
    broken[200] = b'b';
    assert_eq!(decode(Framing::Signed(signer(SEED)), 66_560, &broken, 1000), Err(ChunkError::Signature));
}
