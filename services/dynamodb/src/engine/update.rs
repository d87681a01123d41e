//! UpdateExpression, compiled.

use crate::{
    engine::{
        apply,
        ast::{RawCall, RawClause, RawOperand, RawPath, Section, Sign},
        error::{ExpressionError, ExpressionKind, Problem, UpdateError},
        parser,
        path::Path,
        placeholders::Placeholders,
        projection::{Projection, check_clashes},
        screen,
    },
    model::{AttributeValue, Item, KeySchema, Kind},
};

/// An update, ready to be applied to items.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// One list for each section, in the order written.
    pub(super) sections: Vec<Vec<Action>>,
    touched: Projection,
    form: Form,
}

/// How it was written, which errors tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Expression,
    AttributeUpdates,
}

/// What an update does to one path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Action {
    pub(super) path: Path,
    pub(super) change: Change,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Set(Term),
    Remove,
    Add(AttributeValue),
    Delete(AttributeValue),
}

/// The right side of a SET.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Path(Path),
    Value(AttributeValue),
    IfNotExists(Path, Box<Term>),
    ListAppend(Box<(Term, Term)>),
    Arithmetic(Sign, Box<(Term, Term)>),
}

impl Term {
    fn collect_paths<'t>(&'t self, found: &mut Vec<&'t Path>) {
        match self {
            Self::Path(path) => found.push(path),
            Self::Value(_) => (),
            Self::IfNotExists(path, otherwise) => {
                found.push(path);
                otherwise.collect_paths(found);
            }
            Self::ListAppend(sides) | Self::Arithmetic(_, sides) => {
                sides.0.collect_paths(found);
                sides.1.collect_paths(found);
            }
        }
    }
}

impl Update {
    /// Parses and checks an update.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        compile(text, placeholders).map_err(|problem| ExpressionError::Invalid(ExpressionKind::Update, problem))
    }

    /// Of actions on attributes, each another one.
    pub(super) fn of_old(actions: Vec<Action>) -> Self {
        let paths: Vec<Path> = actions.iter().map(|action| action.path.clone()).collect();
        Self { sections: vec![actions], touched: Projection::of(&paths), form: Form::AttributeUpdates }
    }

    /// Refuses to touch the key.
    pub fn check_keys(&self, schema: &KeySchema) -> Result<(), ExpressionError> {
        let key = self.actions().find(|action| schema.contains(action.path.root()));
        key.map_or(Ok(()), |action| Err(ExpressionError::KeyUpdate(action.path.root().to_owned())))
    }

    /// Changes the item, or leaves it as it was and says why. Every right side sees the item as it was before.
    pub fn apply(&self, item: &mut Item) -> Result<(), UpdateError> {
        apply::apply(self, item).map_err(|error| match (error, self.form) {
            (UpdateError::IncorrectType, Form::AttributeUpdates) => UpdateError::OldTypeMismatch,
            (error, _) => error,
        })
    }

    /// Whether it neither sets nor adds anything.
    pub fn only_takes_away(&self) -> bool {
        self.actions().all(|action| matches!(action.change, Change::Remove | Change::Delete(_)))
    }

    /// The paths it names: projected on the old item they are UPDATED_OLD, on the new one UPDATED_NEW.
    pub fn touched(&self) -> &Projection {
        &self.touched
    }

    /// The top-level attributes that it changes or looks at, perhaps several times.
    pub fn roots(&self) -> Vec<&str> {
        let mut read = Vec::new();
        for action in self.actions() {
            if let Change::Set(term) = &action.change {
                term.collect_paths(&mut read);
            }
        }
        self.touched.roots().chain(read.into_iter().map(Path::root)).collect()
    }

    /// Whether a path in it goes into this attribute.
    pub fn goes_into(&self, attribute: &str) -> bool {
        let mut paths = Vec::new();
        for action in self.actions() {
            paths.push(&action.path);
            if let Change::Set(term) = &action.change {
                term.collect_paths(&mut paths);
            }
        }
        paths.into_iter().any(|path| path.is_nested() && path.root() == attribute)
    }

    /// The type of what it sets or adds to this attribute, where it does not depend on the item.
    pub fn kind_of(&self, attribute: &str) -> Option<Kind> {
        let action = self.actions().find(|action| !action.path.is_nested() && action.path.root() == attribute)?;
        match &action.change {
            Change::Set(Term::Value(value)) | Change::Add(value) => Some(value.kind()),
            Change::Set(Term::Arithmetic(..)) => Some(Kind::N),
            Change::Set(Term::ListAppend(_)) => Some(Kind::L),
            Change::Set(Term::Path(_) | Term::IfNotExists(..)) | Change::Remove | Change::Delete(_) => None,
        }
    }

    pub(super) fn actions(&self) -> impl Iterator<Item = &Action> {
        self.sections.iter().flatten()
    }
}

fn compile(text: &str, placeholders: &mut Placeholders) -> Result<Update, Problem> {
    let clauses = parser::update(text)?;
    screen::update(&clauses)?;
    let actions: Vec<_> = clauses.iter().flat_map(|clause| &clause.actions).collect();
    let mut paths = Vec::with_capacity(actions.len());
    for (path, _) in &actions {
        placeholders.defined(path)?;
        paths.push(placeholders.path(path)?);
    }
    check_clashes(&paths)?;
    // Names, then values and types, are looked at from the last action back to the first (observed).
    for (_, operand) in actions.iter().rev() {
        operand.iter().try_for_each(|operand| names_defined(operand, placeholders))?;
    }
    let mut sections = Vec::with_capacity(clauses.len());
    for clause in clauses.iter().rev() {
        let actions = clause.actions.iter().rev().map(|action| compile_action(clause, action, placeholders));
        let mut actions = actions.collect::<Result<Vec<_>, _>>()?;
        actions.reverse();
        sections.push(actions);
    }
    sections.reverse();
    Ok(Update { sections, touched: Projection::of(&paths), form: Form::Expression })
}

fn names_defined(operand: &RawOperand<'_>, placeholders: &Placeholders) -> Result<(), Problem> {
    match operand {
        RawOperand::Path(path) => placeholders.defined(path),
        RawOperand::Value(_) => Ok(()),
        RawOperand::Call(call) => call.arguments.iter().try_for_each(|argument| names_defined(argument, placeholders)),
        RawOperand::Arithmetic(_, sides) => {
            names_defined(&sides.0, placeholders)?;
            names_defined(&sides.1, placeholders)
        }
    }
}

fn compile_action(
    clause: &RawClause<'_>,
    (path, operand): &(RawPath<'_>, Option<RawOperand<'_>>),
    placeholders: &mut Placeholders,
) -> Result<Action, Problem> {
    let path = placeholders.path(path)?;
    let change = match (clause.section, operand) {
        (Section::Set, Some(operand)) => Change::Set(term(operand, placeholders)?),
        (Section::Add, Some(RawOperand::Value(value))) => {
            let allowed = [Kind::N, Kind::Ss, Kind::Ns, Kind::Bs];
            Change::Add(action_value("ADD", value, &allowed, placeholders)?)
        }
        (Section::Delete, Some(RawOperand::Value(value))) => {
            let allowed = [Kind::Ss, Kind::Ns, Kind::Bs];
            Change::Delete(action_value("DELETE", value, &allowed, placeholders)?)
        }
        _ => Change::Remove,
    };
    Ok(Action { path, change })
}

fn action_value(
    section: &'static str,
    value: &str,
    allowed: &[Kind],
    placeholders: &mut Placeholders,
) -> Result<AttributeValue, Problem> {
    let value = placeholders.value(value)?;
    if allowed.contains(&value.kind()) { Ok(value) } else { Err(Problem::ActionType(section, long_name(value.kind()))) }
}

fn term(raw: &RawOperand<'_>, placeholders: &mut Placeholders) -> Result<Term, Problem> {
    match raw {
        RawOperand::Path(path) => Ok(Term::Path(placeholders.path(path)?)),
        RawOperand::Value(value) => Ok(Term::Value(placeholders.value(value)?)),
        RawOperand::Call(call) => function(call, placeholders),
        RawOperand::Arithmetic(sign, sides) => {
            let sides = (term(&sides.0, placeholders)?, term(&sides.1, placeholders)?);
            check_terms(sign.as_str(), [&sides.0, &sides.1], Kind::N)?;
            Ok(Term::Arithmetic(*sign, Box::new(sides)))
        }
    }
}

fn function(call: &RawCall<'_>, placeholders: &mut Placeholders) -> Result<Term, Problem> {
    screen::arity(call)?;
    let [first, second] = call.arguments.as_slice() else {
        return Err(Problem::OperandCount(call.name.to_owned(), call.arguments.len()));
    };
    let (first, second) = (term(first, placeholders)?, term(second, placeholders)?);
    if call.name == "list_append" {
        check_terms(call.name, [&first, &second], Kind::L)?;
        return Ok(Term::ListAppend(Box::new((first, second))));
    }
    let Term::Path(path) = first else { return Err(Problem::NeedsPath(call.name.to_owned())) };
    if matches!(&second, Term::Path(other) if *other == path) {
        return Err(Problem::NotDistinct(call.name.to_owned(), path.to_string()));
    }
    Ok(Term::IfNotExists(path, Box::new(second)))
}

fn check_terms(operator: &str, terms: [&Term; 2], wanted: Kind) -> Result<(), Problem> {
    for term in terms {
        match term {
            Term::Value(value) if value.kind() != wanted => {
                return Err(Problem::OperandType(operator.to_owned(), value.kind()));
            }
            _ => (),
        }
    }
    Ok(())
}

/// Types as the errors about ADD and DELETE spell them.
fn long_name(kind: Kind) -> &'static str {
    match kind {
        Kind::S => "STRING",
        Kind::N => "NUMBER",
        Kind::B => "BINARY",
        Kind::Bool => "BOOLEAN",
        Kind::Null => "NULL",
        Kind::L => "LIST",
        Kind::M => "MAP",
        Kind::Ss => "STRING_SET",
        Kind::Ns => "NUMBER_SET",
        Kind::Bs => "BINARY_SET",
    }
}
