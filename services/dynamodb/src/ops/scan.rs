//! Scan: every item of a table or of an index, or of a segment of it.

use kv::Tx;
use service::{Cx, action};

use crate::errors::Error;
use crate::ops::capacity::Consistency;
use crate::ops::legacy::Old;
use crate::ops::pages::{self, Reading, Segment};
use crate::ops::request::{self, Asked, Given};
use crate::ops::source::Source;
use crate::wire::{ScanInput, ScanOutput};

/// Reads a page of a table.
pub(crate) async fn scan(cx: &Cx, tx: &mut Tx, input: &ScanInput) -> Result<ScanOutput, Error> {
    let ScanInput {
        table_name,
        index_name,
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
        attributes_to_get,
        scan_filter,
        conditional_operator,
    } = input;
    let segment = segment_of(*segment, *total_segments)?;
    let expressions = Given {
        names: expression_attribute_names.as_ref(),
        values: expression_attribute_values.as_ref(),
        filter: filter_expression.as_deref(),
        projection: projection_expression.as_deref(),
        old: Old {
            scan_filter: scan_filter.as_ref(),
            conditional_operator: conditional_operator.as_deref(),
            attributes_to_get: attributes_to_get.as_ref(),
            ..Old::default()
        },
        takes_values: ": FilterExpression is null",
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
    let table = request::table(cx, tx, action!(dynamodb::Scan), table_name).await?;
    let selecting = select.or(index_name.and(expressions.projection.is_none().then_some("ALL_PROJECTED_ATTRIBUTES")));
    let asked = Asked::of(&expressions).selecting(selecting, expressions.projection.as_ref()).through(index_name);
    let source = Source::of(&table, index_name);
    let source = request::permitted(cx, action!(dynamodb::Scan), &table, source, asked).await?;
    let (filter, consistency) = (expressions.filter.as_ref(), Consistency::of(*consistent_read));
    source.check(consistency, select, shown, filter)?;
    filter.map_or(Ok(()), |filter| request::check_condition(&table, filter))?;
    request::check_projection(&table, expressions.projection.as_ref())?;
    let mut range = source.all();
    if let Some(start) = exclusive_start_key {
        range = range.after(&source.start(start)?.1);
    }

    let fetches = source.fetches(select, shown, filter);
    let found = pages::read(tx, Reading { source, range, limit: *limit, filter, shown, fetches, segment }).await?;
    let units = found.units(source, consistency);
    Ok(ScanOutput {
        items: (!matches!(shown, pages::Shown::Count)).then_some(found.items),
        count: Some(found.count),
        scanned_count: Some(found.scanned),
        last_evaluated_key: found.last,
        consumed_capacity: units.consumed(return_consumed_capacity.as_deref(), &table.name),
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
