//! ConditionExpression and FilterExpression, compiled.

use crate::{
    engine::{
        ast::{Comparator, RawCall, RawCondition, RawOperand},
        error::{ExpressionError, ExpressionKind, Problem},
        evaluate,
        operands::{Operand, check_distinct, check_kinds},
        parser,
        path::Path,
        placeholders::Placeholders,
        screen,
    },
    model::{AttributeValue, Item, KeySchema, Kind},
};

/// Operands that IN can have (docs).
const IN_OPERANDS_MAX: usize = 100;
/// Types with an order.
const ORDERED: [Kind; 3] = [Kind::S, Kind::N, Kind::B];

/// A condition that an item meets or does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(pub(super) Test);

/// A condition's parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Or(Vec<Test>),
    And(Vec<Test>),
    Not(Box<Test>),
    Compare(Comparator, Operand, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    NotExists(Path),
    Type(Path, Kind),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

impl Condition {
    /// Parses and checks a condition or a filter.
    pub fn parse(kind: ExpressionKind, text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        compile(text, placeholders).map(Self).map_err(|problem| ExpressionError::Invalid(kind, problem))
    }

    /// Whether the item meets it. An absent item is an empty one.
    pub fn holds(&self, item: &Item) -> bool {
        evaluate::holds(&self.0, item)
    }

    /// Refuses a path that goes into a key attribute.
    pub fn check_key_paths(&self, schema: &KeySchema) -> Result<(), ExpressionError> {
        let inside = self.paths().into_iter().find(|path| path.is_nested() && schema.contains(path.root()));
        inside.map_or(Ok(()), |path| Err(ExpressionError::KeyNotScalar(path.root().to_owned())))
    }

    /// Refuses any use of a key attribute, as a Query's filter must; `named` is what the error calls the filter.
    pub fn check_no_keys(&self, schema: &KeySchema, named: &'static str) -> Result<(), ExpressionError> {
        let key = self.paths().into_iter().find(|path| schema.contains(path.root()));
        key.map_or(Ok(()), |path| Err(ExpressionError::KeyFiltered(named, path.root().to_owned())))
    }

    /// The top-level attributes that it looks at, perhaps several times.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.paths().into_iter().map(Path::root)
    }

    /// The top-level attributes that a path in it goes into, perhaps several times.
    pub fn nested_roots(&self) -> impl Iterator<Item = &str> {
        self.paths().into_iter().filter(|path| path.is_nested()).map(Path::root)
    }

    fn paths(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }
}

pub(super) fn compile(text: &str, placeholders: &mut Placeholders) -> Result<Test, Problem> {
    let raw = parser::condition(text)?;
    screen::condition(&raw)?;
    Compiler { placeholders }.test(&raw)
}

fn collect<'t>(test: &'t Test, found: &mut Vec<&'t Path>) {
    match test {
        Test::Or(parts) | Test::And(parts) => parts.iter().for_each(|part| collect(part, found)),
        Test::Not(inner) => collect(inner, found),
        Test::Compare(_, a, b) | Test::BeginsWith(a, b) | Test::Contains(a, b) => {
            [a, b].into_iter().for_each(|operand| operand.paths(found));
        }
        Test::Between(a, b, c) => [a, b, c].into_iter().for_each(|operand| operand.paths(found)),
        Test::In(a, list) => std::iter::once(a).chain(list).for_each(|operand| operand.paths(found)),
        Test::Exists(path) | Test::NotExists(path) | Test::Type(path, _) => found.push(path),
    }
}

struct Compiler<'p> {
    placeholders: &'p mut Placeholders,
}

impl Compiler<'_> {
    fn test(&mut self, raw: &RawCondition<'_>) -> Result<Test, Problem> {
        Ok(match raw {
            RawCondition::Or(parts) => Test::Or(self.tests(parts)?),
            RawCondition::And(parts) => Test::And(self.tests(parts)?),
            RawCondition::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            RawCondition::Compare(comparator, left, right) => self.compare(*comparator, left, right)?,
            RawCondition::Between(value, low, high) => self.between(value, low, high)?,
            RawCondition::In(value, list) => self.is_in(value, list)?,
            RawCondition::Call(call) => self.call(call)?,
        })
    }

    fn tests(&mut self, raw: &[RawCondition<'_>]) -> Result<Vec<Test>, Problem> {
        raw.iter().map(|part| self.test(part)).collect()
    }

    fn operand(&mut self, raw: &RawOperand<'_>) -> Result<Operand, Problem> {
        Operand::compile(raw, self.placeholders)
    }

    fn compare(
        &mut self,
        comparator: Comparator,
        left: &RawOperand<'_>,
        right: &RawOperand<'_>,
    ) -> Result<Test, Problem> {
        let (left, right) = (self.operand(left)?, self.operand(right)?);
        let name = comparator.as_str();
        check_distinct(name, &left, [&right])?;
        if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
            check_kinds(name, [&left, &right], &ORDERED)?;
        }
        Ok(Test::Compare(comparator, left, right))
    }

    fn between(
        &mut self,
        value: &RawOperand<'_>,
        low: &RawOperand<'_>,
        high: &RawOperand<'_>,
    ) -> Result<Test, Problem> {
        let (value, low, high) = (self.operand(value)?, self.operand(low)?, self.operand(high)?);
        check_distinct("BETWEEN", &value, [&low, &high])?;
        check_kinds("BETWEEN", [&value, &low, &high], &ORDERED)?;
        if let (Operand::Value(low), Operand::Value(high)) = (&low, &high) {
            match evaluate::order(low, high) {
                None => return Err(Problem::BetweenTypes(bound(low), bound(high))),
                Some(order) if order.is_gt() => return Err(Problem::BetweenOrder(bound(low), bound(high))),
                Some(_) => (),
            }
        }
        Ok(Test::Between(value, low, high))
    }

    fn is_in(&mut self, value: &RawOperand<'_>, list: &[RawOperand<'_>]) -> Result<Test, Problem> {
        let value = self.operand(value)?;
        let list: Vec<_> = list.iter().map(|raw| self.operand(raw)).collect::<Result<_, _>>()?;
        if IN_OPERANDS_MAX < list.len() {
            return Err(Problem::TooManyInOperands(list.len()));
        }
        check_distinct("IN", &value, &list)?;
        Ok(Test::In(value, list))
    }

    fn call(&mut self, raw: &RawCall<'_>) -> Result<Test, Problem> {
        let name = raw.name;
        let mut operands =
            raw.arguments.iter().map(|argument| self.operand(argument)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let (first, second) = match (operands.next(), operands.next()) {
            (Some(first), second) => (first, second),
            (None, _) => return Err(Problem::OperandCount(name.to_owned(), 0)),
        };
        let Some(second) = second else {
            let path = path_of(name, first)?;
            return match name {
                "attribute_exists" => Ok(Test::Exists(path)),
                _ => Ok(Test::NotExists(path)),
            };
        };
        check_distinct(name, &first, [&second])?;
        match name {
            "attribute_type" => Ok(Test::Type(path_of(name, first)?, type_of(&second)?)),
            "begins_with" => {
                check_kinds(name, [&first, &second], &[Kind::S, Kind::B])?;
                Ok(Test::BeginsWith(first, second))
            }
            _ => Ok(Test::Contains(first, second)),
        }
    }
}

fn path_of(function: &str, operand: Operand) -> Result<Path, Problem> {
    match operand {
        Operand::Path(path) => Ok(path),
        _ => Err(Problem::NeedsPath(function.to_owned())),
    }
}

fn type_of(operand: &Operand) -> Result<Kind, Problem> {
    match operand {
        Operand::Value(AttributeValue::S(name)) => Kind::parse(name).ok_or_else(|| Problem::TypeName(name.clone())),
        Operand::Path(_) => Err(Problem::TypeFromPath),
        other => Err(Problem::OperandType("attribute_type".to_owned(), other.kind().unwrap_or(Kind::N))),
    }
}

/// A bound as the error texts print it; the form of binaries is that of a Java buffer (observed).
fn bound(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => format!("S:{text}"),
        AttributeValue::N(number) => format!("N:{number}"),
        AttributeValue::B(bytes) => {
            format!("B:java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes.len())
        }
        other => other.kind().to_string(),
    }
}
