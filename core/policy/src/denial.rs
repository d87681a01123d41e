//! The text of a denial, in AWS's words.

use crate::decision::{Decision, DecisionEffect, PolicyType};
use crate::evaluate::Request;
use crate::principal::Principal;

/// Whether the resource stands in double quotes, as it does in S3's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    Plain,
    Quoted,
}

/// Who may not do what on what, and for want, or because, of which type of policy.
pub fn denial_text(request: &Request<'_>, decision: &Decision) -> String {
    denial_text_with(request, decision, Quoting::Plain)
}

/// `denial_text` with the quoting that a service uses.
pub fn denial_text_with(request: &Request<'_>, decision: &Decision, quoting: Quoting) -> String {
    let Request { principal, action, resource, .. } = request;
    let resource = match quoting {
        Quoting::Plain => resource.to_string(),
        Quoting::Quoted => format!("\"{resource}\""),
    };
    let start = format!("User: {} is not authorized to perform: {action} on resource: {resource}", principal.name());
    match (decision.effect, &decision.decided_by, decision.lacking) {
        (DecisionEffect::ExplicitDeny, Some(by), _) => {
            format!("{start} with an explicit deny in {}", with_article(by.source.policy_type))
        }
        (DecisionEffect::ImplicitDeny, _, Some(lacking)) => {
            format!("{start} because no {} allows the {action} action", noun(lacking))
        }
        _ => start,
    }
}

/// The statement (JSON) that would allow what was asked: for an identity policy, or for the resource's where the principal has
/// no policies of its own. What audit mode records.
pub fn allowing_statement(request: &Request<'_>) -> String {
    let named = match request.principal {
        Principal::Root(_) | Principal::User(_) | Principal::Session { .. } => None,
        Principal::Service(name) => Some(serde_json::json!({ "Service": name })),
        Principal::Federated(name) => Some(serde_json::json!({ "Federated": name })),
        Principal::Anonymous => Some(serde_json::json!("*")),
    };
    let mut statement = serde_json::Map::new();
    statement.insert("Effect".into(), "Allow".into());
    statement.extend(named.map(|named| ("Principal".to_owned(), named)));
    statement.insert("Action".into(), request.action.into());
    statement.insert("Resource".into(), request.resource.into());
    serde_json::Value::Object(statement).to_string()
}

fn noun(policy_type: PolicyType) -> &'static str {
    match policy_type {
        PolicyType::Identity => "identity-based policy",
        PolicyType::Resource => "resource-based policy",
        PolicyType::RoleTrust => "role trust policy",
        PolicyType::PermissionsBoundary => "permissions boundary",
        PolicyType::Session => "session policy",
    }
}

fn with_article(policy_type: PolicyType) -> String {
    let article = match policy_type {
        PolicyType::Identity => "an",
        PolicyType::RoleTrust => "the",
        PolicyType::Resource | PolicyType::PermissionsBoundary | PolicyType::Session => "a",
    };
    format!("{article} {}", noun(policy_type))
}
