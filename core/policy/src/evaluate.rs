//! The evaluation of a request against all policies that apply to it.

use std::sync::Arc;

use crate::context::Context;
use crate::decision::{Decision, DecisionEffect, Looked, Outcome, PolicyType, Source, StatementRef};
use crate::document::{Effect, Element, Policy, Sense, Statement};
use crate::principal::{Naming, Principal, PrincipalPattern};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub principal: &'a Principal,
    /// Such as `s3:GetObject`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for actions that have none.
    pub resource: &'a str,
    /// The account that owns the resource.
    pub resource_account: &'a str,
    pub context: &'a Context,
}

/// A policy with its name: an ARN, or an inline policy's name.
#[derive(Debug, Clone)]
pub struct Attached {
    pub name: Arc<str>,
    pub policy: Arc<Policy>,
}

/// The policy of the resource.
#[derive(Debug, Clone)]
pub struct ResourcePolicy {
    pub attached: Attached,
    pub rule: ResourceRule,
}

/// What a resource's policy can do for principals of its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceRule {
    /// Allow on its own, beside identity policies (buckets, queues, functions).
    Sufficient,
    /// It must allow, whatever identity policies say (KMS keys).
    Required,
    /// A role's trust policy: it must allow.
    RoleTrust,
}

/// All policies that apply to a request.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// Of the user and its groups, or of the role.
    pub identity: Vec<Attached>,
    pub resource: Option<ResourcePolicy>,
    pub permissions_boundary: Option<Attached>,
    /// Given when the session was made; one of them must allow.
    pub session: Vec<Attached>,
}

impl Policies {
    /// Whether there is no policy at all: then no condition is looked at, and the request's context does not matter.
    pub fn is_empty(&self) -> bool {
        let Self { identity, resource, permissions_boundary, session } = self;
        identity.is_empty() && resource.is_none() && permissions_boundary.is_none() && session.is_empty()
    }
}

/// Decides a request.
///
/// A deny anywhere wins. Within an account, identity policies or the resource's policy must allow; across accounts,
/// both. A boundary and session policies must allow too, unless the resource's policy names the user or the session
/// itself (or everyone): then it alone is enough within the account. If it names the role, they still limit.
/// A resource policy that names the account leaves it to the account's identity policies. The root user needs no
/// identity policy. Services, federated and anonymous principals have only the resource's policy.
pub fn evaluate(request: &Request<'_>, policies: &Policies) -> Decision {
    let action = request.action.to_ascii_lowercase();
    let mut walk = Walk { request, action, looked_at: Vec::new(), deny: None };
    let identity = walk.any(&policies.identity, PolicyType::Identity);
    let (resource_type, resource) = match &policies.resource {
        Some(ResourcePolicy { attached, rule }) => {
            let policy_type = match rule {
                ResourceRule::RoleTrust => PolicyType::RoleTrust,
                ResourceRule::Sufficient | ResourceRule::Required => PolicyType::Resource,
            };
            (policy_type, walk.policy(attached, policy_type))
        }
        None => (PolicyType::Resource, None),
    };
    let boundary = policies.permissions_boundary.as_ref().map(|b| walk.policy(b, PolicyType::PermissionsBoundary));
    let session = match policies.session.as_slice() {
        [] => None,
        some => Some(walk.any(some, PolicyType::Session)),
    };
    let Walk { looked_at, deny, .. } = walk;
    if let Some(by) = deny {
        return Decision { effect: DecisionEffect::ExplicitDeny, decided_by: Some(by), lacking: None, looked_at };
    }
    let verdict = Allows { identity, resource, resource_type, boundary, session }.verdict(request, policies);
    match verdict {
        Ok(decided_by) => Decision { effect: DecisionEffect::Allowed, decided_by, lacking: None, looked_at },
        Err(lacking) => {
            Decision { effect: DecisionEffect::ImplicitDeny, decided_by: None, lacking: Some(lacking), looked_at }
        }
    }
}

/// A statement that allows, and how directly it names the principal.
type Allow = (StatementRef, Naming);

/// What each type of policy allows: the inner None is "does not allow", the outer one "there is no such policy".
struct Allows {
    identity: Option<Allow>,
    resource: Option<Allow>,
    resource_type: PolicyType,
    boundary: Option<Option<Allow>>,
    session: Option<Option<Allow>>,
}

impl Allows {
    /// The statement that allows, or the type of policy that does not.
    fn verdict(self, request: &Request<'_>, policies: &Policies) -> Result<Option<StatementRef>, PolicyType> {
        let Self { identity, resource, resource_type, boundary, session } = self;
        let required = policies.resource.as_ref().is_some_and(|r| r.rule != ResourceRule::Sufficient);
        let root = matches!(request.principal, Principal::Root(_));
        let naming = resource.as_ref().map(|(_, naming)| *naming);
        let by_resource = resource.map(|(statement, _)| statement);
        let Some(account) = request.principal.account() else {
            return by_resource.map(Some).ok_or(resource_type);
        };
        let same_account = account == request.resource_account;
        let by_identity = identity.map(|(statement, _)| statement);
        match (same_account, naming) {
            (true, Some(Naming::Itself)) => return Ok(by_resource),
            (false, None) => {
                return Err(if by_identity.is_some() || root { resource_type } else { PolicyType::Identity });
            }
            (true, None) if required => return Err(resource_type),
            _ => (),
        }
        let granted_by_role = same_account && naming == Some(Naming::Role);
        if by_identity.is_none() && !root && !granted_by_role {
            return Err(PolicyType::Identity);
        }
        match (boundary, session) {
            (Some(None), _) => Err(PolicyType::PermissionsBoundary),
            (_, Some(None)) => Err(PolicyType::Session),
            _ => Ok(by_identity.or(by_resource)),
        }
    }
}

struct Walk<'a> {
    request: &'a Request<'a>,
    /// In lower case, as action patterns are.
    action: String,
    looked_at: Vec<Looked>,
    /// The first statement that denies.
    deny: Option<StatementRef>,
}

impl Walk<'_> {
    fn any(&mut self, attached: &[Attached], policy_type: PolicyType) -> Option<Allow> {
        let mut found = None;
        for one in attached {
            let allow = self.policy(one, policy_type);
            found = found.or(allow);
        }
        found
    }

    /// Looks at every statement; the allow that names the principal most directly comes back.
    fn policy(&mut self, attached: &Attached, policy_type: PolicyType) -> Option<Allow> {
        let mut found: Option<Allow> = None;
        for (index, statement) in attached.policy.statements.iter().enumerate() {
            let (outcome, naming) = look(statement, self.request, &self.action);
            let source = Source { policy_type, name: attached.name.clone() };
            let reference = StatementRef { source, index, sid: statement.sid.clone() };
            match (&outcome, naming) {
                (Outcome::Matched(Effect::Deny), _) => {
                    self.deny.get_or_insert_with(|| reference.clone());
                }
                (Outcome::Matched(Effect::Allow), naming) if found.as_ref().is_none_or(|(_, best)| *best < naming) => {
                    found = Some((reference.clone(), naming));
                }
                _ => (),
            }
            self.looked_at.push(Looked { statement: reference, outcome });
        }
        found
    }
}

fn look(statement: &Statement, request: &Request<'_>, action: &str) -> (Outcome, Naming) {
    let Some(naming) = naming(statement.principal.as_ref(), request.principal) else {
        return (Outcome::NotPrincipal, Naming::Account);
    };
    if !statement.action.holds(|pattern| pattern.matches(action, request.context)) {
        return (Outcome::NotAction, naming);
    }
    let about = |element: &Element<_>| {
        element.holds(|p: &crate::pattern::Pattern| p.matches(request.resource, request.context))
    };
    if !statement.resource.as_ref().is_none_or(about) {
        return (Outcome::NotResource, naming);
    }
    match statement.conditions.iter().find(|condition| !condition.holds(request.context)) {
        Some(failed) => {
            let (operator, key) = (failed.operator.name.clone(), failed.key.clone());
            (Outcome::ConditionFailed { operator, key }, naming)
        }
        None => (Outcome::Matched(statement.effect), naming),
    }
}

/// How directly a statement names the principal; identity policies name nobody and are the principal's own.
fn naming(element: Option<&Element<PrincipalPattern>>, principal: &Principal) -> Option<Naming> {
    let Some(element) = element else { return Some(Naming::Itself) };
    let best = element.patterns.iter().filter_map(|pattern| pattern.names(principal)).max();
    match (element.sense, best) {
        (Sense::OneOf, best) => best,
        // An account in NotPrincipal spares its root user only (docs: principals must be listed one by one).
        (Sense::NoneOf, None | Some(Naming::Account)) => Some(Naming::Itself),
        (Sense::NoneOf, Some(Naming::Role | Naming::Itself)) => None,
    }
}
