//! KeyConditionExpression: one partition, and a range of sort keys in it.

use crate::{
    engine::{
        ast::Comparator,
        condition::{Test, compile},
        error::{ExpressionError, ExpressionKind},
        key::{check_hash_size, check_range_size, empty_kind, scalar},
        operands::Operand,
        path::Path,
        placeholders::Placeholders,
    },
    model::{AttributeValue, KeyAttribute, KeySchema, KeyValue},
};

/// A key condition as parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyCondition(Test);

/// A key condition in the only shape allowed: one condition for each attribute. It has not met a key schema yet.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyConditions(Vec<(Path, Range<AttributeValue>)>);

/// What a query reads: one partition, all of it or a range.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyQuery {
    pub hash: KeyValue,
    pub range: Option<Range<KeyValue>>,
}

/// A range of values, in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum Range<V> {
    Equal(V),
    Less(V),
    LessEqual(V),
    Greater(V),
    GreaterEqual(V),
    Between(V, V),
    BeginsWith(V),
}

impl<V> Range<V> {
    fn try_map<W, E>(&self, f: impl Fn(&V) -> Result<W, E>) -> Result<Range<W>, E> {
        Ok(match self {
            Self::Equal(v) => Range::Equal(f(v)?),
            Self::Less(v) => Range::Less(f(v)?),
            Self::LessEqual(v) => Range::LessEqual(f(v)?),
            Self::Greater(v) => Range::Greater(f(v)?),
            Self::GreaterEqual(v) => Range::GreaterEqual(f(v)?),
            Self::Between(low, high) => Range::Between(f(low)?, f(high)?),
            Self::BeginsWith(v) => Range::BeginsWith(f(v)?),
        })
    }
}

impl KeyCondition {
    /// Parses it and checks what all conditions must keep to.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        compile(text, placeholders)
            .map(Self)
            .map_err(|problem| ExpressionError::Invalid(ExpressionKind::KeyCondition, problem))
    }

    /// Checks what only key conditions must keep to. AWS does it once all expressions of the request are parsed and
    /// their placeholders used up (observed), so it is a step of its own.
    pub fn conditions(self) -> Result<KeyConditions, ExpressionError> {
        let mut conditions = Vec::new();
        flatten(self.0, &mut conditions)?;
        Ok(KeyConditions(conditions))
    }
}

impl KeyConditions {
    /// Of ranges of different attributes.
    pub(super) fn of(ranges: Vec<(Path, Range<AttributeValue>)>) -> Self {
        Self(ranges)
    }

    /// What it says about a table or an index with this key.
    pub fn on(&self, schema: &KeySchema) -> Result<KeyQuery, ExpressionError> {
        if 2 < self.0.len() {
            return Err(ExpressionError::KeyCount(self.0.len(), schema.attributes().count()));
        }
        let find = |key: &KeyAttribute| self.0.iter().find(|(path, _)| path.root() == key.name);
        let missed = |key: &KeyAttribute| ExpressionError::KeyMissing(key.name.clone());
        let (_, hash) = find(&schema.hash).ok_or_else(|| missed(&schema.hash))?;
        let range = schema.range.as_ref().and_then(|key| Some((key, &find(key)?.1)));
        if self.0.len() != 1 + usize::from(range.is_some()) {
            return Err(match &schema.range {
                Some(key) if range.is_none() => missed(key),
                _ => ExpressionError::KeyNotSupported,
            });
        }
        let Range::Equal(hash) = hash else { return Err(ExpressionError::KeyNotSupported) };
        let hash = key_value(&schema.hash, hash)?;
        check_hash_size(&hash)?;
        let sort_value = |key: &KeyAttribute, value: &AttributeValue| {
            let value = key_value(key, value)?;
            check_range_size(&value).map(|()| value).map_err(ExpressionError::from)
        };
        let range = range.map(|(key, range)| range.try_map(|value| sort_value(key, value))).transpose()?;
        if let Some(Range::BeginsWith(KeyValue::N(_))) = range {
            return Err(ExpressionError::KeyNotSupported);
        }
        Ok(KeyQuery { hash, range })
    }
}

fn key_value(key: &KeyAttribute, value: &AttributeValue) -> Result<KeyValue, ExpressionError> {
    let value = scalar(key, value).ok_or(ExpressionError::KeyType)?;
    match empty_kind(&value) {
        Some(kind) => Err(ExpressionError::KeyEmpty(kind, key.name.clone())),
        None => Ok(value),
    }
}

/// Only AND may join the conditions, and each compares one attribute with values.
fn flatten(test: Test, found: &mut Vec<(Path, Range<AttributeValue>)>) -> Result<(), ExpressionError> {
    let operator = |name: &str| Err(ExpressionError::KeyOperator(name.to_owned()));
    let (path, range) = match test {
        Test::And(parts) => return parts.into_iter().try_for_each(|part| flatten(part, found)),
        Test::Or(_) => return operator("OR"),
        Test::Not(_) => return operator("NOT"),
        Test::In(..) => return operator("IN"),
        Test::Exists(_) => return operator("attribute_exists"),
        Test::NotExists(_) => return operator("attribute_not_exists"),
        Test::Type(..) => return operator("attribute_type"),
        Test::Contains(..) => return operator("contains"),
        Test::Compare(Comparator::NotEqual, ..) => return operator("<>"),
        Test::Compare(comparator, left, right) => {
            let comparator = if matches!(left, Operand::Path(_)) { comparator } else { comparator.mirrored() };
            let (path, values) = one_attribute([left, right])?;
            (path, values.into_iter().next().map(|value| compared(comparator, value)))
        }
        Test::Between(of, low, high) => {
            first_is_attribute("BETWEEN", &of)?;
            let (path, values) = one_attribute([of, low, high])?;
            let mut values = values.into_iter();
            (path, values.next().zip(values.next()).map(|(low, high)| Range::Between(low, high)))
        }
        Test::BeginsWith(of, start) => {
            first_is_attribute("begins_with", &of)?;
            let (path, values) = one_attribute([of, start])?;
            (path, values.into_iter().next().map(Range::BeginsWith))
        }
    };
    if found.iter().any(|(before, _)| *before == path) {
        return Err(ExpressionError::KeyTwice);
    }
    found.push((path, range.ok_or(ExpressionError::KeyNoAttribute)?));
    Ok(())
}

fn first_is_attribute(operator: &'static str, first: &Operand) -> Result<(), ExpressionError> {
    match first {
        Operand::Path(_) => Ok(()),
        _ => Err(ExpressionError::KeyNotFirst(operator)),
    }
}

/// The one path among the operands, and the values.
fn one_attribute<const N: usize>(operands: [Operand; N]) -> Result<(Path, Vec<AttributeValue>), ExpressionError> {
    let (mut attribute, mut values) = (None, Vec::with_capacity(N));
    for operand in operands {
        match operand {
            Operand::Size(_) => return Err(ExpressionError::KeyNested),
            Operand::Path(_) if attribute.is_some() => return Err(ExpressionError::KeyManyAttributes),
            Operand::Path(path) if path.is_nested() => return Err(ExpressionError::KeyNestedPath),
            Operand::Path(path) => attribute = Some(path),
            Operand::Value(value) => values.push(value),
        }
    }
    Ok((attribute.ok_or(ExpressionError::KeyNoAttribute)?, values))
}

fn compared<V>(comparator: Comparator, value: V) -> Range<V> {
    match comparator {
        Comparator::Less => Range::Less(value),
        Comparator::LessEqual => Range::LessEqual(value),
        Comparator::Greater => Range::Greater(value),
        Comparator::GreaterEqual => Range::GreaterEqual(value),
        Comparator::Equal | Comparator::NotEqual => Range::Equal(value),
    }
}
