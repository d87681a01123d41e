//! Values parsed from stored records, kept by the record's bytes: what every request needs has mostly been parsed before.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Parsed values by the bytes they were parsed of, so a changed record is another value and nothing is ever stale.
#[derive(Debug)]
pub struct Parsed<T> {
    kept: RwLock<HashMap<Box<[u8]>, Arc<T>>>,
    max: usize,
}

impl<T> Parsed<T> {
    /// Keeps at most `max` values; when that many are kept it starts anew.
    pub fn new(max: usize) -> Self {
        Self { kept: RwLock::default(), max }
    }

    /// The value of these bytes. Only what parses is kept.
    pub fn parsed<E>(&self, bytes: &[u8], parse: impl FnOnce(&[u8]) -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(value) = self.kept.read().unwrap_or_else(PoisonError::into_inner).get(bytes) {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(parse(bytes)?);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if self.max <= kept.len() {
            kept.clear();
        }
        kept.insert(bytes.into(), Arc::clone(&value));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_parsed_once_and_the_number_of_values_is_bounded() {
        let numbers = Parsed::<u32>::new(3);
        let of = |text: &str| numbers.parsed(text.as_bytes(), |bytes| str::from_utf8(bytes).unwrap().parse());
        let one = of("1").unwrap();
        assert!(Arc::ptr_eq(&one, &of("1").unwrap()));
        assert!(of("x").is_err());
        for n in 2..10 {
            assert_eq!(*of(&n.to_string()).unwrap(), n);
            assert!(numbers.kept.read().unwrap().len() <= 3);
        }
    }
}
