//! Tokens to syntax trees: conditions, updates, projections.

use crate::engine::{
    ast::{Comparator, RawCall, RawClause, RawCondition, RawOperand, RawPath, RawStep, Section, Sign},
    error::Problem,
    lexer::{Kind, Token, tokens},
};

/// Operators and functions that one expression may have (docs).
const OPERATORS_MAX: usize = 300;
/// Parentheses within parentheses, those of functions too. Each pair that says something holds two operators or more, but for `NOT (NOT (..`.
const DEPTH_MAX: usize = OPERATORS_MAX / 2;

/// Boxed, as are the nodes: what a level of nesting takes of the stack is what its results take.
type Parsed<T> = Result<T, Box<Problem>>;

pub(super) fn condition(text: &str) -> Result<RawCondition<'_>, Problem> {
    Parser::new(text)?.whole_condition().map_err(|problem| *problem)
}

pub(super) fn update(text: &str) -> Result<Vec<RawClause<'_>>, Problem> {
    Parser::new(text)?.clauses().map_err(|problem| *problem)
}

pub(super) fn projection(text: &str) -> Result<Vec<RawPath<'_>>, Problem> {
    Parser::new(text)?.paths().map_err(|problem| *problem)
}

/// What a parenthesis may hold: until the next token is seen, `(a)` may be an operand or the start of a condition.
enum Node<'a> {
    Operand(Box<RawOperand<'a>>),
    Condition(Box<RawCondition<'a>>),
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
    fn new(text: &'a str) -> Result<Self, Problem> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, operators: 0, depth: 0 })
    }

    fn whole_condition(&mut self) -> Parsed<RawCondition<'a>> {
        let node = self.or()?;
        let condition = self.as_condition(node)?;
        self.expect(Kind::End)?;
        Ok(*condition)
    }

    fn clauses(&mut self) -> Parsed<Vec<RawClause<'a>>> {
        let mut clauses = Vec::new();
        loop {
            clauses.push(self.clause()?);
            if self.take(Kind::End).is_some() {
                return Ok(clauses);
            }
        }
    }

    fn paths(&mut self) -> Parsed<Vec<RawPath<'a>>> {
        let paths = self.list(Self::path)?;
        self.expect(Kind::End)?;
        Ok(paths)
    }

    /// Conditions joined by OR and the closer AND, in one frame: expressions nest deep and stacks are small.
    fn or(&mut self) -> Parsed<Node<'a>> {
        let first = self.not()?;
        if !matches!(self.kind(), Kind::And | Kind::Or) {
            return Ok(first);
        }
        let (mut alternatives, mut parts) = (Vec::new(), vec![*self.as_condition(first)?]);
        loop {
            if self.take(Kind::Or).is_some() {
                alternatives.push(all_of(std::mem::take(&mut parts)));
            } else if self.take(Kind::And).is_none() {
                break;
            }
            self.count()?;
            let next = self.not()?;
            parts.push(*self.as_condition(next)?);
        }
        let last = all_of(parts);
        if alternatives.is_empty() {
            return Ok(Node::Condition(Box::new(last)));
        }
        alternatives.push(last);
        Ok(Node::Condition(Box::new(RawCondition::Or(alternatives))))
    }

    fn not(&mut self) -> Parsed<Node<'a>> {
        let mut nots = 0;
        while self.take(Kind::Not).is_some() {
            self.count()?;
            nots += 1;
        }
        let node = self.comparison()?;
        if nots == 0 {
            return Ok(node);
        }
        let condition = self.as_condition(node)?;
        // Pairs cancel out; two are kept for an even number, as a key condition refuses any.
        let kept = if nots % 2 == 0 { 2 } else { 1 };
        Ok(Node::Condition((0..kept).fold(condition, |inner, _| Box::new(RawCondition::Not(inner)))))
    }

    /// An operand, and a condition where an operator follows it.
    fn comparison(&mut self) -> Parsed<Node<'a>> {
        let first = match self.kind() {
            Kind::Open => self.enclosed(Self::or)?,
            _ => Node::Operand(Box::new(self.bare_operand()?)),
        };
        match Operator::of(self.kind()) {
            None => Ok(first),
            Some(operator) => self.compared(first, operator),
        }
    }

    fn compared(&mut self, first: Node<'a>, operator: Operator) -> Parsed<Node<'a>> {
        let Node::Operand(left) = first.open() else { return Err(self.unexpected()) };
        self.at += 1;
        self.count()?;
        let condition = match operator {
            Operator::Compare(comparator) => RawCondition::Compare(comparator, *left, self.operand()?),
            Operator::Between => {
                let low = self.operand()?;
                self.expect(Kind::And)?;
                RawCondition::Between(*left, low, self.operand()?)
            }
            Operator::In => {
                self.expect(Kind::Open)?;
                let candidates = self.list(Self::operand)?;
                self.expect(Kind::Close)?;
                RawCondition::In(*left, candidates)
            }
        };
        Ok(Node::Condition(Box::new(condition)))
    }

    /// Fails at the current token where the node is a bare path or value.
    fn as_condition(&self, node: Node<'a>) -> Parsed<Box<RawCondition<'a>>> {
        match node.open() {
            Node::Condition(condition) => Ok(condition),
            Node::Operand(operand) => match *operand {
                RawOperand::Call(call) => Ok(Box::new(RawCondition::Call(call))),
                _ => Err(self.unexpected()),
            },
            Node::Enclosed(_) => Err(self.unexpected()),
        }
    }

    fn enclosed(&mut self, inner: fn(&mut Self) -> Parsed<Node<'a>>) -> Parsed<Node<'a>> {
        self.expect(Kind::Open)?;
        self.deepen(Problem::RedundantParentheses)?;
        let node = inner(self)?;
        self.depth -= 1;
        self.expect(Kind::Close)?;
        match node {
            Node::Enclosed(_) => Err(Box::new(Problem::RedundantParentheses)),
            node => Ok(Node::Enclosed(Box::new(node))),
        }
    }

    fn operand(&mut self) -> Parsed<RawOperand<'a>> {
        let node = self.operand_node()?;
        match node.open() {
            Node::Operand(operand) => Ok(*operand),
            _ => Err(self.unexpected()),
        }
    }

    fn operand_node(&mut self) -> Parsed<Node<'a>> {
        match self.kind() {
            Kind::Open => self.enclosed(Self::operand_node),
            _ => Ok(Node::Operand(Box::new(self.bare_operand()?))),
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
        self.deepen(Problem::TooManyOperators(OPERATORS_MAX + 1))?;
        self.expect(Kind::Open)?;
        let arguments = self.list(Self::operand)?;
        self.depth -= 1;
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
            Node::Operand(operand) => Ok((path, Some(*operand))),
            _ => Err(self.unexpected()),
        }
    }

    /// An operand, or two with a sign between them; the whole may be in parentheses.
    fn sum(&mut self) -> Parsed<Node<'a>> {
        let left = match self.kind() {
            Kind::Open => self.enclosed(Self::sum)?,
            _ => Node::Operand(Box::new(self.bare_operand()?)),
        };
        let sign = match self.kind() {
            Kind::Plus => Sign::Plus,
            Kind::Minus => Sign::Minus,
            _ => return Ok(left),
        };
        match left.open() {
            Node::Operand(left) if !matches!(*left, RawOperand::Arithmetic(..)) => {
                self.at += 1;
                self.count()?;
                let sides = Box::new((*left, self.operand()?));
                Ok(Node::Operand(Box::new(RawOperand::Arithmetic(sign, sides))))
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

    fn deepen(&mut self, too_deep: Problem) -> Parsed<()> {
        self.depth += 1;
        if DEPTH_MAX < self.depth { Err(Box::new(too_deep)) } else { Ok(()) }
    }

    fn count(&mut self) -> Parsed<()> {
        self.operators += 1;
        if OPERATORS_MAX < self.operators { Err(Box::new(Problem::TooManyOperators(self.operators))) } else { Ok(()) }
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
    fn unexpected(&self) -> Box<Problem> {
        let token = self.ahead(0);
        let from = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(token.start, |before| before.start);
        let to = self.ahead(1).end.max(token.end);
        let near = self.text.get(from..to).unwrap_or_default();
        Box::new(Problem::Syntax { token: token.text.to_owned(), near: near.to_owned() })
    }
}

/// One condition that holds when all do.
fn all_of(mut parts: Vec<RawCondition<'_>>) -> RawCondition<'_> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            RawCondition::And(parts)
        }
        None => RawCondition::And(parts),
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
