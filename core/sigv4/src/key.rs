//! Keys and the hashes that everything else is made of.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The key that signs one date, region and service: derived from a secret, never the secret itself.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives the key of a credential scope; `date` is `yyyyMMdd`.
    pub fn derive(secret: &str, date: &str, region: &str, service: &str) -> Self {
        let first = hmac_sha256(&[b"AWS4", secret.as_bytes()].concat(), date.as_bytes());
        let regional = hmac_sha256(&first, region.as_bytes());
        let serviced = hmac_sha256(&regional, service.as_bytes());
        Self(hmac_sha256(&serviced, b"aws4_request"))
    }

    /// The signature of a string to sign, in lower-case hex.
    pub fn sign(&self, string_to_sign: &str) -> String {
        lower_hex(&hmac_sha256(&self.0, string_to_sign.as_bytes()))
    }

    /// Compares in constant time with what `sign` makes (browser uploads sign their policy this way).
    pub fn verify(&self, string_to_sign: &str, signature: &str) -> bool {
        same(&self.sign(string_to_sign), signature)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(crate) fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key).expect("any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    lower_hex(&Sha256::digest(bytes).into())
}

/// As `hex::encode`, which goes character by character: every request needs several.
fn lower_hex(hash: &[u8; 32]) -> String {
    let mut text = [0; 64];
    match hex::encode_to_slice(hash, &mut text).map(|()| std::str::from_utf8(&text)) {
        Ok(Ok(text)) => text.to_owned(),
        _ => hex::encode(hash),
    }
}

/// Compares in time that depends on the lengths only.
pub(crate) fn same(ours: &str, theirs: &str) -> bool {
    ours.as_bytes().ct_eq(theirs.as_bytes()).into()
}
