//! A row of a service's operation table, with its types erased.

use futures::future::BoxFuture;
use kv::Tx;
use wire::{Operation, OperationFacts, Structure};

use crate::{Cx, Demand, Events, Failure, Outgoing, Received};

type Output = Box<dyn Structure>;

/// One operation: its facts, what it demands, and its function.
pub struct Entry {
    pub facts: &'static OperationFacts,
    /// An empty input, to be filled by the codec.
    pub input: fn() -> Box<dyn Structure>,
    pub demands: fn(&Cx, &dyn Structure) -> Result<Vec<Demand>, Failure>,
    pub run: Run,
}

pub(crate) type TxFn = for<'a> fn(&'a Cx, &'a mut Tx, &'a dyn Structure) -> BoxFuture<'a, Result<Output, Failure>>;
pub(crate) type PutFn =
    for<'a> fn(&'a Cx, &'a mut Tx, &'a dyn Structure, &'a Received) -> BoxFuture<'a, Result<Output, Failure>>;
pub(crate) type GetFn =
    for<'a> fn(&'a Cx, &'a mut Tx, &'a dyn Structure) -> BoxFuture<'a, Result<(Output, Outgoing), Failure>>;
pub(crate) type FreeFn = for<'a> fn(&'a Cx, &'a dyn Structure) -> BoxFuture<'a, Result<Output, Failure>>;

pub(crate) type EventsFn = for<'a> fn(&'a Cx, &'a dyn Structure) -> BoxFuture<'a, Result<(Output, Events), Failure>>;

/// The kinds of operation.
pub enum Run {
    /// In a transaction; run again when it conflicts.
    Tx(TxFn),
    /// The same, with the request's body in the blob store.
    Put(PutFn),
    /// The same, answering with a streamed body.
    Get(GetFn),
    /// Over many entries: each in a transaction of its own, run again alone.
    Batch(FreeFn),
    /// Drives something outside the store; never run again.
    Free(FreeFn),
    /// The same, answering with a stream of events.
    Events(EventsFn),
}

impl Entry {
    /// The input as its type.
    pub fn input_of<O: Operation>(input: &dyn Structure) -> Result<&O::Input, Failure> {
        let typed = input.as_any().downcast_ref();
        typed.ok_or_else(|| Failure::defect(format!("{} got an input of another operation", O::FACTS.name)))
    }

    /// An output without its type.
    pub fn output(output: impl Structure) -> Output {
        Box::new(output)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.facts.name).finish_non_exhaustive()
    }
}
