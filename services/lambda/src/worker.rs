//! The house's background work: log delivery, events of asynchronous invocations, dropping idle environments, and invocations that outlive their clients.

use std::sync::Arc;
use std::time::Duration;

use service::Platform;
use tokio::sync::oneshot;

use crate::engine::{Finished, Functions, Job};
use crate::errors::Error;

/// How often idle environments are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(30);

impl Functions {
    /// Begins the background work: call once, when the platform has been built.
    pub async fn start_tasks(self: &Arc<Self>, platform: &Arc<Platform>) {
        if let Err(error) = self.sweep() {
            tracing::warn!("half unpacked packages stay behind: {error}");
        }
        let functions = Arc::clone(self);
        platform.metrics.gauges_of(Box::new(move || functions.gauges()));
        let (functions, server) = (Arc::clone(self), Arc::downgrade(platform));
        let drain = move || -> futures::future::BoxFuture<'static, ()> {
            let (functions, server) = (Arc::clone(&functions), server.clone());
            Box::pin(async move {
                if let Some(platform) = server.upgrade() {
                    functions.logs().drain(&platform).await;
                }
            })
        };
        platform.tasks.spawn("function logs", drain).await;
        let (functions, clock) = (Arc::clone(self), Arc::clone(&platform.clock));
        let boot = move || -> futures::future::BoxFuture<'static, ()> {
            let (functions, clock) = (Arc::clone(&functions), Arc::clone(&clock));
            Box::pin(async move { functions.blanks().refill(clock.as_ref()).await })
        };
        platform.tasks.spawn("booted interpreters", boot).await;
        let (functions, server) = (Arc::clone(self), Arc::downgrade(platform));
        let deliver = move || -> futures::future::BoxFuture<'static, ()> {
            let (functions, server) = (Arc::clone(&functions), server.clone());
            Box::pin(async move {
                if let Some(platform) = server.upgrade() {
                    functions.deliver(&platform).await;
                }
            })
        };
        platform.tasks.spawn("asynchronous invocations", deliver).await;
        let functions = Arc::clone(self);
        let prune = move || -> futures::future::BoxFuture<'static, ()> {
            let functions = Arc::clone(&functions);
            Box::pin(async move {
                loop {
                    tokio::time::sleep(PRUNE_EVERY).await;
                    functions.prune();
                    let functions = Arc::clone(&functions);
                    let _ = tokio::task::spawn_blocking(move || functions.prune_packages()).await;
                }
            })
        };
        platform.tasks.spawn("idle environments", prune).await;
    }

    /// Runs a job to its end, even if whoever asked goes away: as in Lambda, a request once handed over is finished.
    pub(crate) async fn run(self: &Arc<Self>, platform: &Arc<Platform>, job: Job) -> Result<Finished, Error> {
        let (answer, wait) = oneshot::channel();
        let (functions, server) = (Arc::clone(self), Arc::clone(platform));
        let work = async move {
            let _ = answer.send(functions.measured(&server, job).await);
        };
        platform.tasks.once("invocation", Box::pin(work)).await;
        wait.await
            .unwrap_or_else(|_| Err(Error::Platform("The invocation was cut off: the server is shutting down.".into())))
    }
}
