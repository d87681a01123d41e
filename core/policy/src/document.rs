//! A policy document after parsing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::condition::Condition;
use crate::pattern::Pattern;
use crate::principal::PrincipalPattern;

/// A valid policy document, ready to evaluate.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) statements: Vec<Statement>,
}

impl Policy {
    /// How many statements it has.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether it has none; no document that was read is like that.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The condition keys that a statement asks for, in its conditions and variables, as they are spelled there.
    pub fn context_keys(&self, statement: usize) -> BTreeSet<String> {
        let Some(statement) = self.statements.get(statement) else { return BTreeSet::new() };
        let resources = statement.resource.iter().flat_map(|element| &element.patterns);
        let wanted = statement.conditions.iter().flat_map(|condition| &condition.wanted);
        let variables = resources.chain(wanted).flat_map(Pattern::variables);
        let keys = statement.conditions.iter().map(|condition| condition.key.as_str());
        keys.chain(variables).map(str::to_owned).collect()
    }
}

/// Where a document is attached, which decides what it must and must not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// A managed policy (also used as permissions boundary): version 2012-10-17, no principal.
    Managed,
    /// An inline policy of a user, group or role, or a session policy: no principal.
    Inline,
    /// A policy on a resource: needs principals and resources.
    Resource,
    /// A role's trust policy: needs principals, has no resources.
    Trust,
}

/// What a statement says when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub sid: Option<Arc<str>>,
    pub effect: Effect,
    pub principal: Option<Element<PrincipalPattern>>,
    pub action: Element<Pattern>,
    /// Absent in trust policies, which are about the role they are attached to.
    pub resource: Option<Element<Pattern>>,
    pub conditions: Vec<Condition>,
}

/// A list that matches when one of its patterns does, or (`Not...`) when none does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element<P> {
    pub sense: Sense,
    pub patterns: Vec<P>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    OneOf,
    NoneOf,
}

impl<P> Element<P> {
    pub(crate) fn holds(&self, matches: impl Fn(&P) -> bool) -> bool {
        self.patterns.iter().any(matches) == (self.sense == Sense::OneOf)
    }
}
