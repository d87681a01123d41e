//! Sessions: their credentials, and the tokens that carry all we know of them.

use base::{Account, Arn, Secret, Timestamp};
use policy::Principal;
use serde::{Deserialize, Serialize};
use service::{Caller, Failure, Platform};

use crate::key_id;
use crate::model::{Role, whole_seconds};

/// What session tokens are sealed for.
const PURPOSE: &str = "session";

/// As many as AWS's (observed); of five bits each.
pub(crate) const SECRET_CHARS: usize = 40;

/// A session of a role as its token carries it. Nothing of it is stored.
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

/// A session of a user, or of the account's root, as GetSessionToken gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Loan {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    pub account: Account,
    /// None: the root user.
    pub user: Option<Borrower>,
    pub expires: Timestamp,
    pub issued: Timestamp,
}

/// The user of a session: it is no longer that user's when another has taken the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Borrower {
    pub name: String,
    pub id: String,
}

/// A token's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Token {
    V1(Grant),
    Loan(Loan),
}

impl Token {
    /// The session token.
    pub(crate) fn seal(&self, platform: &Platform) -> Result<String, Failure> {
        let plain = serde_json::to_vec(self).map_err(Failure::internal)?;
        Ok(platform.seal.seal(&platform.ids, PURPOSE, &plain))
    }

    /// What a token carries, if we made it.
    pub(crate) fn open(platform: &Platform, token: &str) -> Option<Self> {
        let plain = platform.seal.open(PURPOSE, token).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    pub(crate) fn access_key_id(&self) -> &str {
        match self {
            Self::V1(grant) => &grant.access_key_id,
            Self::Loan(loan) => &loan.access_key_id,
        }
    }

    pub(crate) fn expires(&self) -> Timestamp {
        match self {
            Self::V1(grant) => grant.expires,
            Self::Loan(loan) => loan.expires,
        }
    }
}

impl Grant {
    /// New credentials for a session of a role, without limits of its own.
    pub(crate) fn new(platform: &Platform, role: &Role, session_name: &str, expires: Timestamp) -> Self {
        let holder = &role.holder;
        Self {
            access_key_id: key_id::new(&platform.ids, key_id::TEMPORARY, &holder.arn.account),
            secret_access_key: Secret::new(platform.ids.upper(SECRET_CHARS)),
            role: holder.arn.clone(),
            role_id: holder.id.clone(),
            role_name: holder.name.clone(),
            session_name: session_name.into(),
            // STS knows whole seconds.
            expires: whole_seconds(expires),
            issued: Some(whole_seconds(platform.clock.now())),
            policy: None,
            policy_arns: Vec::new(),
        }
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

    /// The caller that requests with these credentials have, as far as the token tells.
    pub(crate) fn caller(&self) -> Caller {
        let principal = Principal::Session { role: self.role.clone(), session: self.session_arn() };
        let account = Account::from(self.role.account.as_str());
        let access_key_id = Some(self.access_key_id.clone());
        let context = temporary(self.issued);
        Caller { access_key_id, context, ..Caller::of(principal, account, &self.user_id()) }
    }
}

impl Loan {
    /// New credentials for a user, or for root.
    pub(crate) fn new(platform: &Platform, account: &Account, user: Option<Borrower>, expires: Timestamp) -> Self {
        Self {
            access_key_id: key_id::new(&platform.ids, key_id::TEMPORARY, account.as_str()),
            secret_access_key: Secret::new(platform.ids.upper(SECRET_CHARS)),
            account: account.clone(),
            user,
            expires: whole_seconds(expires),
            issued: whole_seconds(platform.clock.now()),
        }
    }

    /// The condition keys that come with these credentials.
    pub(crate) fn context(&self) -> Vec<(String, String)> {
        temporary(Some(self.issued))
    }
}

/// Condition keys of temporary credentials; nobody has a second factor here (docs: then the key is there, and false).
fn temporary(issued: Option<Timestamp>) -> Vec<(String, String)> {
    let issued = issued.map(|issued| ("aws:TokenIssueTime".to_owned(), issued.iso8601()));
    let mut context: Vec<_> = issued.into_iter().collect();
    context.push(("aws:MultiFactorAuthPresent".to_owned(), "false".to_owned()));
    context
}
