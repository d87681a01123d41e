//! Delivers events of asynchronous invocations: begins each one that is due, and settles what came of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::Timestamp;
use bytes::Bytes;
use kv::{Limit, TimerId};
use service::{Caller, Cx, Failure, Platform, demand};
use tokio::sync::{Notify, watch};

use crate::engine::Functions;
use crate::engine::event::{AGE_DEFAULT_S, Came, Condition, Event, Handling, Next, Response};
use crate::engine::start::PRINCIPAL;
use crate::keys;
use crate::names::{LATEST, Target};
use crate::ops::invoke::{self, EVENT_BYTES_MAX, Request};
use crate::store;

/// Events that are delivered at once: half of the environments that a host keeps, so that callers who wait find room.
const RUNNING_MAX: usize = 128;
/// Of them those of one function, so that a flood for one holds up no other.
const RUNNING_OF_ONE_MAX: usize = 32;
/// Events that are looked at in one round.
const DUE_MAX: usize = 512;
/// Events of a function that has its share wait this long.
const CROWDED_S: i64 = 1;
/// The longest time between two looks; also how long a store that fails is left alone.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const TROUBLE: Duration = Duration::from_secs(1);

/// The events that are being delivered.
#[derive(Default)]
pub(crate) struct Deliveries {
    state: Arc<Mutex<State>>,
    /// There may be something to begin.
    wake: Arc<Notify>,
    /// A round or a delivery has ended.
    progress: Arc<watch::Sender<()>>,
}

#[derive(Default)]
struct State {
    /// By request, with the function's ARN.
    running: HashMap<String, String>,
    /// Settled since the last look began: the look may still see them as they were.
    settled: HashSet<String>,
}

enum Begun {
    Now(Delivering),
    Before,
    /// Its function has its share.
    Crowded,
    Full,
}

/// Holds a place among the events that are being delivered.
struct Delivering {
    request_id: String,
    state: Arc<Mutex<State>>,
    wake: Arc<Notify>,
    progress: Arc<watch::Sender<()>>,
}

impl Drop for Delivering {
    fn drop(&mut self) {
        let mut state = held(&self.state);
        state.running.remove(&self.request_id);
        state.settled.insert(std::mem::take(&mut self.request_id));
        drop(state);
        self.wake.notify_one();
        self.progress.send_replace(());
    }
}

fn held(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deliveries {
    fn begin(&self, event: &Event) -> Begun {
        let function = event.target().arn().to_string();
        let mut state = held(&self.state);
        if state.running.contains_key(&event.request_id) || state.settled.contains(&event.request_id) {
            return Begun::Before;
        }
        if RUNNING_MAX <= state.running.len() {
            return Begun::Full;
        }
        if RUNNING_OF_ONE_MAX <= state.running.values().filter(|other| **other == function).count() {
            return Begun::Crowded;
        }
        state.running.insert(event.request_id.clone(), function);
        drop(state);
        Begun::Now(Delivering {
            request_id: event.request_id.clone(),
            state: Arc::clone(&self.state),
            wake: Arc::clone(&self.wake),
            progress: Arc::clone(&self.progress),
        })
    }
}

impl Functions {
    /// Delivers events as they become due, for ever.
    pub(crate) async fn deliver(self: &Arc<Self>, platform: &Arc<Platform>) {
        loop {
            let mut bell = platform.store.bell(&keys::EVENTS);
            let wait = match self.begin_due(platform).await {
                Ok(wait) => wait,
                Err(failure) => {
                    tracing::warn!("events cannot be looked for: {failure}");
                    TROUBLE
                }
            };
            self.deliveries().progress.send_replace(());
            tokio::select! {
                () = bell.rung() => (),
                () = self.deliveries().wake.notified() => (),
                () = tokio::time::sleep(wait) => (),
            }
        }
    }

    /// Begins what is due. Answers how long it is until something else is.
    async fn begin_due(self: &Arc<Self>, platform: &Arc<Platform>) -> Result<Duration, Failure> {
        held(&self.deliveries().state).settled.clear();
        let now = platform.clock.now();
        let due = platform.store.due(&keys::EVENTS, now, Limit::rows(DUE_MAX)).await?;
        let mut crowded = Vec::new();
        for (id, body) in due.timers {
            let event = match store::events::read_event(&body) {
                Ok(event) => event,
                Err(error) => {
                    tracing::error!("an event cannot be read and stays: {error}");
                    continue;
                }
            };
            match self.deliveries().begin(&event) {
                Begun::Now(place) => {
                    let (functions, server) = (Arc::clone(self), Arc::clone(platform));
                    let work = async move {
                        if let Err(failure) = functions.one(&server, id, event).await {
                            tracing::warn!("an event is delivered again: {failure}");
                            tokio::time::sleep(TROUBLE).await;
                        }
                        drop(place);
                    };
                    platform.tasks.once("event", Box::pin(work)).await;
                }
                Begun::Before => (),
                Begun::Crowded => crowded.push((id, event)),
                Begun::Full => break,
            }
        }
        defer(platform, crowded, now).await?;
        // What is overdue waits for one that runs to end, which wakes.
        let wait = due.next.map(|next| next.as_ms() - now.as_ms()).filter(|ms| 0 < *ms);
        let wait = wait.and_then(|ms| u64::try_from(ms).ok()).map_or(LOOK_EVERY, Duration::from_millis);
        Ok(wait.min(LOOK_EVERY))
    }

    /// Returns once no event is due and none is being delivered.
    pub async fn settle_events(&self, platform: &Platform) -> Result<(), Failure> {
        let mut progress = self.deliveries().progress.subscribe();
        loop {
            let due = platform.store.due(&keys::EVENTS, platform.clock.now(), Limit::rows(1)).await?;
            if due.timers.is_empty() && held(&self.deliveries().state).running.is_empty() {
                return Ok(());
            }
            self.deliveries().wake.notify_one();
            if progress.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Runs the function once with an event, and settles it: in one transaction it is over, or due again.
    async fn one(self: &Arc<Self>, platform: &Arc<Platform>, id: TimerId, event: Event) -> Result<(), Failure> {
        let target = event.target();
        let mut tx = platform.begin().await?;
        let payload = store::events::event_payload(&mut tx, &event).await?;
        let qualifier = target.qualifier.as_deref().unwrap_or(LATEST);
        let handling =
            store::events::handling(&mut tx, &target.scope, &target.name, qualifier).await?.unwrap_or_default();
        let share = store::shares::share(&mut tx, &target.scope, &target.name).await?;
        drop(tx);
        let cx = cx_of(platform, &event)?;
        let Some(payload) = payload else {
            return settle(&cx, id, event, Settled::Gone).await;
        };
        let late = event.accepted.plus_seconds(i64::from(handling.age_s.unwrap_or(AGE_DEFAULT_S))) < cx.now();
        let (next, response) = if late {
            (Next::Over(Condition::EventAgeExceeded), None)
        } else if share.reserved == Some(0) {
            // Nothing of it is tried (docs).
            (Next::Over(Condition::ZeroReservedConcurrency), None)
        } else {
            let ran = attempt(platform, &event, &target, payload.clone()).await;
            if let Err(failure) = &ran
                && is_final(failure)
            {
                tracing::warn!(request_id = event.request_id, "an event is dropped: {failure}");
                return settle(&cx, id, event, Settled::Gone).await;
            }
            let came = match &ran {
                Ok(Response { function_error: None, .. }) => Came::Answer,
                Ok(_) => Came::FunctionError,
                Err(_) => Came::Refused,
            };
            (event.next(came, &handling, platform.clock.now()), ran.ok())
        };
        let settled = match next {
            Next::Again { due, event } => Settled::Again { due, event },
            Next::Over(condition) => {
                let told = told(platform, &event, condition, &handling, &payload, response.as_ref()).await?;
                Settled::Over(told)
            }
        };
        settle(&cx, id, event, settled).await
    }
}

/// Whether trying again cannot help: the function is gone, or the request cannot be one.
fn is_final(failure: &Failure) -> bool {
    matches!(failure.facts.status, 400 | 404 | 413)
}

/// What is done with an event.
#[derive(Clone)]
enum Settled {
    Gone,
    Again { due: Timestamp, event: Event },
    Over(Option<(Event, Bytes)>),
}

async fn settle(cx: &Cx, id: TimerId, event: Event, settled: Settled) -> Result<(), Failure> {
    cx.transact(move |cx, tx| {
        let (id, event, settled) = (id.clone(), event.clone(), settled.clone());
        Box::pin(async move {
            if !store::events::take_event(tx, &id).await? {
                return Ok(());
            }
            match settled {
                Settled::Gone => store::events::remove_event(tx, &event),
                Settled::Again { due, event } => store::events::set_event(tx, &event, due)?,
                Settled::Over(told) => {
                    store::events::remove_event(tx, &event);
                    if let Some((told, payload)) = told {
                        store::events::put_event(tx, &told, payload, cx.now())?;
                    }
                }
            }
            Ok(())
        })
    })
    .await
}

/// Puts off events of functions that have their share, all at once.
async fn defer(platform: &Arc<Platform>, crowded: Vec<(TimerId, Event)>, now: Timestamp) -> Result<(), Failure> {
    let Some((_, first)) = crowded.first() else { return Ok(()) };
    let cx = cx_of(platform, first)?;
    cx.transact(move |_, tx| {
        let crowded = crowded.clone();
        Box::pin(async move {
            for (id, event) in crowded {
                if store::events::take_event(tx, &id).await? {
                    store::events::set_event(tx, &event, now.plus_seconds(CROWDED_S))?;
                }
            }
            Ok(())
        })
    })
    .await
}

/// A request of its own for each attempt, made in the course of the one that was answered 202.
fn cx_of(platform: &Arc<Platform>, event: &Event) -> Result<Cx, Failure> {
    let target = event.target();
    let caller = Caller::service(PRINCIPAL, target.scope.account.clone(), &target.arn().to_string());
    cx_as(platform, caller.because_of(&event.because_of), target.scope.region.as_str())
}

fn cx_as(platform: &Arc<Platform>, caller: Caller, region: &str) -> Result<Cx, Failure> {
    let service = platform.service("lambda").ok_or_else(|| Failure::not_implemented("The service lambda"))?;
    Ok(Cx::new(platform, service, caller, region, platform.ids.uuid()))
}

async fn attempt(
    platform: &Arc<Platform>,
    event: &Event,
    target: &Target,
    payload: Bytes,
) -> Result<Response, Failure> {
    let cx = cx_of(platform, event)?;
    let request = Request {
        id: event.request_id.clone(),
        payload,
        client_context: event.client_context.clone(),
        trace_id: event.trace_id.clone(),
    };
    let ran = invoke::run(&cx, target.clone(), request).await.map_err(Failure::from);
    cx.ended("Invoke", ran.as_ref().err());
    let finished = ran?;
    Ok(Response {
        payload: finished.outcome.ended.payload(&event.request_id),
        executed_version: finished.version,
        function_error: invoke::function_error(&finished.outcome).map(str::to_owned),
    })
}

/// The event that tells a destination, in the name of the function's role. What cannot be told is said in the log.
async fn told(
    platform: &Arc<Platform>,
    event: &Event,
    condition: Condition,
    handling: &Handling,
    payload: &Bytes,
    response: Option<&Response>,
) -> Result<Option<(Event, Bytes)>, Failure> {
    let destination = match condition {
        Condition::Success => &handling.on_success,
        Condition::RetriesExhausted | Condition::EventAgeExceeded | Condition::ZeroReservedConcurrency => {
            &handling.on_failure
        }
    };
    let Some(destination) = destination else { return Ok(None) };
    let now = platform.clock.now();
    let record = Bytes::from(event.record(condition, payload, response, now).to_string());
    let mut tx = platform.begin().await?;
    let Some(function) = store::load(&mut tx, &event.scope, &event.name).await? else { return Ok(None) };
    drop(tx);
    let identity = &platform.ports()?.identity;
    let may = async {
        let session = identity.assume(&function.role, PRINCIPAL, &function.name).await?;
        let cx = cx_as(platform, session.caller.because_of(&event.because_of), &destination.region)?;
        cx.demand(demand!(lambda::InvokeFunction(destination))).await?;
        let target = Target::new(&cx, &destination.to_string(), None)?;
        let mut tx = platform.begin().await?;
        store::versions::find(&mut tx, &target).await?;
        Ok::<_, Failure>(target)
    };
    let target = match may.await {
        Ok(target) if record.len() <= EVENT_BYTES_MAX => target,
        Ok(_) => {
            tracing::warn!(request_id = event.request_id, "the record for {destination} is larger than 1 MB");
            return Ok(None);
        }
        Err(failure) if failure.facts.status < 500 => {
            tracing::warn!(request_id = event.request_id, "{destination} is not told: {failure}");
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    let told = Event {
        scope: target.scope,
        name: target.name,
        qualifier: target.qualifier,
        request_id: platform.ids.uuid(),
        because_of: event.because_of.clone(),
        client_context: None,
        trace_id: event.trace_id.clone(),
        accepted: now,
        runs: 0,
        refusals: 0,
    };
    Ok(Some((told, record)))
}
