//! Holds: while one lives, what is deleted stays readable, and goes when the last one has ended.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::BlobId;

/// Deletions remembered while a hold lives, about 50 bytes each. Those beyond are left to the sweeper.
const DEFERRED_MAX: usize = 1_000_000;

/// The holds of one store.
#[derive(Debug, Clone, Default)]
pub struct Holds(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    living: usize,
    deferred: BTreeSet<BlobId>,
}

/// What a store does with what was deleted meanwhile.
type Remove = Box<dyn Fn(BTreeSet<BlobId>) + Send + Sync>;

/// Everything that is there stays until this is dropped.
pub struct Hold {
    holds: Holds,
    remove: Remove,
}

impl Holds {
    /// Begins a hold. `remove` is called at the end of the last one, with what is to go.
    pub fn begin(&self, remove: impl Fn(BTreeSet<BlobId>) + Send + Sync + 'static) -> Hold {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).living += 1;
        Hold { holds: self.clone(), remove: Box::new(remove) }
    }

    /// Whether the deletion has to wait; it is remembered then.
    pub fn defers(&self, id: &BlobId) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if 0 < state.living && state.deferred.len() < DEFERRED_MAX {
            state.deferred.insert(id.clone());
        }
        0 < state.living
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let deferred = {
            let mut state = self.holds.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.living = state.living.saturating_sub(1);
            if 0 < state.living {
                return;
            }
            std::mem::take(&mut state.deferred)
        };
        if !deferred.is_empty() {
            (self.remove)(deferred);
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}
