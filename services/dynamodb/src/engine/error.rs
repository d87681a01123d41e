//! What is wrong with an expression, in AWS's words.

use std::fmt;

use crate::{
    engine::{key::KeyError, legacy::LegacyError, number::NumberError},
    model::Kind,
};

/// Which parameter an expression came in; it stands in most error texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    Condition,
    Filter,
    KeyCondition,
    Projection,
    Update,
}

impl fmt::Display for ExpressionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Condition => "ConditionExpression",
            Self::Filter => "FilterExpression",
            Self::KeyCondition => "KeyConditionExpression",
            Self::Projection => "ProjectionExpression",
            Self::Update => "UpdateExpression",
        })
    }
}

/// A refusal before any item is looked at. Each is a ValidationException with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    #[error("Invalid {0}: {1}")]
    Invalid(ExpressionKind, Problem),
    #[error("{0} must not be empty")]
    EmptyMap(&'static str),
    #[error("{0} contains invalid key: Syntax error; key: \"{1}\"")]
    PlaceholderSyntax(&'static str, String),
    #[error("{0} contains invalid key: The expression attribute map contains a key that is too long;")]
    PlaceholderTooLong(&'static str),
    #[error("ExpressionAttributeNames contains invalid value: Empty attribute name for key {0}")]
    EmptyName(String),
    #[error("ExpressionAttributeValues contains invalid value: {1} for key {0}")]
    InvalidValue(String, String),
    #[error("{0} can only be specified when using expressions{1}")]
    NoExpressions(&'static str, &'static str),
    #[error("Value provided in {0} unused in expressions: keys: {{{1}}}")]
    Unused(&'static str, String),
    #[error("Invalid operator used in KeyConditionExpression: {0}")]
    KeyOperator(String),
    #[error("Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations")]
    KeyNested,
    #[error("Invalid condition in KeyConditionExpression: No key attribute specified")]
    KeyNoAttribute,
    #[error("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")]
    KeyManyAttributes,
    #[error(
        "Invalid condition in KeyConditionExpression: {0} operator must have the key attribute as its first operand"
    )]
    KeyNotFirst(&'static str),
    #[error("Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes")]
    KeyNestedPath,
    #[error("Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key")]
    KeyTwice,
    #[error("The number of query conditions ({0}) exceeds the number of key attributes defined in the schema ({1})")]
    KeyCount(usize, usize),
    #[error("Query condition missed key schema element: {0}")]
    KeyMissing(String),
    #[error("Query key condition not supported")]
    KeyNotSupported,
    #[error("One or more parameter values were invalid: Condition parameter type does not match schema type")]
    KeyType,
    #[error(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
         {0} value. Key: {1}"
    )]
    KeyEmpty(&'static str, String),
    #[error(transparent)]
    KeySize(#[from] KeyError),
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    #[error(
        "One or more parameter values were invalid: Cannot update attribute {0}. This attribute is part of the key"
    )]
    KeyUpdate(String),
    #[error("{0} can only contain non-primary key attributes: Primary key attribute: {1}")]
    KeyFiltered(&'static str, String),
    #[error("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: {0}")]
    KeyNotScalar(String),
}

/// What is wrong inside one expression; the text after `Invalid UpdateExpression: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("The expression can not be empty;")]
    Empty,
    #[error("Expression size has exceeded the maximum allowed size; expression size: {0}")]
    TooLong(usize),
    #[error("Syntax error; token: \"{token}\", near: \"{near}\"")]
    Syntax { token: String, near: String },
    #[error("The expression has redundant parentheses;")]
    RedundantParentheses,
    #[error("The expression contains too many operators; operator count: {0}")]
    TooManyOperators(usize),
    #[error("Attribute name is a reserved keyword; reserved keyword: {0}")]
    Reserved(String),
    #[error("List index is not within the allowable range; index: [{0}]")]
    IndexRange(String),
    #[error("Invalid function name; function: {0}")]
    UnknownFunction(String),
    #[error("The function is not allowed in an update expression; function: {0}")]
    NotInUpdate(String),
    #[error("The function is not allowed in a condition expression; function: {0}")]
    NotInCondition(String),
    #[error("The function is not allowed to be used this way in an expression; function: {0}")]
    Misplaced(String),
    #[error(
        "Incorrect number of operands for operator or function; operator or function: {0}, number of operands: {1}"
    )]
    OperandCount(String, usize),
    #[error("The \"{0}\" section can only be used once in an update expression;")]
    RepeatedSection(&'static str),
    #[error("An expression attribute name used in the document path is not defined; attribute name: {0}")]
    UndefinedName(String),
    #[error("An expression attribute value used in expression is not defined; attribute value: {0}")]
    UndefinedValue(String),
    #[error("The document path has too many nesting levels; nesting levels: {0}")]
    Nesting(usize),
    #[error("Incorrect operand type for operator or function; operator or function: {0}, operand type: {1}")]
    OperandType(String, Kind),
    #[error(
        "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: \
         {{NS,SS,L,BS,N,M,B,BOOL,NULL,S}}"
    )]
    TypeFromPath,
    #[error(
        "Incorrect operand type for operator or function; operator: {0}, operand type: {1}, typeSet: \
         ALLOWED_FOR_{0}_OPERAND"
    )]
    ActionType(&'static str, &'static str),
    #[error(
        "The first operand must be distinct from the remaining operands for this operator or function; operator: {0}, \
         first operand: {1}"
    )]
    NotDistinct(String, String),
    #[error("Operator or function requires a document path; operator or function: {0}")]
    NeedsPath(String),
    #[error(
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: \
         AttributeValue: {{{0}}}, upper bound operand: AttributeValue: {{{1}}}"
    )]
    BetweenTypes(String, String),
    #[error(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: \
         AttributeValue: {{{0}}}, upper bound operand: AttributeValue: {{{1}}}"
    )]
    BetweenOrder(String, String),
    #[error("The IN operator is provided with too many operands; number of operands: {0}")]
    TooManyInOperands(usize),
    #[error("Invalid attribute type name found; type: {0}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}")]
    TypeName(String),
    #[error(
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {0}, path \
         two: {1}"
    )]
    PathsOverlap(String, String),
    #[error(
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: {0}, path \
         two: {1}"
    )]
    PathsConflict(String, String),
}

/// Why an update does not fit the item that it meets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    #[error("The document path provided in the update expression is invalid for update")]
    InvalidPath,
    #[error("The provided expression refers to an attribute that does not exist in the item")]
    MissingAttribute,
    #[error("An operand in the update expression has an incorrect data type")]
    IncorrectType,
    #[error("Type mismatch for attribute to update")]
    OldTypeMismatch,
    #[error(transparent)]
    Number(#[from] NumberError),
}
