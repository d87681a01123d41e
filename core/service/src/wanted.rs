//! What callers were seen to do in audit mode: what least-privilege policies are made of.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use policy::{Decision, DecisionEffect, PolicyType, Principal};
use tokio::sync::Notify;

/// Uses that are remembered, of all callers together. Beyond it new ones are not recorded, which is logged once.
const USES_MAX: usize = 10_000;

/// Something that a caller did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The ARN of the user or role, or a service's name.
    pub principal: String,
    pub action: String,
    pub resource: String,
}

/// What policies said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// No policy of the caller allows it.
    Lacking,
    /// A statement of the caller's alone would not allow it: what stands against it.
    Barred(String),
}

/// The uses of a server in audit mode.
#[derive(Debug, Default)]
pub struct Wanted {
    seen: Mutex<Seen>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Seen {
    uses: BTreeMap<Use, Verdict>,
    /// Not yet handed to whoever keeps them.
    fresh: Vec<(Use, Verdict)>,
    is_full: bool,
}

impl Wanted {
    /// Remembers a use, or its new verdict.
    pub fn note(&self, used: Use, verdict: Verdict) {
        let mut seen = self.seen();
        if seen.uses.get(&used) == Some(&verdict) {
            return;
        }
        if USES_MAX <= seen.uses.len() && !seen.uses.contains_key(&used) {
            if !std::mem::replace(&mut seen.is_full, true) {
                tracing::warn!("{USES_MAX} different uses are recorded; further ones will not be");
            }
            return;
        }
        seen.uses.insert(used.clone(), verdict.clone());
        seen.fresh.push((used, verdict));
        drop(seen);
        self.news.notify_one();
    }

    /// Takes back what was kept; what has been seen meanwhile is newer.
    pub fn restore(&self, kept: impl IntoIterator<Item = (Use, Verdict)>) {
        let mut seen = self.seen();
        for (used, verdict) in kept.into_iter().take(USES_MAX) {
            seen.uses.entry(used).or_insert(verdict);
        }
    }

    /// All uses, by whoever.
    pub fn all(&self) -> Vec<(Use, Verdict)> {
        self.seen().uses.iter().map(|(used, verdict)| (used.clone(), verdict.clone())).collect()
    }

    /// Waits for uses that have not been handed out here before.
    pub async fn news(&self) -> Vec<(Use, Verdict)> {
        loop {
            let fresh = std::mem::take(&mut self.seen().fresh);
            if !fresh.is_empty() {
                return fresh;
            }
            self.news.notified().await;
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose policies would have to allow it: a session's are its role's.
pub(crate) fn name(principal: &Principal) -> String {
    principal.principal_arn().unwrap_or_else(|| principal.name())
}

impl Verdict {
    pub(crate) fn of(decision: &Decision) -> Self {
        let barred = |what: &str| Self::Barred(what.to_owned());
        match (decision.effect, decision.lacking) {
            (DecisionEffect::Allowed, _) => Self::Allowed,
            (DecisionEffect::ExplicitDeny, _) => {
                let by = decision.decided_by.as_ref().map_or_else(String::new, |by| format!(": {by}"));
                Self::Barred(format!("a statement denies it{by}"))
            }
            (DecisionEffect::ImplicitDeny, None | Some(PolicyType::Identity)) => Self::Lacking,
            (DecisionEffect::ImplicitDeny, Some(PolicyType::Resource)) => barred("the resource's policy must allow it"),
            (DecisionEffect::ImplicitDeny, Some(PolicyType::RoleTrust)) => {
                barred("the role's trust policy must allow it")
            }
            (DecisionEffect::ImplicitDeny, Some(PolicyType::PermissionsBoundary)) => {
                barred("the permissions boundary must allow it")
            }
            (DecisionEffect::ImplicitDeny, Some(PolicyType::Session)) => barred("the session's policy must allow it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(n: usize) -> Use {
        Use { principal: format!("role-{}", n % 2), action: "s3:GetObject".into(), resource: n.to_string() }
    }

    #[tokio::test]
    async fn uses_are_kept_once_and_bounded() {
        let wanted = Wanted::default();
        wanted.restore([(used(0), Verdict::Lacking)]);
        (0..USES_MAX + 5).for_each(|n| wanted.note(used(n), Verdict::Lacking));
        assert_eq!(wanted.all().len(), USES_MAX);
        assert_eq!(wanted.news().await.len(), USES_MAX - 1, "what was restored is no news");
        wanted.note(used(0), Verdict::Allowed);
        assert_eq!(wanted.news().await, [(used(0), Verdict::Allowed)]);
    }
}
