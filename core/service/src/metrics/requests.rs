//! How many requests each operation answered, how, and how long it took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What durations are counted up to, in microseconds.
pub const BOUNDS_US: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
];

/// Kinds of request that are told apart: all operations of AWS with their statuses are fewer.
const KINDS_MAX: usize = 20_000;

/// Requests that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    pub service: &'static str,
    pub operation: &'static str,
    pub status: u16,
}

/// How long they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durations {
    pub count: u64,
    pub sum_us: u64,
    /// How many took at most each of `BOUNDS_US` (and more than the one before).
    pub buckets: [u64; BOUNDS_US.len()],
}

/// Counts requests.
#[derive(Default)]
pub struct Requests(Mutex<BTreeMap<Request, Durations>>);

impl Requests {
    pub fn count(&self, request: Request, duration_us: u64) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KINDS_MAX <= kinds.len() && !kinds.contains_key(&request) {
            return;
        }
        let durations = kinds.entry(request).or_default();
        durations.count += 1;
        durations.sum_us = durations.sum_us.saturating_add(duration_us);
        let at = BOUNDS_US.iter().position(|bound| duration_us <= *bound);
        if let Some(bucket) = at.and_then(|at| durations.buckets.get_mut(at)) {
            *bucket += 1;
        }
    }

    pub fn all(&self) -> Vec<(Request, Durations)> {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.iter().map(|(request, durations)| (*request, *durations)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_kind_and_duration() {
        let requests = Requests::default();
        let request = Request { service: "s3", operation: "GetObject", status: 200 };
        [1, 250, 251, 99_000_000].iter().for_each(|us| requests.count(request, *us));
        requests.count(Request { status: 404, ..request }, 1);
        let all = requests.all();
        let Some((_, durations)) = all.first() else { panic!("nothing was counted") };
        assert_eq!((all.len(), durations.count, durations.sum_us), (2, 4, 99_000_502));
        assert_eq!(durations.buckets.get(..3), Some([2, 1, 0].as_slice()));
    }
}
