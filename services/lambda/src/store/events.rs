//! Events of asynchronous invocations, and how a function's are handled.

use base::{Scope, Timestamp};
use bytes::Bytes;
use kv::{Key, Limit, Range, Timer, TimerId, Tx, Watch};

use crate::engine::event::{self, Event, Handling};
use crate::errors::Error;
use crate::keys::{self, HandlingKey};
use crate::store::read;

/// Accepts an event: from its commit on it will be delivered.
pub(crate) fn put_event(tx: &mut Tx, event: &Event, payload: Bytes, due: Timestamp) -> Result<(), Error> {
    tx.put(keys::payload(&event.request_id), payload);
    set_event(tx, event, due)
}

/// When an event is delivered (again).
pub(crate) fn set_event(tx: &mut Tx, event: &Event, due: Timestamp) -> Result<(), Error> {
    let body = serde_json::to_vec(&event::Record::V1(event.clone())).map_err(service::Failure::internal)?;
    tx.at(due, Timer { list: keys::EVENTS, name: event.request_id.clone().into(), body: body.into() });
    Ok(())
}

/// Takes an event that is due; false if somebody else has dealt with it.
pub(crate) async fn take_event(tx: &mut Tx, id: &TimerId) -> Result<bool, kv::Error> {
    Ok(tx.take(id).await?.is_some())
}

/// The payload of an event, while it is not dealt with.
pub(crate) async fn event_payload(tx: &mut Tx, event: &Event) -> Result<Option<Bytes>, kv::Error> {
    tx.peek(&keys::payload(&event.request_id)).await
}

/// Nothing more happens to the event.
pub(crate) fn remove_event(tx: &mut Tx, event: &Event) {
    tx.delete(keys::payload(&event.request_id));
}

pub(crate) fn read_event(body: &[u8]) -> Result<Event, kv::Error> {
    let event::Record::V1(event) = read(body, "an event")?;
    Ok(event)
}

/// How the events of a function are handled, if anybody said so.
pub(crate) async fn handling(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    qualifier: &str,
) -> Result<Option<Handling>, kv::Error> {
    let found = tx.get(&HandlingKey { scope, name, qualifier }.encode()).await?;
    found.map(|bytes| read(&bytes, "an event invoke config")).transpose()
}

pub(crate) fn put_handling(tx: &mut Tx, key: &HandlingKey<'_>, handling: &Handling) -> Result<(), Error> {
    tx.put(key.encode(), serde_json::to_vec(handling).map_err(service::Failure::internal)?);
    Ok(())
}

pub(crate) fn remove_handling(tx: &mut Tx, key: &HandlingKey<'_>) {
    tx.delete(key.encode());
}

/// A function's handlings behind a qualifier, each with its own, and whether there are more.
pub(crate) async fn handlings(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<(String, Handling)>, bool), kv::Error> {
    let prefix = keys::handlings(scope, name);
    let mut range = Range::prefix(Key::from(prefix.clone()));
    if let Some(qualifier) = after {
        range = range.after(&HandlingKey { scope, name, qualifier }.encode());
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Tracked).await?;
    let found: Result<Vec<_>, kv::Error> = page
        .rows
        .iter()
        .map(|(key, value)| {
            let qualifier = key.as_bytes().get(prefix.len()..).unwrap_or_default();
            Ok((String::from_utf8_lossy(qualifier).into_owned(), read(value, "an event invoke config")?))
        })
        .collect();
    Ok((found?, page.more))
}

/// Forgets everything of a function beside its record.
pub(crate) async fn remove_around(tx: &mut Tx, scope: &Scope, name: &str) -> Result<(), Error> {
    let (handlings, _) = handlings(tx, scope, name, None, kv::PAGE_ROWS_MAX).await?;
    for (qualifier, _) in &handlings {
        remove_handling(tx, &HandlingKey { scope, name, qualifier });
    }
    super::shares::reserve(tx, scope, name, None).await
}
