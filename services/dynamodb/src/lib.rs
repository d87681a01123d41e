//! DynamoDB: tables, items, expressions.

mod wire;

pub mod attribute;
pub mod engine;
mod errors;
pub mod keys;
pub mod model;
mod names;
mod ops;
mod store;
mod worker;

use base::Arn;
use service::{Anonymous, Cx, Service, common, demands};

use crate::ops::{batch, item, query, scan, table, time_to_live, transact_get, transact_write};

pub use worker::start;

/// The largest request: a batch of 16 MB (docs) and its envelope.
const BODY_BYTES_MAX: usize = 17 * 1024 * 1024;

service::operations! { crate::wire;
    CreateTable => table::create_table, |s, i| demands![dynamodb::CreateTable(table_arn(s, &i.table_name))];
    DescribeTable => table::describe_table, |s, i| demands![dynamodb::DescribeTable(table_arn(s, &i.table_name))];
    ListTables => table::list_tables, |s, _| demands![dynamodb::ListTables(s.arn("dynamodb", "table/*"))];
    UpdateTable => table::update_table, |s, i| demands![dynamodb::UpdateTable(table_arn(s, &i.table_name))];
    DeleteTable => table::delete_table, |s, i| demands![dynamodb::DeleteTable(table_arn(s, &i.table_name))];
    UpdateTimeToLive => time_to_live::update_time_to_live,
        |s, i| demands![dynamodb::UpdateTimeToLive(table_arn(s, &i.table_name))];
    DescribeTimeToLive => time_to_live::describe_time_to_live,
        |s, i| demands![dynamodb::DescribeTimeToLive(table_arn(s, &i.table_name))];
    // These demand inside, with the keys and attributes that only expressions and schema tell: see `ops::request::permitted`.
    PutItem => item::put_item, |_, _| demands![inside dynamodb::PutItem];
    GetItem => item::get_item, |_, _| demands![inside dynamodb::GetItem];
    UpdateItem => item::update_item, |_, _| demands![inside dynamodb::UpdateItem];
    DeleteItem => item::delete_item, |_, _| demands![inside dynamodb::DeleteItem];
    Query => query::query, |_, _| demands![inside dynamodb::Query];
    Scan => scan::scan, |_, _| demands![inside dynamodb::Scan];
    BatchGetItem => batch::batch_get_item, |_, _| demands![inside dynamodb::BatchGetItem];
    BatchWriteItem => batch::batch_write_item, |_, _| demands![inside dynamodb::BatchWriteItem];
    TransactWriteItems => transact_write::transact_write_items,
        |_, _| demands![inside dynamodb::PutItem, dynamodb::UpdateItem, dynamodb::DeleteItem, dynamodb::ConditionCheckItem];
    TransactGetItems => transact_get::transact_get_items, |_, _| demands![inside dynamodb::GetItem];
}

/// The service's descriptor.
pub fn service() -> Service {
    Service {
        name: "dynamodb",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Json,
        errors: common::JSON,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        blob_rows: &[],
        plane: None,
    }
}

fn table_arn(cx: &Cx, given: &str) -> Arn {
    names::table_arn(&cx.scope, given)
}
