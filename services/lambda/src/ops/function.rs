//! CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction.

use std::collections::BTreeMap;

use base::Arn;
use kv::Tx;
use service::{Cx, Effect, Failure};

use crate::engine::Functions;
use crate::engine::pool::Place;
use crate::errors::Error;
use crate::model::{self, Code, Function};
use crate::names::{LATEST, Target};
use crate::ops::render::configuration;
use crate::ops::settings::{self, Settings};
use crate::ops::{role, upload};
use crate::plane;
use crate::store;
use crate::wire::{
    CreateFunctionRequest, DeleteFunctionRequest, DeleteFunctionResponse, FunctionCode, FunctionCodeLocation,
    FunctionConfiguration, GetFunctionConfigurationRequest, GetFunctionRequest, GetFunctionResponse,
    ListFunctionsRequest, ListFunctionsResponse,
};

/// A page of ListFunctions has at most 50 functions, whatever was asked for (docs).
const PAGE_MAX: usize = 50;
/// Quota: 64 characters in the name of a function (docs; the model counts the longest ARN).
const NAME_CHARS_MAX: usize = 64;

/// Keeps the package, then the record: only when both are there is there a function.
pub(crate) async fn create_function(cx: &Cx, input: &CreateFunctionRequest) -> Result<FunctionConfiguration, Error> {
    let CreateFunctionRequest {
        function_name,
        runtime,
        role,
        handler,
        code: FunctionCode { zip_file },
        description,
        timeout,
        memory_size,
        publish: _,
        package_type: _,
        environment,
        tracing_config: _,
        tags,
        architectures,
        ephemeral_storage,
    } = input;
    let target = Target::new(cx, function_name, None)?;
    if target.qualifier.is_some() {
        return Err(Error::InvalidParameter("The name of a new function has no qualifier.".into()));
    }
    if NAME_CHARS_MAX < target.name.chars().count() {
        return Err(Error::NameTooLong { name: target.name, max: NAME_CHARS_MAX });
    }
    if runtime.is_none() || handler.is_none() {
        let text = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(Error::InvalidParameter(text.into()));
    }
    let settings = Settings {
        role: None,
        runtime: runtime.clone(),
        handler: handler.clone(),
        description: description.clone(),
        timeout_s: *timeout,
        memory_mb: *memory_size,
        storage_mb: settings::storage(ephemeral_storage.as_ref()),
        variables: settings::variables(environment.as_ref()),
    };
    settings.check(cx).await?;
    let tags = tags.clone().unwrap_or_default();
    model::check_tags(&tags)?;
    let architecture = model::architecture(architectures.as_deref())?;
    let role = role::passed(cx, role).await?;
    let judged = upload::judge(zip_file.as_ref(), "CreateFunction").await?;
    let code = judged.keep(cx).await?;
    let mut function = Function { tags, architecture, ..blank(cx, &target, role, code) };
    settings.apply(&mut function);
    add(cx, &target, &function).await?;
    Ok(configuration(&target, &function))
}

/// A function with Lambda's defaults.
fn blank(cx: &Cx, target: &Target, role: Arn, code: Code) -> Function {
    Function {
        name: target.name.clone(),
        runtime: String::new(),
        role,
        handler: String::new(),
        description: String::new(),
        timeout_s: model::TIMEOUT_DEFAULT_S,
        memory_mb: model::MEMORY_DEFAULT_MB,
        storage_mb: model::STORAGE_DEFAULT_MB,
        variables: BTreeMap::new(),
        architecture: String::new(),
        code,
        tags: BTreeMap::new(),
        permissions: Vec::new(),
        revision: cx.platform.ids.uuid(),
        generation: cx.platform.ids.uuid(),
        modified: cx.now(),
    }
}

/// Adds the record; its package goes when there is a function of this name already.
async fn add(cx: &Cx, target: &Target, function: &Function) -> Result<(), Error> {
    let row = (target.clone(), function.clone());
    let added = cx.transact(move |_, tx| {
        let (target, function) = row.clone();
        Box::pin(async move {
            if store::load(tx, &target.scope, &target.name).await?.is_some() {
                return Err(Error::FunctionExists(target.name).into());
            }
            store::save(tx, &target.scope, &function).map_err(Failure::from)
        })
    });
    if let Err(failure) = added.await {
        upload::discard(cx, &function.code, &failure).await;
        return Err(failure.into());
    }
    Ok(())
}

pub(crate) async fn get_function(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetFunctionRequest,
) -> Result<GetFunctionResponse, Error> {
    let GetFunctionRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let function = store::find(tx, &target).await?;
    Ok(GetFunctionResponse {
        configuration: Some(configuration(&target, &function)),
        code: Some(FunctionCodeLocation {
            repository_type: Some("S3".into()),
            location: plane::location(cx, &function.code),
        }),
        tags: Some(function.tags).filter(|tags| !tags.is_empty()),
    })
}

pub(crate) async fn get_function_configuration(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Error> {
    let GetFunctionConfigurationRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    Ok(configuration(&target, &store::find(tx, &target).await?))
}

/// There are no versions but `$LATEST`, so asking for all of them answers the same.
pub(crate) async fn list_functions(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListFunctionsRequest,
) -> Result<ListFunctionsResponse, Error> {
    let ListFunctionsRequest { function_version, marker, max_items } = input;
    let version = function_version.as_deref().unwrap_or_default();
    let tokens = cx.page(&format!("ListFunctions:{version}"));
    let invalid = || Error::InvalidParameter("The Marker is not valid for this request.".into());
    let after = marker.as_deref().filter(|marker| !marker.is_empty()).map(|marker| tokens.open(marker));
    let after = after.transpose().map_err(|_| invalid())?.map(String::from_utf8).transpose().map_err(|_| invalid())?;
    let limit = max_items.and_then(|items| usize::try_from(items).ok()).unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let (functions, more) = store::page(tx, &cx.scope, after.as_deref(), limit).await?;
    let last = functions.last().filter(|_| more).map(|function| tokens.after(function.name.as_bytes()));
    let shown = functions.iter().map(|function| {
        let qualifier = (version == "ALL").then(|| LATEST.to_owned());
        let target = Target { scope: cx.scope.clone(), name: function.name.clone(), qualifier };
        // A listing leaves the states out (docs: ListFunctions).
        FunctionConfiguration { state: None, last_update_status: None, ..configuration(&target, function) }
    });
    Ok(ListFunctionsResponse { next_marker: last, functions: Some(shown.collect()) })
}

/// Removes the record, then what is idle of the function. Requests under way are finished.
pub(crate) async fn delete_function(cx: &Cx, input: &DeleteFunctionRequest) -> Result<DeleteFunctionResponse, Error> {
    let DeleteFunctionRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    if target.qualifier.is_some() && target.is_latest() {
        let text = "$LATEST version cannot be deleted without deleting the function.";
        return Err(Error::InvalidParameter(text.into()));
    }
    let place = Place::of(&target);
    cx.transact(move |cx, tx| {
        let target = target.clone();
        Box::pin(async move {
            let function = store::find(tx, &target).await?;
            store::remove(tx, &target.scope, &target.name);
            if let Some(blob) = function.code.blob() {
                cx.after_commit(Effect::DeleteBlob(blob));
            }
            Ok(())
        })
    })
    .await?;
    cx.platform.state::<Functions>()?.retire(&place);
    Ok(DeleteFunctionResponse { status_code: None })
}
