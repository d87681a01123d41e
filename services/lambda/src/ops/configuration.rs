//! UpdateFunctionCode and UpdateFunctionConfiguration.

use service::{Cx, Effect, Failure};

use crate::engine::Functions;
use crate::engine::pool::Place;
use crate::errors::Error;
use crate::model::{self, Code, Function};
use crate::names::Target;
use crate::ops::render::configuration;
use crate::ops::{role, upload};
use crate::store;
use crate::wire::{FunctionConfiguration, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest};

/// Keeps the new package, then the record; the old package goes when nothing names it any more.
pub(crate) async fn update_function_code(
    cx: &Cx,
    input: &UpdateFunctionCodeRequest,
) -> Result<FunctionConfiguration, Error> {
    let UpdateFunctionCodeRequest { function_name, zip_file, architectures, publish: _, dry_run, revision_id } = input;
    let target = Target::new(cx, function_name, None)?;
    let architecture = model::architecture(architectures.as_deref())?;
    let now = current(cx, &target, revision_id.as_deref()).await?;
    let judged = upload::judge(zip_file.as_ref(), "UpdateFunctionCode").await?;
    if *dry_run == Some(true) {
        let code = judged.unkept(&now.code);
        return Ok(configuration(&target, &Function { code, ..now }));
    }
    let code = judged.keep(cx).await?;
    let change = Change::Code { code: code.clone(), architecture };
    match apply(cx, &target, revision_id.clone(), change).await {
        Ok(function) => Ok(configuration(&target, &function)),
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
    let target = Target::new(cx, &input.function_name, None)?;
    let mut change = input.clone();
    if let Some(runtime) = &input.runtime {
        cx.platform.state::<Functions>()?.runtime(runtime)?;
    }
    if let Some(variables) = input.environment.as_ref().and_then(|environment| environment.variables.as_ref()) {
        model::check_variables(variables)?;
    }
    current(cx, &target, input.revision_id.as_deref()).await?;
    if let Some(role) = &input.role {
        change.role = Some(role::passed(cx, role).await?.to_string());
    }
    let function = apply(cx, &target, input.revision_id.clone(), Change::Configuration(Box::new(change))).await?;
    Ok(configuration(&target, &function))
}

/// What an update changes.
#[derive(Clone)]
enum Change {
    Code { code: Code, architecture: String },
    Configuration(Box<UpdateFunctionConfigurationRequest>),
}

/// The function as it is, if it is of the revision that the request wants.
async fn current(cx: &Cx, target: &Target, revision: Option<&str>) -> Result<Function, Error> {
    let mut tx = cx.platform.begin().await?;
    let function = store::find(&mut tx, target).await?;
    check_revision(&function, revision)?;
    Ok(function)
}

fn check_revision(function: &Function, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != function.revision => Err(Error::Revision("GetFunction/GetAlias")),
        _ => Ok(()),
    }
}

/// Changes the record, and drops what is idle of the function as it was.
async fn apply(cx: &Cx, target: &Target, revision: Option<String>, change: Change) -> Result<Function, Failure> {
    let work = (target.clone(), revision, change);
    let function = cx.transact(move |cx, tx| {
        let (target, revision, change) = work.clone();
        Box::pin(async move {
            let mut function = store::find(tx, &target).await?;
            check_revision(&function, revision.as_deref())?;
            match change {
                Change::Code { code, architecture } => {
                    let old = std::mem::replace(&mut function.code, code);
                    function.architecture = architecture;
                    if let Some(old) = old.blob() {
                        cx.after_commit(Effect::DeleteBlob(old));
                    }
                }
                Change::Configuration(input) => configure(&mut function, *input)?,
            }
            function.revision = cx.platform.ids.uuid();
            function.generation = cx.platform.ids.uuid();
            function.modified = cx.now();
            store::save(tx, &target.scope, &function)?;
            Ok(function)
        })
    });
    let function = function.await?;
    cx.platform.state::<Functions>()?.retire(&Place::of(target));
    Ok(function)
}

/// Takes over what the request names; the rest stays.
fn configure(function: &mut Function, input: UpdateFunctionConfigurationRequest) -> Result<(), Error> {
    let UpdateFunctionConfigurationRequest {
        function_name: _,
        role,
        handler,
        description,
        timeout,
        memory_size,
        environment,
        runtime,
        tracing_config: _,
        revision_id: _,
        ephemeral_storage,
    } = input;
    let number = |value: Option<i32>, was: u32| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(was);
    if let Some(role) = role {
        function.role = role.parse().map_err(|_| Error::RoleNotTrusting)?;
    }
    function.handler = handler.unwrap_or_else(|| std::mem::take(&mut function.handler));
    function.description = description.unwrap_or_else(|| std::mem::take(&mut function.description));
    function.runtime = runtime.unwrap_or_else(|| std::mem::take(&mut function.runtime));
    function.timeout_s = number(timeout, function.timeout_s);
    function.memory_mb = number(memory_size, function.memory_mb);
    function.storage_mb = number(ephemeral_storage.map(|storage| storage.size), function.storage_mb);
    if let Some(environment) = environment {
        function.variables = environment.variables.unwrap_or_default();
    }
    Ok(())
}
