//! The vectors' requests, bent at random: whatever comes, decoding answers, and soon.

use std::time::{Duration, Instant};

use http::HeaderValue;

use crate::input::Request;
use crate::model::make;
use crate::suites;

/// Bent requests made of each vector.
const ROUNDS: u64 = 120;

/// No request of a few kilobytes may take longer, even on a busy machine and unoptimised.
const SLOWEST: Duration = Duration::from_secs(2);

/// A small generator of random numbers (xorshift), so that a seed tells the whole story.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// Pieces that decoders trip over.
const PIECES: &[&[u8]] = &[
    b"{",
    b"[",
    b"}",
    b"]",
    b"\"",
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"null",
    b"1e999",
    b"-",
    b"NaN",
    b"99999999999999999999",
    b"<",
    b"</",
    b">",
    b"&",
    b"&#0;",
    b"<!DOCTYPE a>",
    b"<a b='c'/>",
    b"%",
    b"%00",
    b"%ff",
    b"=",
    b".",
    b".1.",
    b".999999999.",
    b"\x00",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\x9f",
    b"\xbf",
    b"\x5f",
    b"\x7f",
    b"\xfb",
    b"\xc1",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
];

fn bend(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(bytes.len() + 1);
        let piece = PIECES[dice.roll(PIECES.len())];
        match dice.roll(7) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            2 => drop(bytes.splice(at..at, piece.iter().copied())),
            3 => drop(bytes.splice(at..at, piece.repeat(1 + dice.roll(3000)))),
            4 => {
                let copy = bytes[at..].to_vec();
                bytes.extend(copy);
            }
            5 => {
                let end = at + dice.roll(bytes.len() - at + 1);
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
}

/// Bends one part of a request.
fn bent(mut request: Request, dice: &mut Dice) -> Request {
    match dice.roll(5) {
        0 => {
            let mut query = std::mem::take(&mut request.query).into_bytes();
            bend(&mut query, dice);
            request.query = String::from_utf8_lossy(&query).into_owned();
        }
        1 if !request.headers.is_empty() => {
            let at = dice.roll(request.headers.len());
            let (_, value) = request.headers.iter_mut().nth(at).unwrap();
            let mut bytes = value.as_bytes().to_vec();
            bend(&mut bytes, dice);
            *value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static(","));
        }
        _ => bend(&mut request.body, dice),
    }
    request
}

#[test]
fn bent_requests_are_answered() {
    for (number, (file, suite)) in suites("input").iter().enumerate() {
        for case in suite["cases"].as_array().unwrap() {
            let made = make(suite, case);
            for round in 0..ROUNDS {
                let seed = 0x9e37_79b9_7f4a_7c15 ^ ((number as u64) << 32) ^ round;
                let request = bent(Request::of(case), &mut Dice(seed));
                let shown = format!("{file} {} seed {seed:#x}: {}", case["id"], request.body.escape_ascii());
                let started = Instant::now();
                let read = std::panic::catch_unwind(|| request.read(&made).is_ok());
                assert!(read.is_ok(), "panicked: {shown}");
                assert!(started.elapsed() < SLOWEST, "took {:?}: {shown}", started.elapsed());
            }
        }
    }
}
