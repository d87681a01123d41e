//! The runtimes of this host: looked for in the background, as asking every interpreter takes a second.

use std::sync::Arc;

use exec::{Matching, Runtime, RuntimeFamily};
use tokio::sync::watch;

use crate::errors::Error;

/// The runtimes of a host, known soon after the start.
#[derive(Debug, Clone)]
pub struct Runtimes {
    found: watch::Receiver<Option<Arc<Found>>>,
    matching: Matching,
}

#[derive(Debug, Default)]
struct Found {
    usable: Vec<Runtime>,
    /// Those that cannot be used: name or path, and the reason.
    skipped: Vec<(String, String)>,
}

impl Runtimes {
    /// Runtimes that are known already.
    pub fn known(usable: Vec<Runtime>, skipped: Vec<(String, String)>) -> Self {
        let found = watch::channel(Some(Arc::new(Found { usable, skipped }))).1;
        Self { found, matching: Matching::default() }
    }

    /// Runs a search in a thread of its own. It answers what is usable, and what is not with the reason.
    pub fn search(search: impl FnOnce() -> (Vec<Runtime>, Vec<(String, String)>) + Send + 'static) -> Self {
        let (tell, told) = watch::channel(None);
        std::thread::spawn(move || {
            let (usable, skipped) = search();
            tell.send_replace(Some(Arc::new(Found { usable, skipped })));
        });
        Self { found: told, matching: Matching::default() }
    }

    /// The same, matched like this; `Nearest` unless said.
    pub fn matching(self, matching: Matching) -> Self {
        Self { matching, ..self }
    }

    /// The runtime that serves functions of this name, or why none does.
    pub(crate) async fn get(&self, name: &str) -> Result<Runtime, Error> {
        let found = self.found().await;
        exec::choose(&found.usable, name, self.matching)
            .cloned()
            .ok_or_else(|| Error::InvalidParameter(found.lack(name)))
    }

    /// What serves functions of this name where it is not the very version; nothing is waited for.
    pub(crate) fn stand_in(&self, name: &str) -> Option<Runtime> {
        let found = self.found.borrow().clone()?;
        exec::choose(&found.usable, name, self.matching).filter(|runtime| runtime.name != name).cloned()
    }

    /// Waits for the search. One that ended without an answer found nothing.
    async fn found(&self) -> Arc<Found> {
        let mut told = self.found.clone();
        let found = told.wait_for(Option::is_some).await;
        found.ok().and_then(|found| found.clone()).unwrap_or_default()
    }
}

impl Found {
    /// Why nothing here serves functions of this runtime, what would, and what is here.
    fn lack(&self, name: &str) -> String {
        let why = self.skipped.iter().find(|(skipped, _)| skipped == name);
        let why = why.map(|(_, reason)| format!(" ({reason})")).unwrap_or_default();
        let remedy = match RuntimeFamily::of(name) {
            Some(RuntimeFamily::Node) => {
                let version = name.trim_end_matches(".x");
                format!(" Get it with: clearsky runtimes install {version}.")
            }
            Some(RuntimeFamily::Python) => format!(" Install {name} on the host."),
            None if OTHER_LANGUAGES.iter().any(|language| name.starts_with(language)) => {
                " Its language has no runtime here; a program built for the host runs as provided.al2023.".to_owned()
            }
            Some(RuntimeFamily::Provided) | None => String::new(),
        };
        let there: Vec<&str> = self.usable.iter().map(|runtime| runtime.name.as_str()).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        format!("The runtime {name} is not available on this host{why}.{remedy} Runtimes that are: {there}.")
    }
}

/// How the names of Lambda's other runtimes begin.
const OTHER_LANGUAGES: &[&str] = &["java", "dotnet", "ruby", "go1."];

#[cfg(test)]
mod tests {
    use super::*;

    fn runtimes(matching: Matching) -> Runtimes {
        let there = Runtime {
            name: "python3.12".into(),
            family: RuntimeFamily::Python,
            version: "3.12.1".into(),
            interpreter: Default::default(),
            base_prefix: Default::default(),
        };
        let skipped = vec![("python3.13".into(), "its interpreter is a shim".into())];
        Runtimes::known(vec![there], skipped).matching(matching)
    }

    #[tokio::test]
    async fn what_is_lacking_is_told_with_what_would_help() {
        let exact = runtimes(Matching::Exact);
        for (name, expected) in [
            (
                "python3.13",
                "The runtime python3.13 is not available on this host (its interpreter is a shim). Install python3.13 on the host. Runtimes that are: python3.12.",
            ),
            (
                "nodejs22.x",
                "The runtime nodejs22.x is not available on this host. Get it with: clearsky runtimes install nodejs22. Runtimes that are: python3.12.",
            ),
            (
                "java21",
                "The runtime java21 is not available on this host. Its language has no runtime here; a program built for the host runs as provided.al2023. Runtimes that are: python3.12.",
            ),
            ("cobol", "The runtime cobol is not available on this host. Runtimes that are: python3.12."),
        ] {
            assert_eq!(exact.get(name).await.unwrap_err().to_string(), expected);
        }
        assert_eq!(exact.stand_in("python3.13"), None);
    }

    #[tokio::test]
    async fn the_nearest_stands_in() {
        let nearest = runtimes(Matching::Nearest);
        assert_eq!(nearest.get("python3.13").await.unwrap().name, "python3.12");
        assert_eq!(nearest.stand_in("python3.13").unwrap().version, "3.12.1");
        assert_eq!(nearest.stand_in("python3.12"), None);
        assert!(nearest.get("nodejs22.x").await.is_err());
    }
}
