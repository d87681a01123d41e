//! A session of a role: its credentials, and the token that carries all we know of it.

use base::{Account, Arn, Secret, Timestamp};
use policy::{Attached, PolicyKind, Principal};
use serde::{Deserialize, Serialize};
use service::{Caller, Failure, Platform};

use crate::documents::Documents;
use crate::managed::Managed;
use crate::model::Role;

/// What session tokens are sealed for.
const PURPOSE: &str = "session";

/// Behind `ASIA` in a temporary access key's id (observed).
const ACCESS_KEY_ID_CHARS: usize = 16;

/// As many as AWS's (observed); of five bits each.
const SECRET_CHARS: usize = 40;

/// How the caller's own policy for a session shows in traces and denials.
const SESSION_POLICY_NAME: &str = "session policy";

/// A session as its token carries it. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    pub role: Arn,
    pub role_id: String,
    pub role_name: String,
    pub session_name: String,
    pub expires: Timestamp,
    pub issued: Option<Timestamp>,
    /// A policy that limits it.
    pub policy: Option<String>,
    /// Managed policies that limit it.
    pub policy_arns: Vec<String>,
}

/// A token's content.
#[derive(Serialize, Deserialize)]
enum Token {
    V1(Grant),
}

impl Grant {
    /// New credentials for a session of a role, without limits of its own.
    pub(crate) fn new(platform: &Platform, role: &Role, session_name: &str, expires: Timestamp) -> Self {
        Self {
            access_key_id: format!("ASIA{}", platform.ids.upper(ACCESS_KEY_ID_CHARS)),
            secret_access_key: Secret::new(platform.ids.upper(SECRET_CHARS)),
            role: role.arn.clone(),
            role_id: role.id.clone(),
            role_name: role.name.clone(),
            session_name: session_name.into(),
            // STS knows whole seconds.
            expires: Timestamp::default().plus_seconds(expires.as_seconds()),
            issued: Some(Timestamp::default().plus_seconds(platform.clock.now().as_seconds())),
            policy: None,
            policy_arns: Vec::new(),
        }
    }

    /// The session token.
    pub(crate) fn seal(&self, platform: &Platform) -> Result<String, Failure> {
        let plain = serde_json::to_vec(&Token::V1(self.clone())).map_err(Failure::internal)?;
        Ok(platform.seal.seal(&platform.ids, PURPOSE, &plain))
    }

    /// What a token carries, if we made it.
    pub(crate) fn open(platform: &Platform, token: &str) -> Option<Self> {
        let plain = platform.seal.open(PURPOSE, token).ok()?;
        let Token::V1(grant) = serde_json::from_slice(&plain).ok()?;
        Some(grant)
    }

    /// `AROA...:session`.
    pub(crate) fn user_id(&self) -> String {
        format!("{}:{}", self.role_id, self.session_name)
    }

    /// The ARN of the session itself.
    pub(crate) fn session_arn(&self) -> Arn {
        let resource = format!("assumed-role/{}/{}", self.role_name, self.session_name);
        Arn { service: "sts".into(), resource, ..self.role.clone() }
    }

    /// The caller that requests with these credentials have.
    pub(crate) fn caller(&self, documents: &Documents) -> Result<Caller, Failure> {
        let principal = Principal::Session { role: self.role.clone(), session: self.session_arn() };
        let account = Account::from(self.role.account.as_str());
        let access_key_id = Some(self.access_key_id.clone());
        let session_policies = self.limits(documents)?;
        let issued = self.issued.map(|issued| ("aws:TokenIssueTime".to_owned(), issued.iso8601()));
        let context = issued.into_iter().collect();
        Ok(Caller { access_key_id, session_policies, context, ..Caller::of(principal, account, &self.user_id()) })
    }

    fn limits(&self, documents: &Documents) -> Result<Vec<Attached>, Failure> {
        let mut limits = Vec::new();
        if let Some(policy) = &self.policy {
            limits.push(documents.attached(SESSION_POLICY_NAME, policy, PolicyKind::Inline)?);
        }
        for arn in &self.policy_arns {
            let managed = arn.parse().ok().and_then(|arn| Managed::find(&arn));
            // A limit that we do not know any more must not widen the session.
            let managed = managed.ok_or_else(|| Failure::defect(format!("no managed policy {arn}")))?;
            limits.push(documents.attached(arn, managed.document, PolicyKind::Managed)?);
        }
        Ok(limits)
    }
}
