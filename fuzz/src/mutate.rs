//! Making inputs of other inputs.

use crate::random::Random;

/// Inputs stay small, so that many are tried; a few grow to the tenfold, for what is quadratic.
const USUAL_BYTES_MAX: usize = 4 * 1024;
/// What repeating may make of an input.
pub const BYTES_MAX: usize = 64 * 1024;

/// Bytes that parsers look for.
const INTERESTING: &[u8] = b"\0\x01\x7f\x80\xc0\xed\xf4\xff\n\r\t \"'\\{}[]()<>&%=,;:.+-*/#$@!?09aZ";
/// Numbers at the ends of ranges.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1e400",
    "1e-400",
    "0.1",
    "-0",
    "NaN",
    "99999999999999999999999999999999999999",
    "1E125",
    "1E126",
    "1E-130",
];

/// A mutation of one of the corpus: a few steps, sometimes with a part of another.
pub fn mutate(random: &mut Random, corpus: &[Vec<u8>], tokens: &[Vec<u8>]) -> Vec<u8> {
    let mut input = random.of(corpus).cloned().unwrap_or_default();
    let steps = 1 << random.below(5);
    for _ in 0..steps {
        step(random, &mut input, corpus, tokens);
    }
    let bytes_max = if random.once_in(64) { BYTES_MAX } else { USUAL_BYTES_MAX };
    input.truncate(bytes_max);
    input
}

fn step(random: &mut Random, input: &mut Vec<u8>, corpus: &[Vec<u8>], tokens: &[Vec<u8>]) {
    let at = random.below(input.len() + 1);
    match random.below(12) {
        0 => flip(random, input),
        1 => overwrite(input, at, &[random.byte()]),
        2 => overwrite(input, at, &[random.of(INTERESTING).copied().unwrap_or(0)]),
        3 => insert(input, at, &[random.of(INTERESTING).copied().unwrap_or(0)]),
        4 => drop(cut(random, input)),
        5 => repeat(random, input),
        6 => {
            let part = part(random, input);
            insert(input, at, &part);
        }
        7 => {
            let other = random.of(corpus).cloned().unwrap_or_default();
            let part = part(random, &other);
            insert(input, at, &part);
        }
        8 => splice(random, input, corpus),
        9 => insert(input, at, random.of(NUMBERS).copied().unwrap_or("").as_bytes()),
        10 => input.truncate(at),
        _ => {
            let token = random.of(tokens).cloned().unwrap_or_default();
            if random.once_in(2) { insert(input, at, &token) } else { overwrite(input, at, &token) }
        }
    }
}

fn flip(random: &mut Random, input: &mut [u8]) {
    let at = random.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let at = at.min(input.len());
    input.splice(at..at, bytes.iter().copied());
}

fn overwrite(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let (at, end) = (at.min(input.len()), (at + bytes.len()).min(input.len()));
    input.splice(at.min(end)..end, bytes.iter().copied());
}

/// A range of the input, mostly short.
fn range(random: &mut Random, length: usize) -> std::ops::Range<usize> {
    let start = random.below(length);
    let longest = if random.once_in(4) { length } else { 32 };
    start..(start + 1 + random.below(longest)).min(length)
}

fn part(random: &mut Random, input: &[u8]) -> Vec<u8> {
    input.get(range(random, input.len())).unwrap_or_default().to_vec()
}

fn cut(random: &mut Random, input: &mut Vec<u8>) -> Vec<u8> {
    let range = range(random, input.len());
    if range.end <= input.len() { input.drain(range).collect() } else { Vec::new() }
}

/// Nesting and long lists are repetitions.
fn repeat(random: &mut Random, input: &mut Vec<u8>) {
    let part = part(random, input);
    let times = 1 << random.below(12);
    let at = random.below(input.len() + 1);
    let repeated: Vec<u8> = part.iter().copied().cycle().take((part.len() * times).min(BYTES_MAX)).collect();
    insert(input, at, &repeated);
}

/// The beginning of one and the end of another.
fn splice(random: &mut Random, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let Some(other) = random.of(corpus) else { return };
    let (keep, from) = (random.below(input.len() + 1), random.below(other.len() + 1));
    input.truncate(keep);
    input.extend_from_slice(other.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let corpus = vec![b"{\"a\":[1,2]}".to_vec(), b"<a><b/></a>".to_vec(), Vec::new()];
        let made = |seed| {
            let mut random = Random::new(seed);
            (0..500).map(|_| mutate(&mut random, &corpus, &[b"token".to_vec()])).collect::<Vec<_>>()
        };
        assert_eq!(made(7), made(7));
        assert_ne!(made(7), made(8));
        assert!(made(7).iter().all(|input| input.len() <= BYTES_MAX));
        assert!(made(7).iter().any(|input| input.windows(5).any(|part| part == b"token")));
    }
}
