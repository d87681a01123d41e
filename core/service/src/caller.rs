//! Who calls.

use base::{Account, Region, Scope, Secret};
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
    /// The request in whose course it calls; for the trace.
    pub because_of: Option<String>,
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

    /// The root user of an account.
    pub fn root(account: Account) -> Self {
        let root = Scope::new(account.clone(), Region::from(Region::DEFAULT)).global_arn("iam", "root");
        let user_id = account.as_str().to_owned();
        Self::of(Principal::Root(root), account, &user_id)
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
        Self {
            principal,
            account,
            access_key_id: None,
            user_id: user_id.to_owned(),
            session_policies: Vec::new(),
            context: Vec::new(),
            because_of: None,
        }
    }

    /// The same, calling in the course of a request.
    pub fn because_of(self, request_id: &str) -> Self {
        Self { because_of: Some(request_id.to_owned()), ..self }
    }

    pub fn is_anonymous(&self) -> bool {
        matches!(self.principal, Principal::Anonymous)
    }
}
