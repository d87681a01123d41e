//! Parameters and their versions over a store that is slow, conflicts for nothing and hides outcomes.

use std::collections::BTreeMap;

use kv::chaos::{Chaos, Odds, Seed};
use kv_memory::Memory;
use serde_json::{Value, json};
use service::Failure;
use service::testing::{Dice, Heard, Kit, Walker, walk};

/// A client with a path of its own.
struct Client<'a> {
    kit: &'a Kit,
    path: String,
}

/// The values of every parameter, version by version.
type Parameters = BTreeMap<String, Vec<String>>;

impl Client<'_> {
    async fn ask(&self, operation: &str, document: Value) -> Result<Value, Failure> {
        self.kit.call("ssm", operation, document).await
    }
}

impl Walker for Client<'_> {
    type State = Parameters;

    async fn step(&self, dice: &Dice, state: &mut Parameters) -> Heard {
        let name = format!("{}/{}", self.path, dice.below(3));
        let is_there = state.contains_key(&name);
        if dice.below(8) == 0 {
            let answer = self.ask("DeleteParameter", json!({"Name": name})).await;
            state.remove(&name);
            return Heard::of(&answer, if is_there { "" } else { "ParameterNotFound" });
        }
        let (value, overwrite) = (dice.below(1_000).to_string(), 0 < dice.below(4));
        let put = json!({"Name": name, "Value": value, "Type": "SecureString", "Overwrite": overwrite});
        let answer = self.ask("PutParameter", put).await;
        if is_there && !overwrite {
            return Heard::of(&answer, "ParameterAlreadyExists");
        }
        state.entry(name).or_default().push(value);
        Heard::of(&answer, "")
    }

    async fn look(&self) -> Parameters {
        let listed = self.ask("GetParametersByPath", json!({"Path": self.path})).await.unwrap();
        let mut found = Parameters::new();
        for parameter in listed["Parameters"].as_array().unwrap() {
            let name = parameter["Name"].as_str().unwrap();
            let of = json!({"Name": name, "WithDecryption": true});
            let history = self.ask("GetParameterHistory", of).await.unwrap();
            let versions = history["Parameters"].as_array().unwrap();
            let values = versions.iter().map(|version| version["Value"].as_str().unwrap().to_owned());
            found.insert(name.to_owned(), values.collect());
        }
        found
    }
}

#[tokio::test]
async fn a_version_is_made_once_whatever_the_store_does() {
    let mut unknown = 0;
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let hostile = Chaos::over(&Memory::store(), seed, Odds::HOSTILE);
        let kit = Kit::new(hostile, vec![ssm::service()]);
        let clients: Vec<_> = (0..4).map(|n| Client { kit: &kit, path: format!("/c{n}") }).collect();
        unknown += walk(&clients, seed, 40).await;
    }
    assert!(0 < unknown, "nothing was hostile");
}
