//! Log streams: create, list, delete.

use std::collections::BTreeMap;
use std::ops::Bound;

use base::Timestamp;
use kv::{Direction, Tx};
use service::{Cx, Failure};

use crate::errors::Error;
use crate::model::{self, Stream};
use crate::ops::group::{PAGE_MAX, open};
use crate::store;
use crate::wire::{
    CreateLogStreamNothing, CreateLogStreamRequest, DeleteLogStreamNothing, DeleteLogStreamRequest,
    DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream,
};

/// Creates a stream in a group.
pub(crate) async fn create_log_stream(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateLogStreamRequest,
) -> Result<CreateLogStreamNothing, Error> {
    let CreateLogStreamRequest { log_group_name, log_stream_name } = input;
    store::group(tx, &cx.scope, log_group_name).await?.ok_or(Error::NoSuchGroup)?;
    if store::stream(tx, &cx.scope, log_group_name, log_stream_name).await?.is_some() {
        return Err(Error::StreamExists);
    }
    let stream = Stream::new(u64::from_be_bytes(cx.platform.ids.bytes()), cx.now());
    store::put_stream(tx, &cx.scope, log_group_name, log_stream_name, &stream)?;
    Ok(CreateLogStreamNothing {})
}

/// Deletes a stream and its events.
pub(crate) async fn delete_log_stream(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteLogStreamRequest,
) -> Result<DeleteLogStreamNothing, Error> {
    let DeleteLogStreamRequest { log_group_name, log_stream_name } = input;
    let stream = existing(cx, tx, log_group_name, log_stream_name).await?;
    store::delete_stream(tx, &cx.scope, log_group_name, log_stream_name, &stream);
    Ok(DeleteLogStreamNothing {})
}

/// The stream, or the error that says which of group and stream is missing.
pub(crate) async fn existing(cx: &Cx, tx: &mut Tx, group: &str, name: &str) -> Result<Stream, Error> {
    if let Some(stream) = store::stream(tx, &cx.scope, group, name).await? {
        return Ok(stream);
    }
    match store::group(tx, &cx.scope, group).await? {
        Some(_) => Err(Error::NoSuchStream),
        None => Err(Error::NoSuchGroup),
    }
}

/// Lists a group's streams in the order of names or of their last events.
pub(crate) async fn describe_log_streams(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeLogStreamsRequest,
) -> Result<DescribeLogStreamsResponse, Error> {
    let DescribeLogStreamsRequest {
        log_group_name,
        log_group_identifier,
        log_stream_name_prefix,
        order_by,
        descending,
        next_token,
        limit,
    } = input;
    let group = model::group_named(&cx.scope, log_group_name.as_deref(), log_group_identifier.as_deref())?;
    store::group(tx, &cx.scope, &group).await?.ok_or(Error::NoSuchGroup)?;
    let direction = if *descending == Some(true) { Direction::Reverse } else { Direction::Forward };
    let by_time = order_by.as_deref() == Some("LastEventTime");
    if by_time && log_stream_name_prefix.is_some() {
        return Err(Error::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let prefix = log_stream_name_prefix.as_deref().unwrap_or_default();
    let tokens = cx.page(&format!("DescribeLogStreams:{by_time}:{direction:?}:{group}:{prefix}"));
    let after = next_token.as_deref().map(|token| open(&tokens, token)).transpose()?;
    let limit = limit.map_or(PAGE_MAX, |limit| limit as usize);

    let (found, next) = match by_time {
        true => latest(cx, tx, &group, direction, after.as_deref(), limit).await?,
        false => named(cx, tx, (&group, prefix), direction, after.as_deref(), limit).await?,
    };
    Ok(DescribeLogStreamsResponse {
        log_streams: Some(found.iter().map(|(name, stream)| described(cx, &group, name, stream)).collect()),
        next_token: next.map(|last| tokens.after(last.as_bytes())),
    })
}

type Listed = (Vec<(String, Stream)>, Option<String>);

/// A page by name, and what its token holds if there are more.
async fn named(
    cx: &Cx,
    tx: &mut Tx,
    (group, prefix): (&str, &str),
    direction: Direction,
    after: Option<&str>,
    limit: usize,
) -> Result<Listed, Error> {
    let (mut page, _) = store::streams(tx, &cx.scope, group, prefix, after, direction).await?;
    let next = if limit < page.len() { page.get(limit - 1).map(|(name, _)| name.clone()) } else { None };
    page.truncate(limit);
    Ok((page, next))
}

/// A page by the time of the last event: the nearest ones out of all streams. Without events is earliest.
async fn latest(
    cx: &Cx,
    tx: &mut Tx,
    group: &str,
    direction: Direction,
    after: Option<&str>,
    limit: usize,
) -> Result<Listed, Error> {
    type Place = (Option<Timestamp>, String);
    let last: Option<Place> = after.map(serde_json::from_str).transpose().map_err(|_| Error::bad_token())?;
    let mut nearest: BTreeMap<Place, Stream> = BTreeMap::new();
    let mut from: Option<String> = None;
    loop {
        let (page, more) = store::streams(tx, &cx.scope, group, "", from.as_deref(), Direction::Forward).await?;
        from = page.last().map(|(name, _)| name.clone());
        nearest.extend(page.into_iter().map(|(name, stream)| ((stream.last_event, name), stream)));
        nearest = behind(nearest, last.as_ref(), direction);
        while limit + 1 < nearest.len() {
            match direction {
                Direction::Forward => nearest.pop_last(),
                Direction::Reverse => nearest.pop_first(),
            };
        }
        if !more {
            break;
        }
    }
    let mut rows: Vec<(Place, Stream)> = nearest.into_iter().collect();
    if direction == Direction::Reverse {
        rows.reverse();
    }
    let more = limit < rows.len();
    rows.truncate(limit);
    let next = match rows.last() {
        Some((place, _)) if more => Some(serde_json::to_string(place).map_err(Failure::internal)?),
        _ => None,
    };
    Ok((rows.into_iter().map(|((_, name), stream)| (name, stream)).collect(), next))
}

fn behind<K: Ord + Clone, V>(mut map: BTreeMap<K, V>, last: Option<&K>, direction: Direction) -> BTreeMap<K, V> {
    let Some(last) = last else { return map };
    match direction {
        Direction::Reverse => {
            map.split_off(last);
            map
        }
        Direction::Forward => {
            let mut rest = map.split_off(last);
            rest.remove(last);
            debug_assert!(rest.range((Bound::Unbounded, Bound::Included(last.clone()))).next().is_none());
            rest
        }
    }
}

fn described(cx: &Cx, group: &str, name: &str, stream: &Stream) -> LogStream {
    LogStream {
        log_stream_name: Some(name.to_owned()),
        creation_time: Some(stream.created.as_ms()),
        first_event_timestamp: stream.first_event.map(Timestamp::as_ms),
        last_event_timestamp: stream.last_event.map(Timestamp::as_ms),
        last_ingestion_time: stream.last_ingestion.map(Timestamp::as_ms),
        upload_sequence_token: Some(stream.sequence_token()),
        arn: Some(crate::stream_arn(cx, group, name).to_string()),
        // Of streams AWS has reported nought since 2019 (docs); the group's sum is true.
        stored_bytes: Some(0),
    }
}
