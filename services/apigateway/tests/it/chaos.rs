//! Integrations, routes and stages over a store that is slow, conflicts for nothing and hides outcomes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use kv::chaos::{Chaos, Odds, Seed};
use serde_json::{Value, json};
use service::Failure;
use service::testing::{Dice, Heard, Kit, Walker, walk};

use crate::{FUNCTION, kit};

/// One API, with integrations that are told apart by their functions.
struct Client<'a> {
    kit: &'a Kit,
    api: String,
    last: AtomicUsize,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Parts {
    integrations: BTreeSet<String>,
    /// Which integration each key leads to.
    routes: BTreeMap<String, String>,
    stages: BTreeSet<String>,
}

impl Client<'_> {
    async fn ask(&self, operation: &str, mut document: Value) -> Result<Value, Failure> {
        document["ApiId"] = json!(self.api);
        self.kit.call("apigateway", operation, document).await
    }

    async fn items(&self, operation: &str) -> Vec<Value> {
        let answer = self.ask(operation, json!({"MaxResults": "500"})).await.unwrap();
        answer["items"].as_array().cloned().unwrap_or_default()
    }

    /// The id of what has this value under this name.
    async fn id(&self, operation: &str, name: &str, value: &str, id: &str) -> String {
        let items = self.items(operation).await;
        let found = items.iter().find(|item| item[name].as_str() == Some(value));
        found.map_or("none", |item| item[id].as_str().unwrap()).to_owned()
    }

    async fn integration(&self, dice: &Dice, state: &mut Parts) -> Heard {
        if dice.below(2) == 0 || state.integrations.is_empty() {
            let uri = format!("{FUNCTION}f{}", self.last.fetch_add(1, Ordering::Relaxed));
            let document =
                json!({"integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0"});
            state.integrations.insert(uri);
            return Heard::of(&self.ask("CreateIntegration", document).await, "");
        }
        let uri = one_of(&state.integrations, dice);
        let id = self.id("GetIntegrations", "integrationUri", &uri, "integrationId").await;
        let answer = self.ask("DeleteIntegration", json!({"IntegrationId": id})).await;
        if state.routes.values().any(|target| *target == uri) {
            return Heard::of(&answer, "ConflictException");
        }
        state.integrations.remove(&uri);
        Heard::of(&answer, "")
    }

    async fn route(&self, dice: &Dice, state: &mut Parts) -> Heard {
        let key = format!("GET /{}", dice.below(4));
        if dice.below(3) == 0 {
            let id = self.id("GetRoutes", "routeKey", &key, "routeId").await;
            let answer = self.ask("DeleteRoute", json!({"RouteId": id})).await;
            let is_there = state.routes.remove(&key).is_some();
            return Heard::of(&answer, if is_there { "" } else { "NotFoundException" });
        }
        if state.integrations.is_empty() {
            return Heard::Clear;
        }
        let uri = one_of(&state.integrations, dice);
        let id = self.id("GetIntegrations", "integrationUri", &uri, "integrationId").await;
        let document = json!({"routeKey": key, "target": format!("integrations/{id}")});
        let answer = self.ask("CreateRoute", document).await;
        if state.routes.contains_key(&key) {
            return Heard::of(&answer, "ConflictException");
        }
        state.routes.insert(key, uri);
        Heard::of(&answer, "")
    }

    async fn stage(&self, dice: &Dice, state: &mut Parts) -> Heard {
        let name = format!("s{}", dice.below(3));
        let is_there = state.stages.contains(&name);
        if dice.below(2) == 0 {
            let answer = self.ask("CreateStage", json!({"stageName": name, "autoDeploy": true})).await;
            state.stages.insert(name);
            return Heard::of(&answer, if is_there { "ConflictException" } else { "" });
        }
        let answer = self.ask("DeleteStage", json!({"StageName": name})).await;
        state.stages.remove(&name);
        Heard::of(&answer, if is_there { "" } else { "NotFoundException" })
    }
}

fn one_of(names: &BTreeSet<String>, dice: &Dice) -> String {
    names.iter().nth(dice.below(names.len())).unwrap().clone()
}

impl Walker for Client<'_> {
    type State = Parts;

    async fn step(&self, dice: &Dice, state: &mut Parts) -> Heard {
        match dice.below(3) {
            0 => self.integration(dice, state).await,
            1 => self.route(dice, state).await,
            _ => self.stage(dice, state).await,
        }
    }

    async fn look(&self) -> Parts {
        let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        let integrations = self.items("GetIntegrations").await;
        let uris = integrations
            .iter()
            .map(|item| (format!("integrations/{}", text(item, "integrationId")), text(item, "integrationUri")));
        let uris: BTreeMap<String, String> = uris.collect();
        let routes = self.items("GetRoutes").await;
        let stages = self.items("GetStages").await;
        Parts {
            routes: routes.iter().map(|item| (text(item, "routeKey"), uris[&text(item, "target")].clone())).collect(),
            integrations: uris.into_values().collect(),
            stages: stages.iter().map(|item| text(item, "stageName")).collect(),
        }
    }
}

#[tokio::test]
async fn apis_keep_together_whatever_the_store_does() {
    let mut unknown = 0;
    for seed in 1..=3 {
        let _seed = Seed(seed);
        let (calm, _) = kit();
        let hostile = Chaos::over(&calm.platform.store, seed, Odds::HOSTILE);
        let kit = Kit::new(hostile, vec![apigateway::service()]);
        let mut clients = Vec::new();
        for _ in 0..4 {
            let api = json!({"name": "a", "protocolType": "HTTP"});
            let made = calm.call("apigateway", "CreateApi", api).await.unwrap();
            let api = made["apiId"].as_str().unwrap().to_owned();
            clients.push(Client { kit: &kit, api, last: AtomicUsize::new(0) });
        }
        unknown += walk(&clients, seed, 40).await;
    }
    assert!(0 < unknown, "nothing was hostile");
}
