//! The context of one request.

use std::sync::{Arc, Mutex, PoisonError};

use base::{Arn, PageToken, Region, Scope, Timestamp};
use blob::BlobId;
use kv::Tx;
use serde_json::Value;

use crate::platform::INSIDE;
use crate::{Asked, Caller, Demand, Failure, Platform, Service, Step, Trace, Traced, authorise, dispatch};

/// Everything an operation knows beside its transaction and input.
pub struct Cx {
    pub platform: Arc<Platform>,
    pub service: Arc<Service>,
    /// Account, region and partition that the request is for.
    pub scope: Scope,
    pub caller: Caller,
    pub request_id: String,
    /// `http://authority` as the request named it: what URLs in its answer start with.
    pub base_url: String,
    pub source_ip: String,
    /// What the client's program calls itself.
    pub user_agent: Option<String>,
    pub trace: Trace,
    now: Timestamp,
    effects: Mutex<Vec<Effect>>,
}

/// What is done once the transaction has been committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A blob that no record refers to any more.
    DeleteBlob(BlobId),
}

impl Cx {
    pub fn new(
        platform: &Arc<Platform>,
        service: &Arc<Service>,
        caller: Caller,
        region: &str,
        request_id: String,
    ) -> Self {
        Self {
            platform: Arc::clone(platform),
            service: Arc::clone(service),
            scope: Scope::new(caller.account.clone(), Region::from(region)),
            caller,
            request_id,
            base_url: platform.settings.public_url.clone(),
            source_ip: "127.0.0.1".into(),
            user_agent: None,
            trace: Trace::default(),
            now: platform.clock.now(),
            effects: Mutex::default(),
        }
    }

    /// The moment the request began; the same in every rerun.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The ARN of a resource of the request's account and region.
    pub fn arn(&self, service: &str, resource: &str) -> Arn {
        self.scope.arn(service, resource)
    }

    /// The tokens of one listing; `listing` says what it lists, with its filters.
    pub fn page(&self, listing: &str) -> PageToken<'_> {
        let Scope { account, region, .. } = &self.scope;
        let listing = format!("{}:{account}:{region}:{listing}", self.service.name);
        PageToken { seal: &self.platform.seal, ids: &self.platform.ids, listing }
    }

    /// Demands a permission that depends on state.
    pub async fn demand(&self, demand: Demand) -> Result<(), Failure> {
        authorise::demand(self, &demand).await
    }

    /// Calls an operation of any service as this caller.
    pub async fn call(
        &self,
        caller: Caller,
        service: &str,
        operation: &str,
        document: &Value,
    ) -> Result<Value, Failure> {
        let caller = caller.because_of(&self.request_id);
        self.platform.call(caller, self.scope.region.as_str(), service, operation, document).await
    }

    /// Does something once this transaction has been committed.
    pub fn after_commit(&self, effect: Effect) {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).push(effect);
    }

    pub(crate) fn take_effects(&self) -> Vec<Effect> {
        std::mem::take(&mut self.effects.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a closure in a transaction of its own, again when it conflicts (for operations of the kind `run`). What it
    /// captures it owns.
    pub async fn transact<T: Send>(
        &self,
        work: impl for<'a> Fn(&'a Self, &'a mut Tx) -> futures::future::BoxFuture<'a, Result<T, Failure>> + Send + Sync,
    ) -> Result<T, Failure> {
        dispatch::transact(self, &dispatch::Closure(work)).await
    }

    /// The same request, with effects of its own: for a part of it that commits alone.
    pub(crate) fn part(&self) -> Self {
        Self {
            platform: Arc::clone(&self.platform),
            service: Arc::clone(&self.service),
            scope: self.scope.clone(),
            caller: self.caller.clone(),
            request_id: self.request_id.clone(),
            base_url: self.base_url.clone(),
            source_ip: self.source_ip.clone(),
            user_agent: self.user_agent.clone(),
            trace: self.trace.clone(),
            now: self.now,
            effects: Mutex::default(),
        }
    }

    pub fn note(&self, step: Step) {
        self.trace.note(step);
    }

    /// A call inside the server has ended: it is remembered like a request from outside.
    pub fn ended(self, operation: &str, failure: Option<&Failure>) {
        let entry = self.service.operations.iter().find(|entry| entry.facts.name == operation);
        let platform = Arc::clone(&self.platform);
        platform.answered(Traced {
            request_id: self.request_id.clone(),
            parent: self.caller.because_of.clone(),
            at: self.now,
            line: INSIDE.to_owned(),
            service: self.service.name,
            operation: entry.map_or("", |entry| entry.facts.name),
            status: failure.map_or(200, |failure| failure.facts.status),
            error: failure.map(|failure| failure.facts.code),
            message: failure.map(|failure| failure.message.clone()),
            duration_us: self.trace.elapsed_us(),
            trace: self.trace.clone(),
            asked: Some(Asked::of(self)),
        });
    }
}

impl std::fmt::Debug for Cx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cx")
            .field("service", &self.service.name)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
