//! Control operations over a store that is slow, conflicts for nothing and hides outcomes.

use std::collections::BTreeMap;
use std::sync::Arc;

use kv::chaos::{Chaos, Odds, Seed};
use kv_memory::Memory;
use serde_json::{Value, json};
use service::Failure;
use service::testing::{Dice, Heard, Open, Walker, walk};

use crate::bench::{Bench, ROLE, app_with};
use crate::fake::Fake;

/// Functions by the client's name.
struct Client<'a> {
    bench: &'a Bench,
    name: String,
}

/// What is known of a function.
#[derive(Debug, Clone, Default, PartialEq)]
struct Function {
    description: String,
    memory_mb: u64,
    tags: BTreeMap<String, String>,
}

type Functions = BTreeMap<String, Function>;

const NONE: &str = "ResourceNotFoundException";

impl Client<'_> {
    async fn ask(&self, operation: &str, document: Value) -> Result<Value, Failure> {
        self.bench.kit.call("lambda", operation, document).await
    }

    fn arn(name: &str) -> String {
        let prefix = ROLE.replace(":iam::", ":lambda:us-east-1:");
        prefix.replace("role/app", &format!("function:{name}"))
    }
}

impl Walker for Client<'_> {
    type State = Functions;

    async fn step(&self, dice: &Dice, state: &mut Functions) -> Heard {
        let name = format!("{}-{}", self.name, dice.below(3));
        let is_there = state.contains_key(&name);
        let (text, memory_mb) = (format!("d{}", dice.below(1_000)), 128 + dice.below(100) as u64);
        match dice.below(6) {
            0 | 1 => {
                let wanted = json!({"FunctionName": name, "Description": text, "MemorySize": memory_mb});
                let answer = self.ask("CreateFunction", app_with(wanted)).await;
                let made = Function { description: text, memory_mb, ..Function::default() };
                state.entry(name).or_insert(made);
                Heard::of(&answer, if is_there { "ResourceConflictException" } else { "" })
            }
            2 => {
                let answer = self.ask("DeleteFunction", json!({"FunctionName": name})).await;
                state.remove(&name);
                Heard::of(&answer, if is_there { "" } else { NONE })
            }
            3 => {
                let tag = format!("t{}", dice.below(2));
                let answer =
                    self.ask("TagResource", json!({"Resource": Self::arn(&name), "Tags": {tag.clone(): text}})).await;
                state.entry(name).and_modify(|function| drop(function.tags.insert(tag, text)));
                Heard::of(&answer, if is_there { "" } else { NONE })
            }
            _ => {
                let wanted = json!({"FunctionName": name, "Description": text, "MemorySize": memory_mb});
                let answer = self.ask("UpdateFunctionConfiguration", wanted).await;
                state.entry(name).and_modify(|function| {
                    (function.description, function.memory_mb) = (text, memory_mb);
                });
                Heard::of(&answer, if is_there { "" } else { NONE })
            }
        }
    }

    async fn look(&self) -> Functions {
        let listed = self.ask("ListFunctions", json!({})).await.unwrap();
        let mut found = Functions::new();
        for function in listed["Functions"].as_array().unwrap() {
            let name = function["FunctionName"].as_str().unwrap();
            if !name.starts_with(&self.name) {
                continue;
            }
            let got = self.ask("GetFunction", json!({"FunctionName": name})).await.unwrap();
            assert_eq!(got["Configuration"]["Description"], function["Description"]);
            let tags = got["Tags"].as_object().into_iter().flatten();
            let function = Function {
                description: function["Description"].as_str().unwrap().to_owned(),
                memory_mb: function["MemorySize"].as_u64().unwrap(),
                tags: tags.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect(),
            };
            found.insert(name.to_owned(), function);
        }
        found
    }
}

#[tokio::test]
async fn functions_are_whole_or_absent_whatever_the_store_does() {
    let mut unknown = 0;
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let hostile = Chaos::over(&Memory::store(), seed, Odds::HOSTILE);
        let bench = Bench::over(hostile, Fake::default(), Arc::new(Open)).await;
        let clients: Vec<_> = (0..4).map(|n| Client { bench: &bench, name: format!("c{n}") }).collect();
        unknown += walk(&clients, seed, 30).await;
    }
    assert!(0 < unknown, "nothing was hostile");
}
