//! Tables: create, describe, list, change, delete.

use std::sync::Arc;

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model::{BillingMode, Counts, DeletionProtection, ScalarKind, Table, TableId, TableStatus};
use crate::ops::schema;
use crate::wire::{
    AttributeDefinition, BillingModeSummary, CreateTableInput, CreateTableOutput, DeleteTableInput, DeleteTableOutput,
    DescribeTableInput, DescribeTableOutput, DescribeTimeToLiveInput, DescribeTimeToLiveOutput, KeySchemaElement,
    ListTablesInput, ListTablesOutput, ProvisionedThroughputDescription, TableDescription, TimeToLiveDescription,
    UpdateTableInput, UpdateTableOutput,
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
    };
    let description = described(cx, &table, Counts::default());
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
    let counts = store::counts(tx, table.id).await?;
    Ok(DescribeTableOutput { table: Some(described(cx, &table, counts)) })
}

/// Lists names of tables, in their order.
pub(crate) async fn list_tables(cx: &Cx, tx: &mut Tx, input: &ListTablesInput) -> Result<ListTablesOutput, Error> {
    let ListTablesInput { exclusive_start_table_name, limit } = input;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_NAMES);
    let (names, more) = store::table_names(tx, &cx.scope, exclusive_start_table_name.as_deref(), limit).await?;
    let last_evaluated_table_name = names.last().filter(|_| more).cloned();
    Ok(ListTablesOutput { table_names: Some(names), last_evaluated_table_name })
}

/// Changes how a table is paid for, or whether it is protected.
pub(crate) async fn update_table(cx: &Cx, tx: &mut Tx, input: &UpdateTableInput) -> Result<UpdateTableOutput, Error> {
    // The class can only be STANDARD (support.toml), which is what every table is.
    let UpdateTableInput { table_name, billing_mode, provisioned_throughput, table_class, deletion_protection_enabled } =
        input;
    let asked = [billing_mode.is_some(), provisioned_throughput.is_some(), table_class.is_some()];
    if !asked.contains(&true) && deletion_protection_enabled.is_none() {
        return Err(Error::invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or \
             SSESpecification or ReplicaUpdates is required",
        ));
    }
    let mut table = existing(cx, tx, table_name).await?;
    let before = table.billing_mode;
    table.billing_mode = match (billing_mode.as_deref(), provisioned_throughput.as_ref(), table.billing_mode) {
        (None, None, current) => current,
        (Some("PROVISIONED"), None, current @ BillingMode::Provisioned { .. }) => current,
        (None, throughput, BillingMode::PayPerRequest) => schema::billing_mode(Some("PAY_PER_REQUEST"), throughput)?,
        (mode, throughput, _) => schema::billing_mode(mode, throughput)?,
    };
    if before != table.billing_mode {
        table.on_demand_since = (table.billing_mode == BillingMode::PayPerRequest).then(|| cx.now());
    }
    if deletion_protection_enabled.is_some() {
        table.deletion_protection = protection(*deletion_protection_enabled);
    }
    let counts = store::counts(tx, table.id).await?;
    let description = described(cx, &table, counts);
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
    let counts = store::counts(tx, table.id).await?;
    store::delete_table(tx, &cx.scope, &table);
    let deleting = Table { status: TableStatus::Deleting, ..table };
    // What defined the table is not told any more (observed).
    let description = TableDescription {
        attribute_definitions: None,
        key_schema: None,
        creation_date_time: None,
        ..described(cx, &deleting, counts)
    };
    Ok(DeleteTableOutput { table_description: Some(description) })
}

/// Says whether items of a table expire. They never do yet: UpdateTimeToLive is not there.
pub(crate) async fn describe_time_to_live(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeTimeToLiveInput,
) -> Result<DescribeTimeToLiveOutput, Error> {
    let DescribeTimeToLiveInput { table_name } = input;
    existing(cx, tx, table_name).await?;
    let description = TimeToLiveDescription { time_to_live_status: Some("DISABLED".into()) };
    Ok(DescribeTimeToLiveOutput { time_to_live_description: Some(description) })
}

async fn existing(cx: &Cx, tx: &mut Tx, given: &str) -> Result<Table, Error> {
    let name = names::table_name(&cx.scope, given)?;
    let found = store::table(tx, &cx.scope, name).await?.ok_or_else(|| Error::TableNotFound(name.to_owned()))?;
    Ok(Arc::unwrap_or_clone(found))
}

fn protection(enabled: Option<bool>) -> DeletionProtection {
    if enabled == Some(true) { DeletionProtection::Enabled } else { DeletionProtection::Disabled }
}

/// The counts lag behind, as AWS's do by hours.
fn described(cx: &Cx, table: &Table, counts: Counts) -> TableDescription {
    let Table { name, id, created_at, status, key_schema, billing_mode, on_demand_since, deletion_protection, tags: _ } =
        table;
    let definition = |name: &str, kind: ScalarKind| AttributeDefinition {
        attribute_name: name.to_owned(),
        attribute_type: kind.kind().as_str().to_owned(),
    };
    let roles = ["HASH", "RANGE"];
    let elements = key_schema
        .attributes()
        .zip(roles)
        .map(|(key, role)| KeySchemaElement { attribute_name: key.name.clone(), key_type: role.to_owned() });
    let (read_units, write_units) = match billing_mode {
        BillingMode::PayPerRequest => (0, 0),
        BillingMode::Provisioned { read_units, write_units } => (*read_units, *write_units),
    };
    let on_demand = *billing_mode == BillingMode::PayPerRequest;
    TableDescription {
        attribute_definitions: Some(key_schema.attributes().map(|key| definition(&key.name, key.kind)).collect()),
        table_name: Some(name.clone()),
        key_schema: Some(elements.collect()),
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
        deletion_protection_enabled: Some(*deletion_protection == DeletionProtection::Enabled),
    }
}
