//! Lambda: functions, their packages, environments, policies and logs.

mod engine;
mod errors;
mod keys;
mod model;
mod names;
mod ops;
mod plane;
mod policy_of;
mod port;
mod store;
mod wire;
mod worker;

pub use engine::Functions;
pub use engine::runtimes::Runtimes;
pub use port::Invoker;

use service::{Cx, Demand, demands};

use model::layer::LayerTarget;
use names::Target;
use ops::{
    alias, concurrency, configuration, event_invoke, function, invoke, layer, layer_policy, permission, stream, tag,
    version,
};

/// What AWS says a request may have: 50 MB of zip in base64, and room (observed in its error's text).
pub(crate) const BODY_BYTES_MAX: usize = 70_167_211;

service::operations! { crate::wire;
    CreateFunction => run function::create_function, |s, i| creates(s, i);
    GetFunction => function::get_function, |s, i| demands![lambda::GetFunction(arn(s, &i.function_name))];
    GetFunctionConfiguration => function::get_function_configuration,
        |s, i| demands![lambda::GetFunctionConfiguration(arn(s, &i.function_name))];
    ListFunctions => function::list_functions, |s, i| demands![lambda::ListFunctions("*")];
    DeleteFunction => run function::delete_function, |s, i| demands![lambda::DeleteFunction(arn(s, &i.function_name))];
    UpdateFunctionCode => run configuration::update_function_code,
        |s, i| demands![lambda::UpdateFunctionCode(arn(s, &i.function_name))];
    UpdateFunctionConfiguration => run configuration::update_function_configuration,
        |s, i| demands![lambda::UpdateFunctionConfiguration(arn(s, &i.function_name))];
    Invoke => run invoke::invoke,
        |s, i| demands![lambda::InvokeFunction(Target::lenient(s, &i.function_name, i.qualifier.as_deref()).qualified_arn())];
    PutFunctionConcurrency => concurrency::put_function_concurrency,
        |s, i| demands![lambda::PutFunctionConcurrency(arn(s, &i.function_name))];
    GetFunctionConcurrency => concurrency::get_function_concurrency,
        |s, i| demands![lambda::GetFunctionConcurrency(arn(s, &i.function_name))];
    DeleteFunctionConcurrency => concurrency::delete_function_concurrency,
        |s, i| demands![lambda::DeleteFunctionConcurrency(arn(s, &i.function_name))];
    GetAccountSettings => concurrency::get_account_settings, |_s, _i| demands![lambda::GetAccountSettings("*")];
    PutFunctionEventInvokeConfig => event_invoke::put_function_event_invoke_config,
        |s, i| demands![lambda::PutFunctionEventInvokeConfig(arn(s, &i.function_name))];
    UpdateFunctionEventInvokeConfig => event_invoke::update_function_event_invoke_config,
        |s, i| demands![lambda::UpdateFunctionEventInvokeConfig(arn(s, &i.function_name))];
    GetFunctionEventInvokeConfig => event_invoke::get_function_event_invoke_config,
        |s, i| demands![lambda::GetFunctionEventInvokeConfig(arn(s, &i.function_name))];
    ListFunctionEventInvokeConfigs => event_invoke::list_function_event_invoke_configs,
        |s, i| demands![lambda::ListFunctionEventInvokeConfigs(arn(s, &i.function_name))];
    DeleteFunctionEventInvokeConfig => event_invoke::delete_function_event_invoke_config,
        |s, i| demands![lambda::DeleteFunctionEventInvokeConfig(arn(s, &i.function_name))];
    InvokeWithResponseStream => events stream::invoke_with_response_stream,
        |s, i| demands![lambda::InvokeFunction(Target::lenient(s, &i.function_name, i.qualifier.as_deref()).qualified_arn())];
    AddPermission => permission::add_permission, |s, i| vec![permission::demand(&arn(s, &i.function_name), &i.principal)];
    RemovePermission => permission::remove_permission, |s, i| demands![lambda::RemovePermission(arn(s, &i.function_name))];
    GetPolicy => permission::get_policy, |s, i| demands![lambda::GetPolicy(arn(s, &i.function_name))];
    PublishVersion => version::publish_version, |s, i| demands![lambda::PublishVersion(arn(s, &i.function_name))];
    ListVersionsByFunction => version::list_versions_by_function,
        |s, i| demands![lambda::ListVersionsByFunction(arn(s, &i.function_name))];
    CreateAlias => alias::create_alias, |s, i| demands![lambda::CreateAlias(arn(s, &i.function_name))];
    GetAlias => alias::get_alias, |s, i| demands![lambda::GetAlias(arn(s, &i.function_name))];
    UpdateAlias => alias::update_alias, |s, i| demands![lambda::UpdateAlias(arn(s, &i.function_name))];
    DeleteAlias => alias::delete_alias, |s, i| demands![lambda::DeleteAlias(arn(s, &i.function_name))];
    ListAliases => alias::list_aliases, |s, i| demands![lambda::ListAliases(arn(s, &i.function_name))];
    PublishLayerVersion => run layer::publish_layer_version,
        |s, i| demands![lambda::PublishLayerVersion(LayerTarget::lenient(s, &i.layer_name, None).arn())];
    GetLayerVersion => layer::get_layer_version,
        |s, i| demands![lambda::GetLayerVersion(layer_arn(s, &i.layer_name, i.version_number))];
    GetLayerVersionByArn => layer::get_layer_version_by_arn, |s, i| demands![lambda::GetLayerVersion(&i.arn)];
    ListLayers => layer::list_layers, |s, i| demands![lambda::ListLayers("*")];
    ListLayerVersions => layer::list_layer_versions, |s, i| demands![lambda::ListLayerVersions("*")];
    DeleteLayerVersion => layer::delete_layer_version,
        |s, i| demands![lambda::DeleteLayerVersion(layer_arn(s, &i.layer_name, i.version_number))];
    AddLayerVersionPermission => layer_policy::add_layer_version_permission,
        |s, i| demands![lambda::AddLayerVersionPermission(layer_arn(s, &i.layer_name, i.version_number))];
    RemoveLayerVersionPermission => layer_policy::remove_layer_version_permission,
        |s, i| demands![lambda::RemoveLayerVersionPermission(layer_arn(s, &i.layer_name, i.version_number))];
    GetLayerVersionPolicy => layer_policy::get_layer_version_policy,
        |s, i| demands![lambda::GetLayerVersionPolicy(layer_arn(s, &i.layer_name, i.version_number))];
    ListTags => tag::list_tags, |s, i| demands![lambda::ListTags(arn(s, &i.resource))];
    TagResource => tag::tag_resource, |s, i| demands![lambda::TagResource(arn(s, &i.resource))];
    UntagResource => tag::untag_resource, |s, i| demands![lambda::UntagResource(arn(s, &i.resource))];
}

/// The ARN of the function that a request names, without a qualifier.
fn arn(cx: &Cx, name: &str) -> base::Arn {
    Target::lenient(cx, name, None).arn()
}

/// The ARN of the layer version that a request names.
fn layer_arn(cx: &Cx, name: &str, number: i64) -> base::Arn {
    LayerTarget::lenient(cx, name, Some(number)).version_arn()
}

/// Creating with tags demands the right to tag.
fn creates(cx: &Cx, input: &wire::CreateFunctionRequest) -> Vec<Demand> {
    let arn = arn(cx, &input.function_name);
    let mut demands = demands![lambda::CreateFunction(&arn)];
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        demands.extend(demands![lambda::TagResource(&arn)]);
    }
    demands
}

/// Lambda's descriptor.
pub fn service() -> service::Service {
    service::Service {
        name: "lambda",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::RestJson,
        errors: service::common::REST_JSON,
        anonymous: service::Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[service::HostStyle::Label("lambda")],
        paths: &[
            "/2015-03-31/",
            "/2017-03-31/tags/",
            "/2018-10-31/layers",
            "/2021-11-15/functions/",
            "/2019-09-25/functions/",
            "/2017-10-31/functions/",
            "/2019-09-30/functions/",
            "/2016-08-19/account-settings",
        ],
        resource_policy: Some(|cx, tx, arn| Box::pin(policy_of::resource_policy(cx, tx, arn))),
        resource_tags: None,
        blob_rows: keys::BLOB_ROWS,
        plane: Some((plane::CLAIMS, &plane::Download)),
    }
}
