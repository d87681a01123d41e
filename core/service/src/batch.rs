//! Operations over many entries: each runs in a transaction of its own, is run again alone, and is answered on its own.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use kv::{Holder, Tx};

use crate::dispatch::{Work, transact};
use crate::{Cx, Failure};

/// Entries of one request under way at once: enough that their commits share an fsync, few beside 64 clients.
const AT_ONCE: usize = 16;

/// An operation over many entries, in the order: `entries`, each `entry`, `output`.
pub trait Batch: 'static {
    type Input: Sync;
    type Output;
    /// What one entry's function is given.
    type Entry: Send + Sync;
    /// What one entry answers.
    type Done: Send;

    /// How many entries run at once. One where they must take effect in their order.
    const AT_ONCE: usize = AT_ONCE;

    /// What concerns the request as a whole: its error is the whole answer, and no entry runs. Writes nothing.
    fn entries<'a>(
        cx: &'a Cx,
        tx: &'a mut Tx,
        input: &'a Self::Input,
    ) -> BoxFuture<'a, Result<Vec<Self::Entry>, Failure>>;

    /// One entry, in a transaction of its own; run again alone when that conflicts.
    fn entry<'a>(cx: &'a Cx, tx: &'a mut Tx, entry: &'a Self::Entry) -> BoxFuture<'a, Result<Self::Done, Failure>>;

    /// The answer, from what became of each entry, in their order.
    fn output(cx: &Cx, input: &Self::Input, done: Vec<Result<Self::Done, Failure>>) -> Result<Self::Output, Failure>;
}

/// Runs a request of the kind `batch`.
pub async fn run_batch<B: Batch>(cx: &Cx, input: &B::Input) -> Result<B::Output, Failure> {
    let entries = transact(cx, &Reading::<B>(input)).await?;
    let running: Vec<BoxFuture<'_, Result<B::Done, Failure>>> =
        entries.iter().map(|entry| one::<B>(cx, entry)).collect();
    let done = stream::iter(running).buffered(B::AT_ONCE).collect().await;
    B::output(cx, input, done)
}

/// What it does after its commit is its own, so it has a context of its own.
fn one<'a, B: Batch>(cx: &'a Cx, entry: &'a B::Entry) -> BoxFuture<'a, Result<B::Done, Failure>> {
    let running = async move {
        let cx = cx.part();
        let done = transact(&cx, &One::<B>(entry)).await;
        if let Some(cause) = done.as_ref().err().and_then(|failure| failure.cause.as_ref()) {
            tracing::error!(request_id = cx.request_id, "an entry failed inside: {cause}");
        }
        done
    };
    Holder::alone(running).boxed()
}

struct Reading<'i, B: Batch>(&'i B::Input);

impl<B: Batch> Work<Vec<B::Entry>> for Reading<'_, B> {
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<Vec<B::Entry>, Failure>> {
        B::entries(cx, tx, self.0)
    }
}

struct One<'i, B: Batch>(&'i B::Entry);

impl<B: Batch> Work<B::Done> for One<'_, B> {
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<B::Done, Failure>> {
        B::entry(cx, tx, self.0)
    }
}
