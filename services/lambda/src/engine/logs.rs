//! What functions print, on its way to CloudWatch Logs: a bounded queue, drained in batches by one task, delivered through
//! the same door as everything, as the function's role.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use base::{Region, Scope, Timestamp};
use futures::StreamExt;
use serde_json::{Value, json};
use service::metrics::Line;
use service::{Caller, Failure, Platform};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Lines that wait at most; further ones are lost, and counted.
const QUEUED_LINES_MAX: usize = 65_536;
/// Bytes that wait at most.
const QUEUED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Lines taken from the queue at once.
const TAKEN_MAX: usize = 10_000;
/// Streams that are written to at once.
const WRITERS_MAX: usize = 16;

/// PutLogEvents: 10,000 events and 1 MiB, each event counted with 26 bytes more (docs).
const BATCH_EVENTS_MAX: usize = 10_000;
const BATCH_BYTES_MAX: usize = 1024 * 1024;
const EVENT_BYTES_EXTRA: usize = 26;
/// An event of PutLogEvents: 256 KiB, overhead included (docs).
const EVENT_BYTES_MAX: usize = 256 * 1024 - EVENT_BYTES_EXTRA;

/// The log stream of one environment.
#[derive(Debug)]
pub(crate) struct LogStream {
    /// The session of the function's role.
    pub caller: Caller,
    pub region: String,
    pub group: String,
    pub name: String,
    /// Set once the group and the stream have been asked for.
    made: AtomicBool,
    /// Set when the role may not write: nothing more is tried.
    refused: AtomicBool,
}

impl LogStream {
    pub fn new(caller: Caller, region: String, group: String, name: String) -> Self {
        let (made, refused) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { caller, region, group, name, made, refused }
    }
}

/// The queue.
pub(crate) struct Logs {
    sender: mpsc::Sender<Message>,
    receiver: Mutex<mpsc::Receiver<Message>>,
    queued_bytes: AtomicUsize,
    lost: AtomicU64,
}

enum Message {
    Line(Arc<LogStream>, Event),
    Flush(oneshot::Sender<()>),
}

#[derive(Debug, Clone, PartialEq)]
struct Event {
    at: Timestamp,
    text: String,
}

impl Default for Logs {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_LINES_MAX);
        Self { sender, receiver: Mutex::new(receiver), queued_bytes: AtomicUsize::new(0), lost: AtomicU64::new(0) }
    }
}

impl Logs {
    /// Queues a line. Never waits: without room the line is lost.
    pub fn add(&self, stream: &Arc<LogStream>, at: Timestamp, line: &str) {
        if stream.refused.load(Ordering::Relaxed) {
            return;
        }
        let mut text = line.get(..line.floor_char_boundary(EVENT_BYTES_MAX - 1)).unwrap_or_default().to_owned();
        // Events end with the line break, as Lambda's do; an event may not be empty.
        text.push('\n');
        let bytes = text.len();
        let has_room = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= QUEUED_BYTES_MAX;
        let message = Message::Line(Arc::clone(stream), Event { at, text });
        if !has_room || self.sender.try_send(message).is_err() {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns once everything queued before has been delivered or refused.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.sender.send(Message::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// Delivers what is queued until the queue is gone. One run at a time.
    pub async fn drain(&self, platform: &Arc<Platform>) {
        let mut receiver = self.receiver.lock().await;
        let mut taken = Vec::new();
        while receiver.recv_many(&mut taken, TAKEN_MAX).await > 0 {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!(lost, "functions print faster than their lines can be kept; lines were lost");
            }
            let (streams, flushes) = sort(taken.drain(..));
            let bytes: usize = streams.iter().flat_map(|(_, events)| events).map(|event| event.text.len()).sum();
            let deliveries = streams.into_iter().map(|(stream, events)| deliver(platform, stream, events));
            futures::stream::iter(deliveries).buffer_unordered(WRITERS_MAX).collect::<Vec<()>>().await;
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            for done in flushes {
                let _ = done.send(());
            }
        }
    }
}

type Sorted = (Vec<(Arc<LogStream>, Vec<Event>)>, Vec<oneshot::Sender<()>>);

/// Lines by stream, in their order.
fn sort(messages: impl Iterator<Item = Message>) -> Sorted {
    let mut places: HashMap<*const LogStream, usize> = HashMap::new();
    let (mut streams, mut flushes): Sorted = (Vec::new(), Vec::new());
    for message in messages {
        let (stream, event) = match message {
            Message::Line(stream, event) => (stream, event),
            Message::Flush(done) => {
                flushes.push(done);
                continue;
            }
        };
        let next = streams.len();
        let place = *places.entry(Arc::as_ptr(&stream)).or_insert(next);
        match streams.get_mut(place) {
            Some((_, events)) => events.push(event),
            None => streams.push((stream, vec![event])),
        }
    }
    (streams, flushes)
}

/// Parts that PutLogEvents takes.
fn batches(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut batches: Vec<Vec<Event>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.text.len() + EVENT_BYTES_EXTRA;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_EVENTS_MAX && bytes + size <= BATCH_BYTES_MAX => {
                batch.push(event);
                bytes += size;
            }
            _ => {
                batches.push(vec![event]);
                bytes = size;
            }
        }
    }
    batches
}

async fn deliver(platform: &Arc<Platform>, stream: Arc<LogStream>, events: Vec<Event>) {
    for batch in batches(events) {
        if stream.refused.load(Ordering::Relaxed) {
            return;
        }
        if let Err(failure) = put(platform, &stream, &batch).await.inspect(|()| embedded(platform, &stream, &batch)) {
            match failure.facts.code {
                "AccessDeniedException" | "NotImplemented" => {
                    stream.refused.store(true, Ordering::Relaxed);
                    tracing::info!(
                        group = stream.group,
                        "a function's role may not write its log: {}",
                        failure.message
                    );
                }
                _ => tracing::warn!(group = stream.group, lines = batch.len(), "log lines were lost: {failure}"),
            }
        }
    }
}

/// Writes a batch. A group or stream that is not there (any more) is made.
async fn put(platform: &Arc<Platform>, stream: &LogStream, batch: &[Event]) -> Result<(), Failure> {
    let events: Vec<Value> =
        batch.iter().map(|event| json!({ "timestamp": event.at.as_ms(), "message": event.text })).collect();
    let document = json!({ "logGroupName": stream.group, "logStreamName": stream.name, "logEvents": events });
    let fresh = !stream.made.swap(true, Ordering::Relaxed);
    if fresh {
        make(platform, stream).await;
    }
    match call(platform, stream, "PutLogEvents", &document).await {
        Err(failure) if failure.facts.code == "ResourceNotFoundException" && !fresh => {
            make(platform, stream).await;
            call(platform, stream, "PutLogEvents", &document).await
        }
        other => other,
    }
}

/// Hands on lines that may hold metrics (the embedded metric format).
fn embedded(platform: &Platform, stream: &LogStream, batch: &[Event]) {
    for event in batch.iter().filter(|event| event.text.starts_with('{') && event.text.contains("\"_aws\"")) {
        let scope = Scope::new(stream.caller.account.clone(), Region::from(stream.region.as_str()));
        platform.metrics.line(Line { scope, at: event.at, text: event.text.clone() });
    }
}

/// Makes the group and the stream, as far as the role allows; what is missing shows when lines are put.
async fn make(platform: &Arc<Platform>, stream: &LogStream) {
    let group = json!({ "logGroupName": stream.group });
    let name = json!({ "logGroupName": stream.group, "logStreamName": stream.name });
    // Mostly the group is there; asking for the stream first saves a call.
    if let Err(failure) = call(platform, stream, "CreateLogStream", &name).await
        && failure.facts.code == "ResourceNotFoundException"
    {
        let made = call(platform, stream, "CreateLogGroup", &group).await;
        let made = if made.is_ok() { call(platform, stream, "CreateLogStream", &name).await } else { made };
        if let Err(failure) = made {
            tracing::debug!(group = stream.group, "a log stream could not be made: {failure}");
        }
    }
}

async fn call(platform: &Arc<Platform>, stream: &LogStream, operation: &str, document: &Value) -> Result<(), Failure> {
    platform.call(stream.caller.clone(), &stream.region, "logs", operation, document).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> Event {
        Event { at: Timestamp::from_ms(0), text: "x".repeat(bytes) }
    }

    #[test]
    fn batches_hold_what_put_log_events_takes() {
        let shape = |events: Vec<Event>| batches(events).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(shape(vec![]), Vec::<usize>::new());
        assert_eq!(shape(vec![event(1); 10_001]), [10_000, 1]);
        assert_eq!(shape(vec![event(256 * 1024 - EVENT_BYTES_EXTRA); 5]), [4, 1]);
    }
}
