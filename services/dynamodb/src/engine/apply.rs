//! Applying an update to an item.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

use crate::{
    engine::{
        ast::Sign,
        error::UpdateError,
        path::{Path, Step},
        update::{Action, Change, Term, Update},
    },
    model::{AttributeValue, Item},
};

/// What becomes of one path.
enum Write {
    Put(AttributeValue),
    Remove,
    Nothing,
}

/// Works everything out on the item as it is, then writes.
///
/// Problems are reported in AWS's order (observed): a path through something of the wrong type, then a wrong type
/// anywhere; then, from the last section to the first, a place that does not exist, and a missing attribute.
pub(super) fn apply(update: &Update, item: &mut Item) -> Result<(), UpdateError> {
    if update.actions().any(|action| action.path.find_parent(item).is_some() && !writable(&action.path, item)) {
        return Err(UpdateError::InvalidPath);
    }
    let mut outcomes = Vec::with_capacity(update.sections.len());
    for section in &update.sections {
        let mut writes = Vec::with_capacity(section.len());
        for action in section {
            match outcome(action, item) {
                Err(UpdateError::IncorrectType) => return Err(UpdateError::IncorrectType),
                outcome => writes.push((action, outcome)),
            }
        }
        outcomes.push(writes);
    }
    for section in outcomes.iter().rev() {
        if section.iter().any(|(action, _)| !writable(&action.path, item)) {
            return Err(UpdateError::InvalidPath);
        }
        if section.iter().any(|(_, outcome)| matches!(outcome, Err(UpdateError::MissingAttribute))) {
            return Err(UpdateError::MissingAttribute);
        }
    }
    let writes = outcomes.into_iter().flatten().map(|(action, outcome)| Ok((&action.path, outcome?)));
    let writes = writes.collect::<Result<Vec<_>, UpdateError>>()?;
    write_all(writes, item);
    Ok(())
}

/// Whether the last step of the path has something to go into.
fn writable(path: &Path, item: &Item) -> bool {
    matches!(
        (path.steps.last(), path.find_parent(item)),
        (None, _)
            | (Some(Step::Key(_)), Some(AttributeValue::M(_)))
            | (Some(Step::Index(_)), Some(AttributeValue::L(_)))
    )
}

fn outcome(action: &Action, item: &Item) -> Result<Write, UpdateError> {
    let current = action.path.find(item);
    match (&action.change, current) {
        (Change::Set(term), _) => Ok(Write::Put(value_of(term, item)?.into_owned())),
        (Change::Remove, _) => Ok(Write::Remove),
        (Change::Add(value), None) => Ok(Write::Put(value.clone())),
        (Change::Add(value), Some(current)) => add(current, value).map(Write::Put),
        (Change::Delete(_), None) => Ok(Write::Nothing),
        (Change::Delete(value), Some(current)) => delete(current, value),
    }
}

fn value_of<'a>(term: &'a Term, item: &'a Item) -> Result<Cow<'a, AttributeValue>, UpdateError> {
    match term {
        Term::Value(value) => Ok(Cow::Borrowed(value)),
        Term::Path(path) => path.find(item).map(Cow::Borrowed).ok_or(UpdateError::MissingAttribute),
        Term::IfNotExists(path, otherwise) => match path.find(item) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => value_of(otherwise, item),
        },
        Term::ListAppend(sides) => match both(sides, item, |value| matches!(value, AttributeValue::L(_)))? {
            (AttributeValue::L(mut list), AttributeValue::L(tail)) => {
                list.extend(tail);
                Ok(Cow::Owned(AttributeValue::L(list)))
            }
            _ => Err(UpdateError::IncorrectType),
        },
        Term::Arithmetic(sign, sides) => match both(sides, item, |value| matches!(value, AttributeValue::N(_)))? {
            (AttributeValue::N(left), AttributeValue::N(right)) => {
                let result = match sign {
                    Sign::Plus => left.checked_add(right),
                    Sign::Minus => left.checked_sub(right),
                };
                Ok(Cow::Owned(AttributeValue::N(result?)))
            }
            _ => Err(UpdateError::IncorrectType),
        },
    }
}

/// Both sides; a wrong type on either is told before a missing attribute on the other.
fn both(
    sides: &(Term, Term),
    item: &Item,
    fits: fn(&AttributeValue) -> bool,
) -> Result<(AttributeValue, AttributeValue), UpdateError> {
    let (left, right) = (value_of(&sides.0, item), value_of(&sides.1, item));
    if [&left, &right].into_iter().flatten().any(|value| !fits(value)) {
        return Err(UpdateError::IncorrectType);
    }
    Ok((left?.into_owned(), right?.into_owned()))
}

fn add(current: &AttributeValue, value: &AttributeValue) -> Result<AttributeValue, UpdateError> {
    use AttributeValue::{Bs, L, N, Ns, Ss};
    match (current, value) {
        (N(a), N(b)) => Ok(N(a.checked_add(*b)?)),
        (L(a), L(b)) => Ok(L([a.as_slice(), b.as_slice()].concat())),
        (Ss(a), Ss(b)) => Ok(Ss(a | b)),
        (Ns(a), Ns(b)) => Ok(Ns(a | b)),
        (Bs(a), Bs(b)) => Ok(Bs(a | b)),
        _ => Err(UpdateError::IncorrectType),
    }
}

/// Takes members out of a set; a set that becomes empty goes away.
fn delete(current: &AttributeValue, value: &AttributeValue) -> Result<Write, UpdateError> {
    use AttributeValue::{Bs, Ns, Ss};
    let (left, is_empty) = match (current, value) {
        (Ss(a), Ss(b)) => (Ss(a - b), a.is_subset(b)),
        (Ns(a), Ns(b)) => (Ns(a - b), a.is_subset(b)),
        (Bs(a), Bs(b)) => (Bs(a - b), a.is_subset(b)),
        _ => return Err(UpdateError::IncorrectType),
    };
    Ok(if is_empty { Write::Remove } else { Write::Put(left) })
}

/// What shifts a list's elements waits until all else is written: indexes are those of the item as it was.
#[derive(Default)]
struct Shifts {
    appended: BTreeMap<usize, AttributeValue>,
    removed: Vec<usize>,
}

fn write_all(writes: Vec<(&Path, Write)>, item: &mut Item) {
    let mut lists: Vec<(Path, Shifts)> = Vec::new();
    for (path, write) in writes {
        match (path.steps.split_last(), write) {
            (_, Write::Nothing) => (),
            (None, Write::Put(value)) => {
                item.insert(path.root.clone(), value);
            }
            (None, Write::Remove) => {
                item.remove(&path.root);
            }
            (Some((last, before)), write) => match (path.find_parent_mut(item), last, write) {
                (Some(AttributeValue::M(map)), Step::Key(key), Write::Put(value)) => {
                    map.insert(key.clone(), value);
                }
                (Some(AttributeValue::M(map)), Step::Key(key), _) => {
                    map.remove(key);
                }
                (Some(AttributeValue::L(list)), Step::Index(index), write) => {
                    let list_path = Path { root: path.root.clone(), steps: before.to_vec() };
                    write_element(list, list_path, *index, write, &mut lists);
                }
                _ => (),
            },
        }
    }
    // The deepest lists first: a shift above them would move the paths to them.
    lists.sort_by_key(|(path, _)| Reverse(path.steps.len()));
    for (path, shifts) in lists {
        if let Some(AttributeValue::L(list)) = find_mut(&path, item) {
            shift(list, shifts);
        }
    }
}

fn write_element(
    list: &mut [AttributeValue],
    list_path: Path,
    index: usize,
    write: Write,
    lists: &mut Vec<(Path, Shifts)>,
) {
    let value = match write {
        Write::Put(value) => match list.get_mut(index) {
            Some(place) => {
                *place = value;
                return;
            }
            None => Some(value),
        },
        _ => None,
    };
    let at = lists.iter().position(|(path, _)| *path == list_path).unwrap_or_else(|| {
        lists.push((list_path, Shifts::default()));
        lists.len() - 1
    });
    let Some((_, shifts)) = lists.get_mut(at) else { return };
    match value {
        Some(value) => {
            shifts.appended.insert(index, value);
        }
        None => shifts.removed.push(index),
    }
}

fn find_mut<'i>(path: &Path, item: &'i mut Item) -> Option<&'i mut AttributeValue> {
    match path.steps.last() {
        None => item.get_mut(&path.root),
        Some(Step::Key(key)) => match path.find_parent_mut(item)? {
            AttributeValue::M(map) => map.get_mut(key),
            _ => None,
        },
        Some(Step::Index(index)) => match path.find_parent_mut(item)? {
            AttributeValue::L(list) => list.get_mut(*index),
            _ => None,
        },
    }
}

/// Takes elements out, then appends in the order of their indexes, however far behind the end these were.
fn shift(list: &mut Vec<AttributeValue>, shifts: Shifts) {
    let mut at = 0;
    list.retain(|_| {
        let keep = !shifts.removed.contains(&at);
        at += 1;
        keep
    });
    list.extend(shifts.appended.into_values());
}
