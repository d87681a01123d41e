//! Typed reads and writes of groups, streams and events inside a transaction.

use std::sync::Arc;

use base::Scope;
use kv::{Direction, Limit, LogRange, Position, Range, Tx, Watch};
use serde::{Serialize, de::DeserializeOwned};
use service::Failure;

use crate::engine::pattern::Pattern;
use crate::engine::select::{Chosen, Cut, Place, Selection};
use crate::errors::Error;
use crate::keys;
use crate::model::{Batch, Group, GroupRecord, Stream, StreamRecord};

/// How much of a log is read at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

pub(crate) async fn group(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Option<Group>, Error> {
    let Some(bytes) = tx.get(&keys::group(scope, name)).await? else { return Ok(None) };
    let GroupRecord::V1(group) = read(&bytes)?;
    Ok(Some(group))
}

pub(crate) fn put_group(tx: &mut Tx, scope: &Scope, name: &str, group: Group) -> Result<(), Error> {
    tx.put(keys::group(scope, name), write(&GroupRecord::V1(group))?);
    Ok(())
}

/// Removes a group with its streams and their events.
pub(crate) async fn delete_group(tx: &mut Tx, scope: &Scope, name: &str) -> Result<(), Error> {
    let prefix = keys::streams(scope, name);
    let mut range = Range::prefix(prefix.clone());
    loop {
        let page = tx.range(range.clone(), Limit::PAGE, Watch::Tracked).await?;
        for (key, bytes) in &page.rows {
            let StreamRecord::V1(stream) = read(bytes)?;
            tx.trim(keys::events(stream.id), Position::END);
            tx.delete(key.clone());
        }
        match page.last() {
            Some(last) if page.more => range = range.after(last),
            _ => break,
        }
    }
    tx.delete(keys::group(scope, name));
    Ok(())
}

/// Groups behind a name, in the order of names, as many as the page holds; and whether there are more.
pub(crate) async fn groups(
    tx: &mut Tx,
    scope: &Scope,
    name_prefix: &str,
    after: Option<&str>,
) -> Result<(Vec<(String, Group)>, bool), Error> {
    let mut range = Range::prefix(keys::group(scope, name_prefix));
    if let Some(after) = after {
        range = range.after(&keys::group(scope, after));
    }
    let page = tx.range(range, Limit::PAGE, Watch::Untracked).await?;
    let prefix = keys::groups(scope);
    let mut groups = Vec::new();
    for (key, bytes) in &page.rows {
        let GroupRecord::V1(group) = read(bytes)?;
        groups.extend(keys::name(&prefix, key).map(|name| (name, group)));
    }
    Ok((groups, page.more))
}

pub(crate) async fn stream(tx: &mut Tx, scope: &Scope, group: &str, name: &str) -> Result<Option<Stream>, Error> {
    let Some(bytes) = tx.get(&keys::stream(scope, group, name)).await? else { return Ok(None) };
    let StreamRecord::V1(stream) = read(&bytes)?;
    Ok(Some(stream))
}

pub(crate) fn put_stream(tx: &mut Tx, scope: &Scope, group: &str, name: &str, stream: &Stream) -> Result<(), Error> {
    tx.put(keys::stream(scope, group, name), write(&StreamRecord::V1(stream.clone()))?);
    Ok(())
}

/// Removes a stream with its events.
pub(crate) fn delete_stream(tx: &mut Tx, scope: &Scope, group: &str, name: &str, stream: &Stream) {
    tx.trim(keys::events(stream.id), Position::END);
    tx.delete(keys::stream(scope, group, name));
}

/// Streams of a group in the order of names, as many as the page holds; and whether there are more.
pub(crate) async fn streams(
    tx: &mut Tx,
    scope: &Scope,
    group: &str,
    name_prefix: &str,
    after: Option<&str>,
    direction: Direction,
) -> Result<(Vec<(String, Stream)>, bool), Error> {
    let mut range = Range::prefix(keys::stream(scope, group, name_prefix)).direction(direction);
    if let Some(after) = after {
        range = range.after(&keys::stream(scope, group, after));
    }
    let page = tx.range(range, Limit::PAGE, Watch::Untracked).await?;
    let prefix = keys::streams(scope, group);
    let mut streams = Vec::new();
    for (key, bytes) in &page.rows {
        let StreamRecord::V1(stream) = read(bytes)?;
        streams.extend(keys::name(&prefix, key).map(|name| (name, stream)));
    }
    Ok((streams, page.more))
}

pub(crate) fn append(tx: &mut Tx, stream: &Stream, batch: &Batch) {
    tx.append(keys::events(stream.id), batch.encode());
}

/// Chooses events of one stream. Stops where nothing further can be chosen, or, in a stream that is in order and read
/// forward, after about `budget` bytes: then the selection ends there.
pub(crate) async fn select(
    tx: &mut Tx,
    (name, stream): (&Arc<str>, &Stream),
    pattern: &Pattern,
    selection: &mut Selection,
    budget: usize,
) -> Result<(), Error> {
    let log = keys::events(stream.id);
    let direction = selection.window.direction;
    let mut range = start(tx, stream, selection).await?;
    let mut read = 0;
    loop {
        let page = tx.read_log(&log, range, Limit::PAGE.bytes(CHUNK_BYTES)).await?;
        for record in &page.records {
            read += record.body.len();
            let batch =
                Batch::decode(record.body.clone()).ok_or_else(|| Failure::defect("a batch of events is broken"))?;
            let at = (name, record.position.get());
            let Some(end) = select_of(&batch, at, pattern, selection) else { continue };
            if stream.ordered && selection.is_past(&end) {
                return Ok(());
            }
            if stream.ordered && direction == Direction::Forward && budget < read && selection.admits(&end) {
                selection.end_at(Place { index: u32::MAX, ..end });
                return Ok(());
            }
        }
        match page.last() {
            Some(last) if page.more => {
                range = if direction == Direction::Forward { range.after(last) } else { range.before(last) };
            }
            _ => return Ok(()),
        }
    }
}

/// Chooses from one batch; answers its farthest place.
fn select_of(batch: &Batch, at: (&Arc<str>, u64), pattern: &Pattern, selection: &mut Selection) -> Option<Place> {
    let place = |(index, timestamp)| Place { timestamp, stream: Arc::clone(at.0), position: at.1, index };
    for (index, event) in (0..).zip(&batch.events) {
        let place = place((index, event.timestamp));
        if selection.admits(&place) && pattern.matches(&String::from_utf8_lossy(&event.message)) {
            selection.choose(place, Chosen { message: event.message.clone(), ingested: batch.ingested });
        }
    }
    let farthest = match selection.window.direction {
        Direction::Forward => (0..).zip(&batch.events).last(),
        Direction::Reverse => (0..).zip(&batch.events).next(),
    };
    farthest.map(|(index, event)| place((index, event.timestamp)))
}

/// Where reading begins: a stream in order is entered where the window does.
async fn start(tx: &mut Tx, stream: &Stream, selection: &Selection) -> Result<LogRange, Error> {
    let window = &selection.window;
    match window.direction {
        _ if !stream.ordered => Ok(LogRange::forward()),
        Direction::Reverse => Ok(match &window.cut {
            Some(Cut::Before(place) | Cut::After(place)) => {
                LogRange::reverse().before(Position::new(place.position).next())
            }
            None => LogRange::reverse(),
        }),
        Direction::Forward => {
            let floor = match &window.cut {
                Some(Cut::Before(place) | Cut::After(place)) => window.from.max(place.timestamp),
                None => window.from,
            };
            Ok(LogRange::forward().after(seek(tx, stream, floor).await?))
        }
    }
}

/// A position of an ordered stream in front of every event at or after this time: halves the span until it is close.
async fn seek(tx: &mut Tx, stream: &Stream, floor: i64) -> Result<Position, Error> {
    let log = keys::events(stream.id);
    if stream.first_event.is_none_or(|first| floor <= first.as_ms()) {
        return Ok(Position::START);
    }
    let last = tx.read_log(&log, LogRange::reverse(), Limit::rows(1)).await?;
    let (mut low, mut high) = (0, last.last().map_or(0, Position::get));
    while low < high {
        let middle = low + (high - low) / 2;
        let next = tx.read_log(&log, LogRange::forward().after(Position::new(middle)), Limit::rows(1)).await?;
        let begins =
            |record: &kv::Record| Batch::decode(record.body.clone()).and_then(|b| Some(b.events.first()?.timestamp));
        match next.records.first() {
            Some(record) if begins(record).is_some_and(|time| time < floor) => low = record.position.get(),
            _ => high = middle,
        }
    }
    Ok(Position::new(low.saturating_sub(1)))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Failure::internal(error).into())
}

fn write<T: Serialize>(record: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(record).map_err(|error| Failure::internal(error).into())
}
