//! Metric math, as far as it is plain arithmetic: numbers, other queries by their ids, `+ - * / ^` and parentheses.

use std::collections::BTreeMap;

/// Expressions within expressions: what the longest expression could ask of the stack is far more.
const DEPTH_MAX: usize = 64;

/// The values of a query by the beginnings of their periods.
pub(crate) type Series = BTreeMap<i64, f64>;

/// An expression, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Number(f64),
    /// Another query.
    Query(String),
    Operation(Box<Expression>, Operator, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// Why a text is no expression that can be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// AWS has it, nobody computes it here: a function, a search, a query in SQL.
    Absent(String),
    Broken,
}

/// A value: one number, or one for each period.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Series(Series),
}

impl Expression {
    pub fn parse(text: &str) -> Result<Self, Unread> {
        let mut parser = Parser { rest: text.trim_start(), depth: 0 };
        let expression = parser.sum()?;
        match parser.rest {
            "" => Ok(expression),
            rest if rest.starts_with(['<', '>', '=', '!', '&', '|']) => Err(Unread::Absent("Comparing".into())),
            _ => Err(Unread::Broken),
        }
    }

    /// The ids of the queries in it.
    pub fn queries(&self) -> Vec<&str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Query(id) => vec![id],
            Self::Operation(left, _, right) => [left.queries(), right.queries()].concat(),
        }
    }

    /// Its value, with those of queries; `None` where one is not known. Periods that lack on one side lack in the value, and
    /// so do those whose value is no number (a division by zero).
    pub fn value(&self, of: &impl Fn(&str) -> Option<Value>) -> Option<Value> {
        Some(match self {
            Self::Number(number) => Value::Number(*number),
            Self::Query(id) => of(id)?,
            Self::Operation(left, operator, right) => operator.apply(left.value(of)?, right.value(of)?),
        })
    }
}

impl Operator {
    fn apply(self, left: Value, right: Value) -> Value {
        let each = |series: Series, value: &dyn Fn(f64) -> f64| {
            let values = series.into_iter().map(|(at, number)| (at, value(number)));
            Value::Series(values.filter(|(_, number)| number.is_finite()).collect())
        };
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => Value::Number(self.of(left, right)),
            (Value::Series(left), Value::Number(right)) => each(left, &|left| self.of(left, right)),
            (Value::Number(left), Value::Series(right)) => each(right, &|right| self.of(left, right)),
            (Value::Series(left), Value::Series(right)) => {
                let both = left.into_iter().filter_map(|(at, left)| Some((at, self.of(left, *right.get(&at)?))));
                Value::Series(both.filter(|(_, number)| number.is_finite()).collect())
            }
        }
    }

    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Expression, Unread> {
        let mut left = self.product()?;
        loop {
            let operator = match self.rest.chars().next() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Ok(left),
            };
            self.skip(1);
            left = Expression::Operation(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression, Unread> {
        let mut left = self.power()?;
        loop {
            let operator = match self.rest.chars().next() {
                Some('*') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Ok(left),
            };
            self.skip(1);
            left = Expression::Operation(Box::new(left), operator, Box::new(self.power()?));
        }
    }

    fn power(&mut self) -> Result<Expression, Unread> {
        let base = self.atom()?;
        if !self.rest.starts_with('^') {
            return Ok(base);
        }
        self.skip(1);
        self.deeper(|parser| Ok(Expression::Operation(Box::new(base), Operator::Power, Box::new(parser.power()?))))
    }

    fn atom(&mut self) -> Result<Expression, Unread> {
        match self.rest.chars().next() {
            Some('(') => {
                self.skip(1);
                let inner = self.deeper(Self::sum)?;
                if !self.rest.starts_with(')') {
                    return Err(Unread::Broken);
                }
                self.skip(1);
                Ok(inner)
            }
            Some('-') => {
                self.skip(1);
                let negated = self.deeper(Self::power)?;
                Ok(Expression::Operation(Box::new(Expression::Number(0.0)), Operator::Subtract, Box::new(negated)))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let number = self.word(|c| c.is_ascii_digit() || c == '.');
                number.parse().map(Expression::Number).map_err(|_| Unread::Broken)
            }
            Some(c) if c.is_ascii_alphabetic() => {
                let word = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
                match self.rest.starts_with('(') || c.is_ascii_uppercase() {
                    true => Err(Unread::Absent(format!("The function {word}"))),
                    false => Ok(Expression::Query(word)),
                }
            }
            Some('[') => Err(Unread::Absent("An array of metrics".into())),
            _ => Err(Unread::Broken),
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let word = self.rest.get(..end).unwrap_or_default().to_owned();
        self.skip(end);
        word
    }

    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Result<Expression, Unread>) -> Result<Expression, Unread> {
        self.depth += 1;
        if DEPTH_MAX < self.depth {
            return Err(Unread::Broken);
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default().trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        let of = |id: &str| match id {
            "a" => Some(Value::Series(Series::from([(0, 2.0), (60, 4.0)]))),
            "b" => Some(Value::Series(Series::from([(60, 0.0), (120, 1.0)]))),
            "c" => Some(Value::Series(Series::from([(60, 8.0)]))),
            _ => None,
        };
        Expression::parse(text).unwrap().value(&of)
    }

    #[test]
    fn arithmetic_has_its_order() {
        for (text, number) in [
            ("1 + 2 * 3", 7.0),
            ("(1+2)*3", 9.0),
            ("2^3^2", 512.0),
            ("-2^2", -4.0),
            ("10 / 4 - 1", 1.5),
            ("8-2-1", 5.0),
            ("2 * -3", -6.0),
        ] {
            assert_eq!(value(text), Some(Value::Number(number)), "{text}");
        }
    }

    #[test]
    fn series_meet_by_period() {
        let series = |pairs: &[(i64, f64)]| Some(Value::Series(pairs.iter().copied().collect()));
        assert_eq!(value("100 * a"), series(&[(0, 200.0), (60, 400.0)]));
        assert_eq!(value("a + c"), series(&[(60, 12.0)]));
        assert_eq!(value("a / b"), series(&[]));
        assert_eq!(value("a + d"), None);
        assert_eq!(Expression::parse("a/(b+a)").unwrap().queries(), ["a", "b", "a"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let absent =
            |text: &str| Expression::parse(text) == Err(Unread::Absent(text.split('(').next().unwrap().into()));
        for text in ["SUM(METRICS())", "AVG([a,b])", "SELECT AVG(x) FROM y"] {
            assert!(matches!(Expression::parse(text), Err(Unread::Absent(_))), "{text}");
            assert!(!absent(text));
        }
        assert_eq!(Expression::parse("a > 1"), Err(Unread::Absent("Comparing".into())));
        for text in ["", "+", "1 +", "(1", "1)", "1..2", "a b", "é", &"(".repeat(2000), &"-".repeat(2000)] {
            assert_eq!(Expression::parse(text), Err(Unread::Broken), "{text}");
        }
    }
}
