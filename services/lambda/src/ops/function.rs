//! CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction.

use std::collections::{BTreeMap, HashMap};

use base::Arn;
use blob::BlobId;
use kv::Tx;
use service::{Cx, Effect, Failure};

use crate::engine::Functions;
use crate::errors::Error;
use crate::model::{self, Code, Function};
use crate::names::{LATEST, Target};
use crate::ops::render::{configuration, listed};
use crate::ops::role;
use crate::ops::settings::{self, Settings};
use crate::ops::upload::{self, Source};
use crate::ops::version::{self, after, invalid_marker, limit, version_target};
use crate::plane;
use crate::store;
use crate::wire::{
    Concurrency, CreateFunctionRequest, DeleteFunctionRequest, DeleteFunctionResponse, FunctionCode,
    FunctionCodeLocation, FunctionConfiguration, GetFunctionConfigurationRequest, GetFunctionRequest,
    GetFunctionResponse, ListFunctionsRequest, ListFunctionsResponse,
};

/// Quota: 64 characters in the name of a function (docs; the model counts the longest ARN).
const NAME_CHARS_MAX: usize = 64;

/// Keeps the package, then the record: only when both are there is there a function.
pub(crate) async fn create_function(cx: &Cx, input: &CreateFunctionRequest) -> Result<FunctionConfiguration, Error> {
    let CreateFunctionRequest {
        function_name,
        runtime,
        role,
        handler,
        code: FunctionCode { zip_file, s3_bucket, s3_key, s3_object_version },
        description,
        timeout,
        memory_size,
        publish,
        package_type: _,
        environment,
        tracing_config: _,
        tags,
        architectures,
        ephemeral_storage,
        layers,
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
    let mut settings = Settings {
        role: None,
        runtime: runtime.clone(),
        handler: handler.clone(),
        description: description.clone(),
        timeout_s: *timeout,
        memory_mb: *memory_size,
        storage_mb: settings::storage(ephemeral_storage.as_ref()),
        variables: settings::variables(environment.as_ref()),
        layers: None,
    };
    settings.check(cx).await?;
    let tags = tags.clone().unwrap_or_default();
    model::check_tags(&tags)?;
    let architecture = model::architecture(architectures.as_deref())?;
    let role = role::passed(cx, role).await?;
    settings.layers = settings::layers(cx, layers.as_ref()).await?;
    let source = Source {
        zip: zip_file.as_ref(),
        bucket: s3_bucket.as_deref(),
        key: s3_key.as_deref(),
        version: s3_object_version.as_deref(),
    };
    let judged = upload::judge(cx, source, "CreateFunction").await?;
    let code = judged.keep(cx).await?;
    let mut function = Function { tags, architecture, ..blank(cx, &target, role, code) };
    settings.apply(&mut function);
    match add(cx, &target, &function, *publish == Some(true)).await? {
        Some(version) => Ok(configuration(cx, &version_target(&target, &version), &version)),
        None => Ok(configuration(cx, &target, &function)),
    }
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
        version: None,
        published: None,
        layers: Vec::new(),
    }
}

/// Adds the record, and publishes it if wanted; its package goes when there is a function of this name already.
async fn add(cx: &Cx, target: &Target, function: &Function, publish: bool) -> Result<Option<Function>, Error> {
    let row = (target.clone(), function.clone());
    let added = cx.transact(move |cx, tx| {
        let (target, mut function) = row.clone();
        Box::pin(async move {
            if store::load(tx, &target.scope, &target.name).await?.is_some() {
                return Err(Error::FunctionExists(target.name).into());
            }
            function.check_size()?;
            store::save(tx, &target.scope, &function)?;
            match publish {
                true => Ok(Some(version::publish(cx, tx, &target, &mut function, None).await?)),
                false => Ok(None),
            }
        })
    });
    match added.await {
        Ok(version) => Ok(version),
        Err(failure) => {
            upload::discard(cx, &function.code, &failure).await;
            Err(failure.into())
        }
    }
}

pub(crate) async fn get_function(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetFunctionRequest,
) -> Result<GetFunctionResponse, Error> {
    let GetFunctionRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let function = store::versions::find(tx, &target).await?;
    let tags = store::load(tx, &target.scope, &target.name).await?.map(|function| function.tags).unwrap_or_default();
    let share = store::shares::share(tx, &target.scope, &target.name).await?;
    Ok(GetFunctionResponse {
        configuration: Some(configuration(cx, &target, &function)),
        code: Some(FunctionCodeLocation {
            repository_type: Some("S3".into()),
            location: plane::location(cx, &function.code),
        }),
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        concurrency: share
            .reserved
            .map(|reserved| Concurrency { reserved_concurrent_executions: i32::try_from(reserved).ok() }),
    })
}

pub(crate) async fn get_function_configuration(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Error> {
    let GetFunctionConfigurationRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    Ok(configuration(cx, &target, &store::versions::find(tx, &target).await?))
}

/// Functions in the order of their names; with all versions, each function's own behind it.
pub(crate) async fn list_functions(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListFunctionsRequest,
) -> Result<ListFunctionsResponse, Error> {
    let ListFunctionsRequest { function_version, marker, max_items } = input;
    let is_all = function_version.as_deref() == Some("ALL");
    let tokens = cx.page(&format!("ListFunctions:{}", function_version.as_deref().unwrap_or_default()));
    let last = after(&tokens, marker.as_deref())?.map(Last::decode).transpose()?;
    let limit = limit(*max_items);
    let (functions, more) = match is_all {
        true => with_versions(tx, &cx.scope, last, limit).await?,
        false => store::page(tx, &cx.scope, last.as_ref().map(|last| last.name.as_str()), limit).await?,
    };
    let next = functions.last().filter(|_| more).map(|function| tokens.after(&Last::of(function).encode()));
    let shown = functions.iter().map(|function| {
        let qualifier = is_all.then(|| function.version_name());
        listed(cx, &Target { scope: cx.scope.clone(), name: function.name.clone(), qualifier }, function)
    });
    Ok(ListFunctionsResponse { next_marker: next, functions: Some(shown.collect()) })
}

/// The last entry of a page.
struct Last {
    name: String,
    /// 0: the function itself.
    number: u32,
}

impl Last {
    fn of(function: &Function) -> Self {
        Self { name: function.name.clone(), number: function.version.unwrap_or_default() }
    }

    fn encode(&self) -> Vec<u8> {
        [&self.number.to_be_bytes(), self.name.as_bytes()].concat()
    }

    fn decode(bytes: Vec<u8>) -> Result<Self, Error> {
        let (number, name) = bytes.split_first_chunk::<4>().ok_or_else(invalid_marker)?;
        let name = std::str::from_utf8(name).map_err(|_| invalid_marker())?;
        Ok(Self { name: name.to_owned(), number: u32::from_be_bytes(*number) })
    }
}

/// A page of functions and their versions.
async fn with_versions(
    tx: &mut Tx,
    scope: &base::Scope,
    last: Option<Last>,
    limit: usize,
) -> Result<(Vec<Function>, bool), Error> {
    let mut found = Vec::new();
    let (mut name, mut number) = last.map_or((None, 0), |last| (Some(last.name), last.number));
    loop {
        if let Some(name) = &name {
            let (versions, more) = store::versions::versions(tx, scope, name, number, limit - found.len()).await?;
            found.extend(versions);
            if more {
                return Ok((found, true));
            }
        }
        let (next, more) = store::page(tx, scope, name.as_deref(), 1).await?;
        let Some(function) = next.into_iter().next() else { return Ok((found, false)) };
        if found.len() == limit {
            return Ok((found, true));
        }
        (name, number) = (Some(function.name.clone()), 0);
        let is_last = !more && function.published.is_none();
        found.push(function);
        if is_last || found.len() == limit {
            return Ok((found, !is_last));
        }
    }
}

/// Removes the function with all of its versions and aliases, or one version; then what is idle of it. Requests under way are
/// finished.
pub(crate) async fn delete_function(cx: &Cx, input: &DeleteFunctionRequest) -> Result<DeleteFunctionResponse, Error> {
    let DeleteFunctionRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let number = match target.qualifier.as_deref() {
        None => None,
        Some(LATEST) => {
            let text = "$LATEST version cannot be deleted without deleting the function.";
            return Err(Error::InvalidParameter(text.into()));
        }
        Some(qualifier) => {
            let text = || Error::InvalidParameter("Deletion of aliases is not currently supported.".into());
            Some(qualifier.parse::<u32>().map_err(|_| text())?)
        }
    };
    let of = target.clone();
    cx.transact(move |cx, tx| {
        let target = of.clone();
        Box::pin(async move {
            match number {
                Some(number) => delete_version(tx, &target, number).await.map_err(Failure::from),
                None => delete_all(cx, tx, &target).await.map_err(Failure::from),
            }
        })
    })
    .await?;
    cx.platform.state::<Functions>()?.retire_all(&target);
    Ok(DeleteFunctionResponse { status_code: None })
}

/// A version that is not there is as good as deleted. Its package may be another version's too: the sweeper sees to it.
async fn delete_version(tx: &mut Tx, target: &Target, number: u32) -> Result<(), Error> {
    store::versions::latest(tx, &Target { qualifier: None, ..target.clone() }).await?;
    let aliases = store::versions::naming(tx, &target.scope, &target.name, number).await?;
    if !aliases.is_empty() {
        return Err(Error::VersionNamed(aliases));
    }
    store::versions::remove_version(tx, &target.scope, &target.name, number);
    Ok(())
}

async fn delete_all(cx: &Cx, tx: &mut Tx, target: &Target) -> Result<(), Error> {
    let function = store::versions::latest(tx, target).await?;
    let versions = store::versions::remove_published(tx, &target.scope, &target.name).await?;
    store::remove(tx, &target.scope, &target.name);
    store::events::remove_around(tx, &target.scope, &target.name).await?;
    let blobs = versions.iter().chain([&function]).filter_map(|function| function.code.blob());
    let blobs: HashMap<String, BlobId> = blobs.map(|blob| (blob.as_str().to_owned(), blob)).collect();
    for blob in blobs.into_values() {
        cx.after_commit(Effect::DeleteBlob(blob));
    }
    Ok(())
}
