//! Query: the items of one partition of a table or of an index, in the order of their sort keys.

use kv::{Direction, Range, Tx};
use service::{Cx, action};

use crate::engine::key_condition::KeyQuery;
use crate::errors::Error;
use crate::model::Item;
use crate::ops::capacity::Consistency;
use crate::ops::legacy::Old;
use crate::ops::pages::{self, Reading};
use crate::ops::request::{self, Asked, Expressions, Given};
use crate::ops::source::Source;
use crate::wire::{QueryInput, QueryOutput};

/// Reads a page of one partition.
pub(crate) async fn query(cx: &Cx, tx: &mut Tx, input: &QueryInput) -> Result<QueryOutput, Error> {
    let QueryInput {
        table_name,
        index_name,
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
        attributes_to_get,
        key_conditions,
        query_filter,
        conditional_operator,
    } = input;
    if key_condition_expression.is_none() && key_conditions.is_none() {
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
        old: Old::querying(key_conditions, query_filter, conditional_operator, attributes_to_get),
        takes_values: ": FilterExpression and KeyConditionExpression are null",
        ..Given::default()
    }
    .parse()?;
    let (select, index_name) = (select.as_deref(), index_name.as_deref());
    let shown = pages::shown(
        select,
        expressions.projection.as_ref(),
        pages::projecting(attributes_to_get.as_ref()),
        index_name,
    )?;
    let table = request::table(cx, tx, action!(dynamodb::Query), table_name).await?;
    let selecting = select.or(index_name.and(expressions.projection.is_none().then_some("ALL_PROJECTED_ATTRIBUTES")));
    let asked = Asked::of(&expressions).selecting(selecting, expressions.projection.as_ref()).through(index_name);
    let source = Source::of(&table, index_name);
    let consistency = Consistency::of(*consistent_read);
    let filtered = if query_filter.is_some() { "QueryFilter" } else { "Filter Expression" };
    let checked = source.and_then(|source| {
        source.check(consistency, select, shown, expressions.filter.as_ref())?;
        Ok((source, check(source, &expressions, filtered)?))
    });
    let (source, wanted) = request::permitted(cx, action!(dynamodb::Query), &table, checked, asked).await?;
    let direction = if *scan_index_forward == Some(false) { Direction::Reverse } else { Direction::Forward };
    let range = after(source, &wanted, source.rows(&wanted).direction(direction), exclusive_start_key.as_ref())?;

    let filter = expressions.filter.as_ref();
    let fetches = source.fetches(select, shown, filter);
    let reading = Reading { source, range, limit: *limit, filter, shown, fetches, segment: None };
    let found = pages::read(tx, reading).await?;
    let units = found.units(source, consistency);
    Ok(QueryOutput {
        items: (!matches!(shown, pages::Shown::Count)).then_some(found.items),
        count: Some(found.count),
        scanned_count: Some(found.scanned),
        last_evaluated_key: found.last,
        consumed_capacity: units.consumed(return_consumed_capacity.as_deref(), &table.name),
    })
}

/// Checks the expressions against the key, and says what the key conditions select.
fn check(source: Source<'_>, expressions: &Expressions, filtered: &'static str) -> Result<KeyQuery, Error> {
    let Expressions { filter, key_conditions, projection, .. } = expressions;
    if let Some(filter) = filter {
        request::check_condition(source.table, filter)?;
        filter.check_no_keys(source.schema(), filtered)?;
    }
    request::check_projection(source.table, projection.as_ref())?;
    let conditions = key_conditions.as_ref().ok_or_else(|| Error::invalid("No key condition"))?;
    Ok(conditions.on(source.schema())?)
}

fn after(source: Source<'_>, wanted: &KeyQuery, range: Range, start: Option<&Item>) -> Result<Range, Error> {
    let Some(start) = start else { return Ok(range) };
    let (hash, row) = source.start(start)?;
    if hash != wanted.hash {
        return Err(Error::invalid(
            "The provided starting key is outside query boundaries based on provided conditions",
        ));
    }
    if !range.contains(&row) {
        return Err(Error::invalid("The provided starting key does not match the range key predicate"));
    }
    Ok(range.after(&row))
}
