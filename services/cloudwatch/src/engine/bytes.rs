//! Summaries and batches of data as bytes: small, because a metric has a row each minute.

use std::collections::BTreeMap;

use service::metrics::Summary;

/// What rows and batches begin with: the version of their form.
const VERSION: u8 = 1;

/// Writes numbers and texts one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

/// Reads them back. Broken bytes are `None`, never a panic.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl Writer {
    /// Begins with the version.
    pub fn versioned() -> Self {
        Self(vec![VERSION])
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Seven bits a byte, the lowest first.
    pub fn number(&mut self, mut number: u64) {
        while 0x7f < number {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Numbers near zero are short, whatever their sign.
    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub fn float(&mut self, number: f64) {
        self.0.extend(number.to_be_bytes());
    }

    /// Counts are mostly small whole numbers.
    pub fn count(&mut self, count: f64) {
        let whole = count as u64;
        if whole as f64 == count && whole < 1 << 53 {
            self.number(whole << 1);
        } else {
            self.number(1);
            self.float(count);
        }
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    pub fn summary(&mut self, summary: &Summary) {
        let Summary { count, sum, min, max, unranked, buckets } = summary;
        self.count(*count);
        self.count(*unranked);
        [sum, min, max].into_iter().for_each(|number| self.float(*number));
        self.number(buckets.len() as u64);
        let mut before = 0;
        for (bucket, count) in buckets {
            self.signed(i64::from(*bucket) - before);
            self.count(*count);
            before = i64::from(*bucket);
        }
    }
}

impl<'a> Reader<'a> {
    /// Behind the version; `None` where it is another.
    pub fn versioned(bytes: &'a [u8]) -> Option<Self> {
        bytes.strip_prefix(&[VERSION]).map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub fn float(&mut self) -> Option<f64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(f64::from_be_bytes(*bytes))
    }

    pub fn count(&mut self) -> Option<f64> {
        match self.number()? {
            1 => self.float(),
            whole => Some((whole >> 1) as f64),
        }
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    pub fn summary(&mut self) -> Option<Summary> {
        let (count, unranked) = (self.count()?, self.count()?);
        let (sum, min, max) = (self.float()?, self.float()?, self.float()?);
        let mut buckets = BTreeMap::new();
        let mut before = 0;
        for _ in 0..self.number()? {
            before = self.signed()?.checked_add(before)?;
            buckets.insert(i32::try_from(before).ok()?, self.count()?);
        }
        Some(Summary { count, sum, min, max, unranked, buckets })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(summary: &Summary) -> Option<Summary> {
        let mut writer = Writer::versioned();
        writer.summary(summary);
        let bytes = writer.finish();
        let mut reader = Reader::versioned(&bytes)?;
        let read = reader.summary();
        assert!(reader.is_empty());
        read
    }

    proptest! {
        #[test]
        fn summaries_come_back(values in prop::collection::vec((-1e100..1e100, 0.1..1e6), 0..50)) {
            let mut summary = Summary::statistics(3.0, 6.0, 1.0, 4.0);
            values.iter().for_each(|(value, count)| summary.merge(&Summary::of(*value, *count)));
            prop_assert_eq!(there_and_back(&summary), Some(summary));
        }

        #[test]
        fn numbers_and_texts_come_back(number: u64, signed: i64, text: String) {
            let mut writer = Writer::versioned();
            writer.number(number);
            writer.signed(signed);
            writer.text(&text);
            let bytes = writer.finish();
            let mut reader = Reader::versioned(&bytes).unwrap();
            prop_assert_eq!((reader.number(), reader.signed(), reader.text()), (Some(number), Some(signed), Some(&*text)));
        }

        #[test]
        fn broken_bytes_are_nothing(bytes: Vec<u8>) {
            let mut reader = Reader(&bytes);
            while let (false, Some(_)) = (reader.is_empty(), reader.summary()) {}
            let _ = Reader(&bytes).text();
        }
    }

    #[test]
    fn a_minute_of_a_thousand_equal_values_is_small() {
        let mut writer = Writer::versioned();
        writer.summary(&Summary::of(12.5, 1000.0));
        assert_eq!(writer.finish().len(), 34);
    }

    #[test]
    fn another_version_is_not_read() {
        assert!(Reader::versioned(&[2, 0]).is_none());
    }
}
