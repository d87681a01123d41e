//! Authenticated encryption of small values that clients carry for us: page tokens, session tokens.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Ids;

const NONCE_BYTES: usize = 12;

/// Seals and opens values with one key. What was sealed for one purpose does not open for another.
#[derive(Clone)]
pub struct Seal(Aes256Gcm);

/// The text was not sealed by this key for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sealed value")]
pub struct SealError;

impl Seal {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(&(*key).into()))
    }

    /// Seals `plain` as URL-safe text.
    pub fn seal(&self, ids: &Ids, purpose: &str, plain: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.seal_bytes(ids, purpose, plain))
    }

    /// Seals `plain` for those who write it down in a way of their own.
    pub fn seal_bytes(&self, ids: &Ids, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = ids.bytes();
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let mut out = nonce.to_vec();
        // AES-GCM fails only for messages over 64 GiB; an empty body would then fail to open.
        out.extend(self.0.encrypt(&Nonce::from(nonce), payload).unwrap_or_default());
        out
    }

    /// Opens what `seal` made for the same purpose.
    pub fn open(&self, purpose: &str, text: &str) -> Result<Vec<u8>, SealError> {
        self.open_bytes(purpose, &URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError)?)
    }

    /// Opens what `seal_bytes` made for the same purpose.
    pub fn open_bytes(&self, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, body) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError)?;
        let payload = Payload { msg: body, aad: purpose.as_bytes() };
        self.0.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealError)
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_for_its_purpose_and_unchanged() {
        let (seal, ids) = (Seal::new(&[7; 32]), Ids::seeded(1));
        let text = seal.seal(&ids, "page", b"last key");
        assert_eq!(seal.open("page", &text).unwrap(), b"last key");
        assert_eq!(seal.open("session", &text), Err(SealError));
        let mut broken = text.clone();
        broken.pop();
        broken.push(if text.ends_with('A') { 'B' } else { 'A' });
        assert!(seal.open("page", &broken).is_err() || broken == text);
        assert_eq!(Seal::new(&[8; 32]).open("page", &text), Err(SealError));
    }
}
