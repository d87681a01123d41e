//! Query: the items of one partition, in the order of their sort keys.

use kv::{Direction, Range, Tx};
use service::{Cx, action};

use crate::engine::key_condition::KeyQuery;
use crate::errors::Error;
use crate::keys;
use crate::model::{Item, Table};
use crate::ops::capacity::{Consistency, consumed, read_units};
use crate::ops::pages::{self, Reading};
use crate::ops::request::{self, Asked, Expressions, Given};
use crate::wire::{QueryInput, QueryOutput};

/// Reads a page of one partition.
pub(crate) async fn query(cx: &Cx, tx: &mut Tx, input: &QueryInput) -> Result<QueryOutput, Error> {
    let QueryInput {
        table_name,
        select,
        limit,
        consistent_read,
        scan_index_forward,
        exclusive_start_key,
        return_consumed_capacity,
        projection_expression,
        filter_expression,
        key_condition_expression,
        expression_attribute_names,
        expression_attribute_values,
    } = input;
    if key_condition_expression.is_none() {
        return Err(Error::invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    }
    let expressions = Given {
        names: expression_attribute_names.as_ref(),
        values: expression_attribute_values.as_ref(),
        filter: filter_expression.as_deref(),
        key_condition: key_condition_expression.as_deref(),
        projection: projection_expression.as_deref(),
        takes_values: ": FilterExpression and KeyConditionExpression are null",
        ..Given::default()
    }
    .parse()?;
    let shown = pages::shown(select.as_deref(), expressions.projection.as_ref())?;
    let table = request::table(cx, tx, action!(dynamodb::Query), table_name).await?;
    let asked = Asked::of(&expressions).selecting(select.as_deref(), expressions.projection.as_ref());
    let wanted = check(&table, &expressions);
    let wanted = request::permitted(cx, action!(dynamodb::Query), &table, wanted, asked).await?;
    let direction = if *scan_index_forward == Some(false) { Direction::Reverse } else { Direction::Forward };
    let mut range = rows(&table, &wanted).direction(direction);
    if let Some(start) = exclusive_start_key {
        range = after(&table, &wanted, range, start)?;
    }

    let filter = expressions.filter.as_ref();
    let reading = Reading { table: &table, range, limit: *limit, filter, shown, segment: None };
    let found = pages::read(tx, reading).await?;
    let units = read_units(found.bytes, Consistency::of(*consistent_read));
    Ok(QueryOutput {
        items: (!matches!(shown, pages::Shown::Count)).then_some(found.items),
        count: Some(found.count),
        scanned_count: Some(found.scanned),
        last_evaluated_key: found.last,
        consumed_capacity: consumed(return_consumed_capacity.as_deref(), &table.name, units),
    })
}

/// Checks the expressions against the table's key, and says what the key conditions select.
fn check(table: &Table, expressions: &Expressions) -> Result<KeyQuery, Error> {
    let schema = &table.key_schema;
    let Expressions { filter, key_conditions, projection, .. } = expressions;
    if let Some(filter) = filter {
        filter.check_key_paths(schema)?;
        filter.check_no_keys(schema)?;
    }
    if let Some(projection) = projection {
        projection.check_key_paths(schema)?;
    }
    let conditions = key_conditions.as_ref().ok_or_else(|| Error::invalid("No key condition"))?;
    Ok(conditions.on(schema)?)
}

fn rows(table: &Table, wanted: &KeyQuery) -> Range {
    keys::rows(&match &wanted.range {
        Some(range) => keys::sort_range(table.id, &wanted.hash, range),
        None => keys::prefix_range(keys::partition(table.id, &wanted.hash)),
    })
}

fn after(table: &Table, wanted: &KeyQuery, range: Range, start: &Item) -> Result<Range, Error> {
    let key = pages::start_key(&table.key_schema, start)?;
    if key.hash != wanted.hash {
        return Err(Error::invalid(
            "The provided starting key is outside query boundaries based on provided conditions",
        ));
    }
    let row = pages::start_row(table, &key);
    if !range.contains(&row) {
        return Err(Error::invalid("The provided starting key does not match the range key predicate"));
    }
    Ok(range.after(&row))
}
