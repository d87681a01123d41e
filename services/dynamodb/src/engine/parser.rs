//! Tokens to syntax trees: conditions, updates, projections.

use crate::engine::{
    ast::{Comparator, RawCall, RawClause, RawCondition, RawOperand, RawPath, RawStep, Section, Sign},
    error::Problem,
    lexer::{Kind, Token, tokens},
};

/// Operators and functions that one expression may have (docs).
const OPERATORS_MAX: usize = 300;
/// Parentheses within parentheses. More of them than there may be operators are redundant.
const DEPTH_MAX: usize = OPERATORS_MAX;

type Parsed<T> = Result<T, Problem>;

pub(super) fn condition(text: &str) -> Parsed<RawCondition<'_>> {
    let mut parser = Parser::new(text)?;
    let node = parser.or()?;
    let condition = parser.as_condition(node)?;
    parser.expect(Kind::End)?;
    Ok(condition)
}

pub(super) fn update(text: &str) -> Parsed<Vec<RawClause<'_>>> {
    let mut parser = Parser::new(text)?;
    let mut clauses = Vec::new();
    loop {
        clauses.push(parser.clause()?);
        if parser.take(Kind::End).is_some() {
            return Ok(clauses);
        }
    }
}

pub(super) fn projection(text: &str) -> Parsed<Vec<RawPath<'_>>> {
    let mut parser = Parser::new(text)?;
    let paths = parser.list(Parser::path)?;
    parser.expect(Kind::End)?;
    Ok(paths)
}

/// What a parenthesis may hold: until the next token is seen, `(a)` may be an operand or the start of a condition.
enum Node<'a> {
    Operand(RawOperand<'a>),
    Condition(RawCondition<'a>),
    /// Directly in parentheses: a second pair around it is refused.
    Enclosed(Box<Node<'a>>),
}

impl<'a> Node<'a> {
    fn open(self) -> Self {
        match self {
            Self::Enclosed(inner) => *inner,
            other => other,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    operators: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<Self> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, operators: 0, depth: 0 })
    }

    fn or(&mut self) -> Parsed<Node<'a>> {
        self.chain(Kind::Or, Self::and, RawCondition::Or)
    }

    fn and(&mut self) -> Parsed<Node<'a>> {
        self.chain(Kind::And, Self::not, RawCondition::And)
    }

    fn chain(
        &mut self,
        joint: Kind,
        part: fn(&mut Self) -> Parsed<Node<'a>>,
        join: fn(Vec<RawCondition<'a>>) -> RawCondition<'a>,
    ) -> Parsed<Node<'a>> {
        let first = part(self)?;
        if self.kind() != joint {
            return Ok(first);
        }
        let mut parts = vec![self.as_condition(first)?];
        while self.take(joint).is_some() {
            self.count()?;
            let next = part(self)?;
            parts.push(self.as_condition(next)?);
        }
        Ok(Node::Condition(join(parts)))
    }

    fn not(&mut self) -> Parsed<Node<'a>> {
        if self.take(Kind::Not).is_none() {
            return self.comparison();
        }
        self.count()?;
        let inner = self.not()?;
        Ok(Node::Condition(RawCondition::Not(Box::new(self.as_condition(inner)?))))
    }

    /// An operand, and a condition where an operator follows it.
    fn comparison(&mut self) -> Parsed<Node<'a>> {
        let first = match self.kind() {
            Kind::Open => self.enclosed(Self::or)?,
            _ => Node::Operand(self.bare_operand()?),
        };
        let Some(operator) = Operator::of(self.kind()) else { return Ok(first) };
        let Node::Operand(left) = first.open() else { return Err(self.unexpected()) };
        self.at += 1;
        self.count()?;
        let condition = match operator {
            Operator::Compare(comparator) => RawCondition::Compare(comparator, left, self.operand()?),
            Operator::Between => {
                let low = self.operand()?;
                self.expect(Kind::And)?;
                RawCondition::Between(left, low, self.operand()?)
            }
            Operator::In => {
                self.expect(Kind::Open)?;
                let candidates = self.list(Self::operand)?;
                self.expect(Kind::Close)?;
                RawCondition::In(left, candidates)
            }
        };
        Ok(Node::Condition(condition))
    }

    /// Fails at the current token where the node is a bare path or value.
    fn as_condition(&self, node: Node<'a>) -> Parsed<RawCondition<'a>> {
        match node.open() {
            Node::Condition(condition) => Ok(condition),
            Node::Operand(RawOperand::Call(call)) => Ok(RawCondition::Call(call)),
            _ => Err(self.unexpected()),
        }
    }

    fn enclosed(&mut self, inner: fn(&mut Self) -> Parsed<Node<'a>>) -> Parsed<Node<'a>> {
        self.expect(Kind::Open)?;
        self.depth += 1;
        if DEPTH_MAX < self.depth {
            return Err(Problem::RedundantParentheses);
        }
        let node = inner(self)?;
        self.depth -= 1;
        self.expect(Kind::Close)?;
        match node {
            Node::Enclosed(_) => Err(Problem::RedundantParentheses),
            node => Ok(Node::Enclosed(Box::new(node))),
        }
    }

    fn operand(&mut self) -> Parsed<RawOperand<'a>> {
        let node = self.operand_node()?;
        match node.open() {
            Node::Operand(operand) => Ok(operand),
            _ => Err(self.unexpected()),
        }
    }

    fn operand_node(&mut self) -> Parsed<Node<'a>> {
        match self.kind() {
            Kind::Open => self.enclosed(Self::operand_node),
            _ => Ok(Node::Operand(self.bare_operand()?)),
        }
    }

    fn bare_operand(&mut self) -> Parsed<RawOperand<'a>> {
        if let Some(token) = self.take(Kind::Value) {
            return Ok(RawOperand::Value(token.text));
        }
        if self.kind() == Kind::Identifier && self.ahead(1).kind == Kind::Open {
            return Ok(RawOperand::Call(self.call()?));
        }
        Ok(RawOperand::Path(self.path()?))
    }

    fn call(&mut self) -> Parsed<RawCall<'a>> {
        let name = self.expect(Kind::Identifier)?.text;
        self.count()?;
        self.expect(Kind::Open)?;
        let arguments = self.list(Self::operand)?;
        self.expect(Kind::Close)?;
        Ok(RawCall { name, arguments })
    }

    fn path(&mut self) -> Parsed<RawPath<'a>> {
        let mut steps = vec![self.name()?];
        loop {
            if self.take(Kind::Dot).is_some() {
                steps.push(self.name()?);
            } else if self.take(Kind::OpenBracket).is_some() {
                steps.push(RawStep::Index(self.expect(Kind::Index)?.text));
                self.expect(Kind::CloseBracket)?;
            } else {
                return Ok(RawPath(steps));
            }
        }
    }

    fn name(&mut self) -> Parsed<RawStep<'a>> {
        match self.take(Kind::Name) {
            Some(token) => Ok(RawStep::Placeholder(token.text)),
            None => Ok(RawStep::Name(self.expect(Kind::Identifier)?.text)),
        }
    }

    fn clause(&mut self) -> Parsed<RawClause<'a>> {
        let section = match self.kind() {
            Kind::Set => Section::Set,
            Kind::Remove => Section::Remove,
            Kind::Add => Section::Add,
            Kind::Delete => Section::Delete,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let actions = match section {
            Section::Set => self.list(Self::assignment)?,
            Section::Remove => self.list(|parser| Ok((parser.path()?, None)))?,
            Section::Add | Section::Delete => self.list(|parser| {
                let path = parser.path()?;
                Ok((path, Some(RawOperand::Value(parser.expect(Kind::Value)?.text))))
            })?,
        };
        Ok(RawClause { section, actions })
    }

    fn assignment(&mut self) -> Parsed<(RawPath<'a>, Option<RawOperand<'a>>)> {
        let path = self.path()?;
        self.expect(Kind::Equal)?;
        match self.sum()?.open() {
            Node::Operand(operand) => Ok((path, Some(operand))),
            _ => Err(self.unexpected()),
        }
    }

    /// An operand, or two with a sign between them; the whole may be in parentheses.
    fn sum(&mut self) -> Parsed<Node<'a>> {
        let left = match self.kind() {
            Kind::Open => self.enclosed(Self::sum)?,
            _ => Node::Operand(self.bare_operand()?),
        };
        let sign = match self.kind() {
            Kind::Plus => Sign::Plus,
            Kind::Minus => Sign::Minus,
            _ => return Ok(left),
        };
        match left.open() {
            Node::Operand(left) if !matches!(left, RawOperand::Arithmetic(..)) => {
                self.at += 1;
                self.count()?;
                Ok(Node::Operand(RawOperand::Arithmetic(sign, Box::new((left, self.operand()?)))))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn list<T>(&mut self, part: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut parts = vec![part(self)?];
        while self.take(Kind::Comma).is_some() {
            parts.push(part(self)?);
        }
        Ok(parts)
    }

    fn count(&mut self) -> Parsed<()> {
        self.operators += 1;
        if OPERATORS_MAX < self.operators { Err(Problem::TooManyOperators(self.operators)) } else { Ok(()) }
    }

    fn ahead(&self, by: usize) -> Token<'a> {
        let last = self.text.len();
        let end = Token { kind: Kind::End, text: "<EOF>", start: last, end: last };
        self.tokens.get(self.at + by).copied().unwrap_or(end)
    }

    fn kind(&self) -> Kind {
        self.ahead(0).kind
    }

    fn take(&mut self, kind: Kind) -> Option<Token<'a>> {
        let token = self.ahead(0);
        (token.kind == kind).then(|| {
            self.at += 1;
            token
        })
    }

    fn expect(&mut self, kind: Kind) -> Parsed<Token<'a>> {
        self.take(kind).ok_or_else(|| self.unexpected())
    }

    /// Names the current token, with the text from the token before it to the one after it (observed).
    fn unexpected(&self) -> Problem {
        let token = self.ahead(0);
        let from = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(token.start, |before| before.start);
        let to = self.ahead(1).end.max(token.end);
        let near = self.text.get(from..to).unwrap_or_default();
        Problem::Syntax { token: token.text.to_owned(), near: near.to_owned() }
    }
}

enum Operator {
    Compare(Comparator),
    Between,
    In,
}

impl Operator {
    fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Equal => Self::Compare(Comparator::Equal),
            Kind::NotEqual => Self::Compare(Comparator::NotEqual),
            Kind::Less => Self::Compare(Comparator::Less),
            Kind::LessEqual => Self::Compare(Comparator::LessEqual),
            Kind::Greater => Self::Compare(Comparator::Greater),
            Kind::GreaterEqual => Self::Compare(Comparator::GreaterEqual),
            Kind::Between => Self::Between,
            Kind::In => Self::In,
            _ => return None,
        })
    }
}
