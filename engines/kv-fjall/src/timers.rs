//! Where each timer list's first timer may stand, so that a look does not step over the ones that were taken.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use base::Timestamp;
use kv::{LogId, Version};

/// Lists remembered; a worker has one.
const LISTS_MAX: usize = 4_096;

const EARLIEST: Timestamp = Timestamp::from_ms(i64::MIN);

/// A lower bound of each list's due times, kept in memory only.
#[derive(Debug, Default)]
pub(crate) struct Floors(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    lists: HashMap<LogId, Floor>,
    /// When the lists were last forgotten: an absent list has had no timer set since.
    forgotten: Version,
}

#[derive(Debug, Clone, Copy)]
struct Floor {
    due: Timestamp,
    /// The last commit that set a timer in the list.
    set: Version,
    /// The newest snapshot that raised the floor; older ones may hold timers below it.
    raised: Version,
}

impl Floors {
    /// A commit sets a timer. To be called before the commit is published.
    pub(crate) fn set(&self, list: &LogId, due: Timestamp, version: Version) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.make_room(version);
        let floor = all.lists.entry(list.clone()).or_insert(Floor { due: EARLIEST, set: version, raised: 0 });
        floor.due = floor.due.min(due);
        floor.set = version;
    }

    /// Where a reader of that version has to start.
    pub(crate) fn get(&self, list: &LogId, version: Version) -> Timestamp {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.lists.get(list).filter(|floor| floor.raised <= version).map_or(EARLIEST, |floor| floor.due)
    }

    /// A reader of that version found nothing before `first`.
    pub(crate) fn raise(&self, list: &LogId, first: Timestamp, version: Version) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.make_room(version);
        if version < all.forgotten {
            return;
        }
        let floor = all.lists.entry(list.clone()).or_insert(Floor { due: EARLIEST, set: 0, raised: 0 });
        if floor.set <= version && floor.raised <= version && floor.due < first {
            floor.due = first;
            floor.raised = version;
        }
    }
}

impl Lists {
    fn make_room(&mut self, version: Version) {
        if LISTS_MAX <= self.lists.len() {
            self.forgotten =
                self.lists.values().map(|floor| floor.set).max().unwrap_or(0).max(version).max(self.forgotten);
            self.lists.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_never_hides_a_timer() {
        let (floors, list, at) = (Floors::default(), LogId::from_static("l"), Timestamp::from_ms);
        floors.set(&list, at(50), 1);
        assert_eq!(floors.get(&list, 1), EARLIEST);
        floors.raise(&list, at(50), 1);
        assert_eq!(floors.get(&list, 1), at(50));
        assert_eq!(floors.get(&list, 0), EARLIEST, "an older snapshot may hold what was taken since");
        floors.set(&list, at(20), 2);
        floors.raise(&list, at(50), 1);
        assert_eq!(floors.get(&list, 2), at(20), "a reader that has not seen the timer does not raise the floor");
        floors.raise(&list, at(90), 2);
        assert_eq!(floors.get(&list, 2), at(90));
    }
}
