//! The first look at a parsed expression, in reading order: reserved words, indexes, functions and where they stand.

use crate::engine::{
    ast::{RawCall, RawClause, RawCondition, RawOperand, RawPath, RawStep},
    error::Problem,
    reserved::is_reserved,
};

/// The largest list index (observed: a Java int).
const INDEX_MAX: u64 = i32::MAX as u64;

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Condition,
    Operand,
    Update,
}

/// Each function: what it may be used as, and how many operands it takes.
const FUNCTIONS: [(&str, Use, usize); 8] = [
    ("attribute_exists", Use::Condition, 1),
    ("attribute_not_exists", Use::Condition, 1),
    ("attribute_type", Use::Condition, 2),
    ("begins_with", Use::Condition, 2),
    ("contains", Use::Condition, 2),
    ("size", Use::Operand, 1),
    ("if_not_exists", Use::Update, 2),
    ("list_append", Use::Update, 2),
];

pub(super) fn condition(node: &RawCondition<'_>) -> Result<(), Problem> {
    match node {
        RawCondition::Or(parts) | RawCondition::And(parts) => parts.iter().try_for_each(condition),
        RawCondition::Not(inner) => condition(inner),
        RawCondition::Compare(_, left, right) => [left, right].into_iter().try_for_each(operand),
        RawCondition::Between(value, low, high) => [value, low, high].into_iter().try_for_each(operand),
        RawCondition::In(value, list) => std::iter::once(value).chain(list).try_for_each(operand),
        RawCondition::Call(node) => call(node, Use::Condition),
    }
}

pub(super) fn update(clauses: &[RawClause<'_>]) -> Result<(), Problem> {
    for (at, clause) in clauses.iter().enumerate() {
        for (target, value) in &clause.actions {
            path(target)?;
            value.iter().try_for_each(update_operand)?;
        }
        if clauses.iter().take(at).any(|before| before.section == clause.section) {
            return Err(Problem::RepeatedSection(clause.section.as_str()));
        }
    }
    Ok(())
}

pub(super) fn path(node: &RawPath<'_>) -> Result<(), Problem> {
    node.0.iter().try_for_each(|step| match step {
        RawStep::Name(name) if is_reserved(name) => Err(Problem::Reserved((*name).to_owned())),
        RawStep::Index(index) if index.parse::<u64>().map_or(true, |n| INDEX_MAX < n) => {
            Err(Problem::IndexRange((*index).to_owned()))
        }
        _ => Ok(()),
    })
}

fn operand(node: &RawOperand<'_>) -> Result<(), Problem> {
    match node {
        RawOperand::Path(node) => path(node),
        RawOperand::Value(_) => Ok(()),
        RawOperand::Call(node) => call(node, Use::Operand),
        RawOperand::Arithmetic(_, sides) => [&sides.0, &sides.1].into_iter().try_for_each(operand),
    }
}

fn update_operand(node: &RawOperand<'_>) -> Result<(), Problem> {
    match node {
        RawOperand::Path(node) => path(node),
        RawOperand::Value(_) => Ok(()),
        RawOperand::Call(node) => {
            if known(node.name)?.1 != Use::Update {
                return Err(Problem::NotInUpdate(node.name.to_owned()));
            }
            // No function takes a list_append (observed).
            let inner = node.arguments.iter().find_map(|argument| match argument {
                RawOperand::Call(inner) if inner.name == "list_append" => Some(inner.name),
                _ => None,
            });
            if let Some(inner) = inner {
                return Err(Problem::Misplaced(inner.to_owned()));
            }
            node.arguments.iter().try_for_each(update_operand)
        }
        RawOperand::Arithmetic(_, sides) => [&sides.0, &sides.1].into_iter().try_for_each(update_operand),
    }
}

fn call(node: &RawCall<'_>, place: Use) -> Result<(), Problem> {
    let (_, may_be, _) = known(node.name)?;
    if may_be == Use::Update {
        return Err(Problem::NotInCondition(node.name.to_owned()));
    }
    if may_be != place {
        return Err(Problem::Misplaced(node.name.to_owned()));
    }
    arity(node)?;
    node.arguments.iter().try_for_each(operand)
}

/// Refuses a function with too few or too many operands.
pub(super) fn arity(node: &RawCall<'_>) -> Result<(), Problem> {
    let (name, _, wanted) = known(node.name)?;
    let given = node.arguments.len();
    if given == wanted { Ok(()) } else { Err(Problem::OperandCount(name.to_owned(), given)) }
}

fn known(name: &str) -> Result<(&'static str, Use, usize), Problem> {
    let found = FUNCTIONS.into_iter().find(|(known, ..)| *known == name);
    found.ok_or_else(|| Problem::UnknownFunction(name.to_owned()))
}
