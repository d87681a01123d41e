//! Streams and events over a store that is slow, conflicts for nothing and hides outcomes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use kv::chaos::{Chaos, Odds, Seed};
use serde_json::{Value, json};
use service::Failure;
use service::testing::{Dice, Heard, Kit, Walker, walk};

use crate::{NOW, call, kit};

/// Streams of a group that all clients share, by the client's name.
struct Client<'a> {
    kit: &'a Kit,
    name: String,
    /// Each event is later than the one before.
    at: AtomicI64,
}

/// Messages by their streams.
type Streams = BTreeMap<String, Vec<String>>;

impl Client<'_> {
    async fn ask(&self, operation: &str, stream: &str, more: Value) -> Result<Value, Failure> {
        let mut document = json!({"logGroupName": "g", "logStreamName": stream});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.kit.call("logs", operation, document).await
    }

    async fn put(&self, stream: &str, dice: &Dice, state: &mut Streams) -> Heard {
        let messages: Vec<String> = (0..1 + dice.below(4)).map(|_| format!("m{}", dice.below(1_000))).collect();
        let event = |message: &String| {
            let at = NOW + self.at.fetch_add(1, Ordering::Relaxed);
            json!({"timestamp": at, "message": message})
        };
        let events: Vec<Value> = messages.iter().map(event).collect();
        let answer = self.ask("PutLogEvents", stream, json!({"logEvents": events})).await;
        match state.get_mut(stream) {
            Some(there) => {
                there.extend(messages);
                Heard::of(&answer, "")
            }
            None => Heard::of(&answer, "ResourceNotFoundException"),
        }
    }
}

impl Walker for Client<'_> {
    type State = Streams;

    async fn step(&self, dice: &Dice, state: &mut Streams) -> Heard {
        let stream = format!("{}/{}", self.name, dice.below(3));
        let is_there = state.contains_key(&stream);
        match dice.below(8) {
            0 | 1 => {
                let answer = self.ask("CreateLogStream", &stream, json!({})).await;
                state.entry(stream).or_default();
                Heard::of(&answer, if is_there { "ResourceAlreadyExistsException" } else { "" })
            }
            2 => {
                let answer = self.ask("DeleteLogStream", &stream, json!({})).await;
                state.remove(&stream);
                Heard::of(&answer, if is_there { "" } else { "ResourceNotFoundException" })
            }
            _ => self.put(&stream, dice, state).await,
        }
    }

    async fn look(&self) -> Streams {
        let prefix = json!({"logGroupName": "g", "logStreamNamePrefix": format!("{}/", self.name)});
        let listed = call(self.kit, "DescribeLogStreams", prefix).await;
        let mut found = Streams::new();
        for stream in listed["logStreams"].as_array().unwrap() {
            let name = stream["logStreamName"].as_str().unwrap();
            let got = self.ask("GetLogEvents", name, json!({"startFromHead": true})).await.unwrap();
            let events = got["events"].as_array().unwrap();
            let messages = events.iter().map(|event| event["message"].as_str().unwrap().to_owned());
            found.insert(name.to_owned(), messages.collect());
        }
        found
    }
}

#[tokio::test]
async fn events_are_there_once_and_together_whatever_the_store_does() {
    let mut unknown = 0;
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let calm = kit();
        call(&calm, "CreateLogGroup", json!({"logGroupName": "g"})).await;
        let hostile = Chaos::over(&calm.platform.store, seed, Odds::HOSTILE);
        let kit = Kit::new(hostile, vec![logs::service()]);
        let client = |n: usize| Client { kit: &kit, name: format!("c{n}"), at: AtomicI64::new(0) };
        let clients: Vec<_> = (0..4).map(client).collect();
        unknown += walk(&clients, seed, 40).await;
    }
    assert!(0 < unknown, "nothing was hostile");
}
