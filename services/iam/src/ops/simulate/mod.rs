//! Simulations: what policies would answer, without asking anything of anybody.

mod given;
mod sources;

use base::{Account, Arn};
use kv::Tx;
use policy::{Context, Decision, DecisionEffect, Outcome, Policies, Principal, Request, ResourcePolicy, ResourceRule};
use service::Cx;

use super::paging::{At, page};
use crate::errors::Error;
use crate::model::Kind;
use crate::wire::iam::{
    EvaluationResult, PermissionsBoundaryDecisionDetail, ResourceSpecificResult, SimulateCustomPolicyRequest,
    SimulatePolicyResponse, SimulatePrincipalPolicyRequest, Statement,
};

pub(super) use sources::Sources;

/// What a simulation asks about.
struct Question<'a> {
    actions: &'a [String],
    resources: &'a Option<Vec<String>>,
    resource_owner: &'a Option<String>,
    at: At<'a>,
}

/// What it is asked of.
struct Subject {
    principal: Principal,
    context: Context,
    sources: Sources,
    policies: Policies,
}

pub(crate) async fn simulate_custom_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &SimulateCustomPolicyRequest,
) -> Result<SimulatePolicyResponse, Error> {
    let SimulateCustomPolicyRequest {
        policy_input_list,
        permissions_boundary_policy_input_list,
        action_names,
        resource_arns,
        resource_policy,
        resource_owner,
        caller_arn,
        context_entries,
        max_items,
        marker,
    } = input;
    let mut sources = Sources::default();
    let identity = sources.add_inputs("PolicyInputList", policy_input_list)?;
    let caller = given::caller(caller_arn)?;
    if resource_policy.is_some() && caller.is_none() {
        return Err(Error::Simulation("CallerArn is required when a ResourcePolicy is given.".into()));
    }
    let mut context = given::caller_context(cx, tx, caller.as_ref()).await?;
    given::add(&mut context, context_entries.as_deref().unwrap_or_default())?;
    let permissions_boundary = sources.add_boundary(permissions_boundary_policy_input_list)?;
    let resource = sources.add_resource_policy(resource_policy)?.map(sufficient);
    let policies = Policies { identity, resource, permissions_boundary, session: Vec::new() };
    let subject = Subject { principal: principal(cx, caller), context, sources, policies };
    let at = At { marker, max_items };
    answer(cx, &subject, &Question { actions: action_names, resources: resource_arns, resource_owner, at })
}

pub(crate) async fn simulate_principal_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &SimulatePrincipalPolicyRequest,
) -> Result<SimulatePolicyResponse, Error> {
    let SimulatePrincipalPolicyRequest {
        policy_source_arn,
        policy_input_list,
        permissions_boundary_policy_input_list,
        action_names,
        resource_arns,
        resource_policy,
        resource_owner,
        caller_arn,
        context_entries,
        max_items,
        marker,
    } = input;
    let mut sources = Sources::default();
    let (source, mut identity, attached_boundary) = sources.add_principal(cx, tx, policy_source_arn).await?;
    identity.extend(sources.add_inputs("PolicyInputList", policy_input_list.as_deref().unwrap_or_default())?);
    let of_user = crate::model::name_in(&source, Kind::User.word()).is_some();
    let caller = given::caller(caller_arn)?.or_else(|| of_user.then(|| source.clone()));
    if resource_policy.is_some() && caller.is_none() {
        let text = "CallerArn is required when a ResourcePolicy is given and the PolicySourceArn is no user.";
        return Err(Error::Simulation(text.into()));
    }
    let mut context = given::caller_context(cx, tx, Some(caller.as_ref().unwrap_or(&source))).await?;
    given::add(&mut context, context_entries.as_deref().unwrap_or_default())?;
    let permissions_boundary = sources.add_boundary(permissions_boundary_policy_input_list)?.or(attached_boundary);
    let resource = sources.add_resource_policy(resource_policy)?.map(sufficient);
    let policies = Policies { identity, resource, permissions_boundary, session: Vec::new() };
    let subject = Subject { principal: principal(cx, caller), context, sources, policies };
    let at = At { marker, max_items };
    answer(cx, &subject, &Question { actions: action_names, resources: resource_arns, resource_owner, at })
}

fn sufficient(attached: policy::Attached) -> ResourcePolicy {
    ResourcePolicy { attached, rule: ResourceRule::Sufficient }
}

/// Whoever asks: without a caller nobody that a resource's policy could name.
fn principal(cx: &Cx, caller: Option<Arn>) -> Principal {
    Principal::User(caller.unwrap_or_else(|| cx.scope.global_arn("iam", &Kind::User.resource("/", ""))))
}

fn answer(cx: &Cx, subject: &Subject, question: &Question<'_>) -> Result<SimulatePolicyResponse, Error> {
    let Question { actions, resources, resource_owner, at } = question;
    if let Some(odd) =
        actions.iter().find(|action| action.split_once(':').is_none_or(|(a, b)| a.is_empty() || b.is_empty()))
    {
        return Err(Error::Simulation(format!("Invalid action: {odd}")));
    }
    let owner = given::owner(cx, resource_owner)?;
    let numbered: Vec<(usize, &String)> = actions.iter().enumerate().collect();
    let listing = format!("Simulate:{actions:?}:{resources:?}");
    let page = page(cx, &listing, *at, numbered, |(at, _)| format!("{at:08}"))?;
    let evaluation_results =
        page.items.iter().map(|(_, action)| evaluated(subject, action, resources, &owner)).collect();
    let is_truncated = page.is_truncated();
    Ok(SimulatePolicyResponse { evaluation_results: Some(evaluation_results), is_truncated, marker: page.marker })
}

/// The result for one action. With several resources the first that is not allowed decides, an explicit denial before others;
/// what each comes to stands with it.
fn evaluated(subject: &Subject, action: &str, resources: &Option<Vec<String>>, owner: &Account) -> EvaluationResult {
    let named = resources.as_deref().filter(|resources| !resources.is_empty());
    let Some(resources) = named else {
        let one = Judged::of(subject, action, "*", owner);
        return EvaluationResult {
            eval_action_name: action.into(),
            eval_resource_name: Some("*".into()),
            eval_decision: word(one.decision.effect).into(),
            matched_statements: Some(one.matched),
            missing_context_values: Some(one.missing),
            permissions_boundary_decision_detail: one.boundary,
            resource_specific_results: None,
        };
    };
    let each: Vec<(&String, Judged)> =
        resources.iter().map(|resource| (resource, Judged::of(subject, action, resource, owner))).collect();
    let worst = each.iter().max_by_key(|(_, judged)| severity(judged.decision.effect));
    let effect = worst.map_or(DecisionEffect::ImplicitDeny, |(_, judged)| judged.decision.effect);
    let boundary = each.iter().filter_map(|(_, judged)| judged.boundary.as_ref());
    let bounded = boundary.map(|detail| detail.allowed_by_permissions_boundary.unwrap_or(false)).reduce(|a, b| a && b);
    let name = match each.as_slice() {
        [(only, _)] => (*only).clone(),
        _ => "*".into(),
    };
    let matched = each.iter().flat_map(|(_, judged)| judged.matched.iter().cloned());
    let mut matched_statements: Vec<Statement> = Vec::new();
    matched.for_each(|one| {
        if !matched_statements.contains(&one) {
            matched_statements.push(one);
        }
    });
    EvaluationResult {
        eval_action_name: action.into(),
        eval_resource_name: Some(name),
        eval_decision: word(effect).into(),
        matched_statements: Some(matched_statements),
        // With resources, what is missing stands with each of them (docs).
        missing_context_values: Some(Vec::new()),
        permissions_boundary_decision_detail: bounded.map(detail),
        resource_specific_results: Some(each.into_iter().map(|(resource, judged)| judged.specific(resource)).collect()),
    }
}

/// One action on one resource, judged.
struct Judged {
    decision: Decision,
    matched: Vec<Statement>,
    missing: Vec<String>,
    boundary: Option<PermissionsBoundaryDecisionDetail>,
}

impl Judged {
    fn of(subject: &Subject, action: &str, resource: &str, owner: &Account) -> Self {
        let Subject { principal, context, sources, policies } = subject;
        let request = Request { principal, action, resource, resource_account: owner.as_str(), context };
        let decision = policy::evaluate(&request, policies);
        let decides = |looked: &&policy::Looked| {
            matches!(
                (&looked.outcome, decision.effect),
                (Outcome::Matched(policy::Effect::Deny), DecisionEffect::ExplicitDeny)
                    | (Outcome::Matched(policy::Effect::Allow), DecisionEffect::Allowed)
            )
        };
        let matched =
            decision.looked_at.iter().filter(decides).filter_map(|looked| sources.statement(&looked.statement));
        let matched = matched.collect();
        let missing = sources.missing(&decision, context);
        let boundary = policies.permissions_boundary.as_ref().map(|boundary| {
            let alone = Policies { identity: vec![boundary.clone()], ..Policies::default() };
            let account = principal.account().unwrap_or_default();
            let here = Request { resource_account: account, ..request };
            detail(policy::evaluate(&here, &alone).is_allowed())
        });
        Self { decision, matched, missing, boundary }
    }

    fn specific(self, resource: &str) -> ResourceSpecificResult {
        ResourceSpecificResult {
            eval_resource_name: resource.into(),
            eval_resource_decision: word(self.decision.effect).into(),
            matched_statements: Some(self.matched),
            missing_context_values: Some(self.missing),
            permissions_boundary_decision_detail: self.boundary,
        }
    }
}

fn detail(allowed: bool) -> PermissionsBoundaryDecisionDetail {
    PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) }
}

fn severity(effect: DecisionEffect) -> u8 {
    match effect {
        DecisionEffect::Allowed => 0,
        DecisionEffect::ImplicitDeny => 1,
        DecisionEffect::ExplicitDeny => 2,
    }
}

fn word(effect: DecisionEffect) -> &'static str {
    match effect {
        DecisionEffect::Allowed => "allowed",
        DecisionEffect::ExplicitDeny => "explicitDeny",
        DecisionEffect::ImplicitDeny => "implicitDeny",
    }
}
