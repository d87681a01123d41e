//! Events of one stream: put, get.

use std::sync::Arc;

use base::PageToken;
use bytes::Bytes;
use kv::{Direction, Tx};
use service::Cx;

use crate::engine::pattern::Pattern;
use crate::engine::select::{Chosen, Cut, Place, Selection, Window};
use crate::errors::Error;
use crate::model::{self, Batch, EVENT_OVERHEAD_BYTES, Event};
use crate::ops::stream::existing;
use crate::store;
use crate::wire::{
    GetLogEventsRequest, GetLogEventsResponse, InputLogEvent, OutputLogEvent, PutLogEventsRequest,
    PutLogEventsResponse, RejectedLogEventsInfo,
};

/// PutLogEvents: messages and their overhead (docs).
const BATCH_BYTES_MAX: usize = 1_048_576;
/// PutLogEvents: from the first event to the last (docs).
const BATCH_SPAN_MS_MAX: i64 = 24 * 3600 * 1000;
/// PutLogEvents: older events are rejected (docs).
const AGE_MS_MAX: i64 = 14 * 24 * 3600 * 1000;
/// PutLogEvents: newer events are rejected (docs).
const AHEAD_MS_MAX: i64 = 2 * 3600 * 1000;
/// GetLogEvents and FilterLogEvents: events of a page, also where the request does not say (model).
pub(crate) const PAGE_EVENTS_MAX: usize = 10_000;
/// GetLogEvents and FilterLogEvents: bytes of a page (docs).
pub(crate) const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Appends a batch of events to a stream. Those too old or too new are left out, and the answer says which.
pub(crate) async fn put_log_events(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutLogEventsRequest,
) -> Result<PutLogEventsResponse, Error> {
    // Sequence tokens have been ignored by AWS since 2023 (docs).
    let PutLogEventsRequest { log_group_name, log_stream_name, log_events, sequence_token: _ } = input;
    check(log_events)?;
    let mut stream = existing(cx, tx, log_group_name, log_stream_name).await?;

    let now = cx.now().as_ms();
    let kept_from = kept_from(cx, tx, log_group_name).await?;
    let too_old = log_events.partition_point(|event| event.timestamp < now - AGE_MS_MAX);
    let expired = log_events.partition_point(|event| event.timestamp < kept_from);
    let too_new = log_events.partition_point(|event| event.timestamp <= now + AHEAD_MS_MAX);
    let taken = log_events.get(too_old.max(expired)..too_new).unwrap_or_default();
    if !taken.is_empty() {
        let event = |e: &InputLogEvent| Event { timestamp: e.timestamp, message: Bytes::from(e.message.clone()) };
        let batch = Batch { ingested: cx.now(), events: taken.iter().map(event).collect() };
        store::append(tx, &stream, &batch);
        stream.take(&batch);
        store::put_stream(tx, &cx.scope, log_group_name, log_stream_name, &stream)?;
    }

    let rejected = RejectedLogEventsInfo {
        too_new_log_event_start_index: (too_new < log_events.len()).then_some(too_new as i32),
        too_old_log_event_end_index: (0 < too_old).then_some(too_old as i32),
        expired_log_event_end_index: (0 < expired).then_some(expired as i32),
    };
    Ok(PutLogEventsResponse {
        next_sequence_token: Some(stream.sequence_token()),
        rejected_log_events_info: (rejected != RejectedLogEventsInfo::default()).then_some(rejected),
    })
}

/// The time before which the group's events have expired.
pub(crate) async fn kept_from(cx: &Cx, tx: &mut Tx, group: &str) -> Result<i64, Error> {
    let group = store::group(tx, &cx.scope, group).await?.ok_or(Error::NoSuchGroup)?;
    Ok(group.kept_from(cx.now()))
}

/// The rules of a batch beside the model's.
fn check(events: &[InputLogEvent]) -> Result<(), Error> {
    let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD_BYTES).sum();
    if BATCH_BYTES_MAX < bytes {
        return Err(Error::Invalid(format!("Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES_MAX}")));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(Error::invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let span = events.first().zip(events.last()).map_or(0, |(first, last)| last.timestamp - first.timestamp);
    if BATCH_SPAN_MS_MAX < span {
        return Err(Error::invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    Ok(())
}

/// A page of a stream's events: its end, its beginning, or what lies behind or in front of a token.
pub(crate) async fn get_log_events(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetLogEventsRequest,
) -> Result<GetLogEventsResponse, Error> {
    let GetLogEventsRequest {
        log_group_name,
        log_group_identifier,
        log_stream_name,
        start_time,
        end_time,
        next_token,
        limit,
        start_from_head,
    } = input;
    let group = model::group_named(&cx.scope, log_group_name.as_deref(), log_group_identifier.as_deref())?;
    let stream = existing(cx, tx, &group, log_stream_name).await?;
    let tokens = cx.page(&format!("GetLogEvents:{group}:{log_stream_name}"));
    let (direction, cut) = match next_token {
        Some(token) => open(&tokens, token).map(|(direction, cut)| (direction, Some(cut)))?,
        None if *start_from_head == Some(true) => (Direction::Forward, None),
        None => (Direction::Reverse, None),
    };
    let from = start_time.unwrap_or(0).max(kept_from(cx, tx, &group).await?);
    let window = Window {
        from,
        to: end_time.map_or(i64::MAX, |end| end - 1),
        cut: cut.clone(),
        direction,
        limit: limit.map_or(PAGE_EVENTS_MAX, |limit| limit as usize),
        bytes: PAGE_BYTES_MAX,
    };
    let mut selection = Selection::new(window);
    let name: Arc<str> = log_stream_name.as_str().into();
    store::select(tx, (&name, &stream), &Pattern::default(), &mut selection, usize::MAX).await?;
    let (events, _) = selection.finish();

    let beginning = Place { timestamp: from, stream: name, position: 0, index: 0 };
    let stay = cut.unwrap_or(Cut::Before(beginning));
    let forward = events.last().map_or_else(|| stay.clone(), |(place, _)| Cut::After(place.clone()));
    let backward = events.first().map_or(stay, |(place, _)| Cut::Before(place.clone()));
    let (mut forward, mut backward) = (seal(&tokens, "f", &forward)?, seal(&tokens, "b", &backward)?);
    // At an end of the stream the token given is the token got: that is how clients know.
    match (next_token, direction) {
        (Some(token), Direction::Forward) if events.is_empty() => forward = token.clone(),
        (Some(token), Direction::Reverse) if events.is_empty() => backward = token.clone(),
        _ => (),
    }
    Ok(GetLogEventsResponse {
        events: Some(events.iter().map(|(place, event)| shown(place, event)).collect()),
        next_forward_token: Some(forward),
        next_backward_token: Some(backward),
    })
}

fn shown(place: &Place, event: &Chosen) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: Some(place.timestamp),
        message: Some(String::from_utf8_lossy(&event.message).into_owned()),
        ingestion_time: Some(event.ingested.as_ms()),
    }
}

/// `f/` or `b/`, and the sealed cut.
fn seal(tokens: &PageToken<'_>, letter: &str, cut: &Cut) -> Result<String, Error> {
    let bytes = serde_json::to_vec(cut).map_err(service::Failure::internal)?;
    Ok(format!("{letter}/{}", tokens.after(&bytes)))
}

fn open(tokens: &PageToken<'_>, token: &str) -> Result<(Direction, Cut), Error> {
    let (direction, sealed) = match token.split_once('/') {
        Some(("f", sealed)) => (Direction::Forward, sealed),
        Some(("b", sealed)) => (Direction::Reverse, sealed),
        _ => return Err(Error::bad_token()),
    };
    let bytes = tokens.open(sealed).map_err(|_| Error::bad_token())?;
    let cut = serde_json::from_slice(&bytes).map_err(|_| Error::bad_token())?;
    Ok((direction, cut))
}
