//! Request bodies: read whole up to a limit, or streamed with their framing and hash checked.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::{Stream, StreamExt};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, Limited};
use service::{BodyError, Incoming, Trailers, checksums_wanted};
use sha2::{Digest, Sha256};
use sigv4::{AwsChunked, ChunkError, Framing, PayloadMode, Step, Verified};

use crate::arriving::Arriving;

/// Why a body could not be read whole.
pub(crate) enum Unread {
    TooLarge,
    Broken,
}

/// Reads a whole body of at most `max` bytes.
pub(crate) async fn whole(body: Arriving, max: usize) -> Result<Bytes, Unread> {
    use http_body::Body as _;
    if body.size_hint().lower() > max as u64 {
        return Err(Unread::TooLarge);
    }
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Unread::TooLarge),
        Err(_) => Err(Unread::Broken),
    }
}

/// A body as its client meant it: SDKs pack large ones (`Content-Encoding: gzip`). It may have as many bytes unpacked.
pub(crate) fn unpacked(body: &Bytes, headers: &HeaderMap, max: usize) -> Result<Bytes, Unread> {
    if headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding != "gzip") {
        return Ok(body.clone());
    }
    let mut plain = Vec::new();
    let most = (max as u64).saturating_add(1);
    let read = GzDecoder::new(body.as_ref()).take(most).read_to_end(&mut plain);
    match read {
        Ok(bytes) if max < bytes => Err(Unread::TooLarge),
        Ok(_) => Ok(plain.into()),
        Err(_) => Err(Unread::Broken),
    }
}

/// Makes a streamed body of what follows a request's head.
pub(crate) fn streamed(
    body: Arriving,
    headers: &HeaderMap,
    verified: Option<&Verified>,
) -> Result<Incoming, BodyError> {
    let number = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::parse::<u64>);
    let content_length = number("content-length").transpose().map_err(|_| malformed("Content-Length"))?;
    let trailers: Arc<Mutex<Trailers>> = Arc::default();
    let chunks = body.into_data_stream().map(|chunk| chunk.map_err(|_| BodyError::Broken));
    let checksums = checksums_wanted(headers);
    if let Some(framing) = verified.and_then(Framing::of) {
        let declared = number("x-amz-decoded-content-length")
            .transpose()
            .map_err(|_| malformed("x-amz-decoded-content-length"))?;
        let declared = declared.ok_or(BodyError::LengthMissing)?;
        let stream = unframed(Box::pin(chunks), AwsChunked::new(framing, declared), Arc::clone(&trailers));
        return Ok(Incoming { stream: Box::pin(stream), trailers, length: Some(declared), checksums });
    }
    // A body of unknown length is only taken in the framing that says how long it will have been.
    let length = content_length.ok_or(BodyError::LengthMissing)?;
    let declared = match verified.map(|verified| &verified.payload) {
        Some(PayloadMode::Signed(hash)) => Some(hash.clone()),
        _ => None,
    };
    let stream = hashed(Box::pin(chunks), declared);
    Ok(Incoming { stream: Box::pin(stream), trailers, length: Some(length), checksums })
}

fn malformed(header: &str) -> BodyError {
    BodyError::Malformed(format!("The {header} header is missing or not a number"))
}

type Chunks = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// Passes a body on and fails at its end when its hash is not the declared one.
fn hashed(chunks: Chunks, declared: Option<String>) -> impl Stream<Item = Result<Bytes, BodyError>> + Send {
    let start = (chunks, declared.map(|declared| (declared, Sha256::new())), false);
    futures::stream::unfold(start, |(mut chunks, mut hash, done)| async move {
        if done {
            return None;
        }
        match chunks.next().await {
            Some(Ok(chunk)) => {
                if let Some((_, hash)) = &mut hash {
                    hash.update(&chunk);
                }
                Some((Ok(chunk), (chunks, hash, false)))
            }
            Some(Err(error)) => Some((Err(error), (chunks, hash, true))),
            None => {
                let (declared, hash) = hash?;
                let differs = hex::encode(hash.finalize()) != declared;
                differs.then_some((Err(BodyError::HashMismatch), (chunks, None, true)))
            }
        }
    })
}

struct Unframing {
    chunks: Chunks,
    decoder: AwsChunked,
    input: Bytes,
    trailers: Arc<Mutex<Trailers>>,
    done: bool,
}

/// Takes the aws-chunked framing off a body.
fn unframed(
    chunks: Chunks,
    decoder: AwsChunked,
    trailers: Arc<Mutex<Trailers>>,
) -> impl Stream<Item = Result<Bytes, BodyError>> + Send {
    let start = Unframing { chunks, decoder, input: Bytes::new(), trailers, done: false };
    futures::stream::unfold(start, |mut state| async move {
        if state.done {
            return None;
        }
        let item = state.next().await;
        state.done = !matches!(item, Some(Ok(_)));
        item.map(|item| (item, state))
    })
}

impl Unframing {
    async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        loop {
            match self.decoder.push(&mut self.input) {
                Ok(Step::Payload(bytes)) => return Some(Ok(bytes)),
                Ok(Step::Done(trailers)) => {
                    *self.trailers.lock().unwrap_or_else(PoisonError::into_inner) = trailers;
                    // Whatever follows the last chunk is an error of its own.
                    match self.chunks.next().await {
                        None => return None,
                        Some(Ok(more)) => self.input = more,
                        Some(Err(error)) => return Some(Err(error)),
                    }
                }
                Ok(Step::More) => match self.chunks.next().await {
                    Some(Ok(more)) => self.input = more,
                    Some(Err(error)) => return Some(Err(error)),
                    None => return Some(Err(BodyError::Incomplete)),
                },
                Err(error) => return Some(Err(body_error(&error))),
            }
        }
    }
}

fn body_error(error: &ChunkError) -> BodyError {
    match error {
        ChunkError::Signature => BodyError::ChunkSignature,
        ChunkError::Truncated | ChunkError::TooLong { .. } | ChunkError::TooShort { .. } => BodyError::Incomplete,
        other => BodyError::Malformed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(plain: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    fn headers(encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, http::HeaderValue::from_static(encoding))])
    }

    #[test]
    fn packed_bodies_are_unpacked_up_to_the_limit() {
        let (zeros, gzip) = (packed(&[0; 1000]), headers("gzip"));
        assert_eq!(unpacked(&zeros, &gzip, 1000).ok(), Some(Bytes::from(vec![0; 1000])));
        assert!(matches!(unpacked(&zeros, &gzip, 999), Err(Unread::TooLarge)));
        assert!(matches!(unpacked(&zeros.slice(..10), &gzip, 1000), Err(Unread::Broken)));
        assert!(matches!(unpacked(&Bytes::from_static(b"{}"), &gzip, 1000), Err(Unread::Broken)));
        assert_eq!(unpacked(&zeros, &headers("identity"), 9).ok(), Some(zeros.clone()));
        assert_eq!(unpacked(&zeros, &HeaderMap::new(), 9).ok(), Some(zeros));
    }
}
