//! HTTP APIs through the door and the plane.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/api.rs"]
mod api;
#[path = "it/chaos.rs"]
mod chaos;
#[path = "it/plane.rs"]
mod plane;
#[path = "it/route.rs"]
mod route;
#[path = "it/stage.rs"]
mod stage;

use std::sync::{Arc, Mutex};

use base::Arn;
use bytes::Bytes;
use futures::future::BoxFuture;
use kv_memory::Memory;
use serde_json::{Value, json};
use service::ports::{Invoke, Invoked};
use service::testing::Kit;
use service::{Caller, Failure, common};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:";

/// Stands for Lambda: each function does what its name says, and every call is kept.
#[derive(Default)]
struct Functions(Mutex<Vec<(String, Value)>>);

impl Invoke for Functions {
    fn invoke<'a>(
        &'a self,
        caller: &'a Caller,
        function: &'a Arn,
        payload: Bytes,
    ) -> BoxFuture<'a, Result<Invoked, Failure>> {
        let source = caller.context.iter().find(|(key, _)| key == "aws:SourceArn").unwrap().1.clone();
        self.0.lock().unwrap().push((source, serde_json::from_slice(&payload).unwrap()));
        let answered = |payload: &str, error: Option<&str>| Invoked {
            payload: Bytes::from(payload.to_owned()),
            function_error: error.map(str::to_owned),
            executed_version: "$LATEST".into(),
        };
        let refused = |code, status| Err(Failure::new(&::wire::ErrorFacts::common(code, status), "no"));
        Box::pin(async move {
            match function.resource_id() {
                "echo" => Ok(answered(&String::from_utf8_lossy(&payload), None)),
                "hello" => Ok(answered(
                    r#"{"statusCode": 201, "headers": {"x-a": "b"}, "cookies": ["c=d"], "body": "hello"}"#,
                    None,
                )),
                "fails" => Ok(answered(r#"{"errorMessage": "secret"}"#, Some("Unhandled"))),
                "odd" => Ok(answered(r#"{"statusCode": "odd"}"#, None)),
                "denied" => Err(Failure::new(&common::REST_JSON.access_denied, "no")),
                "busy" => refused("TooManyRequestsException", 429),
                "large" => refused("RequestTooLargeException", 413),
                _ => std::future::pending().await,
            }
        })
    }
}

struct Api {
    kit: Kit,
    functions: Arc<Functions>,
    id: String,
}

fn kit() -> (Kit, Arc<Functions>) {
    let functions = Arc::new(Functions::default());
    let port = Arc::clone(&functions);
    let kit = Kit::with(Memory::store(), vec![apigateway::service()], |_| (Kit::ports(None, Some(port)), Vec::new()));
    (kit, functions)
}

/// An API without anything in it.
async fn api() -> Api {
    let (kit, functions) = kit();
    let made = kit.call("apigateway", "CreateApi", json!({"name": "a", "protocolType": "HTTP"})).await.unwrap();
    Api { kit, functions, id: made["apiId"].as_str().unwrap().to_owned() }
}

impl Api {
    async fn call(&self, operation: &str, mut document: Value) -> Value {
        document["ApiId"] = json!(self.id);
        self.kit.call("apigateway", operation, document).await.unwrap()
    }

    async fn show(&self, operation: &str, mut document: Value) -> String {
        document["ApiId"] = json!(self.id);
        self.kit.show("apigateway", operation, document).await
    }

    /// An integration with the function of this name; its id.
    async fn integration(&self, function: &str) -> String {
        let uri = format!("{FUNCTION}{function}");
        let document = json!({"integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0"});
        self.call("CreateIntegration", document).await["integrationId"].as_str().unwrap().to_owned()
    }

    /// A route to the function of this name.
    async fn route(&self, key: &str, function: &str) -> Value {
        let target = format!("integrations/{}", self.integration(function).await);
        self.call("CreateRoute", json!({"routeKey": key, "target": target})).await
    }

    async fn stage(&self, name: &str) {
        self.call("CreateStage", json!({"stageName": name, "autoDeploy": true})).await;
    }
}
