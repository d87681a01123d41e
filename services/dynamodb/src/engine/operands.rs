//! Operands of conditions with their placeholders filled in, and the types that are known without an item.

use std::borrow::Cow;

use crate::{
    engine::{ast::RawOperand, error::Problem, path::Path, placeholders::Placeholders},
    model::{AttributeValue, Item, Kind},
};

/// What a condition compares.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Path(Path),
    Value(AttributeValue),
    Size(Box<Operand>),
}

impl Operand {
    pub(super) fn compile(raw: &RawOperand<'_>, placeholders: &mut Placeholders) -> Result<Self, Problem> {
        match raw {
            RawOperand::Path(path) => Ok(Self::Path(placeholders.path(path)?)),
            RawOperand::Value(value) => Ok(Self::Value(placeholders.value(value)?)),
            RawOperand::Call(call) => match call.arguments.first() {
                Some(of) => Self::size(Self::compile(of, placeholders)?),
                None => Err(Problem::OperandCount(call.name.to_owned(), 0)),
            },
            RawOperand::Arithmetic(sign, _) => Err(Problem::Misplaced(sign.as_str().to_owned())),
        }
    }

    fn size(of: Self) -> Result<Self, Problem> {
        match of.kind() {
            Some(kind @ (Kind::N | Kind::Bool | Kind::Null)) => Err(Problem::OperandType("size".to_owned(), kind)),
            _ => Ok(Self::Size(Box::new(of))),
        }
    }

    /// The type, where it does not depend on the item.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Path(_) => None,
            Self::Value(value) => Some(value.kind()),
            Self::Size(_) => Some(Kind::N),
        }
    }

    /// The operand's value in an item.
    pub(super) fn value<'i>(&'i self, item: &'i Item) -> Option<Cow<'i, AttributeValue>> {
        match self {
            Self::Path(path) => path.find(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(of) => {
                let length = length(of.value(item)?.as_ref())?;
                Some(Cow::Owned(AttributeValue::N((length as u64).into())))
            }
        }
    }

    pub(super) fn paths<'o>(&'o self, found: &mut Vec<&'o Path>) {
        match self {
            Self::Path(path) => found.push(path),
            Self::Value(_) => (),
            Self::Size(of) => of.paths(found),
        }
    }
}

/// Refuses an operand whose type is known and not among `allowed`.
pub(super) fn check_kinds<'o>(
    operator: &str,
    operands: impl IntoIterator<Item = &'o Operand>,
    allowed: &[Kind],
) -> Result<(), Problem> {
    let wrong = operands.into_iter().filter_map(Operand::kind).find(|kind| !allowed.contains(kind));
    wrong.map_or(Ok(()), |kind| Err(Problem::OperandType(operator.to_owned(), kind)))
}

/// Refuses a path that is compared with itself.
pub(super) fn check_distinct<'o>(
    operator: &str,
    first: &Operand,
    rest: impl IntoIterator<Item = &'o Operand>,
) -> Result<(), Problem> {
    match first {
        Operand::Path(path) if rest.into_iter().any(|other| other == first) => {
            Err(Problem::NotDistinct(operator.to_owned(), path.to_string()))
        }
        _ => Ok(()),
    }
}

/// What `size` says: UTF-16 units of a string, as Java counts (observed), bytes of a binary, members of the rest.
fn length(value: &AttributeValue) -> Option<usize> {
    match value {
        AttributeValue::S(text) => Some(text.encode_utf16().count()),
        AttributeValue::B(bytes) => Some(bytes.len()),
        AttributeValue::L(list) => Some(list.len()),
        AttributeValue::M(map) => Some(map.len()),
        AttributeValue::Ss(set) => Some(set.len()),
        AttributeValue::Ns(set) => Some(set.len()),
        AttributeValue::Bs(set) => Some(set.len()),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null => None,
    }
}
