//! How long a group keeps its events.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::store;
use crate::wire::{
    DeleteRetentionPolicyNothing, DeleteRetentionPolicyRequest, PutRetentionPolicyNothing, PutRetentionPolicyRequest,
};

/// What can be asked for, in days (docs).
const DAYS: &[i32] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Keeps events this long. Older ones are gone from every answer at once, and from the disk within the hour.
pub(crate) async fn put_retention_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutRetentionPolicyRequest,
) -> Result<PutRetentionPolicyNothing, Error> {
    let PutRetentionPolicyRequest { log_group_name, retention_in_days } = input;
    if !DAYS.contains(retention_in_days) {
        return Err(Error::Invalid(format!("Invalid retention value. Valid values are: {DAYS:?}")));
    }
    set(cx, tx, log_group_name, Some(*retention_in_days)).await?;
    Ok(PutRetentionPolicyNothing {})
}

/// Keeps events for ever.
pub(crate) async fn delete_retention_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteRetentionPolicyRequest,
) -> Result<DeleteRetentionPolicyNothing, Error> {
    let DeleteRetentionPolicyRequest { log_group_name } = input;
    set(cx, tx, log_group_name, None).await?;
    Ok(DeleteRetentionPolicyNothing {})
}

async fn set(cx: &Cx, tx: &mut Tx, name: &str, days: Option<i32>) -> Result<(), Error> {
    let mut group = store::group(tx, &cx.scope, name).await?.ok_or(Error::NoSuchGroup)?;
    group.retention_days = days;
    store::put_group(tx, &cx.scope, name, group)
}
