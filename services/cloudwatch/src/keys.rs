//! Key spaces: metrics by name, their rows by time, and the log of what has not been merged into rows.

use base::Scope;
use kv::{Key, LogId};

use crate::model::Id;

const TAG: &[u8] = b"cloudwatch\0";
const METRIC: &[u8] = b"metric\0";
const ROW: &[u8] = b"row\0";

/// What was put and is not in rows yet.
pub(crate) const PUT: LogId = LogId::from_static("cloudwatch\0put");

/// How far the log has been merged into rows.
pub(crate) fn cursor() -> Key {
    Key::from([TAG, b"cursor"].concat())
}

/// Every metric of everybody.
pub(crate) fn all_metrics() -> Key {
    Key::from([TAG, METRIC].concat())
}

/// The record of a metric. Neither namespaces nor names hold a zero byte.
#[derive(Debug)]
pub(crate) struct Metric<'a> {
    pub scope: &'a Scope,
    pub namespace: &'a str,
    pub name: &'a str,
    pub id: &'a Id,
}

impl Metric<'_> {
    pub fn encode(&self) -> Key {
        Key::from([&Self::prefix(self.scope, Some(self.namespace), Some(self.name)), self.id.as_slice()].concat())
    }

    /// What the keys begin with of the metrics of an account and region; with a namespace and, behind it, a name.
    pub fn prefix(scope: &Scope, namespace: Option<&str>, name: Option<&str>) -> Vec<u8> {
        let mut key = [TAG, METRIC].concat();
        let parts = [Some(scope.account.as_str()), Some(scope.region.as_str()), namespace, namespace.and(name)];
        for part in parts.into_iter().flatten() {
            key.extend(part.as_bytes());
            key.push(0);
        }
        key
    }

    /// The id at the end of a metric's key.
    pub fn id_of(key: &Key) -> Option<Id> {
        key.as_bytes().last_chunk().copied()
    }
}

/// The data of a metric in one unit and one step of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub id: &'a Id,
    pub step_s: i64,
    pub at_s: i64,
    pub unit: u8,
}

impl Row<'_> {
    pub fn encode(&self) -> Key {
        let Self { id, step_s, at_s, unit } = *self;
        // Times before 1970 come first.
        let at = (at_s ^ i64::MIN).to_be_bytes();
        Key::from([TAG, ROW, id, &(step_s as u16).to_be_bytes(), &at, &[unit]].concat())
    }

    /// The first key of a step of time.
    pub fn first(id: &Id, step_s: i64, at_s: i64) -> Key {
        Row { id, step_s, at_s, unit: 0 }.encode()
    }

    /// The time and the unit of a row.
    pub fn decode(key: &Key) -> Option<(i64, u8)> {
        let (rest, [unit]) = key.as_bytes().split_last_chunk()?;
        let (_, at) = rest.split_last_chunk()?;
        Some((i64::from_be_bytes(*at) ^ i64::MIN, *unit))
    }
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "[A-Za-z/]{1,5}";

    proptest! {
        #[test]
        fn rows_are_in_the_order_of_time(a: i64, b: i64, unit: u8) {
            let key = |at_s| Row { id: &[7; 32], step_s: 3600, at_s, unit }.encode();
            prop_assert_eq!(Row::decode(&key(a)), Some((a, unit)));
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
            prop_assert!(Row::first(&[7; 32], 3600, a) <= key(a));
        }

        #[test]
        fn metrics_are_in_the_order_of_names(a in (NAME, NAME), b in (NAME, NAME)) {
            let scope = Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT));
            let key = |(namespace, name): &(String, String)| Metric { scope: &scope, namespace, name, id: &[1; 32] }.encode();
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
            prop_assert_eq!(Metric::id_of(&key(&a)), Some([1; 32]));
            prop_assert!(key(&a).as_bytes().starts_with(&Metric::prefix(&scope, Some(&a.0), None)));
        }
    }
}
