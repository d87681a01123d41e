//! Secondary indexes, as tables are created, changed and described with them.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model::{
    BillingMode, Counts, Index, IndexKind, IndexState, KeyAttribute, KeySchema, Projected, Table, TableStatus,
};
use crate::ops::schema;
use crate::wire::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, KeySchemaElement, LocalSecondaryIndex,
    LocalSecondaryIndexDescription, Projection, ProvisionedThroughput, ProvisionedThroughputDescription,
    UpdateGlobalSecondaryIndexAction,
};
use crate::{names, store};

/// Local indexes that a table can have (docs).
const LOCAL_MAX: usize = 5;
/// Global indexes that a table can have (docs).
const GLOBAL_MAX: usize = 20;
/// Attributes that all indexes of a table together can name for projection (docs).
const INCLUDED_MAX: usize = 100;

/// The indexes that a table is created with.
pub(crate) fn created(
    table: &KeySchema,
    definitions: &[AttributeDefinition],
    billing_mode: BillingMode,
    local: Option<&Vec<LocalSecondaryIndex>>,
    global: Option<&Vec<GlobalSecondaryIndex>>,
) -> Result<Vec<Index>, Error> {
    let known = schema::known(definitions)?;
    let mut indexes = Vec::new();
    if local.is_some_and(Vec::is_empty) {
        return Err(invalid("List of LocalSecondaryIndexes is empty"));
    }
    if local.is_some() && table.range.is_none() {
        return Err(invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    for LocalSecondaryIndex { index_name, key_schema, projection } in local.into_iter().flatten() {
        let key = local_key(table, index_name, key_schema, &known)?;
        add(&mut indexes, index_name, IndexKind::Local, key, projection)?;
    }
    if LOCAL_MAX < indexes.len() {
        return Err(invalid(format!("Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_MAX}")));
    }
    if global.is_some_and(Vec::is_empty) {
        return Err(invalid("List of GlobalSecondaryIndexes is empty"));
    }
    for index in global.into_iter().flatten() {
        let GlobalSecondaryIndex { index_name, key_schema, projection, provisioned_throughput } = index;
        let key = schema::index_key(key_schema, &known)?;
        let kind = global_kind(index_name, billing_mode, provisioned_throughput.as_ref())?;
        add(&mut indexes, index_name, kind, key, projection)?;
    }
    check_limits(&indexes)?;
    Ok(indexes)
}

fn invalid(text: impl std::fmt::Display) -> Error {
    Error::invalid(format!("One or more parameter values were invalid: {text}"))
}

fn local_key(
    table: &KeySchema,
    name: &str,
    elements: &[KeySchemaElement],
    known: &[KeyAttribute],
) -> Result<KeySchema, Error> {
    let key = schema::index_key(elements, known)?;
    if key.range.is_none() {
        return Err(invalid(format!("Index KeySchema does not have a range key for index: {name}")));
    }
    if key.hash.name != table.hash.name {
        return Err(invalid(format!(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. index hash \
             key: {}, table hash key: {}",
            key.hash.name, table.hash.name
        )));
    }
    Ok(key)
}

fn global_kind(
    name: &str,
    billing_mode: BillingMode,
    throughput: Option<&ProvisionedThroughput>,
) -> Result<IndexKind, Error> {
    match (billing_mode, throughput) {
        (BillingMode::PayPerRequest, None) => Ok(IndexKind::Global { read_units: 0, write_units: 0 }),
        (BillingMode::PayPerRequest, Some(_)) => Err(invalid(format!(
            "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        ))),
        (BillingMode::Provisioned { .. }, Some(given)) => {
            let ProvisionedThroughput { read_capacity_units, write_capacity_units } = given;
            Ok(IndexKind::Global { read_units: *read_capacity_units, write_units: *write_capacity_units })
        }
        (BillingMode::Provisioned { .. }, None) => {
            Err(invalid(format!("ProvisionedThroughput must be specified for index: {name}")))
        }
    }
}

fn add(
    indexes: &mut Vec<Index>,
    name: &str,
    kind: IndexKind,
    key_schema: KeySchema,
    projection: &Projection,
) -> Result<(), Error> {
    let projected = projected(projection)?;
    if indexes.iter().any(|index| index.name == name) {
        return Err(invalid(format!("Duplicate index name: {name}")));
    }
    let number = u32::try_from(indexes.len()).unwrap_or(u32::MAX);
    indexes.push(Index { name: name.to_owned(), number, kind, key_schema, projected, state: IndexState::Active });
    Ok(())
}

fn projected(projection: &Projection) -> Result<Projected, Error> {
    let Projection { projection_type, non_key_attributes } = projection;
    match (projection_type.as_deref(), non_key_attributes) {
        (Some("ALL"), None) => Ok(Projected::All),
        (Some("KEYS_ONLY"), None) => Ok(Projected::KeysOnly),
        (Some("INCLUDE"), Some(names)) => Ok(Projected::Include(names.clone())),
        (Some("INCLUDE"), None) => Err(invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")),
        (Some(kind), _) => Err(invalid(format!("ProjectionType is {kind}, but NonKeyAttributes is specified"))),
        (None, _) => Err(invalid("Unknown ProjectionType: null")),
    }
}

fn check_limits(indexes: &[Index]) -> Result<(), Error> {
    if GLOBAL_MAX < indexes.iter().filter(|index| index.is_global()).count() {
        return Err(invalid(format!("GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_MAX}")));
    }
    let included = |index: &Index| match &index.projected {
        Projected::Include(names) => names.len(),
        Projected::All | Projected::KeysOnly => 0,
    };
    if INCLUDED_MAX < indexes.iter().map(included).sum() {
        return Err(invalid(format!(
            "Number of NonKeyAttributes of all indexes exceeds the per-table limit of {INCLUDED_MAX}"
        )));
    }
    Ok(())
}

/// Changes a table's global indexes: creates one, which is filled later, or deletes one; changes the capacity of others.
/// Answers those that were deleted.
pub(crate) fn update(
    cx: &Cx,
    tx: &mut Tx,
    table: &mut Table,
    definitions: Option<&Vec<AttributeDefinition>>,
    updates: &[GlobalSecondaryIndexUpdate],
) -> Result<Vec<Index>, Error> {
    let mut deleted = Vec::new();
    let online = updates.iter().filter(|update| update.create.is_some() || update.delete.is_some());
    if 1 < online.count() {
        return Err(Error::OneIndexAtATime);
    }
    for change in updates {
        let GlobalSecondaryIndexUpdate { update, create, delete } = change;
        match (update, create, delete) {
            (Some(update), None, None) => change_capacity(table, update)?,
            (None, Some(create), None) => begin(cx, tx, table, definitions, create)?,
            (None, None, Some(delete)) => deleted.push(remove(tx, table, delete)?),
            (None, None, None) => {
                return Err(invalid(
                    "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, \
                     GlobalSecondaryIndexUpdate.Delete must not be null",
                ));
            }
            _ => {
                return Err(invalid(
                    "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, \
                     GlobalSecondaryIndexUpdate.Delete can be specified",
                ));
            }
        }
    }
    Ok(deleted)
}

fn begin(
    cx: &Cx,
    tx: &mut Tx,
    table: &mut Table,
    definitions: Option<&Vec<AttributeDefinition>>,
    create: &CreateGlobalSecondaryIndexAction,
) -> Result<(), Error> {
    let CreateGlobalSecondaryIndexAction { index_name, key_schema, projection, provisioned_throughput } = create;
    if table.status != TableStatus::Active {
        return Err(Error::OneIndexAtATime);
    }
    if table.index(index_name).is_some() {
        return Err(Error::invalid("Attempting to create an index which already exists"));
    }
    let mut known = attributes(table);
    for attribute in schema::known(definitions.map_or(&[], Vec::as_slice))? {
        match known.iter().find(|key| key.name == attribute.name) {
            Some(key) if key.kind != attribute.kind => {
                return Err(invalid(format!("The type of the attribute {} cannot change", key.name)));
            }
            Some(_) => (),
            None => known.push(attribute),
        }
    }
    let index = Index {
        name: index_name.clone(),
        number: table.indexes_made,
        kind: global_kind(index_name, table.billing_mode, provisioned_throughput.as_ref())?,
        key_schema: schema::index_key(key_schema, &known)?,
        projected: projected(projection)?,
        state: IndexState::Creating,
    };
    store::fill_index(tx, &cx.scope, &table.name, index.number);
    table.indexes_made = table.indexes_made.saturating_add(1);
    table.status = TableStatus::Updating;
    table.indexes.push(index);
    check_limits(&table.indexes)
}

fn remove(tx: &mut Tx, table: &mut Table, delete: &DeleteGlobalSecondaryIndexAction) -> Result<Index, Error> {
    let DeleteGlobalSecondaryIndexAction { index_name } = delete;
    let at = table.indexes.iter().position(|index| index.name == *index_name && index.is_global());
    let Some(at) = at else { return Err(Error::ResourceNotFound) };
    let index = table.indexes.remove(at);
    match (table.status, index.state) {
        (TableStatus::Active, _) => (),
        // The one that is being created: then nothing is.
        (_, IndexState::Creating) => table.status = TableStatus::Active,
        _ => return Err(Error::OneIndexAtATime),
    }
    store::delete_index(tx, table.id, index.number);
    Ok(index)
}

fn change_capacity(table: &mut Table, update: &UpdateGlobalSecondaryIndexAction) -> Result<(), Error> {
    let UpdateGlobalSecondaryIndexAction { index_name, provisioned_throughput } = update;
    let billing_mode = table.billing_mode;
    let index = table.indexes.iter_mut().find(|index| index.name == *index_name && index.is_global());
    let index = index.ok_or(Error::ResourceNotFound)?;
    if billing_mode == BillingMode::PayPerRequest || provisioned_throughput.is_some() {
        index.kind = global_kind(index_name, billing_mode, provisioned_throughput.as_ref())?;
    }
    Ok(())
}

/// Takes over what a table's change of how it is paid for means for its global indexes.
pub(crate) fn follow_billing_mode(table: &mut Table, updates: &[GlobalSecondaryIndexUpdate]) -> Result<(), Error> {
    let billing_mode = table.billing_mode;
    for index in table.indexes.iter_mut().filter(|index| index.is_global()) {
        let of_index = updates.iter().filter_map(|update| update.update.as_ref());
        let update = of_index.into_iter().find(|update| update.index_name == index.name);
        let throughput = update.and_then(|update| update.provisioned_throughput.as_ref());
        index.kind = global_kind(&index.name, billing_mode, throughput)?;
    }
    Ok(())
}

/// The attributes that are keys, of the table or of an index.
pub(crate) fn attributes(table: &Table) -> Vec<KeyAttribute> {
    let mut found: Vec<KeyAttribute> = Vec::new();
    let of_indexes = table.indexes.iter().flat_map(|index| index.key_schema.attributes());
    for key in table.key_schema.attributes().chain(of_indexes) {
        if !found.iter().any(|before| before.name == key.name) {
            found.push(key.clone());
        }
    }
    found
}

/// A table's indexes as answers describe them.
#[derive(Default)]
pub(crate) struct Described {
    pub local: Option<Vec<LocalSecondaryIndexDescription>>,
    pub global: Option<Vec<GlobalSecondaryIndexDescription>>,
}

/// Describes a table's indexes, and those that have just been deleted.
pub(crate) async fn described(cx: &Cx, tx: &mut Tx, table: &Table, deleted: &[Index]) -> Result<Described, Error> {
    let (mut local, mut global) = (Vec::new(), Vec::new());
    for index in &table.indexes {
        let counts = store::index_counts(tx, table.id, index.number).await?;
        match index.kind {
            IndexKind::Local => local.push(described_local(cx, table, index, counts)),
            IndexKind::Global { .. } => {
                let status = match index.state {
                    IndexState::Creating => "CREATING",
                    IndexState::Active => "ACTIVE",
                };
                global.push(described_global(cx, table, index, counts, status));
            }
        }
    }
    global.extend(deleted.iter().map(|index| described_global(cx, table, index, Counts::default(), "DELETING")));
    Ok(Described { local: Some(local).filter(|l| !l.is_empty()), global: Some(global).filter(|g| !g.is_empty()) })
}

fn described_local(cx: &Cx, table: &Table, index: &Index, counts: Counts) -> LocalSecondaryIndexDescription {
    LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(schema::elements(&index.key_schema)),
        projection: Some(projection_of(&index.projected)),
        index_size_bytes: Some(i64::try_from(counts.bytes).unwrap_or(i64::MAX)),
        item_count: Some(i64::try_from(counts.items).unwrap_or(i64::MAX)),
        index_arn: Some(names::index_arn(&cx.scope, &table.name, &index.name).to_string()),
    }
}

fn described_global(
    cx: &Cx,
    table: &Table,
    index: &Index,
    counts: Counts,
    status: &str,
) -> GlobalSecondaryIndexDescription {
    let (read_units, write_units) = match index.kind {
        IndexKind::Local => (0, 0),
        IndexKind::Global { read_units, write_units } => (read_units, write_units),
    };
    GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(schema::elements(&index.key_schema)),
        projection: Some(projection_of(&index.projected)),
        index_status: Some(status.to_owned()),
        backfilling: (index.state == IndexState::Creating).then_some(true),
        provisioned_throughput: Some(ProvisionedThroughputDescription {
            number_of_decreases_today: Some(0),
            read_capacity_units: Some(read_units),
            write_capacity_units: Some(write_units),
        }),
        index_size_bytes: Some(i64::try_from(counts.bytes).unwrap_or(i64::MAX)),
        item_count: Some(i64::try_from(counts.items).unwrap_or(i64::MAX)),
        index_arn: Some(names::index_arn(&cx.scope, &table.name, &index.name).to_string()),
    }
}

fn projection_of(projected: &Projected) -> Projection {
    let (kind, names) = match projected {
        Projected::All => ("ALL", None),
        Projected::KeysOnly => ("KEYS_ONLY", None),
        Projected::Include(names) => ("INCLUDE", Some(names.clone())),
    };
    Projection { projection_type: Some(kind.to_owned()), non_key_attributes: names }
}
