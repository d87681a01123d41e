//! Background work with an owner: it stops on shutdown, is restarted with back-off, and its panics are reported.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The supervised tasks of a server.
#[derive(Clone)]
pub struct Tasks {
    stop: Arc<watch::Sender<bool>>,
    running: Arc<Mutex<JoinSet<()>>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { stop: Arc::new(watch::channel(false).0), running: Arc::default() }
    }
}

impl Tasks {
    /// Runs `work` until shutdown. When it ends or panics it is started again, later each time.
    pub async fn spawn<F>(&self, name: &'static str, mut work: F)
    where
        F: FnMut() -> BoxFuture<'static, ()> + Send + 'static,
    {
        let mut stop = self.stop.subscribe();
        self.running.lock().await.spawn(async move {
            let mut backoff = BACKOFF_FIRST;
            loop {
                let run = tokio::spawn(work());
                let abort = run.abort_handle();
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => { abort.abort(); return }
                    ended = run => match ended {
                        Err(error) if error.is_panic() => tracing::error!(task = name, "panicked: {error}"),
                        _ => tracing::warn!(task = name, "ended; starting again"),
                    }
                }
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(backoff) => backoff = (backoff * 2).min(BACKOFF_MAX),
                }
            }
        });
    }

    /// Runs `work` once, to its end or until shutdown.
    pub async fn once(&self, name: &'static str, work: BoxFuture<'static, ()>) {
        let mut stop = self.stop.subscribe();
        let mut running = self.running.lock().await;
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => tracing::debug!(task = name, "stopped"),
                () = work => (),
            }
        });
    }

    /// Resolves when the server shuts down.
    pub async fn stopping(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Stops every task and waits for their ends.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let mut running = self.running.lock().await;
        while running.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tasks")
    }
}
