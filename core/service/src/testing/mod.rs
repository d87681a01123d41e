//! The test kit of the houses: a platform with a fake clock, seeded ids and bodies in memory.

mod blobs;
pub(crate) mod facts;
mod house;
mod identity;
mod observed;
mod walk;

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Account, FakeClock, Ids, Region, Scope, Seal, Timestamp};
use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use kv::Store;
use policy::Principal;
use serde_json::Value;
use wire::Router;

pub use blobs::MemoryBlobs;
pub use house::House;
pub use identity::{NoFunctions, NoObjects, Open};
pub use walk::{Dice, Heard, Walker, walk};

use crate::ports::{Identity, Invoke, Ports};
use crate::{
    Auth, Caller, Cx, Failure, HttpRequest, Incoming, Opened, Platform, PlatformBuilder, Service, Settings, door,
};

/// The account of every test.
pub const ACCOUNT: &str = "000000000000";

/// Where the clock of every test starts.
pub const START: &str = "2026-11-24T00:00:00Z";

/// A platform to test houses on.
pub struct Kit {
    pub platform: Arc<Platform>,
    pub clock: Arc<FakeClock>,
    pub blobs: Arc<MemoryBlobs>,
}

/// An answer as HTTP carries it.
#[derive(Debug)]
pub struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Kit {
    /// A platform on which root may do everything, sessions nothing, and no function runs.
    pub fn new(store: Store, services: Vec<Service>) -> Self {
        Self::with(store, services, |_| (Self::ports(None, None), Vec::new()))
    }

    /// A platform with ports and states of the test's choice.
    pub fn with(
        store: Store,
        services: Vec<Service>,
        wire: impl FnOnce(&Arc<Platform>) -> (Ports, Vec<Arc<dyn Any + Send + Sync>>),
    ) -> Self {
        let start = Timestamp::parse_iso8601(START).unwrap_or_default();
        let clock = Arc::new(FakeClock::at(start));
        let blobs = Arc::new(MemoryBlobs::new(&clock));
        let settings = Settings {
            account: Account::from(ACCOUNT),
            public_url: "http://127.0.0.1:4566".into(),
            auth: Auth::Enforce,
        };
        let builder = PlatformBuilder {
            store,
            blobs: Arc::clone(&blobs) as _,
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(Ids::seeded(1)),
            seal: Seal::new(&[7; 32]),
            settings,
            services,
        };
        let platform = builder.build(wire);
        let _ = platform.witness.set(facts::hold);
        Self { platform, clock, blobs }
    }

    /// The ports that `new` takes, with one of them replaced.
    pub fn ports(identity: Option<Arc<dyn Identity>>, invoke: Option<Arc<dyn Invoke>>) -> Ports {
        let objects = Arc::new(NoObjects);
        Ports { identity: identity.unwrap_or(Arc::new(Open)), invoke: invoke.unwrap_or(Arc::new(NoFunctions)), objects }
    }

    /// The account's root: may do everything.
    pub fn root() -> Caller {
        let account = Account::from(ACCOUNT);
        let arn = Scope::new(account.clone(), Region::from(Region::DEFAULT)).global_arn("iam", "root");
        Caller::of(Principal::Root(arn), account, ACCOUNT)
    }

    /// A session of a role without policies: may do nothing.
    pub fn nobody() -> Caller {
        let account = Account::from(ACCOUNT);
        let scope = Scope::new(account.clone(), Region::from(Region::DEFAULT));
        let (role, session) =
            (scope.global_arn("iam", "role/nobody"), scope.global_arn("sts", "assumed-role/nobody/test"));
        Caller::of(Principal::Session { role, session }, account, "AROANOBODY:test")
    }

    pub fn cx(&self, caller: &Caller, service: &str) -> Result<Cx, Failure> {
        let service = self.platform.service(service).ok_or_else(|| Failure::defect(format!("no service {service}")))?;
        Ok(Cx::new(&self.platform, service, caller.clone(), Region::DEFAULT, self.platform.ids.uuid()))
    }

    /// Calls an operation as root.
    pub async fn call(&self, service: &str, operation: &str, document: Value) -> Result<Value, Failure> {
        self.call_as(&Self::root(), service, operation, document).await
    }

    /// Calls an operation as this caller.
    pub async fn call_as(
        &self,
        caller: &Caller,
        service: &str,
        operation: &str,
        document: Value,
    ) -> Result<Value, Failure> {
        let cx = self.cx(caller, service)?;
        let answer = door::call(&cx, operation, &document).await;
        let members = document.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        note(&cx, operation, answer.as_ref().err().map(|failure| failure.facts.code), &members);
        answer
    }

    /// Calls an operation as root and shows the answer in one text: the document, or `CODE status: message`.
    pub async fn show(&self, service: &str, operation: &str, document: Value) -> String {
        match self.call(service, operation, document).await {
            Ok(document) => document.to_string(),
            Err(failure) => format!("{} {}: {}", failure.facts.code, failure.facts.status, failure.message),
        }
    }

    /// Sends a request (`PUT /bucket/key?x=y`) through routing, codec and door. JSON and query services want their
    /// `x-amz-target` or `Action`; a streamed body is given in chunks of 64 KiB.
    pub async fn http(
        &self,
        caller: &Caller,
        service: &str,
        line: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Shown, Failure> {
        let body = body.into();
        let headers: HeaderMap = headers
            .iter()
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)))
            .collect();
        let cx = self.cx(caller, service)?;
        let (method, target) = line.split_once(' ').unwrap_or(("GET", line));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let router = Router::new(cx.service.model);
        let named = headers.get("x-amz-target").and_then(|v| v.to_str().ok()?.rsplit('.').next());
        let form: Vec<(String, String)> = form_pairs(&body, query);
        let action = form.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.as_str());
        let route = match named.or(action) {
            Some(name) => router.named(wire::spoken(cx.service.model, path, query, &headers), name),
            None => router.rest(method, path, query, &|name| headers.contains_key(name)),
        };
        let route = route.ok_or_else(|| Failure::not_implemented(line))?;
        let streamed = route.operation.streams_in();
        let incoming = if streamed { incoming(body.clone(), &headers) } else { Incoming::empty() };
        let body = if streamed { Bytes::new() } else { body };
        let request = HttpRequest { route: &route, query, headers: &headers, body, incoming, resource: path };
        let members = members(&request.body, &form);
        let reply = crate::enter(&cx, request).await;
        note(&cx, route.operation.name, reply.error, &members);
        let mut body = reply.rendered.body;
        if let Opened::Stream { chunks, .. } = reply.body {
            let chunks: Vec<Bytes> = chunks.try_collect().await.map_err(Failure::internal)?;
            body = chunks.concat().into();
        }
        Ok(Shown { status: reply.rendered.status, headers: reply.rendered.headers, body })
    }
}

/// Notes an outcome for the coverage; a denial of whoever is not root also as such.
fn note(cx: &Cx, operation: &str, error: Option<&str>, members: &BTreeSet<String>) {
    let service = cx.service.model.service_id;
    observed::note(service, operation, error.unwrap_or("ok"), members);
    let is_root = matches!(cx.caller.principal, Principal::Root(_));
    if !is_root && error == Some(cx.service.errors.access_denied.code) {
        observed::note(service, operation, "denied", members);
    }
}

/// The names of what a request gives, as far as they stand in its query, form or document.
fn members(body: &Bytes, form: &[(String, String)]) -> BTreeSet<String> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(document)) => document.into_iter().map(|(name, _)| name).collect(),
        _ => form.iter().map(|(name, _)| name.clone()).collect(),
    }
}

fn form_pairs(body: &[u8], query: &str) -> Vec<(String, String)> {
    let text = if body.is_empty() { query } else { std::str::from_utf8(body).unwrap_or_default() };
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// A body as the edge would hand it over: with the checksums that the headers ask for.
fn incoming(body: Bytes, headers: &HeaderMap) -> Incoming {
    let length = Some(body.len() as u64);
    let chunks: Vec<_> = body.chunks(64 * 1024).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let stream = Box::pin(futures::stream::iter(chunks));
    Incoming { stream, trailers: Arc::default(), length, checksums: crate::checksums_wanted(headers) }
}

impl Shown {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }
}
