//! Making a failing input small.

/// So many tries: an input that fails slowly is not worth an hour.
const TRIES_MAX: usize = 2000;

/// A smaller input that `fails` too: parts are left out, halves first, single bytes last.
pub fn minimise(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut small = input.to_vec();
    let mut part = small.len() / 2;
    let mut tries = 0;
    while 0 < part && tries < TRIES_MAX {
        let mut at = 0;
        while at < small.len() && tries < TRIES_MAX {
            let mut without = small.clone();
            without.drain(at..(at + part).min(small.len()));
            tries += 1;
            if fails(&without) { small = without } else { at += part }
        }
        part /= 2;
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_stays() {
        let input = b"some bytes { and some more } and a rest";
        let fails = |input: &[u8]| input.contains(&b'{') && input.contains(&b'}');
        assert_eq!(minimise(input, fails), b"{}");
    }
}
