//! IAM policies: parse, evaluate, and say which statement decided. Pure.

mod condition;
mod context;
mod decision;
mod denial;
mod document;
mod error;
mod evaluate;
mod operator;
mod parse;
mod pattern;
mod principal;
mod span;

pub use context::Context;
pub use decision::{Decision, DecisionEffect, Looked, Outcome, PolicyType, Source, StatementRef};
pub use denial::{Quoting, allowing_statement, denial_text, denial_text_with};
pub use document::{Effect, Policy, PolicyKind};
pub use error::PolicyError;
pub use evaluate::{Attached, Policies, Request, ResourcePolicy, ResourceRule, evaluate};
pub use operator::is_network;
pub use principal::Principal;
pub use span::{Span, statement_spans};
