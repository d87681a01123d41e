//! Tables: create, describe, list, change, delete.

use std::sync::Arc;

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model::{BillingMode, DeletionProtection, Index, KeyAttribute, Table, TableId, TableStatus};
use crate::ops::{index, schema};
use crate::wire::{
    AttributeDefinition, BillingModeSummary, CreateTableInput, CreateTableOutput, DeleteTableInput, DeleteTableOutput,
    DescribeTableInput, DescribeTableOutput, ListTablesInput, ListTablesOutput, ProvisionedThroughputDescription,
    TableDescription, UpdateTableInput, UpdateTableOutput,
};
use crate::{names, store};

/// Names on a page of ListTables unless the request says less (docs).
const PAGE_NAMES: usize = 100;

/// Creates a table, active at once.
pub(crate) async fn create_table(cx: &Cx, tx: &mut Tx, input: &CreateTableInput) -> Result<CreateTableOutput, Error> {
    // The class can only be STANDARD, streams and keys of one's own only off (support.toml): what every table has.
    let CreateTableInput {
        attribute_definitions,
        table_name,
        key_schema,
        local_secondary_indexes,
        global_secondary_indexes,
        billing_mode,
        provisioned_throughput,
        table_class: _,
        deletion_protection_enabled,
        stream_specification: _,
        sse_specification: _,
    } = input;
    let name = names::table_name(&cx.scope, table_name)?;
    let billing_mode = schema::billing_mode(billing_mode.as_deref(), provisioned_throughput.as_ref())?;
    let key_schema = schema::key_schema(key_schema, attribute_definitions)?;
    let (local, global) = (local_secondary_indexes.as_ref(), global_secondary_indexes.as_ref());
    let indexes = index::created(&key_schema, attribute_definitions, billing_mode, local, global)?;
    schema::check_all_used(attribute_definitions, &key_schema, &indexes)?;
    if store::table(tx, &cx.scope, name).await?.is_some() {
        return Err(Error::TableExists(name.to_owned()));
    }
    let table = Table {
        name: name.to_owned(),
        id: TableId(cx.platform.ids.bytes()),
        created_at: cx.now(),
        status: TableStatus::Active,
        key_schema,
        billing_mode,
        on_demand_since: (billing_mode == BillingMode::PayPerRequest).then(|| cx.now()),
        deletion_protection: protection(*deletion_protection_enabled),
        tags: Default::default(),
        indexes_made: u32::try_from(indexes.len()).unwrap_or(u32::MAX),
        indexes,
        time_to_live: None,
    };
    let description = described(cx, tx, &table, &[]).await?;
    store::put_table(tx, &cx.scope, table)?;
    Ok(CreateTableOutput { table_description: Some(description) })
}

/// Says what a table is.
pub(crate) async fn describe_table(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeTableInput,
) -> Result<DescribeTableOutput, Error> {
    let DescribeTableInput { table_name } = input;
    let table = existing(cx, tx, table_name).await?;
    Ok(DescribeTableOutput { table: Some(described(cx, tx, &table, &[]).await?) })
}

/// Lists names of tables, in their order.
pub(crate) async fn list_tables(cx: &Cx, tx: &mut Tx, input: &ListTablesInput) -> Result<ListTablesOutput, Error> {
    let ListTablesInput { exclusive_start_table_name, limit } = input;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_NAMES);
    let (names, more) = store::table_names(tx, &cx.scope, exclusive_start_table_name.as_deref(), limit).await?;
    let last_evaluated_table_name = names.last().filter(|_| more).cloned();
    Ok(ListTablesOutput { table_names: Some(names), last_evaluated_table_name })
}

/// Changes how a table is paid for, whether it is protected, or its global indexes.
pub(crate) async fn update_table(cx: &Cx, tx: &mut Tx, input: &UpdateTableInput) -> Result<UpdateTableOutput, Error> {
    // The class can only be STANDARD (support.toml), which is what every table is.
    let UpdateTableInput {
        attribute_definitions,
        table_name,
        billing_mode,
        provisioned_throughput,
        global_secondary_index_updates,
        table_class,
        deletion_protection_enabled,
    } = input;
    let updates = global_secondary_index_updates.as_deref().unwrap_or_default();
    let asked = [billing_mode.is_some(), provisioned_throughput.is_some(), table_class.is_some(), !updates.is_empty()];
    if !asked.contains(&true) && deletion_protection_enabled.is_none() {
        return Err(Error::invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or \
             SSESpecification or ReplicaUpdates is required",
        ));
    }
    let mut table = existing(cx, tx, table_name).await?;
    if table.status != TableStatus::Active && updates.is_empty() {
        return Err(Error::TableInUse(table.name));
    }
    let before = table.billing_mode;
    table.billing_mode = match (billing_mode.as_deref(), provisioned_throughput.as_ref(), table.billing_mode) {
        (None, None, current) => current,
        (Some("PROVISIONED"), None, current @ BillingMode::Provisioned { .. }) => current,
        (None, throughput, BillingMode::PayPerRequest) => schema::billing_mode(Some("PAY_PER_REQUEST"), throughput)?,
        (mode, throughput, _) => schema::billing_mode(mode, throughput)?,
    };
    let by_request = |mode: BillingMode| mode == BillingMode::PayPerRequest;
    if before != table.billing_mode {
        table.on_demand_since = by_request(table.billing_mode).then(|| cx.now());
    }
    if by_request(before) != by_request(table.billing_mode) {
        index::follow_billing_mode(&mut table, updates)?;
    }
    if deletion_protection_enabled.is_some() {
        table.deletion_protection = protection(*deletion_protection_enabled);
    }
    let deleted = index::update(cx, tx, &mut table, attribute_definitions.as_ref(), updates)?;
    let mut description = described(cx, tx, &table, &deleted).await?;
    if !deleted.is_empty() {
        description.table_status = Some(TableStatus::Updating.as_str().to_owned());
    }
    store::put_table(tx, &cx.scope, table)?;
    Ok(UpdateTableOutput { table_description: Some(description) })
}

/// Deletes a table. Its name is free at once; its items are swept behind it.
pub(crate) async fn delete_table(cx: &Cx, tx: &mut Tx, input: &DeleteTableInput) -> Result<DeleteTableOutput, Error> {
    let DeleteTableInput { table_name } = input;
    let table = existing(cx, tx, table_name).await?;
    if table.deletion_protection == DeletionProtection::Enabled {
        return Err(Error::invalid(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        ));
    }
    if table.status == TableStatus::Updating {
        return Err(Error::TableInUse(table.name));
    }
    let deleting = Table { status: TableStatus::Deleting, ..table };
    let description = described(cx, tx, &deleting, &[]).await?;
    store::delete_table(tx, &cx.scope, &deleting);
    // What defined the table is not told any more (observed).
    let description = TableDescription {
        attribute_definitions: None,
        key_schema: None,
        creation_date_time: None,
        local_secondary_indexes: None,
        global_secondary_indexes: None,
        ..description
    };
    Ok(DeleteTableOutput { table_description: Some(description) })
}

pub(crate) async fn existing(cx: &Cx, tx: &mut Tx, given: &str) -> Result<Table, Error> {
    let name = names::table_name(&cx.scope, given)?;
    let found = store::table(tx, &cx.scope, name).await?.ok_or_else(|| Error::TableNotFound(name.to_owned()))?;
    Ok(Arc::unwrap_or_clone(found))
}

fn protection(enabled: Option<bool>) -> DeletionProtection {
    if enabled == Some(true) { DeletionProtection::Enabled } else { DeletionProtection::Disabled }
}

/// The counts lag behind, as AWS's do by hours.
async fn described(cx: &Cx, tx: &mut Tx, table: &Table, deleted: &[Index]) -> Result<TableDescription, Error> {
    let Table { name, id, created_at, status, key_schema, billing_mode, on_demand_since, deletion_protection, .. } =
        table;
    let counts = store::counts(tx, *id).await?;
    let indexes = index::described(cx, tx, table, deleted).await?;
    let definition = |key: KeyAttribute| AttributeDefinition {
        attribute_name: key.name,
        attribute_type: key.kind.kind().as_str().to_owned(),
    };
    let (read_units, write_units) = match billing_mode {
        BillingMode::PayPerRequest => (0, 0),
        BillingMode::Provisioned { read_units, write_units } => (*read_units, *write_units),
    };
    let on_demand = *billing_mode == BillingMode::PayPerRequest;
    Ok(TableDescription {
        attribute_definitions: Some(index::attributes(table).into_iter().map(definition).collect()),
        table_name: Some(name.clone()),
        key_schema: Some(schema::elements(key_schema)),
        table_status: Some(status.as_str().to_owned()),
        creation_date_time: Some(*created_at),
        provisioned_throughput: Some(ProvisionedThroughputDescription {
            number_of_decreases_today: Some(0),
            read_capacity_units: Some(read_units),
            write_capacity_units: Some(write_units),
        }),
        table_size_bytes: Some(i64::try_from(counts.bytes).unwrap_or(i64::MAX)),
        item_count: Some(i64::try_from(counts.items).unwrap_or(i64::MAX)),
        table_arn: Some(names::table_arn(&cx.scope, name).to_string()),
        table_id: Some(id.to_string()),
        billing_mode_summary: on_demand.then(|| BillingModeSummary {
            billing_mode: Some("PAY_PER_REQUEST".into()),
            last_update_to_pay_per_request_date_time: Some(on_demand_since.unwrap_or(*created_at)),
        }),
        local_secondary_indexes: indexes.local,
        global_secondary_indexes: indexes.global,
        deletion_protection_enabled: Some(*deletion_protection == DeletionProtection::Enabled),
    })
}
