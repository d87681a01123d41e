//! Time to live: items go once the time that one of their attributes says is over.

use kv::Tx;
use service::Cx;

use crate::engine::expiry;
use crate::errors::Error;
use crate::model::{IndexState, TableStatus, TimeToLive};
use crate::ops::table::existing;
use crate::store;
use crate::wire::{
    DescribeTimeToLiveInput, DescribeTimeToLiveOutput, TimeToLiveDescription, TimeToLiveSpecification,
    UpdateTimeToLiveInput, UpdateTimeToLiveOutput,
};

/// Begins or ends that items of a table expire.
///
/// What is there already gets its place in the order of expiry behind the answer: the table is ENABLING until then.
pub(crate) async fn update_time_to_live(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateTimeToLiveInput,
) -> Result<UpdateTimeToLiveOutput, Error> {
    let UpdateTimeToLiveInput { table_name, time_to_live_specification } = input;
    let TimeToLiveSpecification { enabled, attribute_name } = time_to_live_specification;
    let mut table = existing(cx, tx, table_name).await?;
    if table.status != TableStatus::Active {
        return Err(Error::TableInUse(table.name));
    }
    match (table.time_to_live.take(), *enabled) {
        (Some(ttl), _) if ttl.attribute != *attribute_name => {
            return Err(Error::invalid(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {}",
                ttl.attribute
            )));
        }
        (Some(_), true) => return Err(Error::invalid("TimeToLive is already enabled")),
        (None, false) => return Err(Error::invalid("TimeToLive is already disabled")),
        (Some(ttl), false) => store::delete_index(tx, table.id, ttl.index.number),
        (None, true) => {
            let index = expiry::index(attribute_name, table.indexes_made);
            table.indexes_made = table.indexes_made.saturating_add(1);
            store::fill_index(tx, &cx.scope, &table.name, index.number);
            table.time_to_live = Some(TimeToLive { attribute: attribute_name.clone(), index });
        }
    }
    store::put_table(tx, &cx.scope, table)?;
    Ok(UpdateTimeToLiveOutput { time_to_live_specification: Some(time_to_live_specification.clone()) })
}

/// Says whether items of a table expire, and by which attribute.
pub(crate) async fn describe_time_to_live(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeTimeToLiveInput,
) -> Result<DescribeTimeToLiveOutput, Error> {
    let DescribeTimeToLiveInput { table_name } = input;
    let table = existing(cx, tx, table_name).await?;
    let status = match table.time_to_live.as_ref().map(|ttl| ttl.index.state) {
        None => "DISABLED",
        Some(IndexState::Creating) => "ENABLING",
        Some(IndexState::Active) => "ENABLED",
    };
    let description = TimeToLiveDescription {
        time_to_live_status: Some(status.into()),
        attribute_name: table.time_to_live.map(|ttl| ttl.attribute),
    };
    Ok(DescribeTimeToLiveOutput { time_to_live_description: Some(description) })
}
