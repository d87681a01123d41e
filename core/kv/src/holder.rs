//! Who holds a transaction: for engines that have few places and must not let anybody who holds one wait for another.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::task;

tokio::task_local! {
    static ALONE: u64;
}

static LAST: AtomicU64 = AtomicU64::new(0);

/// A task, or a part of one that stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    Task(task::Id),
    Part(u64),
}

impl Holder {
    /// Whoever runs this. None outside of tasks.
    pub fn current() -> Option<Self> {
        let part = ALONE.try_with(|part| Self::Part(*part)).ok();
        part.or_else(|| task::try_id().map(Self::Task))
    }

    /// Runs a future as a holder of its own: one of several that a task runs at once and none of which waits for another.
    /// The task must hold no transaction itself meanwhile.
    pub fn alone<F: Future>(work: F) -> impl Future<Output = F::Output> {
        ALONE.scope(LAST.fetch_add(1, Ordering::Relaxed), work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn parts_of_a_task_are_told_apart() {
        let outside = Holder::current();
        let (one, other) = tokio::join!(
            Holder::alone(async {
                let before = Holder::current();
                task::yield_now().await;
                assert_eq!(Holder::current(), before);
                before
            }),
            Holder::alone(async { Holder::current() }),
        );
        assert!(one.is_some() && one != other && one != outside && Holder::current() == outside);
    }
}
