//! The runtimes of this host: looked for in the background, as asking every interpreter takes a second.

use std::sync::Arc;

use exec::Runtime;
use tokio::sync::watch;

use crate::errors::Error;

/// The runtimes of a host, known soon after the start.
#[derive(Debug, Clone)]
pub struct Runtimes(watch::Receiver<Option<Arc<Found>>>);

#[derive(Debug, Default)]
struct Found {
    usable: Vec<Runtime>,
    /// Those that cannot be used: name or path, and the reason.
    skipped: Vec<(String, String)>,
}

impl Runtimes {
    /// Runtimes that are known already.
    pub fn known(usable: Vec<Runtime>, skipped: Vec<(String, String)>) -> Self {
        Self(watch::channel(Some(Arc::new(Found { usable, skipped }))).1)
    }

    /// Runs a search in a thread of its own. It answers what is usable, and what is not with the reason.
    pub fn search(search: impl FnOnce() -> (Vec<Runtime>, Vec<(String, String)>) + Send + 'static) -> Self {
        let (tell, told) = watch::channel(None);
        std::thread::spawn(move || {
            let (usable, skipped) = search();
            tell.send_replace(Some(Arc::new(Found { usable, skipped })));
        });
        Self(told)
    }

    /// The runtime of this name, or which ones there are.
    pub(crate) async fn get(&self, name: &str) -> Result<Runtime, Error> {
        let found = self.found().await;
        if let Some(runtime) = found.usable.iter().find(|runtime| runtime.name == name) {
            return Ok(runtime.clone());
        }
        let there: Vec<&str> = found.usable.iter().map(|runtime| runtime.name.as_str()).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        let why = found.skipped.iter().find(|(skipped, _)| skipped == name);
        let why = why.map(|(_, reason)| format!(" ({reason})")).unwrap_or_default();
        Err(Error::InvalidParameter(format!(
            "The runtime {name} is not available on this host{why}. Runtimes that are: {there}."
        )))
    }

    /// Waits for the search. One that ended without an answer found nothing.
    async fn found(&self) -> Arc<Found> {
        let mut told = self.0.clone();
        let found = told.wait_for(Option::is_some).await;
        found.ok().and_then(|found| found.clone()).unwrap_or_default()
    }
}
