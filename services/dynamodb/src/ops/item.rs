//! Items one at a time: put, get, update, delete.

use kv::Tx;
use service::{Cx, action};

use crate::engine::condition::Condition;
use crate::engine::update::Update;
use crate::engine::{index, key};
use crate::errors::Error;
use crate::model::{AttributeValue, ITEM_BYTES_MAX, Item, NESTING_MAX, PrimaryKey, Table, ValueError, item_size_bytes};
use crate::ops::capacity::{Consistency, Units, read_units};
use crate::ops::collection;
use crate::ops::legacy::Old;
use crate::ops::request::{self, Asked, Given};
use crate::store::{self, Before, EntryWrite};
use crate::wire::{
    DeleteItemInput, DeleteItemOutput, GetItemInput, GetItemOutput, PutItemInput, PutItemOutput, UpdateItemInput,
    UpdateItemOutput,
};

/// What a request wants to see of an item that it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Returned {
    None,
    AllOld,
    UpdatedOld,
    AllNew,
    UpdatedNew,
}

impl Returned {
    fn of(text: Option<&str>) -> Self {
        match text {
            Some("ALL_OLD") => Self::AllOld,
            Some("UPDATED_OLD") => Self::UpdatedOld,
            Some("ALL_NEW") => Self::AllNew,
            Some("UPDATED_NEW") => Self::UpdatedNew,
            _ => Self::None,
        }
    }

    /// Of an operation after which there is nothing new to see.
    fn of_old(text: Option<&str>) -> Result<Self, Error> {
        match Self::of(text) {
            returned @ (Self::None | Self::AllOld) => Ok(returned),
            _ => Err(Error::invalid("ReturnValues can only be ALL_OLD or NONE")),
        }
    }
}

/// What must hold of the stored item, and what a refusal shows.
#[derive(Debug)]
pub(crate) struct Guard {
    condition: Option<Condition>,
    shows_item: bool,
}

impl Guard {
    pub(crate) fn new(condition: Option<Condition>, on_failure: Option<&str>) -> Self {
        Self { condition, shows_item: on_failure == Some("ALL_OLD") }
    }

    pub(crate) fn check_paths(&self, table: &Table) -> Result<(), Error> {
        self.condition.as_ref().map_or(Ok(()), |condition| request::check_condition(table, condition))
    }

    /// Whether the stored item must be read for it.
    fn reads(&self) -> bool {
        self.condition.is_some()
    }

    /// Whether what must hold does.
    pub(crate) fn holds(&self, stored: Option<&Item>) -> bool {
        let absent = Item::new();
        self.condition.as_ref().is_none_or(|condition| condition.holds(stored.unwrap_or(&absent)))
    }

    /// What a refusal shows of the stored item.
    pub(crate) fn shown<'i>(&self, stored: Option<&'i Item>) -> Option<&'i Item> {
        stored.filter(|_| self.shows_item)
    }

    fn check(&self, stored: Option<&Item>) -> Result<(), Error> {
        match self.shown(stored) {
            _ if self.holds(stored) => Ok(()),
            Some(item) => Err(Error::condition_failed_on(item)),
            None => Err(Error::ConditionalCheckFailed),
        }
    }
}

/// Writes a whole item, replacing what has its key.
pub(crate) async fn put_item(cx: &Cx, tx: &mut Tx, input: &PutItemInput) -> Result<PutItemOutput, Error> {
    let PutItemInput {
        table_name,
        item,
        expected,
        return_values,
        return_consumed_capacity,
        return_item_collection_metrics,
        conditional_operator,
        condition_expression,
        expression_attribute_names,
        expression_attribute_values,
        return_values_on_condition_check_failure,
    } = input;
    let returned = Returned::of_old(return_values.as_deref())?;
    let condition = condition_expression.as_deref();
    let given = Given::guarding(condition, expression_attribute_names, expression_attribute_values);
    let old = Old::guarding(expected, conditional_operator);
    let expressions = Given { old, ..given }.parse()?;
    let asked = Asked::of(&expressions).naming(item).returning(return_values.as_deref());
    let guard = Guard::new(expressions.condition, return_values_on_condition_check_failure.as_deref());
    let bytes = check_size(item)?;
    let table = request::table(cx, tx, action!(dynamodb::PutItem), table_name).await?;
    let key = key::of_item(&table.key_schema, item);
    let key = request::permitted(cx, action!(dynamodb::PutItem), &table, key, asked).await?;
    index::check_item(&table, item)?;
    guard.check_paths(&table)?;

    let reads = guard.reads() || returned != Returned::None || wants(return_consumed_capacity) || table.follows_items();
    let stored = if reads { store::item(tx, table.id, &key).await? } else { None };
    guard.check(stored.as_ref())?;
    let before = if reads { Before::Read(stored.as_ref()) } else { Before::Unread };
    let entries = store::write(tx, &table, &key, before, Some(item)).await?;

    let units = Units::written(&table, bytes.max(stored.as_ref().map_or(0, item_size_bytes)), &entries);
    Ok(PutItemOutput {
        attributes: stored.filter(|_| returned == Returned::AllOld),
        consumed_capacity: units.consumed(return_consumed_capacity.as_deref(), &table.name),
        item_collection_metrics: collection::metrics(tx, return_item_collection_metrics.as_deref(), &table, &key)
            .await?,
    })
}

/// Reads one item.
pub(crate) async fn get_item(cx: &Cx, tx: &mut Tx, input: &GetItemInput) -> Result<GetItemOutput, Error> {
    let GetItemInput {
        table_name,
        key,
        attributes_to_get,
        consistent_read,
        return_consumed_capacity,
        projection_expression,
        expression_attribute_names,
    } = input;
    let (projection, asked) =
        request::projection(projection_expression, expression_attribute_names, attributes_to_get.as_ref())?;
    let table = request::table(cx, tx, action!(dynamodb::GetItem), table_name).await?;
    let key = key::of_request(&table.key_schema, key);
    let key = request::permitted(cx, action!(dynamodb::GetItem), &table, key, asked).await?;
    request::check_projection(&table, projection.as_ref())?;

    let item = store::item(tx, table.id, &key).await?;
    let bytes = item.as_ref().map_or(0, item_size_bytes);
    let units = read_units(bytes, Consistency::of(*consistent_read));
    let item = match &projection {
        Some(projection) => item.map(|item| projection.project(&item)),
        None => item,
    };
    let consumed_capacity = Units::of_table(units).consumed(return_consumed_capacity.as_deref(), &table.name);
    Ok(GetItemOutput { item, consumed_capacity })
}

/// Changes an item in place, or begins one.
pub(crate) async fn update_item(cx: &Cx, tx: &mut Tx, input: &UpdateItemInput) -> Result<UpdateItemOutput, Error> {
    let UpdateItemInput {
        table_name,
        key,
        expected,
        return_values,
        return_consumed_capacity,
        return_item_collection_metrics,
        attribute_updates,
        conditional_operator,
        update_expression,
        condition_expression,
        expression_attribute_names,
        expression_attribute_values,
        return_values_on_condition_check_failure,
    } = input;
    let expressions = Given {
        names: expression_attribute_names.as_ref(),
        values: expression_attribute_values.as_ref(),
        condition: condition_expression.as_deref(),
        update: update_expression.as_deref(),
        old: Old { attribute_updates: attribute_updates.as_ref(), ..Old::guarding(expected, conditional_operator) },
        takes_values: ": UpdateExpression and ConditionExpression are null",
        ..Given::default()
    }
    .parse()?;
    let asked = Asked::of(&expressions).returning(return_values.as_deref());
    let guard = Guard::new(expressions.condition, return_values_on_condition_check_failure.as_deref());
    let table = request::table(cx, tx, action!(dynamodb::UpdateItem), table_name).await?;
    let key = key::of_request(&table.key_schema, key);
    let key = request::permitted(cx, action!(dynamodb::UpdateItem), &table, key, asked).await?;
    let update = expressions.update.as_ref();
    guard.check_paths(&table)?;
    update.map_or(Ok(()), |update| request::check_update(&table, update))?;

    let old = store::item(tx, table.id, &key).await?;
    guard.check(old.as_ref())?;
    let changed = Changed::by(update, &table, &key, old)?;
    let entries = changed.write(tx, &table, &key).await?;
    let units = Units::written(&table, changed.bytes, &entries);
    Ok(UpdateItemOutput {
        attributes: changed.shown(Returned::of(return_values.as_deref()), update),
        consumed_capacity: units.consumed(return_consumed_capacity.as_deref(), &table.name),
        item_collection_metrics: collection::metrics(tx, return_item_collection_metrics.as_deref(), &table, &key)
            .await?,
    })
}

/// An item before and after an update.
pub(crate) struct Changed {
    old: Option<Item>,
    /// None where there was no item and the update only takes away: that begins none (observed).
    new: Option<Item>,
    /// Of the larger of both.
    pub(crate) bytes: usize,
}

impl Changed {
    /// Works out the change; writes nothing.
    pub(crate) fn by(
        update: Option<&Update>,
        table: &Table,
        key: &PrimaryKey,
        old: Option<Item>,
    ) -> Result<Self, Error> {
        let mut new = old.clone().unwrap_or_else(|| key::to_item(&table.key_schema, key));
        if let Some(update) = update {
            update.apply(&mut new)?;
        }
        let bytes = item_size_bytes(&new);
        if ITEM_BYTES_MAX < bytes {
            return Err(Error::invalid("Item size to update has exceeded the maximum allowed size"));
        }
        if new.values().any(|value| NESTING_MAX < AttributeValue::depth(value)) {
            return Err(Error::invalid(ValueError::Nesting.to_string()));
        }
        index::check_updated(table, old.as_ref(), &new)?;
        let begins = old.is_some() || !update.is_some_and(Update::only_takes_away);
        let bytes = bytes.max(old.as_ref().map_or(0, item_size_bytes));
        Ok(Self { old, new: begins.then_some(new), bytes })
    }

    /// Writes it, if there is anything to write.
    pub(crate) async fn write(&self, tx: &mut Tx, table: &Table, key: &PrimaryKey) -> Result<Vec<EntryWrite>, Error> {
        match &self.new {
            Some(new) => store::write(tx, table, key, Before::Read(self.old.as_ref()), Some(new)).await,
            None => Ok(Vec::new()),
        }
    }

    fn shown(self, returned: Returned, update: Option<&Update>) -> Option<Item> {
        let touched = |item: &Item| update.map(|update| update.touched().project(item));
        match returned {
            Returned::None => None,
            Returned::AllOld => self.old,
            Returned::AllNew => self.new,
            Returned::UpdatedOld => self.old.as_ref().and_then(touched).filter(|item| !item.is_empty()),
            Returned::UpdatedNew => self.new.as_ref().and_then(touched).filter(|item| !item.is_empty()),
        }
    }
}

/// Removes an item. That there was none is no error.
pub(crate) async fn delete_item(cx: &Cx, tx: &mut Tx, input: &DeleteItemInput) -> Result<DeleteItemOutput, Error> {
    let DeleteItemInput {
        table_name,
        key,
        expected,
        return_values,
        return_consumed_capacity,
        return_item_collection_metrics,
        conditional_operator,
        condition_expression,
        expression_attribute_names,
        expression_attribute_values,
        return_values_on_condition_check_failure,
    } = input;
    let returned = Returned::of_old(return_values.as_deref())?;
    let condition = condition_expression.as_deref();
    let given = Given::guarding(condition, expression_attribute_names, expression_attribute_values);
    let old = Old::guarding(expected, conditional_operator);
    let expressions = Given { old, ..given }.parse()?;
    let asked = Asked::of(&expressions).returning(return_values.as_deref());
    let guard = Guard::new(expressions.condition, return_values_on_condition_check_failure.as_deref());
    let table = request::table(cx, tx, action!(dynamodb::DeleteItem), table_name).await?;
    let key = key::of_request(&table.key_schema, key);
    let key = request::permitted(cx, action!(dynamodb::DeleteItem), &table, key, asked).await?;
    guard.check_paths(&table)?;

    let reads = guard.reads() || returned != Returned::None || wants(return_consumed_capacity) || table.follows_items();
    let stored = if reads { store::item(tx, table.id, &key).await? } else { None };
    guard.check(stored.as_ref())?;
    let before = if reads { Before::Read(stored.as_ref()) } else { Before::Unread };
    let entries = store::write(tx, &table, &key, before, None).await?;

    let units = Units::written(&table, stored.as_ref().map_or(0, item_size_bytes), &entries);
    Ok(DeleteItemOutput {
        attributes: stored.filter(|_| returned == Returned::AllOld),
        consumed_capacity: units.consumed(return_consumed_capacity.as_deref(), &table.name),
        item_collection_metrics: collection::metrics(tx, return_item_collection_metrics.as_deref(), &table, &key)
            .await?,
    })
}

/// The size of an item that is to be stored.
pub(crate) fn check_size(item: &Item) -> Result<usize, Error> {
    let bytes = item_size_bytes(item);
    if ITEM_BYTES_MAX < bytes {
        return Err(Error::invalid("Item size has exceeded the maximum allowed size"));
    }
    Ok(bytes)
}

fn wants(capacity: &Option<String>) -> bool {
    capacity.as_deref().is_some_and(|asked| asked != "NONE")
}
