//! A function as answers show it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use service::Cx;

use crate::engine::Functions;
use crate::model::Function;
use crate::model::layer::UsedLayer;
use crate::names::Target;
use crate::wire::{
    EnvironmentResponse, EphemeralStorage, FunctionConfiguration, Layer, LoggingConfig, SnapStartResponse,
    TracingConfigResponse,
};

/// The configuration, its ARN with the qualifier that was asked for.
pub(crate) fn configuration(cx: &Cx, target: &Target, function: &Function) -> FunctionConfiguration {
    let some = |text: &str| Some(text.to_owned());
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let variables = Some(function.variables.clone()).filter(|variables| !variables.is_empty());
    FunctionConfiguration {
        function_name: some(&function.name),
        function_arn: Some(target.qualified_arn().to_string()),
        runtime: some(&function.runtime),
        role: Some(function.role.to_string()),
        handler: some(&function.handler),
        code_size: i64::try_from(function.code.bytes).ok(),
        description: some(&function.description),
        timeout: Some(number(function.timeout_s)),
        memory_size: Some(number(function.memory_mb)),
        last_modified: Some(function.modified.iso8601_offset()),
        code_sha256: Some(BASE64_STANDARD.encode(hex::decode(&function.code.sha256).unwrap_or_default())),
        version: Some(function.version_name()),
        environment: variables.map(|variables| EnvironmentResponse { variables: Some(variables) }),
        tracing_config: Some(TracingConfigResponse { mode: some("PassThrough") }),
        layers: (!function.layers.is_empty()).then(|| function.layers.iter().map(layer).collect()),
        revision_id: some(&function.revision),
        state: some("Active"),
        state_reason: stand_in(cx, &function.runtime),
        last_update_status: some("Successful"),
        package_type: some("Zip"),
        architectures: Some(vec![function.architecture.clone()]),
        ephemeral_storage: Some(EphemeralStorage { size: number(function.storage_mb) }),
        snap_start: Some(SnapStartResponse { apply_on: some("None"), optimization_status: some("Off") }),
        logging_config: Some(LoggingConfig { log_format: some("Text"), log_group: Some(target.log_group()) }),
    }
}

fn layer(used: &UsedLayer) -> Layer {
    Layer { arn: Some(used.arn.to_string()), code_size: i64::try_from(used.code.bytes).ok() }
}

/// The same in a listing, which leaves the states out (docs: ListFunctions).
pub(crate) fn listed(cx: &Cx, target: &Target, function: &Function) -> FunctionConfiguration {
    FunctionConfiguration {
        state: None,
        state_reason: None,
        last_update_status: None,
        ..configuration(cx, target, function)
    }
}

/// Which runtime serves it where the host lacks its own.
fn stand_in(cx: &Cx, name: &str) -> Option<String> {
    let there = cx.platform.state::<Functions>().ok()?.stand_in(name)?;
    Some(format!("{name} is not on this host: {} ({}), the nearest, runs it", there.name, there.version))
}
