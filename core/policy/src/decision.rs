//! The answer, and how it came about.

use std::fmt;
use std::sync::Arc;

use crate::document::Effect;

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionEffect {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

/// The role a policy plays in an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyType {
    Identity,
    Resource,
    RoleTrust,
    PermissionsBoundary,
    Session,
}

/// A policy that was looked at: its role and its name (an ARN, or an inline policy's name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub policy_type: PolicyType,
    pub name: Arc<str>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRef {
    pub source: Source,
    /// From 0.
    pub index: usize,
    pub sid: Option<Arc<str>>,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "{}#{sid}", self.source.name),
            None => write!(f, "{}#{}", self.source.name, self.index),
        }
    }
}

/// How far a statement went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is about somebody else.
    NotPrincipal,
    /// It is about other actions.
    NotAction,
    /// It is about other resources.
    NotResource,
    /// The first condition that did not hold.
    ConditionFailed { operator: String, key: String },
    /// It applies.
    Matched(Effect),
}

/// A statement that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub statement: StatementRef,
    pub outcome: Outcome,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub effect: DecisionEffect,
    /// The statement that decided. None for an implicit denial, and where the account's root user needs no policy.
    pub decided_by: Option<StatementRef>,
    /// For an implicit denial: the type of policy that would have had to allow it.
    pub lacking: Option<PolicyType>,
    /// Every statement, in the order of evaluation.
    pub looked_at: Vec<Looked>,
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        self.effect == DecisionEffect::Allowed
    }
}
