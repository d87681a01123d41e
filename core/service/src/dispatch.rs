//! The dispatcher: begins the transaction, calls the operation, commits, and calls again on a conflict.

use std::io;

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use kv::{Abort, Turn, Tx};
use wire::Structure;

use crate::table::{GetFn, PutFn, TxFn};
use crate::{
    Answer, Cx, Effect, Entry, Failure, Incoming, Opened, Outgoing, Received, Run, Step, authorise, common, receive,
};

/// How often a transaction that conflicts is run again. With a turn on the key each rerun makes progress.
const RERUNS_MAX: usize = 100;

/// Authorises and runs one operation whose input is valid.
pub(crate) async fn dispatch(
    cx: &Cx,
    entry: &Entry,
    input: &dyn Structure,
    incoming: Incoming,
) -> Result<Answer, Failure> {
    let demands = (entry.demands)(cx, input)?;
    authorise::all(cx, &demands).await?;
    match &entry.run {
        Run::Batch(run) | Run::Free(run) => run(cx, input).await.map(Answer::of),
        Run::Events(run) => {
            let (output, events) = run(cx, input).await?;
            Ok(Answer { events: Some(events), ..Answer::of(output) })
        }
        Run::Tx(run) => transact(cx, &Plain { run: *run, input }).await.map(Answer::of),
        Run::Get(run) => {
            for _ in 0..RERUNS_MAX {
                let (output, outgoing) = transact(cx, &Getting { run: *run, input }).await?;
                if let Some(body) = open(cx, outgoing).await? {
                    return Ok(Answer { body, ..Answer::of(output) });
                }
            }
            Err(busy())
        }
        Run::Put(run) => {
            let received = receive::receive(cx, incoming).await?;
            let result = transact(cx, &Putting { run: *run, input, received: &received }).await;
            // Of an unknown outcome the sweeper judges later.
            if result.as_ref().is_err_and(|failure| failure.abort != Some(Abort::Unknown)) {
                undo(cx, &received.blob).await;
            }
            result.map(Answer::of)
        }
    }
}

/// Begins to read a body. `None` where its blob is gone: replaced since the transaction read of it.
async fn open(cx: &Cx, outgoing: Outgoing) -> Result<Option<Opened>, Failure> {
    let (id, range) = match outgoing {
        Outgoing::Nothing => return Ok(Some(Opened::Nothing)),
        Outgoing::Made(chunks) => return Ok(Some(Opened::Stream { bytes: None, chunks })),
        Outgoing::Blob { id, range } => (id, range),
    };
    let bytes = range.end.saturating_sub(range.start);
    let mut chunks = cx.platform.blobs.read(&id, range);
    let first = match chunks.next().await {
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        first => first.transpose().map_err(Failure::internal)?,
    };
    let request_id = cx.request_id.clone();
    // The head is gone by then: all that can be done is to break the connection, and to say why here.
    let told = move |error: &io::Error| tracing::error!(request_id, "the body broke off: {error}");
    let chunks = futures::stream::iter(first.map(Ok)).chain(chunks).inspect_err(told).boxed();
    Ok(Some(Opened::Stream { bytes: Some(bytes), chunks }))
}

fn busy() -> Failure {
    Failure::new(&common::BUSY, "Too many requests change the same data at once. Please try again.")
}

/// What a transaction does: may be called several times.
pub(crate) trait Work<T>: Sync {
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<T, Failure>>;
}

struct Plain<'i> {
    run: TxFn,
    input: &'i dyn Structure,
}

struct Getting<'i> {
    run: GetFn,
    input: &'i dyn Structure,
}

struct Putting<'i> {
    run: PutFn,
    input: &'i dyn Structure,
    received: &'i Received,
}

impl Work<Box<dyn Structure>> for Plain<'_> {
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<Box<dyn Structure>, Failure>> {
        (self.run)(cx, tx, self.input)
    }
}

impl Work<(Box<dyn Structure>, Outgoing)> for Getting<'_> {
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<(Box<dyn Structure>, Outgoing), Failure>> {
        (self.run)(cx, tx, self.input)
    }
}

impl Work<Box<dyn Structure>> for Putting<'_> {
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<Box<dyn Structure>, Failure>> {
        (self.run)(cx, tx, self.input, self.received)
    }
}

/// A closure as work. What it captures it owns.
pub(crate) struct Closure<F>(pub F);

impl<T, F> Work<T> for Closure<F>
where
    F: for<'a> Fn(&'a Cx, &'a mut Tx) -> BoxFuture<'a, Result<T, Failure>> + Sync,
{
    fn run<'a>(&'a self, cx: &'a Cx, tx: &'a mut Tx) -> BoxFuture<'a, Result<T, Failure>> {
        (self.0)(cx, tx)
    }
}

async fn undo(cx: &Cx, blob: &blob::BlobId) {
    if let Err(error) = cx.platform.blobs.delete(blob).await {
        tracing::warn!("a body that no record refers to stays behind: {error}");
    }
}

/// Runs work in a transaction until it commits.
pub(crate) async fn transact<T: Send>(cx: &Cx, work: &dyn Work<T>) -> Result<T, Failure> {
    // Held while a rerun is under way: whoever conflicted on a key runs again in the order of the conflicts.
    let mut turn: Option<Turn> = None;
    for _ in 0..RERUNS_MAX {
        cx.take_effects();
        let mut tx = cx.platform.store.begin().await?;
        let result = match work.run(cx, &mut tx).await {
            Ok(value) => {
                let counts = tx.counts();
                let committed = tx.commit().await.map_err(Failure::from);
                if committed.is_ok() {
                    cx.note(Step::Committed { reads: counts.reads, writes: counts.writes });
                }
                committed.map(|_| value)
            }
            Err(failure) => {
                // Whoever has the turn may wait for what this transaction holds.
                drop(tx);
                Err(failure)
            }
        };
        let failure = match result {
            Ok(value) => {
                drop(turn);
                apply(cx).await;
                return Ok(value);
            }
            Err(failure) => failure,
        };
        let Some(Abort::Conflict(key)) = &failure.abort else { return Err(failure) };
        cx.note(Step::Conflicted { key: String::from_utf8_lossy(key.as_bytes()).into_owned() });
        if turn.as_ref().is_none_or(|turn| turn.key() != key) {
            drop(turn.take());
            turn = Some(cx.platform.store.turns().wait(key).await);
        }
    }
    Err(busy())
}

async fn apply(cx: &Cx) {
    for effect in cx.take_effects() {
        match effect {
            Effect::DeleteBlob(id) => undo(cx, &id).await,
        }
    }
}
