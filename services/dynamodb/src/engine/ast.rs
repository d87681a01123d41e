//! Expressions as written: names and values are still placeholders.

/// One step of a document path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawStep<'a> {
    Name(&'a str),
    Placeholder(&'a str),
    Index(&'a str),
}

/// A document path; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawPath<'a>(pub(super) Vec<RawStep<'a>>);

/// What an operator compares or a function takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawOperand<'a> {
    Path(RawPath<'a>),
    Value(&'a str),
    Call(RawCall<'a>),
    /// Only in SET: a sum or a difference.
    Arithmetic(Sign, Box<(RawOperand<'a>, RawOperand<'a>)>),
}

/// `+` or `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

impl Sign {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

/// A function with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawCall<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Vec<RawOperand<'a>>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawCondition<'a> {
    Or(Vec<RawCondition<'a>>),
    And(Vec<RawCondition<'a>>),
    Not(Box<RawCondition<'a>>),
    Compare(Comparator, RawOperand<'a>, RawOperand<'a>),
    Between(RawOperand<'a>, RawOperand<'a>, RawOperand<'a>),
    In(RawOperand<'a>, Vec<RawOperand<'a>>),
    Call(RawCall<'a>),
}

/// The six comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparator {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }

    /// The comparison that says the same with its sides swapped.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            same => same,
        }
    }
}

/// The sections of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Set,
    Remove,
    Add,
    Delete,
}

impl Section {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Remove => "REMOVE",
            Self::Add => "ADD",
            Self::Delete => "DELETE",
        }
    }
}

/// One clause of an update: `SET a = :a, b = :b`. REMOVE's actions have no operand, the others always have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawClause<'a> {
    pub(super) section: Section,
    pub(super) actions: Vec<(RawPath<'a>, Option<RawOperand<'a>>)>,
}
