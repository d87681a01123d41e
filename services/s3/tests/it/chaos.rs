//! Buckets and objects over a store that is slow, conflicts for nothing and hides outcomes.

use std::collections::BTreeMap;

use futures::future::join_all;
use kv::chaos::{Chaos, Odds, Seed};
use service::testing::{Dice, Heard, Kit, Shown, Walker, walk};

use crate::kit::{S3, elements};

/// Keys that start with its name are its own; the bucket is everybody's.
struct Client<'a> {
    s3: &'a S3,
    name: String,
}

/// Bodies by their keys.
type Objects = BTreeMap<String, String>;

fn heard(shown: &Shown, refusal: u16) -> Heard {
    if shown.status == 500 {
        return Heard::Unknown;
    }
    assert_eq!(if shown.status < 300 { 0 } else { shown.status }, refusal, "{}", shown.text());
    Heard::Clear
}

impl Client<'_> {
    fn key(&self, dice: &Dice) -> String {
        format!("{}/{}", self.name, dice.below(5))
    }

    async fn put(&self, key: String, dice: &Dice, state: &mut Objects) -> Heard {
        let body = dice.below(1_000_000).to_string();
        let only_new = dice.below(3) == 0;
        let headers: &[(&str, &str)] = if only_new { &[("if-none-match", "*")] } else { &[] };
        let shown = self.s3.send(&format!("PUT /photos/{key}"), headers, body.clone()).await;
        if only_new && state.contains_key(&key) {
            return heard(&shown, 412);
        }
        state.insert(key, body);
        heard(&shown, 0)
    }

    async fn copy(&self, from: String, to: String, state: &mut Objects) -> Heard {
        let source = format!("photos/{from}");
        let headers = [("x-amz-copy-source", source.as_str()), ("x-amz-metadata-directive", "REPLACE")];
        let shown = self.s3.send(&format!("PUT /photos/{to}"), &headers, "").await;
        match state.get(&from).cloned() {
            Some(body) => {
                state.insert(to, body);
                heard(&shown, 0)
            }
            None => heard(&shown, 404),
        }
    }

    /// Each key is answered, and may be unknown, alone.
    async fn delete_many(&self, keys: Vec<String>, state: &mut Objects) -> Heard {
        let objects: String = keys.iter().map(|key| format!("<Object><Key>{key}</Key></Object>")).collect();
        let shown = self.s3.send("POST /photos?delete", &[], format!("<Delete>{objects}</Delete>")).await;
        assert_eq!(shown.status, 200, "{}", shown.text());
        let text = shown.text();
        let (deleted, failed) = text.split_once("<Error>").unwrap_or((&text, ""));
        let failed = elements(failed, "Key");
        let mut named: Vec<&str> = [elements(deleted, "Key"), failed.clone()].concat();
        named.sort_unstable();
        assert_eq!(named, keys, "{text}");
        assert_eq!(text.matches("InternalError").count(), failed.len(), "{text}");
        let found = self.look().await;
        let is_kept = |key: &String| failed.contains(&key.as_str()) && found.contains_key(key);
        state.retain(|key, _| !keys.contains(key) || is_kept(key));
        Heard::Clear
    }
}

impl Walker for Client<'_> {
    type State = Objects;

    async fn step(&self, dice: &Dice, state: &mut Objects) -> Heard {
        let (key, other) = (self.key(dice), self.key(dice));
        match dice.below(8) {
            0..=3 => self.put(key, dice, state).await,
            4 => {
                let shown = self.s3.send(&format!("DELETE /photos/{key}"), &[], "").await;
                state.remove(&key);
                heard(&shown, 0)
            }
            5 => {
                let mut keys = vec![key, other, format!("{}/never", self.name)];
                keys.sort();
                keys.dedup();
                self.delete_many(keys, state).await
            }
            _ => self.copy(key, other, state).await,
        }
    }

    async fn look(&self) -> Objects {
        let listed = self.s3.ok(&format!("GET /photos?list-type=2&prefix={}/", self.name), &[], "").await.text();
        let mut found = Objects::new();
        for key in elements(&listed, "Key") {
            let body = self.s3.ok(&format!("GET /photos/{key}"), &[], "").await.text();
            found.insert(key.to_owned(), body);
        }
        found
    }
}

#[tokio::test]
async fn objects_are_whole_or_absent_whatever_the_store_does() {
    let mut unknown = 0;
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let calm = S3::new().await;
        let store = Chaos::over(&calm.kit.platform.store, seed, Odds::HOSTILE);
        let s3 = S3 { kit: Kit::new(store, vec![s3::service()]) };
        let clients: Vec<_> = (0..4).map(|n| Client { s3: &s3, name: format!("c{n}") }).collect();
        unknown += walk(&clients, seed, 40).await;
        let left = join_all(clients.iter().map(|client| client.look())).await;
        // What unknown outcomes left behind goes; what is referred to stays.
        s3.kit.clock.advance_ms(2 * service::sweep::AGE_MIN_MS);
        service::sweep::sweep(&s3.kit.platform).await.unwrap();
        assert_eq!(join_all(clients.iter().map(|client| client.look())).await, left);
        assert!(s3.kit.blobs.count() <= left.iter().map(Objects::len).sum());
    }
    assert!(0 < unknown, "nothing was hostile");
}

/// A request for keys `0` to `n - 1`, each of which is there, over a store with these odds.
async fn delete_all(n: usize, seed: u64, odds: Odds) -> (S3, String) {
    let calm = S3::new().await;
    let hostile = Chaos::over(&calm.kit.platform.store, seed, odds);
    let s3 = S3 { kit: Kit::new(hostile, vec![s3::service()]) };
    let filling = S3 { kit: Kit::new(calm.kit.platform.store.clone(), vec![s3::service()]) };
    for key in 0..n {
        filling.put(&format!("{key:03}"), "x").await;
    }
    let keys: String = (0..n).map(|key| format!("<Object><Key>{key:03}</Key></Object>")).collect();
    let text = s3.ok("POST /photos?delete", &[], format!("<Delete>{keys}</Delete>")).await.text();
    (filling, text)
}

#[tokio::test]
async fn each_of_many_keys_is_run_again_alone_and_answered_in_order() {
    let seed = 7;
    let _seed = Seed(seed);
    let (s3, text) = delete_all(200, seed, Odds::CONTENDED).await;
    let wanted: Vec<String> = (0..200).map(|key| format!("{key:03}")).collect();
    assert_eq!(elements(&text, "Key"), wanted, "none failed, in the order of the request");
    assert!(!text.contains("<Error>"));
    assert_eq!(elements(&s3.ok("GET /photos?list-type=2", &[], "").await.text(), "Key"), Vec::<&str>::new());
}

#[tokio::test]
async fn an_unknown_outcome_is_one_of_its_key_only() {
    let seed = 8;
    let _seed = Seed(seed);
    let (s3, text) = delete_all(100, seed, Odds { lost: 200, ..Odds::CONTENDED }).await;
    let (deleted, failed) = text.split_once("<Error>").unwrap();
    let (deleted, failed) = (elements(deleted, "Key"), elements(failed, "Key"));
    assert_eq!(deleted.len() + failed.len(), 100);
    assert!(deleted.is_sorted() && failed.is_sorted() && 5 < failed.len() && failed.len() < 50, "{}", failed.len());
    let left = s3.ok("GET /photos?list-type=2", &[], "").await.text();
    assert_eq!(elements(&left, "Key"), failed, "what was lost is still there, and nothing else");
}
