//! An isolation that runs no code: the event says what happens.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use exec::{
    Blank, Deployed, Ended, Environment, Error, Init, Invocation, Isolation, Level, Limits, Outcome, PoolKey, Result,
    Runtime, RuntimeFamily, Sink, Stream, Usage,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use service::ports::{ObjectName, Objects};
use service::{Caller, Failure};
use tokio::sync::Semaphore;
use wire::ErrorFacts;

/// What the fake was asked for.
#[derive(Default)]
pub struct Fake {
    /// Every function that an environment was made for, in order.
    pub deployed: Mutex<Vec<Deployed>>,
    /// Environments that are not dropped.
    pub alive: Arc<AtomicUsize>,
    /// What each request was, with its id, in order.
    pub seen: Arc<Mutex<Vec<(String, Value)>>>,
    /// What requests that wait wait for.
    pub gate: Gate,
    /// Why nothing can be isolated.
    pub unavailable: Option<String>,
}

/// Closed until it is given permits.
pub struct Gate(pub Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Fake {
    pub fn started(&self) -> usize {
        self.deployed.lock().unwrap().len()
    }

    pub fn last(&self) -> Deployed {
        self.deployed.lock().unwrap().last().unwrap().clone()
    }
}

pub fn runtime() -> Runtime {
    Runtime {
        name: "python3.12".into(),
        family: RuntimeFamily::Python,
        version: "3.12.1".into(),
        interpreter: PathBuf::from("/usr/bin/python3"),
        base_prefix: PathBuf::from("/usr"),
    }
}

impl Isolation for Fake {
    fn level(&self) -> Level {
        self.unavailable.clone().map_or(Level::Full, Level::None)
    }

    fn prepare<'a>(&'a self, _: &'a PoolKey) -> BoxFuture<'a, Result<Blank>> {
        Box::pin(async { Ok(Blank::new(())) })
    }

    fn specialise<'a>(
        &'a self,
        _: Blank,
        f: &'a Deployed,
        limits: Limits,
    ) -> BoxFuture<'a, Result<Box<dyn Environment>>> {
        self.start(f, limits)
    }

    fn start<'a>(&'a self, f: &'a Deployed, _: Limits) -> BoxFuture<'a, Result<Box<dyn Environment>>> {
        Box::pin(async {
            if let Some(reason) = &self.unavailable {
                return Err(Error::Unavailable(reason.clone()));
            }
            self.deployed.lock().unwrap().push(f.clone());
            self.alive.fetch_add(1, Ordering::SeqCst);
            let environment = Playing {
                served: 0,
                deployed: f.clone(),
                is_dead: false,
                alive: Arc::clone(&self.alive),
                gate: Arc::clone(&self.gate.0),
                seen: Arc::clone(&self.seen),
            };
            Ok(Box::new(environment) as Box<dyn Environment>)
        })
    }
}

struct Playing {
    served: u32,
    deployed: Deployed,
    is_dead: bool,
    alive: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Playing {
    fn ended(&self, invocation: &Invocation, event: &Value) -> Ended {
        match event.get("do").and_then(Value::as_str) {
            Some("raise") => Ended::FunctionError {
                error_type: "ValueError".into(),
                payload: Bytes::from_static(br#"{"errorMessage":"no","errorType":"ValueError"}"#),
            },
            Some("sleep") => Ended::Timeout { after: self.deployed.timeout },
            Some("exit") => Ended::Exited { status: Some(1), signal: None, out_of_memory: false },
            Some("balloon") => Ended::Exited { status: None, signal: Some(9), out_of_memory: true },
            Some("fault") => Ended::Fault { reason: "the sandbox broke".into() },
            _ => {
                let answer = json!({
                    "event": event,
                    "served": self.served,
                    "request": invocation.request_id,
                    "arn": invocation.invoked_function_arn,
                    "context": invocation.client_context,
                    "trace": invocation.trace_id,
                });
                Ended::Response(Bytes::from(answer.to_string()))
            }
        }
    }
}

impl Environment for Playing {
    fn invoke<'a>(&'a mut self, invocation: Invocation, sink: &'a mut dyn Sink) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.served += 1;
            let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
            self.seen.lock().unwrap().push((invocation.request_id.clone(), event.clone()));
            for line in event.get("print").and_then(Value::as_array).into_iter().flatten() {
                sink.line(Stream::Stdout, line.as_str().unwrap().as_bytes());
            }
            if event.get("do").and_then(Value::as_str) == Some("wait") {
                self.gate.acquire().await.unwrap().forget();
            }
            let init = (self.served == 1).then_some(Init { duration: Duration::from_millis(20) });
            let ended = self.ended(&invocation, &event);
            let duration = Duration::from_millis(1);
            let outcome = Outcome { ended, init, duration, memory_max_bytes: 30 * 1024 * 1024 };
            self.is_dead = !outcome.reusable();
            outcome
        })
    }

    fn alive(&self) -> bool {
        !self.is_dead
    }

    fn kill(self: Box<Self>) -> BoxFuture<'static, Usage> {
        Box::pin(async { Usage::default() })
    }
}

/// Objects whose keys say what becomes of a request for them: `denied`, `missing`, or a package with the key and version in it.
pub struct Bucket;

impl Objects for Bucket {
    fn read<'a>(
        &'a self,
        _: &'a Caller,
        _: &'a str,
        object: &'a ObjectName,
        bytes_max: u64,
    ) -> BoxFuture<'a, std::result::Result<Bytes, Failure>> {
        Box::pin(async move {
            match object.key.as_str() {
                "denied" => Err(Failure::new(&service::common::S3.access_denied, "Access Denied")),
                "missing" => Err(Failure::new(&NO_SUCH_KEY, "The specified key does not exist.")),
                key => {
                    let text = format!("{key} {}", object.version.as_deref().unwrap_or("newest"));
                    let zip = BASE64_STANDARD.decode(crate::bench::zip("app.py", &text)).unwrap();
                    assert!((zip.len() as u64) < bytes_max);
                    Ok(Bytes::from(zip))
                }
            }
        })
    }
}

const NO_SUCH_KEY: ErrorFacts = ErrorFacts::common("NoSuchKey", 404);
