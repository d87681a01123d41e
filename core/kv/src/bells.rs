//! Bells: how a commit wakes those who wait for a log or a timer list.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::LogId;

/// The bells of an engine that lives in one process. Holds an entry only for what somebody listens to.
#[derive(Debug, Default)]
pub struct Bells(Mutex<HashMap<LogId, watch::Sender<()>>>);

/// Rings once for any number of changes since it was made or last rang.
#[derive(Debug)]
pub struct Bell(watch::Receiver<()>);

/// Entries at which those without a listener are looked for; keeps the map as small as the number of listeners.
const SWEEP_AT: usize = 64;

impl Bells {
    /// Listens from now on: make the bell first, then look, then wait.
    pub fn bell(&self, log: &LogId) -> Bell {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if SWEEP_AT <= bells.len() && bells.len() == bells.capacity() {
            bells.retain(|_, sender| 0 < sender.receiver_count());
        }
        Bell(bells.entry(log.clone()).or_insert_with(|| watch::channel(()).0).subscribe())
    }

    /// Wakes everybody who listens to this log.
    pub fn ring(&self, log: &LogId) {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = bells.get(log) else { return };
        if sender.send(()).is_err() {
            bells.remove(log);
        }
    }

    /// Wakes everybody: for engines that may have missed something.
    pub fn ring_all(&self) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.values().for_each(|sender| sender.send_replace(()));
    }
}

impl Bell {
    /// For engines that ring by other means than [`Bells`].
    pub fn new(receiver: watch::Receiver<()>) -> Self {
        Self(receiver)
    }

    /// Returns when the bell has rung; never, if its engine is gone.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_bell_rings_for_what_happened_after_it_was_made() {
        let (bells, log) = (Bells::default(), LogId::from_static("a"));
        bells.ring(&log);
        let mut bell = bells.bell(&log);
        assert!(bell.rung().now_or_never().is_none());
        bells.ring(&log);
        bells.ring(&log);
        assert!(bell.rung().now_or_never().is_some());
        assert!(bell.rung().now_or_never().is_none());
        bells.ring(&LogId::from_static("b"));
        assert!(bell.rung().now_or_never().is_none());
    }

    #[test]
    fn bells_without_listeners_are_forgotten() {
        let bells = Bells::default();
        for n in 0..10_000u32 {
            drop(bells.bell(&LogId::new(n.to_be_bytes().to_vec())));
        }
        assert!(bells.0.lock().unwrap().len() < 1_000);
    }
}
