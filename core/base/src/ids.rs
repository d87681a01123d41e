//! Random names: request ids, UUIDs, access key ids.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A source of unguessable names; seeded in tests, the operating system's randomness elsewhere.
#[derive(Debug)]
pub struct Ids(Source);

#[derive(Debug)]
enum Source {
    System(Mutex<Reserve>),
    Seeded(AtomicU64),
}

/// Randomness fetched ahead for UUIDs, of which every request needs one. Never for secrets: they are not kept waiting.
#[derive(Default)]
struct Reserve {
    bytes: Vec<u8>,
}

/// Bytes that the operating system is asked for at a time: 64 UUIDs.
const RESERVE_BYTES: usize = 1024;

impl Reserve {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.bytes.len() < N {
            self.bytes = vec![0; RESERVE_BYTES.max(N)];
            fill(&mut self.bytes);
        }
        let mut out = [0; N];
        let from = self.bytes.len() - N;
        out.iter_mut().zip(self.bytes.drain(from..)).for_each(|(to, byte)| *to = byte);
        out
    }
}

impl std::fmt::Debug for Reserve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reserve(***)")
    }
}

/// If the operating system gives no randomness the process stops: no secret may be guessable.
fn fill(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        std::process::abort();
    }
}

const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz012345";

impl Ids {
    pub fn system() -> Self {
        Self(Source::System(Mutex::default()))
    }

    /// Repeatable ids for tests; never for a server.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(AtomicU64::new(seed)))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.0 {
            Source::System(_) => fill(&mut out),
            Source::Seeded(state) => {
                for chunk in out.chunks_mut(8) {
                    let word = splitmix(state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst)).to_le_bytes();
                    chunk.iter_mut().zip(word).for_each(|(to, from)| *to = from);
                }
            }
        }
        out
    }

    /// A random UUID (version 4) in lower case.
    pub fn uuid(&self) -> String {
        let mut bytes: [u8; 16] = match &self.0 {
            Source::System(reserve) => reserve.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Source::Seeded(_) => self.bytes(),
        };
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = hex::encode(bytes);
        let part = |range| hex.get(range).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
    }

    /// `length` characters of A-Z2-7 (access key ids, unique ids of IAM).
    pub fn upper(&self, length: usize) -> String {
        self.pick(UPPER, length)
    }

    /// `length` characters of a-z0-5 (API ids).
    pub fn lower(&self, length: usize) -> String {
        self.pick(LOWER, length)
    }

    fn pick(&self, alphabet: &[u8; 32], length: usize) -> String {
        let mut out = String::with_capacity(length);
        while out.len() < length {
            let block: [u8; 32] = self.bytes();
            let letters = block.iter().filter_map(|b| alphabet.get(usize::from(b % 32))).map(|c| char::from(*c));
            out.extend(letters.take(length - out.len()));
        }
        out
    }
}

fn splitmix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_ids_repeat_and_system_ids_do_not() {
        assert_eq!(Ids::seeded(7).uuid(), Ids::seeded(7).uuid());
        assert_ne!(Ids::system().uuid(), Ids::system().uuid());
        assert_eq!(Ids::system().uuid().len(), 36);
        let ids = Ids::system();
        let many: std::collections::BTreeSet<String> = (0..1000).map(|_| ids.uuid()).collect();
        assert_eq!(many.len(), 1000);
        assert_eq!(Ids::seeded(1).upper(17).len(), 17);
    }
}
