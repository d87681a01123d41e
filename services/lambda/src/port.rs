//! The port that other houses invoke functions through.

use std::sync::{Arc, Weak};

use base::Arn;
use bytes::Bytes;
use futures::future::BoxFuture;
use service::ports::{Invoke, Invoked};
use service::{Caller, Cx, Failure, Platform, demand};

use crate::names::Target;
use crate::ops::invoke::{self, Request};

/// Invokes functions for other houses.
#[derive(Debug)]
pub struct Invoker {
    platform: Weak<Platform>,
}

impl Invoker {
    pub fn new(platform: Weak<Platform>) -> Self {
        Self { platform }
    }

    async fn run(&self, caller: &Caller, function: &Arn, payload: Bytes) -> Result<Invoked, Failure> {
        let platform = self.platform.upgrade().ok_or_else(|| Failure::defect("the server is gone"))?;
        let service = platform.service("lambda").map(Arc::clone);
        let service = service.ok_or_else(|| Failure::not_implemented("The service lambda"))?;
        let cx = Cx::new(&platform, &service, caller.clone(), &function.region, platform.ids.uuid());
        let invoked = invoked(&cx, function, payload).await;
        cx.ended("Invoke", invoked.as_ref().err());
        invoked
    }
}

async fn invoked(cx: &Cx, function: &Arn, payload: Bytes) -> Result<Invoked, Failure> {
    cx.demand(demand!(lambda::InvokeFunction(function))).await?;
    let target = Target::new(cx, &function.to_string(), None)?;
    let request = Request { id: cx.request_id.clone(), payload, client_context: None, trace_id: invoke::new_trace(cx) };
    let finished = invoke::run(cx, target, request).await?;
    Ok(Invoked {
        payload: finished.outcome.ended.payload(&cx.request_id),
        function_error: invoke::function_error(&finished.outcome).map(str::to_owned),
        executed_version: finished.version,
    })
}

impl Invoke for Invoker {
    fn invoke<'a>(
        &'a self,
        caller: &'a Caller,
        function: &'a Arn,
        payload: Bytes,
    ) -> BoxFuture<'a, Result<Invoked, Failure>> {
        Box::pin(self.run(caller, function, payload))
    }
}
