//! Put-, Update-, Get-, List- and DeleteFunction EventInvokeConfig: how events of asynchronous invocations are handled.

use base::Arn;
use kv::Tx;
use service::{Cx, Failure};

use crate::engine::event::Handling;
use crate::errors::Error;
use crate::keys::HandlingKey;
use crate::names::{LATEST, Target};
use crate::store;
use crate::wire::{
    DeleteFunctionEventInvokeConfigNothing, DeleteFunctionEventInvokeConfigRequest, DestinationConfig,
    FunctionEventInvokeConfig, GetFunctionEventInvokeConfigRequest, ListFunctionEventInvokeConfigsRequest,
    ListFunctionEventInvokeConfigsResponse, OnFailure, OnSuccess, PutFunctionEventInvokeConfigRequest,
    UpdateFunctionEventInvokeConfigRequest,
};

/// A page has at most 50 (model).
const PAGE_MAX: usize = 50;

/// What a request wants of it.
struct Wanted<'a> {
    retries: Option<i32>,
    age_s: Option<i32>,
    destinations: Option<&'a DestinationConfig>,
}

/// Replaces whatever was there.
pub(crate) async fn put_function_event_invoke_config(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Error> {
    let PutFunctionEventInvokeConfigRequest {
        function_name,
        qualifier,
        maximum_retry_attempts,
        maximum_event_age_in_seconds,
        destination_config,
    } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let wanted = Wanted {
        retries: *maximum_retry_attempts,
        age_s: *maximum_event_age_in_seconds,
        destinations: destination_config.as_ref(),
    };
    change(cx, tx, &target, Handling::default(), &wanted).await
}

/// Changes what the request names.
pub(crate) async fn update_function_event_invoke_config(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Error> {
    let UpdateFunctionEventInvokeConfigRequest {
        function_name,
        qualifier,
        maximum_retry_attempts,
        maximum_event_age_in_seconds,
        destination_config,
    } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let wanted = Wanted {
        retries: *maximum_retry_attempts,
        age_s: *maximum_event_age_in_seconds,
        destinations: destination_config.as_ref(),
    };
    let now = found(tx, &target).await?;
    change(cx, tx, &target, now, &wanted).await
}

async fn change(
    cx: &Cx,
    tx: &mut Tx,
    target: &Target,
    mut handling: Handling,
    wanted: &Wanted<'_>,
) -> Result<FunctionEventInvokeConfig, Error> {
    let Wanted { retries, age_s, destinations } = wanted;
    if retries.is_none() && age_s.is_none() && destinations.is_none() {
        let text = "You must specify at least one of error handling or destination setting.";
        return Err(Error::InvalidParameter(text.into()));
    }
    store::versions::find(tx, target).await?;
    handling.retries = retries.and_then(|retries| retries.try_into().ok()).or(handling.retries);
    handling.age_s = age_s.and_then(|age| age.try_into().ok()).or(handling.age_s);
    if let Some(DestinationConfig { on_success, on_failure }) = destinations {
        if let Some(OnSuccess { destination }) = on_success {
            handling.on_success = self::destination(cx, tx, target, destination.as_deref()).await?;
        }
        if let Some(OnFailure { destination }) = on_failure {
            handling.on_failure = self::destination(cx, tx, target, destination.as_deref()).await?;
        }
    }
    handling.modified = cx.now();
    store::events::put_handling(tx, &key(target), &handling)?;
    Ok(shown(target, &handling))
}

/// A function that is there and another one. Queues, topics, buses and buckets are no destinations here, loudly.
async fn destination(cx: &Cx, tx: &mut Tx, target: &Target, text: Option<&str>) -> Result<Option<Arn>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let invalid = || Error::InvalidParameter(format!("The destination ARN {text} is invalid."));
    let arn: Arn = text.parse().map_err(|_| invalid())?;
    if arn.service != "lambda" {
        return Err(Failure::not_implemented(format!("A destination of the service {}", arn.service)).into());
    }
    if !arn.resource.starts_with("function:") {
        return Err(invalid());
    }
    let to = Target::new(cx, text, None)?;
    if to.arn() == target.arn() {
        let text = "You can't specify the function as a destination for itself.";
        return Err(Error::InvalidParameter(text.into()));
    }
    match store::versions::find(tx, &to).await {
        Ok(_) => Ok(Some(arn)),
        Err(Error::FunctionNotFound(_)) => Err(invalid()),
        Err(other) => Err(other),
    }
}

pub(crate) async fn get_function_event_invoke_config(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Error> {
    let GetFunctionEventInvokeConfigRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    Ok(shown(&target, &found(tx, &target).await?))
}

pub(crate) async fn list_function_event_invoke_configs(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListFunctionEventInvokeConfigsRequest,
) -> Result<ListFunctionEventInvokeConfigsResponse, Error> {
    let ListFunctionEventInvokeConfigsRequest { function_name, marker, max_items } = input;
    let target = Target::new(cx, function_name, None)?;
    if store::load(tx, &target.scope, &target.name).await?.is_none() {
        return Err(Error::FunctionNotFound(target.arn().to_string()));
    }
    let tokens = cx.page(&format!("ListFunctionEventInvokeConfigs:{}", target.name));
    let invalid = || Error::InvalidParameter("The Marker is not valid for this request.".into());
    let after = marker.as_deref().filter(|marker| !marker.is_empty()).map(|marker| tokens.open(marker));
    let after = after.transpose().map_err(|_| invalid())?.map(String::from_utf8).transpose().map_err(|_| invalid())?;
    let limit = max_items.and_then(|items| usize::try_from(items).ok()).unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let (found, more) = store::events::handlings(tx, &target.scope, &target.name, after.as_deref(), limit).await?;
    let next_marker = found.last().filter(|_| more).map(|(qualifier, _)| tokens.after(qualifier.as_bytes()));
    let shown = found.iter().map(|(qualifier, handling)| {
        let target = Target { qualifier: Some(qualifier.clone()), ..target.clone() };
        shown(&target, handling)
    });
    Ok(ListFunctionEventInvokeConfigsResponse { function_event_invoke_configs: Some(shown.collect()), next_marker })
}

pub(crate) async fn delete_function_event_invoke_config(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteFunctionEventInvokeConfigRequest,
) -> Result<DeleteFunctionEventInvokeConfigNothing, Error> {
    let DeleteFunctionEventInvokeConfigRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    found(tx, &target).await?;
    store::events::remove_handling(tx, &key(&target));
    Ok(DeleteFunctionEventInvokeConfigNothing {})
}

fn qualifier(target: &Target) -> &str {
    target.qualifier.as_deref().unwrap_or(LATEST)
}

fn key(target: &Target) -> HandlingKey<'_> {
    HandlingKey { scope: &target.scope, name: &target.name, qualifier: qualifier(target) }
}

async fn found(tx: &mut Tx, target: &Target) -> Result<Handling, Error> {
    let found = store::events::handling(tx, &target.scope, &target.name, qualifier(target)).await?;
    found.ok_or_else(|| Error::NoEventInvokeConfig(format!("{}:{}", target.arn(), qualifier(target))))
}

fn shown(target: &Target, handling: &Handling) -> FunctionEventInvokeConfig {
    let Handling { retries, age_s, on_success, on_failure, modified } = handling;
    let destination = |arn: &Option<Arn>| arn.as_ref().map(Arn::to_string);
    FunctionEventInvokeConfig {
        last_modified: Some(*modified),
        function_arn: Some(format!("{}:{}", target.arn(), qualifier(target))),
        maximum_retry_attempts: retries.and_then(|retries| retries.try_into().ok()),
        maximum_event_age_in_seconds: age_s.and_then(|age| age.try_into().ok()),
        destination_config: Some(DestinationConfig {
            on_success: Some(OnSuccess { destination: destination(on_success) }),
            on_failure: Some(OnFailure { destination: destination(on_failure) }),
        }),
    }
}
