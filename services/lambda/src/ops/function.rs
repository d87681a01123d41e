//! CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction.

use kv::Tx;
use service::{Cx, Effect, Failure};

use crate::engine::Functions;
use crate::engine::pool::Place;
use crate::errors::Error;
use crate::model::{self, Code, Function};
use crate::names::{LATEST, Target};
use crate::ops::render::configuration;
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

/// Keeps the package, then the record: only when both are there is there a function.
pub(crate) async fn create_function(cx: &Cx, input: &CreateFunctionRequest) -> Result<FunctionConfiguration, Error> {
    let FunctionCode { zip_file } = &input.code;
    let target = Target::new(cx, &input.function_name, None)?;
    if target.qualifier.is_some() {
        return Err(Error::InvalidParameter("The name of a new function has no qualifier.".into()));
    }
    let mut function = described(cx, &target, input)?;
    function.role = role::passed(cx, &input.role).await?;
    let judged = upload::judge(zip_file.as_ref(), "CreateFunction").await?;
    function.code = judged.keep(cx).await?;
    let row = (target.clone(), function.clone());
    let created = cx.transact(move |_, tx| {
        let (target, function) = row.clone();
        Box::pin(async move {
            if store::load(tx, &target.scope, &target.name).await?.is_some() {
                return Err(Error::FunctionExists(target.name).into());
            }
            store::save(tx, &target.scope, &function).map_err(Failure::from)
        })
    });
    if let Err(failure) = created.await {
        upload::discard(cx, &function.code, &failure).await;
        return Err(failure.into());
    }
    Ok(configuration(&target, &function))
}

/// The function that a request describes, its role and package still to come.
fn described(cx: &Cx, target: &Target, input: &CreateFunctionRequest) -> Result<Function, Error> {
    let CreateFunctionRequest {
        function_name: _,
        runtime,
        role: _,
        handler,
        code: _,
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
    let (Some(runtime), Some(handler)) = (runtime, handler) else {
        let text = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(Error::InvalidParameter(text.into()));
    };
    cx.platform.state::<Functions>()?.runtime(runtime)?;
    let variables = environment.as_ref().and_then(|environment| environment.variables.clone()).unwrap_or_default();
    model::check_variables(&variables)?;
    let tags = tags.clone().unwrap_or_default();
    model::check_tags(&tags)?;
    let number =
        |value: Option<i32>, default: u32| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default);
    let ids = &cx.platform.ids;
    Ok(Function {
        name: target.name.clone(),
        runtime: runtime.clone(),
        role: target.arn(),
        handler: handler.clone(),
        description: description.clone().unwrap_or_default(),
        timeout_s: number(*timeout, model::TIMEOUT_DEFAULT_S),
        memory_mb: number(*memory_size, model::MEMORY_DEFAULT_MB),
        storage_mb: number(ephemeral_storage.as_ref().map(|storage| storage.size), model::STORAGE_DEFAULT_MB),
        variables,
        architecture: model::architecture(architectures.as_deref())?,
        code: Code::default(),
        tags,
        permissions: Vec::new(),
        revision: ids.uuid(),
        generation: ids.uuid(),
        modified: cx.now(),
    })
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
        configuration(&target, function)
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
