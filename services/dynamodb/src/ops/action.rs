//! One action of TransactWriteItems: whichever of the four it is, taken apart and parsed.

use service::action;

use crate::attribute::ExpressionValues;
use crate::engine::update::Update;
use crate::errors::Error;
use crate::model::{Item, item_size_bytes};
use crate::ops::item::Guard;
use crate::ops::request::{Asked, Given};
use crate::wire::{ConditionCheck, Delete, Put, TransactWriteItem, Update as UpdateAction};

/// What an action does to its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Put,
    Update,
    Delete,
    Check,
}

impl Verb {
    /// The permission that it takes (docs).
    pub(crate) fn permission(self) -> &'static str {
        match self {
            Self::Put => action!(dynamodb::PutItem),
            Self::Update => action!(dynamodb::UpdateItem),
            Self::Delete => action!(dynamodb::DeleteItem),
            Self::Check => action!(dynamodb::ConditionCheckItem),
        }
    }
}

/// An action, as far as the request alone tells.
#[derive(Debug)]
pub(crate) struct Action<'i> {
    pub verb: Verb,
    /// The item to put, or the key.
    pub subject: &'i Item,
    pub table_name: &'i str,
    pub guard: Guard,
    pub update: Option<Update>,
    pub asked: Asked,
    values: Option<&'i ExpressionValues>,
}

impl<'i> Action<'i> {
    /// Takes the action apart and parses its expressions.
    pub(crate) fn parse(item: &'i TransactWriteItem) -> Result<Self, Error> {
        let TransactWriteItem { condition_check, put, delete, update } = item;
        match (condition_check, put, delete, update) {
            (Some(check), None, None, None) => Self::check(check),
            (None, Some(put), None, None) => Self::put(put),
            (None, None, Some(delete), None) => Self::delete(delete),
            (None, None, None, Some(update)) => Self::update(update),
            _ => Err(Error::invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
        }
    }

    /// Bytes that it brings along.
    pub(crate) fn size_bytes(&self) -> usize {
        item_size_bytes(self.subject) + self.values.map_or(0, |values| item_size_bytes(&values.0))
    }

    fn check(action: &'i ConditionCheck) -> Result<Self, Error> {
        let ConditionCheck {
            key,
            table_name,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            return_values_on_condition_check_failure,
        } = action;
        let condition = Some(condition_expression.as_str());
        let given = Given::guarding(condition, expression_attribute_names, expression_attribute_values);
        Self::of(Verb::Check, key, table_name, given, return_values_on_condition_check_failure)
    }

    fn put(action: &'i Put) -> Result<Self, Error> {
        let Put {
            item,
            table_name,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            return_values_on_condition_check_failure,
        } = action;
        let condition = condition_expression.as_deref();
        let given = Given::guarding(condition, expression_attribute_names, expression_attribute_values);
        let mut action = Self::of(Verb::Put, item, table_name, given, return_values_on_condition_check_failure)?;
        action.asked = std::mem::take(&mut action.asked).naming(item);
        Ok(action)
    }

    fn delete(action: &'i Delete) -> Result<Self, Error> {
        let Delete {
            key,
            table_name,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            return_values_on_condition_check_failure,
        } = action;
        let condition = condition_expression.as_deref();
        let given = Given::guarding(condition, expression_attribute_names, expression_attribute_values);
        Self::of(Verb::Delete, key, table_name, given, return_values_on_condition_check_failure)
    }

    fn update(action: &'i UpdateAction) -> Result<Self, Error> {
        let UpdateAction {
            key,
            update_expression,
            table_name,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            return_values_on_condition_check_failure,
        } = action;
        let condition = condition_expression.as_deref();
        let given = Given {
            update: Some(update_expression),
            ..Given::guarding(condition, expression_attribute_names, expression_attribute_values)
        };
        Self::of(Verb::Update, key, table_name, given, return_values_on_condition_check_failure)
    }

    fn of(
        verb: Verb,
        subject: &'i Item,
        table_name: &'i str,
        given: Given<'i>,
        on_failure: &Option<String>,
    ) -> Result<Self, Error> {
        let values = given.values;
        let expressions = given.parse()?;
        let asked = Asked::of(&expressions).returning(on_failure.as_deref());
        let guard = Guard::new(expressions.condition, on_failure.as_deref());
        Ok(Self { verb, subject, table_name, guard, update: expressions.update, asked, values })
    }
}
