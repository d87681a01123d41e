//! Decoding aws-chunked bodies, a piece at a time.

use bytes::{Buf, Bytes};
use sha2::{Digest, Sha256};

use crate::chunk::ChunkSigner;
use crate::presented::PayloadMode;
use crate::verify::Verified;

/// A chunk header is a hexadecimal size and a signature of 64 characters; ours is room for more.
const CHUNK_LINE_BYTES_MAX: usize = 512;
/// A trailer is a checksum or a signature; as for any header, 8 KiB are plenty.
const TRAILER_LINE_BYTES_MAX: usize = 8 * 1024;
/// Clients send a checksum and a signature; ours is room for more.
const TRAILERS_MAX: usize = 16;

/// How an aws-chunked body is framed.
#[derive(Debug, Clone)]
pub enum Framing {
    /// Sizes only, then trailers.
    UnsignedTrailer,
    /// Each chunk signed, no trailers.
    Signed(ChunkSigner),
    /// Each chunk signed, then trailers, signed too.
    SignedTrailer(ChunkSigner),
}

impl Framing {
    /// The framing that a verified request announced; `None` where the body is not aws-chunked.
    pub fn of(verified: &Verified) -> Option<Self> {
        match (&verified.payload, &verified.chunks) {
            (PayloadMode::UnsignedTrailer, _) => Some(Self::UnsignedTrailer),
            (PayloadMode::SignedChunks, Some(signer)) => Some(Self::Signed(signer.clone())),
            (PayloadMode::SignedChunksTrailer, Some(signer)) => Some(Self::SignedTrailer(signer.clone())),
            _ => None,
        }
    }
}

/// Trailing headers: names in lower case, in order of arrival, without the signature.
pub type Trailers = Vec<(String, String)>;

/// What came out of a piece of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Bytes of the object. With signed framing they are only trusted once the decoder is done.
    Payload(Bytes),
    /// The input is used up; push more.
    More,
    /// The body is complete, checked, and these were its trailers.
    Done(Trailers),
}

/// Why a body cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    #[error("The body ends inside a chunk.")]
    Truncated,
    #[error("A chunk header is malformed.")]
    Header,
    #[error("A line of the chunked body exceeds {max} bytes.")]
    LineTooLong { max: usize },
    #[error("The chunks hold more than the {declared} bytes that x-amz-decoded-content-length declares.")]
    TooLong { declared: u64 },
    #[error("The chunks hold {got} bytes, but x-amz-decoded-content-length declares {declared}.")]
    TooShort { declared: u64, got: u64 },
    #[error("The signature of a chunk does not match.")]
    Signature,
    #[error("A trailing header is malformed.")]
    Trailer,
    #[error("Bytes follow the last chunk.")]
    Excess,
}

/// Decodes one body; after an error it is useless.
#[derive(Debug)]
pub struct AwsChunked {
    framing: Framing,
    state: State,
    line: Vec<u8>,
    declared: u64,
    got: u64,
    hash: Sha256,
    signature: String,
    trailers: Trailers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Body { left: u64 },
    BodyEnd,
    Trailers,
    Done,
}

impl AwsChunked {
    /// Decodes a body that must hold exactly the bytes that `x-amz-decoded-content-length` declares.
    pub fn new(framing: Framing, declared: u64) -> Self {
        let (line, signature, trailers) = (Vec::new(), String::new(), Vec::new());
        Self { framing, state: State::Header, line, declared, got: 0, hash: Sha256::new(), signature, trailers }
    }

    /// Takes bytes from the front of `input` until there is something to tell. Call again until it says `More`
    /// or `Done`.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Step, ChunkError> {
        loop {
            match self.state {
                State::Done if input.is_empty() => return Ok(Step::Done(self.trailers.clone())),
                State::Done => return Err(ChunkError::Excess),
                _ if input.is_empty() => return Ok(Step::More),
                State::Body { left } => return Ok(Step::Payload(self.take(input, left))),
                State::Header | State::BodyEnd | State::Trailers => {
                    if self.fill_line(input)? {
                        let line = std::mem::take(&mut self.line);
                        self.end_of_line(&line)?;
                    }
                }
            }
        }
    }

    /// Says, at the end of input, whether the body was complete; `Ok` only after `Done`.
    pub fn finish(self) -> Result<Trailers, ChunkError> {
        if self.state == State::Done { Ok(self.trailers) } else { Err(ChunkError::Truncated) }
    }

    fn take(&mut self, input: &mut Bytes, left: u64) -> Bytes {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let piece = input.split_to(n);
        if !matches!(self.framing, Framing::UnsignedTrailer) {
            self.hash.update(&piece);
        }
        let left = left.saturating_sub(n as u64);
        self.state = if left == 0 { State::BodyEnd } else { State::Body { left } };
        piece
    }

    /// Moves bytes into the line; true when it has its CRLF, which is then cut off.
    fn fill_line(&mut self, input: &mut Bytes) -> Result<bool, ChunkError> {
        let max = if self.state == State::Trailers { TRAILER_LINE_BYTES_MAX } else { CHUNK_LINE_BYTES_MAX };
        while input.has_remaining() {
            let byte = input.get_u8();
            self.line.push(byte);
            if byte == b'\n' && self.line.ends_with(b"\r\n") {
                self.line.truncate(self.line.len().saturating_sub(2));
                return Ok(true);
            }
            if max < self.line.len() {
                return Err(ChunkError::LineTooLong { max });
            }
        }
        Ok(false)
    }

    fn end_of_line(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        match self.state {
            State::Header => self.chunk_header(line),
            State::BodyEnd if line.is_empty() => {
                self.state = State::Header;
                self.check_chunk()
            }
            State::Trailers if line.is_empty() => self.end_of_trailers(),
            State::Trailers => self.trailer(line),
            State::BodyEnd | State::Body { .. } | State::Done => Err(ChunkError::Header),
        }
    }

    fn chunk_header(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let text = std::str::from_utf8(line).map_err(|_| ChunkError::Header)?;
        let (size, extension) = text.split_once(';').unwrap_or((text, ""));
        // from_str_radix takes a sign, which no chunk size has.
        if size.is_empty() || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ChunkError::Header);
        }
        let size = u64::from_str_radix(size, 16).map_err(|_| ChunkError::Header)?;
        self.signature = extension.trim().strip_prefix("chunk-signature=").unwrap_or_default().to_string();
        self.got = self.got.saturating_add(size);
        if self.declared < self.got {
            return Err(ChunkError::TooLong { declared: self.declared });
        }
        if 0 < size {
            self.state = State::Body { left: size };
            return Ok(());
        }
        self.state = State::Trailers;
        self.check_chunk()?;
        if self.got < self.declared {
            return Err(ChunkError::TooShort { declared: self.declared, got: self.got });
        }
        Ok(())
    }

    fn check_chunk(&mut self) -> Result<(), ChunkError> {
        let computed = hex::encode(self.hash.finalize_reset());
        match &mut self.framing {
            Framing::UnsignedTrailer => Ok(()),
            Framing::Signed(signer) | Framing::SignedTrailer(signer) => {
                let good = signer.verify_chunk(&computed, &self.signature);
                if good { Ok(()) } else { Err(ChunkError::Signature) }
            }
        }
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let text = std::str::from_utf8(line).map_err(|_| ChunkError::Trailer)?;
        let (name, value) = text.split_once(':').ok_or(ChunkError::Trailer)?;
        if matches!(self.framing, Framing::Signed(_)) || TRAILERS_MAX <= self.trailers.len() {
            return Err(ChunkError::Trailer);
        }
        self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_string()));
        Ok(())
    }

    fn end_of_trailers(&mut self) -> Result<(), ChunkError> {
        if let Framing::SignedTrailer(signer) = &mut self.framing {
            let is_signature = |(name, _): &(String, String)| name == "x-amz-trailer-signature";
            let at = self.trailers.iter().position(is_signature).ok_or(ChunkError::Signature)?;
            let (_, signature) = self.trailers.remove(at);
            let lines: String = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            if !signer.verify_trailer(&hex::encode(Sha256::digest(lines)), &signature) {
                return Err(ChunkError::Signature);
            }
        }
        self.state = State::Done;
        Ok(())
    }
}
