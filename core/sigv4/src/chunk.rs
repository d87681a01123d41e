//! The chain of chunk signatures in aws-chunked bodies.

use base::Timestamp;

use crate::key::{self, SigningKey};
use crate::presented::CredentialScope;

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Signs, or checks, one chunk after the other: each signature covers the one before.
#[derive(Debug, Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    amz_date: String,
    scope: String,
    previous: String,
}

impl ChunkSigner {
    /// Starts from the signature of the request's headers.
    pub fn new(key: SigningKey, scope: &CredentialScope, at: Timestamp, seed_signature: &str) -> Self {
        Self { key, amz_date: at.amz_date(), scope: scope.text(), previous: seed_signature.into() }
    }

    /// Signs the next chunk by its SHA-256 (hex); the last chunk is the empty one.
    pub fn sign_chunk(&mut self, sha256_hex: &str) -> String {
        let text = format!("{EMPTY_SHA256}\n{sha256_hex}");
        self.sign("AWS4-HMAC-SHA256-PAYLOAD", &text)
    }

    /// Signs the trailers by the SHA-256 (hex) of their `name:value\n` lines.
    pub fn sign_trailer(&mut self, sha256_hex: &str) -> String {
        self.sign("AWS4-HMAC-SHA256-TRAILER", sha256_hex)
    }

    /// Compares in constant time with what `sign_chunk` makes. The chain goes on from our own signature.
    pub fn verify_chunk(&mut self, sha256_hex: &str, signature: &str) -> bool {
        key::same(&self.sign_chunk(sha256_hex), signature)
    }

    /// Compares in constant time with what `sign_trailer` makes.
    pub fn verify_trailer(&mut self, sha256_hex: &str, signature: &str) -> bool {
        key::same(&self.sign_trailer(sha256_hex), signature)
    }

    fn sign(&mut self, algorithm: &str, hashes: &str) -> String {
        let Self { key, amz_date, scope, previous } = self;
        let signature = key.sign(&format!("{algorithm}\n{amz_date}\n{scope}\n{previous}\n{hashes}"));
        self.previous.clone_from(&signature);
        signature
    }
}
