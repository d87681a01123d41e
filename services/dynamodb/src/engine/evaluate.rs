//! Whether an item meets a condition.

use std::cmp::Ordering;

use crate::{
    engine::{ast::Comparator, condition::Test, operands::Operand},
    model::{AttributeValue, Item},
};

pub(super) fn holds(test: &Test, item: &Item) -> bool {
    match test {
        Test::Or(parts) => parts.iter().any(|part| holds(part, item)),
        Test::And(parts) => parts.iter().all(|part| holds(part, item)),
        Test::Not(inner) => !holds(inner, item),
        Test::Compare(comparator, left, right) => compare(*comparator, left, right, item),
        Test::Between(value, low, high) => {
            compare(Comparator::GreaterEqual, value, low, item) && compare(Comparator::LessEqual, value, high, item)
        }
        Test::In(value, list) => list.iter().any(|other| compare(Comparator::Equal, value, other, item)),
        Test::Exists(path) => path.find(item).is_some(),
        Test::NotExists(path) => path.find(item).is_none(),
        Test::Type(path, kind) => path.find(item).is_some_and(|value| value.kind() == *kind),
        Test::BeginsWith(value, start) => both(value, start, item, begins_with),
        Test::Contains(value, part) => both(value, part, item, contains),
    }
}

/// Order within one type: strings by their UTF-8 bytes, numbers by value, binaries by unsigned bytes.
pub(super) fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(a), AttributeValue::S(b)) => Some(a.cmp(b)),
        (AttributeValue::N(a), AttributeValue::N(b)) => Some(a.cmp(b)),
        (AttributeValue::B(a), AttributeValue::B(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// A missing operand is equal to nothing, and so `<>` holds for it (observed).
fn compare(comparator: Comparator, left: &Operand, right: &Operand, item: &Item) -> bool {
    let ordered = |wanted: fn(Ordering) -> bool| both(left, right, item, |a, b| order(a, b).is_some_and(wanted));
    match comparator {
        Comparator::Equal => both(left, right, item, |a, b| a == b),
        Comparator::NotEqual => !both(left, right, item, |a, b| a == b),
        Comparator::Less => ordered(Ordering::is_lt),
        Comparator::LessEqual => ordered(Ordering::is_le),
        Comparator::Greater => ordered(Ordering::is_gt),
        Comparator::GreaterEqual => ordered(Ordering::is_ge),
    }
}

fn both(left: &Operand, right: &Operand, item: &Item, test: impl Fn(&AttributeValue, &AttributeValue) -> bool) -> bool {
    match (left.value(item), right.value(item)) {
        (Some(a), Some(b)) => test(&a, &b),
        _ => false,
    }
}

fn begins_with(value: &AttributeValue, start: &AttributeValue) -> bool {
    match (value, start) {
        (AttributeValue::S(value), AttributeValue::S(start)) => value.starts_with(start.as_str()),
        (AttributeValue::B(value), AttributeValue::B(start)) => value.starts_with(start),
        _ => false,
    }
}

fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    match (value, part) {
        (AttributeValue::S(value), AttributeValue::S(part)) => value.contains(part.as_str()),
        (AttributeValue::B(value), AttributeValue::B(part)) => {
            part.is_empty() || value.windows(part.len()).any(|window| window == part)
        }
        (AttributeValue::Ss(set), AttributeValue::S(member)) => set.contains(member),
        (AttributeValue::Ns(set), AttributeValue::N(member)) => set.contains(member),
        (AttributeValue::Bs(set), AttributeValue::B(member)) => set.contains(member),
        (AttributeValue::L(list), member) => list.contains(member),
        _ => false,
    }
}
