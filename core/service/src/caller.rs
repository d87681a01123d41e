//! Who calls.

use base::{Account, Secret};
use policy::{Attached, Principal};

/// The authenticated caller of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    /// The account that calls; a service calls for the account of the resource that made it call.
    pub account: Account,
    pub access_key_id: Option<String>,
    /// IAM's unique id: `AIDA...`, `AROA...:session`, or the account of its root.
    pub user_id: String,
    /// Limits given when the session was made.
    pub session_policies: Vec<Attached>,
    /// Condition keys that come with the caller, such as `aws:SourceArn` of a service.
    pub context: Vec<(String, String)>,
}

/// What a request is verified with, and who it then is.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub secret_access_key: Secret<String>,
    pub caller: Caller,
}

impl Caller {
    /// Nobody in particular, on the account that the server is for.
    pub fn anonymous(account: Account) -> Self {
        Self::of(Principal::Anonymous, account, "anonymous")
    }

    /// A service that acts because of a resource, such as an API that invokes a function.
    pub fn service(name: &str, account: Account, source_arn: &str) -> Self {
        let context = vec![
            ("aws:SourceArn".to_owned(), source_arn.to_owned()),
            ("aws:SourceAccount".to_owned(), account.as_str().to_owned()),
        ];
        Self { context, ..Self::of(Principal::Service(name.to_owned()), account, name) }
    }

    /// A caller with nothing beside its principal.
    pub fn of(principal: Principal, account: Account, user_id: &str) -> Self {
        let (access_key_id, session_policies, context) = (None, Vec::new(), Vec::new());
        Self { principal, account, access_key_id, user_id: user_id.to_owned(), session_policies, context }
    }

    pub fn is_anonymous(&self) -> bool {
        matches!(self.principal, Principal::Anonymous)
    }
}
