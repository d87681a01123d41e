//! Events of asynchronous invocations: what is kept of each, when it is tried again, what its destination is told. Pure.

use base::{Arn, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::names::{LATEST, Target};

/// How often a failed event is tried again where nobody said otherwise (docs; the most that may be asked for).
pub(crate) const RETRIES_DEFAULT: u32 = 2;
/// For how long an event is kept where nobody said otherwise (docs; the most that may be asked for).
pub(crate) const AGE_DEFAULT_S: u32 = 21_600;

/// After the first failure an event waits for one minute, after the second for two (docs).
const RETRY_AFTER_S: i64 = 60;
/// What throttles and the platform's own faults are waited for: from a second, doubled each time, to five minutes (docs).
const BACKOFF_FIRST_S: i64 = 1;
const BACKOFF_MAX_S: i64 = 300;

/// An event as it is kept beside its payload; versions of the form are told apart here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Record {
    V1(Event),
}

/// An event that waits for its function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub scope: Scope,
    pub name: String,
    pub qualifier: Option<String>,
    /// Of the request that was answered 202: the function sees it with each attempt.
    pub request_id: String,
    /// The request that the function's own are remembered under.
    pub because_of: String,
    pub client_context: Option<String>,
    pub trace_id: String,
    pub accepted: Timestamp,
    /// How often the function ran.
    pub runs: u32,
    /// How often in a row it could not be run.
    pub refusals: u32,
}

/// How an event is dealt with, and who is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handling {
    pub retries: Option<u32>,
    pub age_s: Option<u32>,
    pub on_success: Option<Arn>,
    pub on_failure: Option<Arn>,
    pub modified: Timestamp,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    Answer,
    FunctionError,
    /// It was throttled, or the platform failed.
    Refused,
}

/// What happens next.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Again { due: Timestamp, event: Event },
    Over(Condition),
}

/// Why nothing more happens, in the words of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
    /// The function is switched off.
    ZeroReservedConcurrency,
}

impl Condition {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::ZeroReservedConcurrency => "ZeroReservedConcurrency",
        }
    }
}

impl Event {
    pub fn target(&self) -> Target {
        Target { scope: self.scope.clone(), name: self.name.clone(), qualifier: self.qualifier.clone() }
    }

    /// What follows an attempt that ended now. An event that would be too old when its turn comes is over at once.
    pub fn next(&self, came: Came, handling: &Handling, now: Timestamp) -> Next {
        let mut event = self.clone();
        let wait_s = match came {
            Came::Answer => return Next::Over(Condition::Success),
            Came::FunctionError => {
                event.runs += 1;
                event.refusals = 0;
                if handling.retries.unwrap_or(RETRIES_DEFAULT) < event.runs {
                    return Next::Over(Condition::RetriesExhausted);
                }
                RETRY_AFTER_S.saturating_mul(i64::from(event.runs))
            }
            Came::Refused => {
                event.refusals = event.refusals.saturating_add(1);
                let doubled = BACKOFF_FIRST_S << (event.refusals - 1).min(16);
                doubled.min(BACKOFF_MAX_S)
            }
        };
        let due = now.plus_seconds(wait_s);
        if self.accepted.plus_seconds(i64::from(handling.age_s.unwrap_or(AGE_DEFAULT_S))) < due {
            return Next::Over(Condition::EventAgeExceeded);
        }
        Next::Again { due, event }
    }

    /// What a destination is told, version 1.0 of AWS's document. Without a response the function never ran.
    pub fn record(&self, condition: Condition, payload: &[u8], response: Option<&Response>, now: Timestamp) -> Value {
        let target = self.target();
        let qualifier = self.qualifier.as_deref().unwrap_or(LATEST);
        let runs = self.runs + u32::from(response.is_some());
        let mut record = json!({
            "version": "1.0",
            "timestamp": now.iso8601_ms(),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": format!("{}:{qualifier}", target.arn()),
                "condition": condition.name(),
                "approximateInvokeCount": runs,
            },
            "requestPayload": document(payload),
        });
        let Some(response) = response else { return record };
        let mut context = json!({ "statusCode": 200, "executedVersion": response.executed_version });
        if let (Some(error), Some(context)) = (&response.function_error, context.as_object_mut()) {
            context.insert("functionError".into(), json!(error));
        }
        if let Some(members) = record.as_object_mut() {
            members.insert("responseContext".into(), context);
            members.insert("responsePayload".into(), document(&response.payload));
        }
        record
    }
}

/// A function's last answer to an event.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub payload: bytes::Bytes,
    pub executed_version: String,
    pub function_error: Option<String>,
}

/// A payload as a part of a document; one that is no JSON as text.
fn document(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Account, Region};

    fn event() -> Event {
        Event {
            scope: Scope::new(Account::from("000000000000"), Region::from("us-east-1")),
            name: "app".into(),
            qualifier: None,
            request_id: "r".into(),
            because_of: "r".into(),
            client_context: None,
            trace_id: "t".into(),
            accepted: Timestamp::from_ms(0),
            runs: 0,
            refusals: 0,
        }
    }

    /// How long each attempt waits, in seconds, and how it ends.
    fn check(came: Came, handling: &Handling, waits: &[i64], end: Condition) {
        let (mut event, mut now, mut waited) = (event(), Timestamp::from_ms(0), Vec::new());
        loop {
            match event.next(came, handling, now) {
                Next::Again { due, event: next } => {
                    waited.push((due.as_ms() - now.as_ms()) / 1000);
                    (event, now) = (next, due);
                }
                Next::Over(condition) => {
                    assert_eq!((waited.as_slice(), condition), (waits, end));
                    return;
                }
            }
        }
    }

    #[test]
    fn events_are_tried_again_until_their_tries_or_their_time_are_used_up() {
        let by_default = Handling::default();
        check(Came::Answer, &by_default, &[], Condition::Success);
        check(Came::FunctionError, &by_default, &[60, 120], Condition::RetriesExhausted);
        check(
            Came::FunctionError,
            &Handling { retries: Some(1), ..Handling::default() },
            &[60],
            Condition::RetriesExhausted,
        );
        check(
            Came::FunctionError,
            &Handling { retries: Some(0), ..Handling::default() },
            &[],
            Condition::RetriesExhausted,
        );
        let short = Handling { age_s: Some(100), ..Handling::default() };
        check(Came::FunctionError, &short, &[60], Condition::EventAgeExceeded);
        check(Came::Refused, &short, &[1, 2, 4, 8, 16, 32], Condition::EventAgeExceeded);
        let waits: Vec<i64> = [1, 2, 4, 8, 16, 32, 64, 128, 256].into_iter().chain([300; 70]).collect();
        check(Came::Refused, &by_default, &waits, Condition::EventAgeExceeded);
    }

    #[test]
    fn a_record_says_what_came_of_it() {
        let response = Response {
            payload: bytes::Bytes::from_static(br#"{"errorMessage":"no"}"#),
            executed_version: LATEST.into(),
            function_error: Some("Unhandled".into()),
        };
        let ran = Event { runs: 2, ..event() };
        let record = ran.record(Condition::RetriesExhausted, br#"{"n":1}"#, Some(&response), Timestamp::from_ms(1000));
        expect_test::expect![[r#"{"version":"1.0","timestamp":"1970-01-01T00:00:01.000Z","requestContext":{"requestId":"r","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:app:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"n":1},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorMessage":"no"}}"#]].assert_eq(&record.to_string());
        let record = event().record(Condition::EventAgeExceeded, b"{}", None, Timestamp::from_ms(0));
        assert_eq!(record["requestContext"]["approximateInvokeCount"], 0);
        assert_eq!(record.get("responsePayload"), None);
    }

    #[test]
    fn a_stored_event_is_read_back() {
        let stored = r#"{"V1":{"scope":{"partition":"aws","account":"000000000000","region":"us-east-1"},"name":"app","qualifier":null,"request_id":"r","because_of":"r","client_context":null,"trace_id":"t","accepted":0,"runs":0,"refusals":0}}"#;
        let Record::V1(read) = serde_json::from_str(stored).unwrap();
        assert_eq!(read, event());
    }
}
