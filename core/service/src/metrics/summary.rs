//! What is kept of many values: how many, their sum, the least, the greatest, and a histogram for percentiles.

use std::collections::BTreeMap;

/// How far a percentile may be from the true value, relative to it.
pub const PERCENTILE_ERROR: f64 = 0.01;
/// Buckets of one summary: values from 1 to 800 million fit without loss. Beyond it the least are taken together, and
/// low percentiles lose their promise.
pub const BUCKETS_MAX: usize = 1024;

/// The bounds of neighbouring buckets: with this ratio, the middle of a bucket is within the error of all in it.
const RATIO: f64 = (1.0 + PERCENTILE_ERROR) / (1.0 - PERCENTILE_ERROR);
/// More than the logarithm of any number that is not zero, so that keys have the order of values.
const ABOVE_ANY: i32 = 40_000;

/// A summary of values. Two of them merge into that of both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    pub count: f64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    /// Values that are counted above and stand in no bucket, because only their statistics were given.
    pub unranked: f64,
    /// How many values each bucket has, in the order of values.
    pub buckets: BTreeMap<i32, f64>,
}

impl Summary {
    /// One value, counted so often. It must be a number.
    pub fn of(value: f64, count: f64) -> Self {
        let sum = value * count;
        Self { count, sum, min: value, max: value, unranked: 0.0, buckets: BTreeMap::from([(bucket(value), count)]) }
    }

    /// Values of which only these statistics are known. Where they were all equal, they are known as well.
    pub fn statistics(count: f64, sum: f64, min: f64, max: f64) -> Self {
        if count <= 1.0 || min >= max {
            return Self { sum, ..Self::of(min, count) };
        }
        Self { count, sum, min, max, unranked: count, buckets: BTreeMap::new() }
    }

    pub fn add(&mut self, value: f64) {
        self.merge(&Self::of(value, 1.0));
    }

    pub fn merge(&mut self, other: &Self) {
        if other.count <= 0.0 {
            return;
        }
        let was_empty = self.count <= 0.0;
        self.min = if was_empty { other.min } else { self.min.min(other.min) };
        self.max = if was_empty { other.max } else { self.max.max(other.max) };
        self.count += other.count;
        self.sum += other.sum;
        self.unranked += other.unranked;
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        while BUCKETS_MAX < self.buckets.len() {
            let (Some((_, least)), Some(mut next)) = (self.buckets.pop_first(), self.buckets.first_entry()) else {
                return;
            };
            *next.get_mut() += least;
        }
    }

    pub fn average(&self) -> f64 {
        self.sum / self.count
    }

    /// The value that this part of all values (0 to 1) does not exceed, within `PERCENTILE_ERROR`. None where values are
    /// unranked, or there is none.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        if 0.0 < self.unranked || self.count <= 0.0 {
            return None;
        }
        let rank = part * (self.count - 1.0).max(0.0);
        let mut seen = 0.0;
        let found = self.buckets.iter().find(|(_, count)| {
            seen += **count;
            rank < seen
        });
        let (bucket, _) = found.or_else(|| self.buckets.last_key_value())?;
        Some(match part {
            part if part <= 0.0 => self.min,
            part if 1.0 <= part => self.max,
            _ => middle(*bucket).clamp(self.min, self.max),
        })
    }
}

fn bucket(value: f64) -> i32 {
    // Logarithms of finite numbers are between -38,000 and 36,000 to this base; the cast saturates.
    let power = |size: f64| (size.ln() / RATIO.ln()).ceil() as i32 + ABOVE_ANY;
    match value {
        value if 0.0 < value => power(value),
        value if value < 0.0 => -power(-value),
        _ => 0,
    }
}

fn middle(bucket: i32) -> f64 {
    let size = |bucket: i32| 2.0 * RATIO.powi(bucket - ABOVE_ANY) / (RATIO + 1.0);
    match bucket.signum() {
        1 => size(bucket),
        -1 => -size(-bucket),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(values: impl IntoIterator<Item = f64>) -> Summary {
        let mut summary = Summary::default();
        values.into_iter().for_each(|value| summary.add(value));
        summary
    }

    #[test]
    fn percentiles_are_within_the_error() {
        for scale in [1e-9, 1.0, -1.0, 3e7] {
            let all = summary((1..=1000).map(|n| f64::from(n) * scale));
            for percent in [1.0, 50.0, 90.0, 99.0, 99.9] {
                let at = if scale < 0.0 { 100.0 - percent } else { percent };
                let (found, wanted) = (all.quantile(percent / 100.0).unwrap(), at / 100.0 * 1000.0 * scale);
                assert!(
                    (found - wanted).abs() <= (PERCENTILE_ERROR * wanted.abs()) + 2.0 * scale.abs(),
                    "{found} {wanted}"
                );
            }
            assert_eq!((all.quantile(0.0), all.quantile(1.0)), (Some(all.min), Some(all.max)));
        }
    }

    #[test]
    fn parts_merge_into_the_whole() {
        let mut left = summary([3.0, -1.0]);
        left.merge(&summary([0.0, 8.0]));
        left.merge(&Summary::default());
        assert_eq!(left, summary([3.0, -1.0, 0.0, 8.0]));
        assert_eq!((left.count, left.sum, left.min, left.max, left.average()), (4.0, 10.0, -1.0, 8.0, 2.5));
    }

    #[test]
    fn statistics_alone_have_no_percentiles() {
        assert_eq!(Summary::statistics(2.0, 3.0, 1.0, 2.0).quantile(0.5), None);
        assert_eq!(Summary::statistics(2.0, 4.0, 2.0, 2.0).quantile(0.5), Some(2.0));
        assert_eq!(Summary::default().quantile(0.5), None);
    }

    #[test]
    fn buckets_are_bounded_whatever_comes() {
        let all = summary((-300..300).flat_map(|power| (1..10).map(move |n| f64::from(n) * 10f64.powi(power))));
        assert_eq!(all.buckets.len(), BUCKETS_MAX);
        assert_eq!(all.buckets.values().sum::<f64>(), all.count);
        assert!((all.quantile(0.999).unwrap() / 3e299 - 1.0).abs() <= PERCENTILE_ERROR + 1e-9);
        summary([f64::MIN_POSITIVE, f64::MAX, f64::MIN, 5e-324]).quantile(0.5).unwrap();
    }
}
