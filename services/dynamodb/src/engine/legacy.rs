//! What requests said before there were expressions: compiled into the same conditions, ranges and updates.

use crate::{
    engine::{
        ast::Comparator,
        condition::{Condition, Test},
        evaluate,
        key_condition::{KeyConditions, Range},
        operands::Operand,
        path::Path,
        projection::Projection,
        update::{Action, Change, Term, Update},
    },
    model::{AttributeValue, Kind},
};

/// A refusal before any item is looked at; the text is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    #[error(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{0}}} \
         Expression parameters: {{{1}}}"
    )]
    Mixed(String, String),
    #[error("ConditionalOperator cannot be used without Filter or Expected")]
    LoneOperator,
    #[error("ConditionalOperator can only be used when Filter or Expected has two or more elements")]
    OperatorOfOne,
    #[error("Conditions can be of length 1 or 2 only")]
    KeyCount,
    #[error("Attempted conditional constraint is not an indexable operation")]
    NotIndexable,
    #[error("One or more parameter values were invalid: Invalid number of argument(s) for the {0} ComparisonOperator")]
    ArgumentCount(String),
    #[error(
        "One or more parameter values were invalid: ComparisonOperator {0} is not valid for {1} AttributeValue type"
    )]
    ArgumentType(String, Kind),
    #[error(
        "One or more parameter values were invalid: AttributeValues inside AttributeValueList must be of same type"
    )]
    MixedTypes,
    #[error("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound")]
    BetweenOrder,
    #[error("One or more parameter values were invalid: {0} for Attribute: {1}")]
    Expected(String, String),
    #[error(
        "One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified"
    )]
    NoValue,
    #[error("One or more parameter values were invalid: {0} for the type {1}")]
    UpdateType(&'static str, Kind),
    #[error("One or more parameter values were invalid: Duplicate value in attribute name: {0}")]
    DuplicateName(String),
}

/// How several conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    And,
    Or,
}

/// A condition on one top-level attribute: `EQ`, `BETWEEN`, and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct OldCondition<'v> {
    pub attribute: &'v str,
    pub operator: &'v str,
    pub values: Vec<&'v AttributeValue>,
}

const SCALARS: [Kind; 3] = [Kind::S, Kind::N, Kind::B];

impl OldCondition<'_> {
    /// Refuses a wrong number of values, or values of types that the operator does not take.
    fn check(&self) -> Result<(), LegacyError> {
        let count = match self.operator {
            "NULL" | "NOT_NULL" => 0..=0,
            "BETWEEN" => 2..=2,
            "IN" => 1..=usize::MAX,
            _ => 1..=1,
        };
        if !count.contains(&self.values.len()) {
            return Err(LegacyError::ArgumentCount(self.operator.to_owned()));
        }
        let kinds = || self.values.iter().map(|value| value.kind());
        let takes = |kind: Kind| match self.operator {
            "EQ" | "NE" => true,
            "BEGINS_WITH" => matches!(kind, Kind::S | Kind::B),
            _ => SCALARS.contains(&kind),
        };
        if let Some(kind) = kinds().find(|kind| !takes(*kind)) {
            return Err(LegacyError::ArgumentType(self.operator.to_owned(), kind));
        }
        if kinds().any(|kind| Some(kind) != kinds().next()) {
            return Err(LegacyError::MixedTypes);
        }
        match self.values.as_slice() {
            [low, high]
                if self.operator == "BETWEEN" && evaluate::order(low, high).is_some_and(|order| order.is_gt()) =>
            {
                Err(LegacyError::BetweenOrder)
            }
            _ => Ok(()),
        }
    }

    fn test(&self) -> Result<Test, LegacyError> {
        self.check()?;
        let path = || Path::attribute(self.attribute);
        let attribute = || Operand::Path(path());
        let wrong = || LegacyError::ArgumentCount(self.operator.to_owned());
        let at = |index: usize| self.values.get(index).map(|value| Operand::Value((*value).clone())).ok_or_else(wrong);
        let compare = |comparator| Ok(Test::Compare(comparator, attribute(), at(0)?));
        match self.operator {
            "NULL" => Ok(Test::NotExists(path())),
            "NOT_NULL" => Ok(Test::Exists(path())),
            "EQ" => compare(Comparator::Equal),
            "NE" => compare(Comparator::NotEqual),
            "LT" => compare(Comparator::Less),
            "LE" => compare(Comparator::LessEqual),
            "GT" => compare(Comparator::Greater),
            "GE" => compare(Comparator::GreaterEqual),
            "BETWEEN" => Ok(Test::Between(attribute(), at(0)?, at(1)?)),
            "BEGINS_WITH" => Ok(Test::BeginsWith(attribute(), at(0)?)),
            "CONTAINS" => Ok(Test::Contains(attribute(), at(0)?)),
            "NOT_CONTAINS" => Ok(Test::Not(Box::new(Test::Contains(attribute(), at(0)?)))),
            "IN" => {
                Ok(Test::In(attribute(), self.values.iter().map(|value| Operand::Value((*value).clone())).collect()))
            }
            // The model has no other.
            _ => Err(wrong()),
        }
    }

    fn range(&self) -> Result<(Path, Range<AttributeValue>), LegacyError> {
        self.check()?;
        let range = match (self.operator, self.values.as_slice()) {
            ("EQ", [value]) => Range::Equal((*value).clone()),
            ("LT", [value]) => Range::Less((*value).clone()),
            ("LE", [value]) => Range::LessEqual((*value).clone()),
            ("GT", [value]) => Range::Greater((*value).clone()),
            ("GE", [value]) => Range::GreaterEqual((*value).clone()),
            ("BEGINS_WITH", [value]) => Range::BeginsWith((*value).clone()),
            ("BETWEEN", [low, high]) => Range::Between((*low).clone(), (*high).clone()),
            _ => return Err(LegacyError::NotIndexable),
        };
        Ok((Path::attribute(self.attribute), range))
    }
}

/// Conditions as one; None of none.
pub fn condition(conditions: &[OldCondition<'_>], join: Option<Join>) -> Result<Option<Condition>, LegacyError> {
    let tests = conditions.iter().map(OldCondition::test).collect::<Result<Vec<_>, _>>()?;
    match (tests.len(), join) {
        (0, None) => Ok(None),
        (0, Some(_)) => Err(LegacyError::LoneOperator),
        (1, Some(_)) => Err(LegacyError::OperatorOfOne),
        (_, Some(Join::Or)) => Ok(Some(Condition(Test::Or(tests)))),
        (_, Some(Join::And) | None) => Ok(Some(Condition(Test::And(tests)))),
    }
}

/// KeyConditions.
pub fn key_conditions(conditions: &[OldCondition<'_>]) -> Result<KeyConditions, LegacyError> {
    let ranges = conditions.iter().map(OldCondition::range).collect::<Result<Vec<_>, _>>()?;
    if matches!(ranges.len(), 1 | 2) { Ok(KeyConditions::of(ranges)) } else { Err(LegacyError::KeyCount) }
}

/// AttributesToGet.
pub fn projection(names: &[String]) -> Result<Projection, LegacyError> {
    let twice = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|before| before == *name));
    if let Some((_, name)) = twice {
        return Err(LegacyError::DuplicateName(name.clone()));
    }
    Ok(Projection::of(&names.iter().map(|name| Path::attribute(name)).collect::<Vec<_>>()))
}

/// What is to become of one top-level attribute: `PUT`, `ADD` or `DELETE`, and the value.
#[derive(Debug, Clone, PartialEq)]
pub struct OldUpdate<'v> {
    pub attribute: &'v str,
    pub action: &'v str,
    pub value: Option<&'v AttributeValue>,
}

impl OldUpdate<'_> {
    fn compiled(&self) -> Result<Action, LegacyError> {
        let sets = [Kind::Ss, Kind::Ns, Kind::Bs];
        let change = match (self.action, self.value) {
            ("DELETE", None) => Change::Remove,
            (_, None) => return Err(LegacyError::NoValue),
            ("DELETE", Some(value)) if sets.contains(&value.kind()) => Change::Delete(value.clone()),
            ("DELETE", Some(value)) => {
                return Err(LegacyError::UpdateType("DELETE action with value is not supported", value.kind()));
            }
            // Lists are appended to (docs), which expressions have a function for.
            ("ADD", Some(value)) if sets.contains(&value.kind()) || matches!(value.kind(), Kind::N | Kind::L) => {
                Change::Add(value.clone())
            }
            ("ADD", Some(value)) => {
                return Err(LegacyError::UpdateType("ADD action is not supported", value.kind()));
            }
            (_, Some(value)) => Change::Set(Term::Value(value.clone())),
        };
        Ok(Action { path: Path::attribute(self.attribute), change })
    }
}

/// AttributeUpdates.
pub fn update(updates: &[OldUpdate<'_>]) -> Result<Update, LegacyError> {
    Ok(Update::of_old(updates.iter().map(OldUpdate::compiled).collect::<Result<_, _>>()?))
}
