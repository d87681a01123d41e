//! Authorisation: an operation's demands against every policy that applies.

use std::collections::BTreeMap;

use base::Account;
use policy::{Context, Decision, Policies, Principal, Request, allowing_statement, denial_text_with, evaluate};

use crate::{Auth, Cx, Demand, Failure, Step, Use, Verdict, wanted};

/// Demands one permission of the request's caller.
pub(crate) async fn demand(cx: &Cx, demand: &Demand) -> Result<(), Failure> {
    all(cx, std::slice::from_ref(demand)).await
}

/// Demands every permission; the first that lacks is the answer.
pub(crate) async fn all(cx: &Cx, demands: &[Demand]) -> Result<(), Failure> {
    if demands.is_empty() || cx.platform.settings.auth == Auth::Off {
        return Ok(());
    }
    let identity = match &cx.caller.principal {
        Principal::Service(_) | Principal::Anonymous | Principal::Federated(_) => Policies::default(),
        _ => cx.platform.ports()?.identity.policies(&cx.caller).await?,
    };
    for demand in demands {
        if let Some(witness) = cx.platform.witness.get() {
            witness(demand)?;
        }
        let policies = Policies { resource: resource_policy(cx, demand).await?, ..identity.clone() };
        // The root user's requests usually meet no policy: what only conditions read is not gathered then.
        let tags = if policies.is_empty() { BTreeMap::new() } else { resource_tags(cx, demand).await? };
        judge(cx, demand, &policies, &tags)?;
    }
    Ok(())
}

/// The service that an action belongs to: what stands before its colon.
fn prefix(demand: &Demand) -> &'static str {
    demand.action.split(':').next().unwrap_or_default()
}

/// The policy of the resource, from the house that the action belongs to.
async fn resource_policy(cx: &Cx, demand: &Demand) -> Result<Option<policy::ResourcePolicy>, Failure> {
    let Some(service) = cx.platform.service(prefix(demand)) else { return Ok(None) };
    let Some(find) = service.resource_policy else { return Ok(None) };
    let mut tx = cx.platform.begin().await?;
    find(cx, &mut tx, &demand.resource).await
}

/// The tags of the resource, likewise.
async fn resource_tags(cx: &Cx, demand: &Demand) -> Result<BTreeMap<String, String>, Failure> {
    let Some(service) = cx.platform.service(prefix(demand)) else { return Ok(BTreeMap::new()) };
    let Some(find) = service.resource_tags else { return Ok(BTreeMap::new()) };
    let mut tx = cx.platform.begin().await?;
    find(cx, &mut tx, &demand.resource).await
}

fn judge(cx: &Cx, demand: &Demand, policies: &Policies, tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    // AWS's own resources (managed policies) are everybody's: what they name is no account of 12 digits.
    let owner = demand.resource.split(':').nth(4).filter(|account| Account::is_account(account));
    let resource_account = owner.unwrap_or(cx.scope.account.as_str());
    let mut context = if policies.is_empty() { Context::new() } else { context(cx, demand, resource_account) };
    for (key, value) in tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
        context.set(&format!("{}:ResourceTag/{key}", prefix(demand)), value.as_str());
    }
    let request = Request {
        principal: &cx.caller.principal,
        action: demand.action,
        resource: &demand.resource,
        resource_account,
        context: &context,
    };
    let decision = evaluate(&request, policies);
    let refusal = (!decision.is_allowed()).then(|| denied(cx, &request, &decision));
    let observed = (cx.platform.settings.auth == Auth::Audit).then(|| observe(cx, &request, &decision));
    cx.note(Step::Judged { action: demand.action, resource: demand.resource.clone(), decision });
    match (refusal, observed) {
        (None, _) => Ok(()),
        (Some(refusal), None) => Err(refusal),
        (Some(refusal), Some(statement)) => {
            let (request_id, why) = (&cx.request_id, refusal.message);
            tracing::warn!(request_id, statement, "let through: {why}");
            cx.note(Step::LetThrough { why, statement: Some(statement) });
            Ok(())
        }
    }
}

/// In audit mode every use is remembered. Answers the statement that would allow it.
fn observe(cx: &Cx, request: &Request<'_>, decision: &Decision) -> String {
    let principal = wanted::name(request.principal);
    let used = Use { principal, action: request.action.to_owned(), resource: request.resource.to_owned() };
    cx.platform.wanted.note(used, Verdict::of(decision));
    allowing_statement(request)
}

fn denied(cx: &Cx, request: &Request<'_>, decision: &Decision) -> Failure {
    let errors = &cx.service.errors;
    let text = match (errors.denial.anonymous, request.principal) {
        (Some(text), Principal::Anonymous) => text.to_owned(),
        _ => denial_text_with(request, decision, errors.denial.quoting),
    };
    Failure::new(&errors.access_denied, text)
}

/// The condition keys of a request: global ones, the caller's, the demand's.
fn context(cx: &Cx, demand: &Demand, resource_account: &str) -> Context {
    let mut context = Context::new();
    context.set("aws:ResourceAccount", resource_account);
    if let Some(user_agent) = &cx.user_agent {
        context.set("aws:UserAgent", user_agent.as_str());
    }
    let now = cx.now();
    context.set("aws:CurrentTime", now.iso8601());
    context.set("aws:EpochTime", now.as_seconds().to_string());
    context.set("aws:RequestedRegion", cx.scope.region.as_str());
    context.set("aws:SourceIp", cx.source_ip.as_str());
    let secure = cx.base_url.starts_with("https:");
    context.set("aws:SecureTransport", if secure { "true" } else { "false" });
    let caller = &cx.caller;
    if let Some(account) = caller.principal.account() {
        context.set("aws:PrincipalAccount", account);
    }
    if let Some(arn) = caller.principal.principal_arn() {
        context.set("aws:PrincipalArn", arn);
    }
    let kind = match &caller.principal {
        Principal::Root(_) => Some("Account"),
        Principal::User(_) => Some("User"),
        Principal::Session { .. } => Some("AssumedRole"),
        Principal::Federated(_) => Some("FederatedUser"),
        Principal::Anonymous => Some("Anonymous"),
        Principal::Service(_) => None,
    };
    if let Some(kind) = kind {
        context.set("aws:PrincipalType", kind);
    }
    if let Principal::User(arn) = &caller.principal {
        let name = arn.resource.rsplit('/').next().unwrap_or_default();
        context.set("aws:username", name);
    }
    if let Principal::Service(name) = &caller.principal {
        context.set("aws:PrincipalServiceName", name.as_str());
        context.set("aws:PrincipalIsAWSService", "true");
    } else {
        context.set("aws:userid", caller.user_id.as_str());
        context.set("aws:PrincipalIsAWSService", "false");
        // Services here act as themselves, never in the caller's name.
        context.set("aws:ViaAWSService", "false");
    }
    for (key, value) in &caller.context {
        context.set(key, value.as_str());
    }
    for (key, values) in &demand.context {
        context.set_all(key, values.iter().cloned());
    }
    for (key, value) in &demand.tags {
        context.set(key, value.as_str());
    }
    context
}
