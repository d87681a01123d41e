//! Turns: transactions that conflicted on one key run one after another, in the order they came.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

use crate::Key;

type Gate = Arc<tokio::sync::Mutex<()>>;

/// Queues, one per key that somebody stands at.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<Key, Gate>>>);

/// A turn on a key: while it lives, those behind wait.
#[derive(Debug)]
pub struct Turn {
    guard: Option<OwnedMutexGuard<()>>,
    place: Place,
}

/// A place in a queue, held or waiting.
#[derive(Debug)]
struct Place {
    turns: Turns,
    key: Key,
    gate: Option<Gate>,
}

impl Turns {
    /// Waits for a turn on the key, first come first served.
    pub async fn wait(&self, key: &Key) -> Turn {
        let gate = {
            let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            gates.entry(key.clone()).or_default().clone()
        };
        let place = Place { turns: self.clone(), key: key.clone(), gate: Some(gate.clone()) };
        let guard = gate.lock_owned().await;
        Turn { guard: Some(guard), place }
    }
}

impl Turn {
    /// The key it is a turn on.
    pub fn key(&self) -> &Key {
        &self.place.key
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut gates = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.gate = None;
        // Gates are cloned under this lock only, so a count of one means that nobody else holds or waits.
        if gates.get(&self.key).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            gates.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn turns_come_in_order_and_leave_nothing_behind() {
        let (turns, key, other) = (Turns::default(), Key::from("k"), Key::from("l"));
        let first = turns.wait(&key).await;
        let mut second = Box::pin(turns.wait(&key));
        let mut third = Box::pin(turns.wait(&key));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        assert_eq!(turns.wait(&other).await.key(), &other);
        drop(first);
        assert!(third.as_mut().now_or_never().is_none());
        let turn = second.await;
        drop(third);
        drop(turn);
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
