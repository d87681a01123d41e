//! When access keys were used last: noted in memory with each request, stored from time to time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base::Timestamp;

use crate::model::LastUse;

/// A key's use is noted anew when the last note is this old: AWS's own notes lag by far more (docs).
const STALE_MS: i64 = 1000;

/// Keys that are remembered until they are stored: two for each of the users that an account may have.
const KEYS_MAX: usize = 10_000;

#[derive(Debug)]
struct Noted {
    last: LastUse,
    stored: bool,
}

/// The last uses of access keys since the server started.
#[derive(Debug, Default)]
pub(crate) struct LastUses(Mutex<HashMap<String, Noted>>);

impl LastUses {
    /// Notes that a key signed a request.
    pub(crate) fn note(&self, access_key_id: &str, service: &str, region: &str, now: Timestamp) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = noted.get_mut(access_key_id) {
            let last = &mut known.last;
            if now.as_ms() - last.at.as_ms() < STALE_MS && last.service == service && last.region == region {
                return;
            }
            last.at = now;
            service.clone_into(&mut last.service);
            region.clone_into(&mut last.region);
            known.stored = false;
        } else if noted.len() < KEYS_MAX {
            let last = LastUse { at: now, service: service.into(), region: region.into() };
            noted.insert(access_key_id.into(), Noted { last, stored: false });
        }
    }

    /// The last use of a key since the server started.
    pub(crate) fn get(&self, access_key_id: &str) -> Option<LastUse> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get(access_key_id).map(|noted| noted.last.clone())
    }

    /// What is not stored yet.
    pub(crate) fn unstored(&self) -> Vec<(String, LastUse)> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unstored = noted.iter().filter(|(_, noted)| !noted.stored);
        unstored.map(|(id, noted)| (id.clone(), noted.last.clone())).collect()
    }

    /// Says that this use has been stored: later ones have not.
    pub(crate) fn stored(&self, uses: &[(String, LastUse)]) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, last) in uses {
            if let Some(known) = noted.get_mut(id).filter(|known| known.last == *last) {
                known.stored = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_storing_is_stored_again() {
        let uses = LastUses::default();
        let at = Timestamp::from_ms;
        uses.note("K", "s3", "r", at(0));
        uses.note("K", "s3", "r", at(STALE_MS - 1));
        assert_eq!(uses.get("K").unwrap().at, at(0));
        let first = uses.unstored();
        uses.note("K", "iam", "r", at(STALE_MS - 1));
        uses.stored(&first);
        let second = uses.unstored();
        assert_eq!((second.len(), second[0].1.service.as_str()), (1, "iam"));
        uses.stored(&second);
        assert!(uses.unstored().is_empty());
        assert_eq!(uses.get("none"), None);
    }
}
