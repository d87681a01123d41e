//! PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency, GetAccountSettings.

use kv::Tx;
use service::Cx;

use crate::engine::share::{ACCOUNT_MAX, UNRESERVED_MIN};
use crate::errors::Error;
use crate::names::Target;
use crate::store;
use crate::wire::{
    AccountLimit, AccountUsage, Concurrency, DeleteFunctionConcurrencyNothing, DeleteFunctionConcurrencyRequest,
    GetAccountSettingsRequest, GetAccountSettingsResponse, GetFunctionConcurrencyRequest,
    GetFunctionConcurrencyResponse, PutFunctionConcurrencyRequest,
};

const MIB: i64 = 1024 * 1024;
/// Quotas: 75 GB of code, 250 MB unpacked, 50 MB packed (docs).
const CODE_BYTES_MAX: i64 = 75 * 1024 * MIB;
const UNZIPPED_BYTES_MAX: i64 = 250 * MIB;
const ZIPPED_BYTES_MAX: i64 = 50 * MIB;

/// Functions that are counted at once.
const PAGE: usize = 1000;

/// Reserves a part of the account's concurrency for a function; 0 switches it off. It holds from the next request on.
pub(crate) async fn put_function_concurrency(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutFunctionConcurrencyRequest,
) -> Result<Concurrency, Error> {
    let PutFunctionConcurrencyRequest { function_name, reserved_concurrent_executions } = input;
    let target = unqualified(cx, function_name)?;
    store::versions::latest(tx, &target).await?;
    let wanted = u32::try_from(*reserved_concurrent_executions).unwrap_or_default();
    let (own, all) = store::shares::reserved(tx, &target.scope, &target.name).await?;
    let others = all.saturating_sub(own.unwrap_or_default());
    if ACCOUNT_MAX - UNRESERVED_MIN < others.saturating_add(wanted) {
        return Err(Error::InvalidParameter(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MIN}]."
        )));
    }
    store::shares::reserve(tx, &target.scope, &target.name, Some(wanted)).await?;
    Ok(Concurrency { reserved_concurrent_executions: Some(*reserved_concurrent_executions) })
}

pub(crate) async fn get_function_concurrency(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetFunctionConcurrencyRequest,
) -> Result<GetFunctionConcurrencyResponse, Error> {
    let GetFunctionConcurrencyRequest { function_name } = input;
    let target = unqualified(cx, function_name)?;
    store::versions::latest(tx, &target).await?;
    let (own, _) = store::shares::reserved(tx, &target.scope, &target.name).await?;
    let reserved_concurrent_executions = own.and_then(|own| own.try_into().ok());
    Ok(GetFunctionConcurrencyResponse { reserved_concurrent_executions })
}

pub(crate) async fn delete_function_concurrency(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteFunctionConcurrencyRequest,
) -> Result<DeleteFunctionConcurrencyNothing, Error> {
    let DeleteFunctionConcurrencyRequest { function_name } = input;
    let target = unqualified(cx, function_name)?;
    store::versions::latest(tx, &target).await?;
    store::shares::reserve(tx, &target.scope, &target.name, None).await?;
    Ok(DeleteFunctionConcurrencyNothing {})
}

/// Concurrency is reserved for a function with all its versions.
fn unqualified(cx: &Cx, name: &str) -> Result<Target, Error> {
    let target = Target::new(cx, name, None)?;
    match target.qualifier {
        None => Ok(target),
        Some(_) => {
            let text = "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.";
            Err(Error::InvalidParameter(text.into()))
        }
    }
}

/// The account's limits, and what its functions use of them. Published versions count with their code.
pub(crate) async fn get_account_settings(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetAccountSettingsRequest,
) -> Result<GetAccountSettingsResponse, Error> {
    let GetAccountSettingsRequest {} = input;
    let (mut count, mut bytes, mut after) = (0_i64, 0_u64, None);
    loop {
        let (functions, more) = store::page(tx, &cx.scope, after.as_deref(), PAGE).await?;
        for function in &functions {
            count += 1;
            bytes = bytes.saturating_add(function.code.bytes);
        }
        after = functions.last().map(|function| function.name.clone());
        if !more {
            break;
        }
    }
    bytes = bytes.saturating_add(store::shares::published_bytes(tx, &cx.scope).await?);
    let share = store::shares::share(tx, &cx.scope, "").await?;
    Ok(GetAccountSettingsResponse {
        account_limit: Some(AccountLimit {
            total_code_size: Some(CODE_BYTES_MAX),
            code_size_unzipped: Some(UNZIPPED_BYTES_MAX),
            code_size_zipped: Some(ZIPPED_BYTES_MAX),
            concurrent_executions: i32::try_from(ACCOUNT_MAX).ok(),
            unreserved_concurrent_executions: i32::try_from(share.unreserved).ok(),
        }),
        account_usage: Some(AccountUsage { total_code_size: i64::try_from(bytes).ok(), function_count: Some(count) }),
    })
}
