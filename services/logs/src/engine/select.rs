//! A page of events in the order of time, chosen from events that arrive in any order, in bounded memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Timestamp;
use bytes::Bytes;
use kv::Direction;
use serde::{Deserialize, Serialize};

use crate::model::EVENT_OVERHEAD_BYTES;

/// Where an event stands among those of a group: time, stream, record, place in the record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub timestamp: i64,
    pub stream: Arc<str>,
    pub position: u64,
    pub index: u32,
}

/// A point between events: in front of a place, or behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cut {
    Before(Place),
    After(Place),
}

/// A chosen event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub message: Bytes,
    pub ingested: Timestamp,
}

/// Which events may be chosen, and how many.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// Times, both inclusive.
    pub from: i64,
    pub to: i64,
    /// Only events on the far side of it, in the direction.
    pub cut: Option<Cut>,
    /// Forward: the earliest ones; reverse: the latest ones.
    pub direction: Direction,
    pub limit: usize,
    /// The first event comes whatever its size.
    pub bytes: usize,
}

/// The choice so far.
#[derive(Debug)]
pub(crate) struct Selection {
    pub window: Window,
    chosen: BTreeMap<Place, Chosen>,
    bytes: usize,
    /// The nearest place that has no room: nothing at it or beyond it is taken any more.
    bound: Option<Place>,
}

impl Selection {
    pub(crate) fn new(window: Window) -> Self {
        Self { window, chosen: BTreeMap::new(), bytes: 0, bound: None }
    }

    /// Whether the place is in the window and not beyond the page.
    pub(crate) fn admits(&self, place: &Place) -> bool {
        let Window { from, to, cut, direction, .. } = &self.window;
        let beyond_cut = match (direction, cut) {
            (_, None) => true,
            (Direction::Forward, Some(Cut::Before(at))) => at <= place,
            (Direction::Forward, Some(Cut::After(at))) => at < place,
            (Direction::Reverse, Some(Cut::Before(at))) => place < at,
            (Direction::Reverse, Some(Cut::After(at))) => place <= at,
        };
        (*from..=*to).contains(&place.timestamp) && beyond_cut && !self.is_beyond(place)
    }

    /// Whether nothing from this place on, in the direction, can be chosen any more.
    pub(crate) fn is_past(&self, place: &Place) -> bool {
        let out = match self.window.direction {
            Direction::Forward => self.window.to < place.timestamp,
            Direction::Reverse => place.timestamp < self.window.from,
        };
        out || self.is_beyond(place)
    }

    fn is_beyond(&self, place: &Place) -> bool {
        self.bound.as_ref().is_some_and(|bound| match self.window.direction {
            Direction::Forward => bound <= place,
            Direction::Reverse => place <= bound,
        })
    }

    /// Chooses an event that is admitted; the farthest ones that no longer fit fall out.
    pub(crate) fn choose(&mut self, place: Place, event: Chosen) {
        self.bytes += event.message.len() + EVENT_OVERHEAD_BYTES;
        self.chosen.insert(place, event);
        while self.window.limit < self.chosen.len() || (self.window.bytes < self.bytes && 1 < self.chosen.len()) {
            self.drop_farthest();
        }
    }

    /// Ends the page in front of this place: what lies beyond has not been looked at.
    pub(crate) fn end_at(&mut self, place: Place) {
        if self.is_beyond(&place) {
            return;
        }
        self.bound = Some(place);
        while self.farthest().is_some_and(|far| self.is_beyond(far)) {
            self.drop_farthest();
        }
    }

    fn farthest(&self) -> Option<&Place> {
        let far = match self.window.direction {
            Direction::Forward => self.chosen.last_key_value(),
            Direction::Reverse => self.chosen.first_key_value(),
        };
        far.map(|(place, _)| place)
    }

    fn drop_farthest(&mut self) {
        let far = match self.window.direction {
            Direction::Forward => self.chosen.pop_last(),
            Direction::Reverse => self.chosen.pop_first(),
        };
        let Some((place, event)) = far else { return };
        self.bytes -= event.message.len() + EVENT_OVERHEAD_BYTES;
        if !self.is_beyond(&place) {
            self.bound = Some(place);
        }
    }

    /// The page, in the order of time, and where the next one begins if there may be more.
    pub(crate) fn finish(self) -> (Vec<(Place, Chosen)>, Option<Cut>) {
        let cut = self.bound.map(|place| match self.window.direction {
            Direction::Forward => Cut::Before(place),
            Direction::Reverse => Cut::After(place),
        });
        (self.chosen.into_iter().collect(), cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(timestamp: i64) -> Place {
        Place { timestamp, stream: "s".into(), position: timestamp as u64, index: 0 }
    }

    fn page(times: &[i64], direction: Direction, cut: Option<Cut>, limit: usize) -> (Vec<i64>, Option<Cut>) {
        let mut selection = Selection::new(Window { from: 1, to: 8, cut, direction, limit, bytes: 1 << 20 });
        for time in times {
            if selection.admits(&place(*time)) {
                let event = Chosen { message: Bytes::from_static(b"x"), ingested: Timestamp::from_ms(0) };
                selection.choose(place(*time), event);
            }
        }
        let (events, cut) = selection.finish();
        (events.into_iter().map(|(place, _)| place.timestamp).collect(), cut)
    }

    #[test]
    fn pages_follow_each_other_in_both_directions_whatever_order_events_arrive_in() {
        for times in [[0, 1, 2, 3, 4, 5, 8, 9], [9, 8, 5, 4, 3, 2, 1, 0], [4, 9, 2, 8, 0, 1, 5, 3]] {
            let (first, cut) = page(&times, Direction::Forward, None, 4);
            assert_eq!((first, cut.clone()), (vec![1, 2, 3, 4], Some(Cut::Before(place(5)))));
            assert_eq!(page(&times, Direction::Forward, cut, 4), (vec![5, 8], None));
            let (last, cut) = page(&times, Direction::Reverse, None, 4);
            assert_eq!((last, cut.clone()), (vec![3, 4, 5, 8], Some(Cut::After(place(2)))));
            assert_eq!(page(&times, Direction::Reverse, cut, 4), (vec![1, 2], None));
        }
    }

    #[test]
    fn a_page_has_a_size_and_no_gaps() {
        let window =
            Window { from: 0, to: 99, cut: None, direction: Direction::Forward, limit: 9, bytes: 2 * (10 + 26) };
        let mut selection = Selection::new(window);
        let event = || Chosen { message: Bytes::from_static(b"0123456789"), ingested: Timestamp::from_ms(0) };
        for time in [3, 1, 2] {
            selection.choose(place(time), event());
        }
        assert!(!selection.admits(&place(4)) && selection.is_past(&place(3)) && selection.admits(&place(0)));
        selection.end_at(place(2));
        let (events, cut) = selection.finish();
        assert_eq!((events.len(), cut), (1, Some(Cut::Before(place(2)))));
    }
}
