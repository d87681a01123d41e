//! UpdateFunctionCode and UpdateFunctionConfiguration.

use service::{Cx, Effect, Failure};

use crate::engine::Functions;
use crate::engine::pool::Place;
use crate::errors::Error;
use crate::model::{self, Code, Function};
use crate::names::Target;
use crate::ops::render::configuration;
use crate::ops::role;
use crate::ops::settings::{self, Settings};
use crate::ops::upload::{self, Source};
use crate::ops::version::{self, version_target};
use crate::store;
use crate::wire::{FunctionConfiguration, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest};

/// Keeps the new package, then the record; the old package goes when nothing names it any more.
pub(crate) async fn update_function_code(
    cx: &Cx,
    input: &UpdateFunctionCodeRequest,
) -> Result<FunctionConfiguration, Error> {
    let UpdateFunctionCodeRequest {
        function_name,
        zip_file,
        s3_bucket,
        s3_key,
        s3_object_version,
        architectures,
        publish,
        dry_run,
        revision_id,
    } = input;
    let source = Source {
        zip: zip_file.as_ref(),
        bucket: s3_bucket.as_deref(),
        key: s3_key.as_deref(),
        version: s3_object_version.as_deref(),
    };
    let target = Target::new(cx, function_name, None)?;
    let architecture = model::architecture(architectures.as_deref())?;
    let now = current(cx, &target, revision_id.as_deref()).await?;
    let judged = upload::judge(cx, source, "UpdateFunctionCode").await?;
    if *dry_run == Some(true) {
        let code = judged.unkept(&now.code);
        return Ok(configuration(cx, &target, &Function { code, ..now }));
    }
    let code = judged.keep(cx).await?;
    let change = Change::Code { code: code.clone(), architecture };
    match apply(cx, &target, revision_id.clone(), change, *publish == Some(true)).await {
        Ok(function) => Ok(configuration(cx, &shown_as(target, &function), &function)),
        Err(failure) => {
            upload::discard(cx, &code, &failure).await;
            Err(failure.into())
        }
    }
}

pub(crate) async fn update_function_configuration(
    cx: &Cx,
    input: &UpdateFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Error> {
    let UpdateFunctionConfigurationRequest {
        function_name,
        role,
        handler,
        description,
        timeout,
        memory_size,
        environment,
        runtime,
        tracing_config: _,
        revision_id,
        ephemeral_storage,
        layers,
    } = input;
    let target = Target::new(cx, function_name, None)?;
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
    current(cx, &target, revision_id.as_deref()).await?;
    settings.layers = settings::layers(cx, layers.as_ref()).await?;
    if let Some(role) = role {
        settings.role = Some(role::passed(cx, role).await?);
    }
    let function = apply(cx, &target, revision_id.clone(), Change::Settings(Box::new(settings)), false).await?;
    Ok(configuration(cx, &target, &function))
}

/// What an update changes.
#[derive(Clone)]
enum Change {
    Code { code: Code, architecture: String },
    Settings(Box<Settings>),
}

/// The function as it is, if it is of the revision that the request wants.
async fn current(cx: &Cx, target: &Target, revision: Option<&str>) -> Result<Function, Error> {
    let mut tx = cx.platform.begin().await?;
    let function = store::versions::latest(&mut tx, target).await?;
    check_revision(&function, revision)?;
    Ok(function)
}

fn check_revision(function: &Function, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != function.revision => Err(Error::Revision("GetFunction/GetAlias")),
        _ => Ok(()),
    }
}

/// A version that has just been published is shown under its own name.
fn shown_as(target: Target, function: &Function) -> Target {
    if function.version.is_some() { version_target(&target, function) } else { target }
}

/// Changes the record, and drops what is idle of the function as it was. Answers the function, or the version of it.
async fn apply(
    cx: &Cx,
    target: &Target,
    revision: Option<String>,
    change: Change,
    publish: bool,
) -> Result<Function, Failure> {
    let work = (target.clone(), revision, change);
    let function = cx.transact(move |cx, tx| {
        let (target, revision, change) = work.clone();
        Box::pin(async move {
            let mut function = store::versions::latest(tx, &target).await?;
            check_revision(&function, revision.as_deref())?;
            match change {
                Change::Code { code, architecture } => {
                    let old = std::mem::replace(&mut function.code, code);
                    function.architecture = architecture;
                    // What a version may share with it is left to the sweeper.
                    if let (Some(old), None) = (old.blob(), &function.published) {
                        cx.after_commit(Effect::DeleteBlob(old));
                    }
                }
                Change::Settings(settings) => settings.apply(&mut function),
            }
            function.check_size()?;
            function.revision = cx.platform.ids.uuid();
            function.generation = cx.platform.ids.uuid();
            function.modified = cx.now();
            store::save(tx, &target.scope, &function)?;
            if publish {
                return version::publish(cx, tx, &target, &mut function, None).await.map_err(Failure::from);
            }
            Ok(function)
        })
    });
    let function = function.await?;
    cx.platform.state::<Functions>()?.retire(&Place::latest(target));
    Ok(function)
}
