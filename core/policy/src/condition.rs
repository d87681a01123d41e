//! Conditions of a statement.

use crate::context::Context;
use crate::operator::{Absence, Operator, Polarity, Quantifier, Test};
use crate::pattern::Pattern;

/// One operator on one key; a statement applies when all of its conditions hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub operator: Operator,
    pub key: String,
    pub wanted: Vec<Pattern>,
}

impl Condition {
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let got = context.get(&self.key);
        if self.operator.test == Test::Null {
            let absent = got.is_none_or(<[String]>::is_empty);
            let says = |pattern: &Pattern| {
                pattern.plain(context).is_some_and(|t| t.eq_ignore_ascii_case(if absent { "true" } else { "false" }))
            };
            return self.wanted.iter().any(says);
        }
        match (got, self.operator.quantifier, self.operator.absence, self.operator.polarity) {
            (None | Some([]), Quantifier::ForAll, _, _) => true,
            (None | Some([]), _, Absence::Passes, _) => true,
            (None | Some([]), Quantifier::ForAny, _, _) => false,
            (None | Some([]), Quantifier::None, _, polarity) => polarity == Polarity::IsNot,
            (Some(got), Quantifier::ForAll, _, _) => got.iter().all(|value| self.accepts(value, context)),
            (Some(got), Quantifier::ForAny, _, _) => got.iter().any(|value| self.accepts(value, context)),
            (Some(got), Quantifier::None, _, Polarity::Is) => got.iter().any(|value| self.accepts(value, context)),
            (Some(got), Quantifier::None, _, Polarity::IsNot) => got.iter().all(|value| self.accepts(value, context)),
        }
    }

    /// One of the policy's values fits, or for a negated operator none does.
    fn accepts(&self, got: &str, context: &Context) -> bool {
        let fits = self.wanted.iter().any(|wanted| self.operator.test.holds(wanted, got, context));
        fits == (self.operator.polarity == Polarity::Is)
    }
}
