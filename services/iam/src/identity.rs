//! The port `Identity`: who callers are and what they may do.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use base::{Account, Arn, Region, Scope, Secret};
use futures::future::BoxFuture;
use policy::{Attached, Context, Decision, Policies, PolicyKind, Principal, Request, ResourcePolicy, ResourceRule};
use service::ports::{Identity, Session, Trust, Unaccepted};
use service::{Caller, Credentials, Failure, Platform, action, common};

use crate::documents::Documents;
use crate::managed::Managed;
use crate::model::Role;
use crate::session::Grant;
use crate::store;

/// How long a session lasts that a service assumes: the most that sessions last (docs).
const SERVICE_SESSION_SECONDS: i64 = 43_200;

const ASSUME_ROLE: &str = action!(sts::AssumeRole);

/// An access key of the account's root user, fixed when the server starts.
#[derive(Debug, Clone)]
pub struct RootKey {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
}

/// The identities of a server: its root user and the sessions of its roles.
#[derive(Debug)]
pub struct Identities {
    platform: Weak<Platform>,
    root_keys: HashMap<String, Secret<String>>,
    account: Account,
    documents: Documents,
}

impl Identities {
    /// Identities over a platform's store. The root keys belong to `account`.
    pub fn new(platform: Weak<Platform>, root_keys: Vec<RootKey>, account: Account) -> Self {
        let keys = root_keys.into_iter().map(|key| (key.access_key_id, key.secret_access_key));
        Self { platform, root_keys: keys.collect(), account, documents: Documents::default() }
    }

    /// The root user of an account, with one of its keys.
    pub fn root(account: &Account, access_key_id: &str) -> Caller {
        let scope = Scope::new(account.clone(), Region::from(Region::DEFAULT));
        let principal = Principal::Root(scope.global_arn("iam", "root"));
        let caller = Caller::of(principal, account.clone(), account.as_str());
        Caller { access_key_id: Some(access_key_id.into()), ..caller }
    }

    fn platform(&self) -> Result<Arc<Platform>, Failure> {
        self.platform.upgrade().ok_or_else(|| Failure::defect("the platform is gone"))
    }

    fn accept(&self, access_key_id: &str, token: Option<&str>) -> Result<Result<Credentials, Unaccepted>, Failure> {
        if let Some(secret) = self.root_keys.get(access_key_id) {
            if token.is_some() {
                return Ok(Err(Unaccepted::InvalidToken));
            }
            let caller = Self::root(&self.account, access_key_id);
            return Ok(Ok(Credentials { secret_access_key: secret.clone(), caller }));
        }
        let Some(token) = token else { return Ok(Err(Unaccepted::UnknownKey)) };
        let platform = self.platform()?;
        match Grant::open(&platform, token) {
            Some(grant) if grant.access_key_id != access_key_id => Ok(Err(Unaccepted::InvalidToken)),
            Some(grant) if grant.expires <= platform.clock.now() => Ok(Err(Unaccepted::ExpiredToken)),
            Some(grant) => {
                let caller = grant.caller(&self.documents)?;
                Ok(Ok(Credentials { secret_access_key: grant.secret_access_key, caller }))
            }
            None => Ok(Err(Unaccepted::InvalidToken)),
        }
    }

    async fn role(&self, arn: &Arn) -> Result<Option<Role>, Failure> {
        let mut tx = self.platform()?.begin().await?;
        Ok(store::role_by_arn(&mut tx, arn).await?)
    }

    /// What a role's policies are now; a session of a role that was deleted (and perhaps made anew) has none.
    async fn role_policies(&self, role: &Arn, user_id: &str) -> Result<Vec<Attached>, Failure> {
        let id = user_id.split(':').next().unwrap_or_default();
        let Some(role) = self.role(role).await?.filter(|role| role.id == id) else { return Ok(Vec::new()) };
        let mut found = Vec::with_capacity(role.inline_policies.len() + role.attached_policies.len());
        for (name, document) in &role.inline_policies {
            found.push(self.documents.attached(name, document, PolicyKind::Inline)?);
        }
        for arn in &role.attached_policies {
            let managed = arn.parse().ok().and_then(|arn| Managed::find(&arn));
            let managed = managed.ok_or_else(|| Failure::defect(format!("no managed policy {arn}")))?;
            found.push(self.documents.attached(arn, managed.document, PolicyKind::Managed)?);
        }
        Ok(found)
    }

    /// What a role's trust policy says to a service that acts for the role's account.
    fn judge(&self, platform: &Platform, role: &Role, service: &Principal) -> Result<Judged, Failure> {
        let now = platform.clock.now();
        let context = Context::new()
            .with("aws:CurrentTime", now.iso8601())
            .with("aws:EpochTime", now.as_seconds().to_string())
            .with("aws:PrincipalServiceName", service.name())
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:SourceAccount", role.arn.account.as_str());
        let attached = self.documents.attached(&role.name, &role.trust_policy, PolicyKind::Trust)?;
        let resource = Some(ResourcePolicy { attached, rule: ResourceRule::RoleTrust });
        let (resource_arn, account) = (role.arn.to_string(), role.arn.account.as_str());
        let request = Request {
            principal: service,
            action: ASSUME_ROLE,
            resource: &resource_arn,
            resource_account: account,
            context: &context,
        };
        let decision = policy::evaluate(&request, &Policies { resource, ..Policies::default() });
        let text = policy::denial_text(&request, &decision);
        Ok(Judged { decision, text })
    }

    async fn assume_for(&self, arn: &Arn, service: &str, session_name: &str) -> Result<Session, Failure> {
        let platform = self.platform()?;
        let denied = |text: String| Failure::new(&common::QUERY.access_denied, text);
        let Some(role) = self.role(arn).await? else {
            return Err(denied(format!(
                "User: {service} is not authorized to perform: {ASSUME_ROLE} on resource: {arn}"
            )));
        };
        let judged = self.judge(&platform, &role, &Principal::Service(service.into()))?;
        if !judged.decision.is_allowed() {
            return Err(denied(judged.text));
        }
        let expires = platform.clock.now().plus_seconds(SERVICE_SESSION_SECONDS);
        let grant = Grant::new(&platform, &role, session_name, expires);
        Ok(Session {
            session_token: Secret::new(grant.seal(&platform)?),
            caller: grant.caller(&self.documents)?,
            access_key_id: grant.access_key_id,
            secret_access_key: grant.secret_access_key,
            expires: grant.expires,
        })
    }
}

/// A decision, and its text should it be a denial.
struct Judged {
    decision: Decision,
    text: String,
}

impl Identity for Identities {
    fn credentials<'a>(
        &'a self,
        access_key_id: &'a str,
        session_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>> {
        Box::pin(async move { self.accept(access_key_id, session_token) })
    }

    fn policies<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Policies, Failure>> {
        Box::pin(async move {
            let identity = match &caller.principal {
                Principal::Session { role, .. } => self.role_policies(role, &caller.user_id).await?,
                // Root needs none; users are not there; the others have only what resources' policies give them.
                Principal::Root(_)
                | Principal::User(_)
                | Principal::Service(_)
                | Principal::Federated(_)
                | Principal::Anonymous => Vec::new(),
            };
            Ok(Policies { identity, session: caller.session_policies.clone(), ..Policies::default() })
        })
    }

    fn assume<'a>(
        &'a self,
        role: &'a Arn,
        service: &'a str,
        session: &'a str,
    ) -> BoxFuture<'a, Result<Session, Failure>> {
        Box::pin(self.assume_for(role, service, session))
    }

    fn trusts<'a>(&'a self, role: &'a Arn, service: &'a str) -> BoxFuture<'a, Result<Trust, Failure>> {
        Box::pin(async move {
            let Some(role) = self.role(role).await? else { return Ok(Trust::NoSuchRole) };
            let judged = self.judge(&*self.platform()?, &role, &Principal::Service(service.into()))?;
            Ok(if judged.decision.is_allowed() { Trust::Yes } else { Trust::No })
        })
    }
}
