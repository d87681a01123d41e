//! Scan: every item of a table, or of a segment of it.

use kv::Tx;
use service::{Cx, action};

use crate::errors::Error;
use crate::keys;
use crate::ops::capacity::{Consistency, consumed, read_units};
use crate::ops::pages::{self, Reading, Segment};
use crate::ops::request::{self, Asked, Given};
use crate::store;
use crate::wire::{ScanInput, ScanOutput};

/// Reads a page of a table.
pub(crate) async fn scan(cx: &Cx, tx: &mut Tx, input: &ScanInput) -> Result<ScanOutput, Error> {
    let ScanInput {
        table_name,
        limit,
        select,
        exclusive_start_key,
        return_consumed_capacity,
        total_segments,
        segment,
        projection_expression,
        filter_expression,
        expression_attribute_names,
        expression_attribute_values,
        consistent_read,
    } = input;
    let segment = segment_of(*segment, *total_segments)?;
    let expressions = Given {
        names: expression_attribute_names.as_ref(),
        values: expression_attribute_values.as_ref(),
        filter: filter_expression.as_deref(),
        projection: projection_expression.as_deref(),
        takes_values: ": FilterExpression is null",
        ..Given::default()
    }
    .parse()?;
    let shown = pages::shown(select.as_deref(), expressions.projection.as_ref())?;
    let table = request::table(cx, tx, action!(dynamodb::Scan), table_name).await?;
    let asked = Asked::of(&expressions).selecting(select.as_deref(), expressions.projection.as_ref());
    request::permitted(cx, action!(dynamodb::Scan), &table, Ok::<_, Error>(()), asked).await?;
    if let Some(filter) = &expressions.filter {
        filter.check_key_paths(&table.key_schema)?;
    }
    if let Some(projection) = &expressions.projection {
        projection.check_key_paths(&table.key_schema)?;
    }
    let mut range = keys::rows(&store::all_items(table.id));
    if let Some(start) = exclusive_start_key {
        let key = pages::start_key(&table.key_schema, start)?;
        range = range.after(&pages::start_row(&table, &key));
    }

    let filter = expressions.filter.as_ref();
    let found = pages::read(tx, Reading { table: &table, range, limit: *limit, filter, shown, segment }).await?;
    let units = read_units(found.bytes, Consistency::of(*consistent_read));
    Ok(ScanOutput {
        items: (!matches!(shown, pages::Shown::Count)).then_some(found.items),
        count: Some(found.count),
        scanned_count: Some(found.scanned),
        last_evaluated_key: found.last,
        consumed_capacity: consumed(return_consumed_capacity.as_deref(), &table.name, units),
    })
}

fn segment_of(segment: Option<i32>, total: Option<i32>) -> Result<Option<Segment>, Error> {
    match (segment, total) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(Error::invalid(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is \
             present",
        )),
        (None, Some(_)) => Err(Error::invalid(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is \
             present",
        )),
        (Some(segment), Some(total)) if total <= segment => Err(Error::invalid(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is \
             not less than TotalSegments: {total}"
        ))),
        // The model keeps both from being negative.
        (Some(segment), Some(total)) => {
            Ok(Some(Segment { index: u64::from(segment.unsigned_abs()), total: u64::from(total.unsigned_abs()) }))
        }
    }
}
