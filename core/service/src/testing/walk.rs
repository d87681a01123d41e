//! Random walks: clients that do this and that over a hostile store, each knowing what it should find.

use std::fmt::Debug;

use base::Ids;
use futures::future::join_all;
use kv::Abort;

use crate::Failure;

/// What chance there is, from a seed.
#[derive(Debug)]
pub struct Dice(Ids);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Ids::seeded(seed))
    }

    /// A number below `n`.
    pub fn below(&self, n: usize) -> usize {
        u32::from_le_bytes(self.0.bytes()) as usize % n.max(1)
    }
}

/// What a request's answer says of whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It did, or it was refused as it had to be.
    Clear,
    /// Nobody knows.
    Unknown,
}

impl Heard {
    /// Of an answer that must be a success, or else this error (empty: a success).
    pub fn of<T: Debug>(answer: &Result<T, Failure>, refusal: &str) -> Self {
        match answer {
            Err(failure) if failure.abort == Some(Abort::Unknown) => Self::Unknown,
            answer => {
                let code = answer.as_ref().err().map_or("", |failure| failure.facts.code);
                assert_eq!(code, refusal, "{answer:?}");
                Self::Clear
            }
        }
    }
}

/// A client with things of its own.
#[allow(async_fn_in_trait, reason = "tests, on one thread")]
pub trait Walker {
    /// What it should find.
    type State: Clone + PartialEq + Debug + Default;

    /// Does something. `state` becomes what it is if that happened.
    async fn step(&self, dice: &Dice, state: &mut Self::State) -> Heard;

    /// What it finds.
    async fn look(&self) -> Self::State;
}

/// Walks all of them at the same time. After each step a client finds what it should; where the outcome is unknown, all of
/// the step or nothing. Answers how often it was.
pub async fn walk<W: Walker>(walkers: &[W], seed: u64, steps: usize) -> usize {
    let walking = walkers.iter().enumerate().map(|(n, walker)| async move {
        let dice = Dice::new(seed.wrapping_mul(1_000) + n as u64);
        let (mut state, mut unknown) = (walker.look().await, 0);
        for step in 0..steps {
            let before = state.clone();
            let heard = walker.step(&dice, &mut state).await;
            let found = walker.look().await;
            if heard == Heard::Unknown && found == before {
                state = before;
            }
            assert_eq!(found, state, "client {n} after step {step}, {heard:?}");
            unknown += usize::from(heard == Heard::Unknown);
        }
        unknown
    });
    join_all(walking).await.into_iter().sum()
}
