//! Requests: explain.

use kv::Tx;
use policy::{Decision, DecisionEffect, Effect, Looked, Outcome, PolicyType, StatementRef};
use service::{Cx, Noted, Traced};

use crate::errors::Error;
use crate::wire;

/// Tells what happened in one of the last requests: which rule recognised it, who called, each policy statement that was
/// looked at and which decided, what was read and written, which functions ran.
pub(crate) async fn explain_request(
    cx: &Cx,
    _: &mut Tx,
    input: &wire::ExplainRequestInput,
) -> Result<wire::ExplainRequestOutput, Error> {
    let wire::ExplainRequestInput { request_id } = input;
    let traced = cx.platform.traces.find(request_id).ok_or_else(|| Error::NotRemembered(request_id.clone()))?;
    let steps = traced.steps().into_iter().map(step).collect();
    let children = cx.platform.traces.children(request_id).into_iter().map(|child| child.request_id).collect();
    let Traced { request_id, parent, at, line, service, operation, status, error, message, duration_us, .. } = traced;
    Ok(wire::ExplainRequestOutput {
        request_id,
        time: at,
        request: line,
        service: service.into(),
        operation: operation.into(),
        status: i32::from(status),
        error: error.map(str::to_owned),
        message,
        duration_microseconds: i64::try_from(duration_us).unwrap_or(i64::MAX),
        parent_request_id: parent,
        child_request_ids: Some(children),
        steps,
    })
}

fn step(Noted { at_us, step }: Noted) -> wire::Step {
    use service::Step;
    let at_microseconds = i64::try_from(at_us).unwrap_or(i64::MAX);
    let none = wire::Step { at_microseconds, ..wire::Step::default() };
    match step {
        Step::Recognised { rule, service, operation } => {
            let (rule, service, operation) = (rule.into(), service.into(), operation.into());
            wire::Step { recognised: Some(wire::Recognised { rule, service, operation }), ..none }
        }
        Step::Called { by } => wire::Step { called: Some(wire::Called { by }), ..none },
        Step::Refused { why } => wire::Step { refused: Some(wire::Unverified { why }), ..none },
        Step::LetThrough { why, statement } => {
            wire::Step { let_through: Some(wire::LetThrough { why, statement }), ..none }
        }
        Step::Judged { action, resource, decision } => {
            wire::Step { judged: Some(judged(action, resource, &decision)), ..none }
        }
        Step::Conflicted { key } => wire::Step { conflicted: Some(wire::Conflicted { key }), ..none },
        Step::Committed { reads, writes } => {
            let (reads, writes) = (i64::try_from(reads).unwrap_or(i64::MAX), i64::try_from(writes).unwrap_or(i64::MAX));
            wire::Step { committed: Some(wire::Committed { reads, writes }), ..none }
        }
        Step::Invoked(service::Invocation { function, duration_ms, init_ms, billed_ms, error_type }) => {
            let invoked = wire::Invoked {
                function,
                duration_milliseconds: duration_ms,
                init_milliseconds: init_ms,
                billed_milliseconds: i64::try_from(billed_ms).unwrap_or(i64::MAX),
                error_type,
            };
            wire::Step { invoked: Some(invoked), ..none }
        }
    }
}

fn judged(action: &str, resource: String, decision: &Decision) -> wire::Judged {
    let effect = match decision.effect {
        DecisionEffect::Allowed => "allowed",
        DecisionEffect::ExplicitDeny => "explicit deny",
        DecisionEffect::ImplicitDeny => "implicit deny",
    };
    wire::Judged {
        action: action.into(),
        resource,
        effect: effect.into(),
        decided_by: decision.decided_by.as_ref().map(reference),
        looked_at: decision.looked_at.iter().map(looked).collect(),
    }
}

fn looked(looked: &Looked) -> wire::Looked {
    let outcome = match &looked.outcome {
        Outcome::NotPrincipal => "is about another principal".into(),
        Outcome::NotAction => "is about other actions".into(),
        Outcome::NotResource => "is about other resources".into(),
        Outcome::ConditionFailed { operator, key } => format!("its condition {operator} on {key} does not hold"),
        Outcome::Matched(Effect::Allow) => "allows".into(),
        Outcome::Matched(Effect::Deny) => "denies".into(),
    };
    wire::Looked { statement: reference(&looked.statement), outcome }
}

fn reference(statement: &StatementRef) -> wire::StatementReference {
    let policy_type = match statement.source.policy_type {
        PolicyType::Identity => "identity",
        PolicyType::Resource => "resource",
        PolicyType::RoleTrust => "role trust",
        PolicyType::PermissionsBoundary => "permissions boundary",
        PolicyType::Session => "session",
    };
    wire::StatementReference {
        policy_type: policy_type.into(),
        policy: statement.source.name.as_ref().into(),
        index: i32::try_from(statement.index).unwrap_or(i32::MAX),
        sid: statement.sid.as_deref().map(str::to_owned),
    }
}
