//! Events of a group's streams, interleaved by time and filtered.

use std::sync::Arc;

use kv::{Direction, Tx};
use service::{Cx, Failure};

use crate::engine::pattern::{Pattern, PatternError};
use crate::engine::select::{Chosen, Cut, Place, Selection, Window};
use crate::errors::Error;
use crate::model::{self, Stream};
use crate::ops::event::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX, kept_from};
use crate::ops::stream::existing;
use crate::store;
use crate::wire::{FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent};

/// How much of the logs one page looks through, shared by the streams; a page may so be empty and yet not the last.
const SCAN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What each stream may be read for whatever the number of streams.
const STREAM_SCAN_BYTES_MIN: usize = 1024 * 1024;

/// A page of the events of a group's streams that a pattern matches, in the order of time.
pub(crate) async fn filter_log_events(
    cx: &Cx,
    tx: &mut Tx,
    input: &FilterLogEventsRequest,
) -> Result<FilterLogEventsResponse, Error> {
    // Events have always been interleaved since 2019, whatever the request says (docs).
    let FilterLogEventsRequest {
        log_group_name,
        log_group_identifier,
        log_stream_names,
        log_stream_name_prefix,
        start_time,
        end_time,
        filter_pattern,
        next_token,
        limit,
        interleaved: _,
    } = input;
    let group = model::group_named(&cx.scope, log_group_name.as_deref(), log_group_identifier.as_deref())?;
    let pattern = parse(filter_pattern.as_deref().unwrap_or_default())?;
    let prefix = log_stream_name_prefix.as_deref().unwrap_or_default();
    let names = log_stream_names.as_deref();
    let listing = serde_json::json!([group, names, prefix, start_time, end_time, filter_pattern]);
    let tokens = cx.page(&format!("FilterLogEvents:{listing}"));
    let cut = match next_token {
        Some(token) => {
            let bytes = tokens.open(token).map_err(|_| Error::bad_token())?;
            Some(serde_json::from_slice::<Cut>(&bytes).map_err(|_| Error::bad_token())?)
        }
        None => None,
    };
    let window = Window {
        from: start_time.unwrap_or(0).max(kept_from(cx, tx, &group).await?),
        to: end_time.unwrap_or(i64::MAX),
        cut,
        direction: Direction::Forward,
        limit: limit.map_or(PAGE_EVENTS_MAX, |limit| limit as usize),
        bytes: PAGE_BYTES_MAX,
    };
    let streams = streams(cx, tx, &group, names, prefix, &window).await?;
    let (events, next) = choose(tx, &streams, &pattern, Selection::new(window)).await?;
    let next = next.map(|cut| serde_json::to_vec(&cut).map_err(Failure::internal)).transpose()?;
    Ok(FilterLogEventsResponse {
        events: Some(events.iter().map(|(place, event)| shown(&streams, place, event)).collect()),
        // Always empty since 2020 (docs).
        searched_log_streams: Some(Vec::new()),
        next_token: next.map(|bytes| tokens.after(&bytes)),
    })
}

fn parse(pattern: &str) -> Result<Pattern, Error> {
    Pattern::parse(pattern).map_err(|error| match error {
        PatternError::Malformed => Error::invalid("Invalid filter pattern"),
        PatternError::Unsupported => Failure::not_implemented(format!("The filter pattern '{pattern}'")).into(),
    })
}

/// The streams asked for that can hold events of the window, in the order of their first events.
async fn streams(
    cx: &Cx,
    tx: &mut Tx,
    group: &str,
    names: Option<&[String]>,
    prefix: &str,
    window: &Window,
) -> Result<Vec<(Arc<str>, Stream)>, Error> {
    if names.is_some() && !prefix.is_empty() {
        return Err(Error::invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
    }
    let from = match &window.cut {
        Some(Cut::Before(place) | Cut::After(place)) => window.from.max(place.timestamp),
        None => window.from,
    };
    let mut found: Vec<(Arc<str>, Stream)> = Vec::new();
    let mut take = |name: &str, stream: Stream| {
        if stream.overlaps(from, window.to) && found.iter().all(|(known, _)| names.is_none() || **known != *name) {
            found.push((name.into(), stream));
        }
    };
    match names {
        Some(names) => {
            for name in names {
                take(name, existing(cx, tx, group, name).await?);
            }
        }
        None => {
            store::group(tx, &cx.scope, group).await?.ok_or(Error::NoSuchGroup)?;
            let mut after: Option<String> = None;
            loop {
                let (page, more) =
                    store::streams(tx, &cx.scope, group, prefix, after.as_deref(), Direction::Forward).await?;
                after = page.last().map(|(name, _)| name.clone());
                page.into_iter().for_each(|(name, stream)| take(&name, stream));
                if !more {
                    break;
                }
            }
        }
    }
    found.sort_by_key(|(_, stream)| stream.first_event);
    Ok(found)
}

async fn choose(
    tx: &mut Tx,
    streams: &[(Arc<str>, Stream)],
    pattern: &Pattern,
    mut selection: Selection,
) -> Result<(Vec<(Place, Chosen)>, Option<Cut>), Error> {
    let budget = (SCAN_BYTES_MAX / streams.len().max(1)).max(STREAM_SCAN_BYTES_MIN);
    for (name, stream) in streams {
        let first = stream.first_event.unwrap_or_default().as_ms();
        let begins = Place { timestamp: first, stream: Arc::clone(name), position: 0, index: 0 };
        if !selection.is_past(&begins) {
            store::select(tx, (name, stream), pattern, &mut selection, budget).await?;
        }
    }
    Ok(selection.finish())
}

fn shown(streams: &[(Arc<str>, Stream)], place: &Place, event: &Chosen) -> FilteredLogEvent {
    let stream = streams.iter().find(|(name, _)| *name == place.stream).map_or(0, |(_, stream)| stream.id);
    FilteredLogEvent {
        log_stream_name: Some(place.stream.to_string()),
        timestamp: Some(place.timestamp),
        message: Some(String::from_utf8_lossy(&event.message).into_owned()),
        ingestion_time: Some(event.ingested.as_ms()),
        event_id: Some(event_id(place, stream)),
    }
}

/// 56 digits, as AWS's are: time, record, place in it, and the stream's id to 17 digits.
fn event_id(place: &Place, stream: u64) -> String {
    let Place { timestamp, position, index, .. } = place;
    format!("{timestamp:014}{position:020}{index:05}{:017}", stream % 100_000_000_000_000_000)
}
