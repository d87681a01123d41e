//! The port `Identity`: who callers are and what they may do.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use base::{Account, Arn, Region, Scope, Secret};
use futures::future::BoxFuture;
use kv::Tx;
use policy::{Attached, Context, Policies, PolicyKind, Principal, Request, ResourcePolicy, ResourceRule};
use service::ports::{Identity, Session, Trust, Unaccepted};
use service::{Auth, Caller, Credentials, Failure, Platform, action, common};

use crate::last_use::LastUses;
use crate::model::{Kind, Role, Stored, name_in, secret_purpose};
use crate::session::{Grant, Loan, Token};
use crate::standing::{Standing, Standings};
use crate::{key_id, store};

/// How long a session lasts that a service assumes: the most that sessions last (docs).
const SERVICE_SESSION_SECONDS: i64 = 43_200;

const ASSUME_ROLE: &str = action!(sts::AssumeRole);

/// How the caller's own policy for a session shows in traces and denials.
const SESSION_POLICY_NAME: &str = "session policy";

/// What sessions of GetSessionToken may do: nothing in IAM, and of STS two operations (docs). AWS refuses them before it looks
/// at policies; here a policy of the session does.
const LOAN_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":["sts:AssumeRoleWith*","sts:AssumeRoot","sts:Decode*","sts:GetAccessKeyInfo","sts:GetFederationToken","sts:GetSessionToken"],"Resource":"*"}]}"#;

/// An access key of the account's root user, fixed when the server starts.
#[derive(Debug, Clone)]
pub struct RootKey {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
}

/// The identities of a server: its root user, its users, and the sessions of both and of roles.
#[derive(Debug)]
pub struct Identities {
    platform: Weak<Platform>,
    root_keys: HashMap<String, Secret<String>>,
    account: Account,
    standings: Standings,
    last_uses: LastUses,
}

impl Identities {
    /// Identities over a platform's store. The root keys belong to `account`.
    pub fn new(platform: Weak<Platform>, root_keys: Vec<RootKey>, account: Account) -> Self {
        let keys = root_keys.into_iter().map(|key| (key.access_key_id, key.secret_access_key));
        let (standings, last_uses) = (Standings::default(), LastUses::default());
        Self { platform, root_keys: keys.collect(), account, standings, last_uses }
    }

    /// The root user of an account, with one of its keys.
    pub fn root(account: &Account, access_key_id: &str) -> Caller {
        let scope = Scope::new(account.clone(), Region::from(Region::DEFAULT));
        let principal = Principal::Root(scope.global_arn("iam", "root"));
        let caller = Caller::of(principal, account.clone(), account.as_str());
        Caller { access_key_id: Some(access_key_id.into()), ..caller }
    }

    /// Ids of the root user's keys, in order.
    pub(crate) fn root_key_ids(&self, account: &Account) -> Vec<String> {
        let ours = self.root_keys.keys().filter(|_| self.account == *account);
        let mut ids: Vec<String> = ours.cloned().collect();
        ids.sort();
        ids
    }

    /// The account that a key belongs to, whether or not there is such a key.
    pub(crate) fn account_of(&self, access_key_id: &str) -> Option<Account> {
        let root = self.root_keys.contains_key(access_key_id).then(|| self.account.clone());
        root.or_else(|| key_id::account(access_key_id))
    }

    pub(crate) fn last_uses(&self) -> &LastUses {
        &self.last_uses
    }

    fn platform(&self) -> Result<Arc<Platform>, Failure> {
        self.platform.upgrade().ok_or_else(|| Failure::defect("the platform is gone"))
    }

    async fn accept(
        &self,
        access_key_id: &str,
        token: Option<&str>,
    ) -> Result<Result<Credentials, Unaccepted>, Failure> {
        if let Some(secret) = self.root_keys.get(access_key_id) {
            if token.is_some() {
                return Ok(Err(Unaccepted::InvalidToken));
            }
            let caller = Self::root(&self.account, access_key_id);
            return Ok(Ok(Credentials { secret_access_key: secret.clone(), caller }));
        }
        let platform = self.platform()?;
        let Some(token) = token else { return self.user(&platform, access_key_id).await };
        match Token::open(&platform, token) {
            Some(token) if token.access_key_id() != access_key_id => Ok(Err(Unaccepted::InvalidToken)),
            Some(token) if token.expires() <= platform.clock.now() => Ok(Err(Unaccepted::ExpiredToken)),
            Some(Token::V1(grant)) => Ok(Ok(self.session(&platform, grant).await?)),
            Some(Token::Loan(loan)) => self.loan(&platform, loan).await,
            None => Ok(Err(Unaccepted::InvalidToken)),
        }
    }

    /// The user behind a long-term key. An inactive key is as unknown as one that never was.
    async fn user(&self, platform: &Platform, id: &str) -> Result<Result<Credentials, Unaccepted>, Failure> {
        if !id.starts_with(key_id::LONG_TERM) {
            return Ok(Err(Unaccepted::UnknownKey));
        }
        let mut tx = platform.begin().await?;
        let found = store::access_key(&mut tx, id).await?.filter(|key| key.active);
        let Some(key) = found else { return Ok(Err(Unaccepted::UnknownKey)) };
        let standing = self.standings.user(&mut tx, &key.account, &key.user).await?;
        let Some(standing) = standing else { return Ok(Err(Unaccepted::UnknownKey)) };
        let opened = platform.seal.open(&secret_purpose(id), key.sealed_secret.expose()).map_err(Failure::internal)?;
        let secret_access_key = Secret::new(String::from_utf8(opened).map_err(Failure::internal)?);
        Ok(Ok(Credentials { secret_access_key, caller: user_caller(&standing, id, Vec::new()) }))
    }

    async fn session(&self, platform: &Platform, grant: Grant) -> Result<Credentials, Failure> {
        let mut caller = grant.caller();
        let mut tx = platform.begin().await?;
        // A role made anew gives old sessions nothing.
        let role = self.standings.role(&mut tx, &caller.account, &grant.role_name).await?;
        if let Some(role) = role.filter(|role| role.id == grant.role_id) {
            caller.context.extend(role.tags.iter().cloned());
        }
        if let Some(policy) = &grant.policy {
            let limit = self.standings.documents().attached(SESSION_POLICY_NAME, policy, PolicyKind::Inline)?;
            caller.session_policies.push(limit);
        }
        for arn in &grant.policy_arns {
            caller.session_policies.push(self.standings.managed(&mut tx, &grant.role.account, arn).await?);
        }
        Ok(Credentials { secret_access_key: grant.secret_access_key, caller })
    }

    async fn loan(&self, platform: &Platform, loan: Loan) -> Result<Result<Credentials, Unaccepted>, Failure> {
        let context = loan.context();
        let mut caller = match &loan.user {
            None => Caller { context, ..Self::root(&loan.account, &loan.access_key_id) },
            Some(user) => {
                let mut tx = platform.begin().await?;
                let standing = self.standings.user(&mut tx, &loan.account, &user.name).await?;
                let Some(standing) = standing.filter(|standing| standing.id == user.id) else {
                    return Ok(Err(Unaccepted::InvalidToken));
                };
                user_caller(&standing, &loan.access_key_id, context)
            }
        };
        let limit = self.standings.documents().attached(SESSION_POLICY_NAME, LOAN_POLICY, PolicyKind::Inline)?;
        caller.session_policies.push(limit);
        Ok(Ok(Credentials { secret_access_key: loan.secret_access_key, caller }))
    }

    /// What the principal's policies are now; one that was deleted (and perhaps made anew) has none.
    async fn policies_of(&self, caller: &Caller) -> Result<Policies, Failure> {
        let session = caller.session_policies.clone();
        let (arn, kind) = match &caller.principal {
            Principal::Session { role, .. } => (role, Kind::Role),
            Principal::User(user) => (user, Kind::User),
            // Root needs none; the others have only what resources' policies give them.
            Principal::Root(_) | Principal::Service(_) | Principal::Federated(_) | Principal::Anonymous => {
                return Ok(Policies { session, ..Policies::default() });
            }
        };
        let Some(name) = name_in(arn, kind.word()) else { return Ok(Policies { session, ..Policies::default() }) };
        let mut tx = self.platform()?.begin().await?;
        let account = Account::from(arn.account.as_str());
        let standing = match kind {
            Kind::User => self.standings.user(&mut tx, &account, name).await?,
            Kind::Role | Kind::Group => self.standings.role(&mut tx, &account, name).await?,
        };
        let id = caller.user_id.split(':').next().unwrap_or_default();
        let Some(standing) = standing.filter(|standing| standing.id == id) else {
            return Ok(Policies { session, ..Policies::default() });
        };
        let (identity, permissions_boundary) = self.of_standing(&mut tx, &standing).await?;
        Ok(Policies { identity, resource: None, permissions_boundary, session })
    }

    async fn of_standing(
        &self,
        tx: &mut Tx,
        standing: &Standing,
    ) -> Result<(Vec<Attached>, Option<Attached>), Failure> {
        let boundary = match &standing.boundary {
            Some(arn) => Some(self.standings.managed(tx, &standing.arn.account, arn).await?),
            None => None,
        };
        Ok((self.standings.user_policies(tx, standing).await?, boundary))
    }

    /// What a role's trust policy says to a service that acts for the role's account.
    fn judge(&self, platform: &Platform, role: &Role, service: &Principal) -> Result<Judged, Failure> {
        let now = platform.clock.now();
        let arn = &role.holder.arn;
        let context = Context::new()
            .with("aws:CurrentTime", now.iso8601())
            .with("aws:EpochTime", now.as_seconds().to_string())
            .with("aws:PrincipalServiceName", service.name())
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:SourceAccount", arn.account.as_str());
        let documents = self.standings.documents();
        let attached = documents.attached(role.name(), &role.trust_policy, PolicyKind::Trust)?;
        let resource = Some(ResourcePolicy { attached, rule: ResourceRule::RoleTrust });
        let (resource_arn, account) = (arn.to_string(), arn.account.as_str());
        let request = Request {
            principal: service,
            action: ASSUME_ROLE,
            resource: &resource_arn,
            resource_account: account,
            context: &context,
        };
        let decision = policy::evaluate(&request, &Policies { resource, ..Policies::default() });
        let text = policy::denial_text(&request, &decision);
        let is_allowed = decision.is_allowed() || platform.settings.auth != Auth::Enforce;
        if !decision.is_allowed() && platform.settings.auth == Auth::Audit {
            let statement = policy::allowing_statement(&request);
            tracing::warn!(statement, "let through: {text}");
        }
        Ok(Judged { is_allowed, text })
    }

    async fn role(&self, arn: &Arn) -> Result<Option<Role>, Failure> {
        let mut tx = self.platform()?.begin().await?;
        Ok(store::by_arn(&mut tx, arn).await?)
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
        if !judged.is_allowed {
            return Err(denied(judged.text));
        }
        let expires = platform.clock.now().plus_seconds(SERVICE_SESSION_SECONDS);
        let grant = Grant::new(&platform, &role, session_name, expires);
        let session_token = Secret::new(Token::V1(grant.clone()).seal(&platform)?);
        let (access_key_id, expires) = (grant.access_key_id.clone(), grant.expires);
        let Credentials { secret_access_key, caller } = self.session(&platform, grant).await?;
        Ok(Session { session_token, caller, access_key_id, secret_access_key, expires })
    }
}

/// A user as a caller.
fn user_caller(standing: &Standing, access_key_id: &str, mut context: Vec<(String, String)>) -> Caller {
    context.extend(standing.tags.iter().cloned());
    let account = Account::from(standing.arn.account.as_str());
    let caller = Caller::of(Principal::User(standing.arn.clone()), account, &standing.id);
    Caller { access_key_id: Some(access_key_id.into()), context, ..caller }
}

/// Whether it may be, and the text should it be a denial.
struct Judged {
    is_allowed: bool,
    text: String,
}

impl Identity for Identities {
    fn credentials<'a>(
        &'a self,
        access_key_id: &'a str,
        session_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>> {
        Box::pin(self.accept(access_key_id, session_token))
    }

    fn policies<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Policies, Failure>> {
        Box::pin(self.policies_of(caller))
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
            Ok(if judged.is_allowed { Trust::Yes } else { Trust::No })
        })
    }

    fn used(&self, access_key_id: &str, service: &str, region: &str) {
        if access_key_id.starts_with(key_id::LONG_TERM)
            && !self.root_keys.contains_key(access_key_id)
            && let Some(platform) = self.platform.upgrade()
        {
            self.last_uses.note(access_key_id, service, region, platform.clock.now());
        }
    }
}
