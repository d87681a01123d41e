//! API Gateway, HTTP APIs: APIs, routes, integrations, stages, deployments; and the plane that serves them.

mod engine;
mod errors;
mod keys;
mod model;
mod ops;
mod plane;
mod store;
mod wire;

use base::Arn;
use service::common::{self, CommonErrors};
use service::{Anonymous, Cx, PlaneClaim, Service, demands};

use crate::ops::{api, deployment, integration, route, stage};

/// What leads to an API where its host name does not resolve; the API's id follows.
pub(crate) const EXECUTE_PATH: &str = "/_clearsky/execute-api";

/// The largest request to the control plane: every member at its limit, many times over.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How this service names errors that happen before an operation.
const ERRORS: CommonErrors = CommonErrors { validation: wire::errors::BAD_REQUEST_EXCEPTION, ..common::REST_JSON };

service::operations! { crate::wire;
    CreateApi => api::create_api, |s, _i| demands![apigateway::POST(arn(s, &[]))];
    GetApi => api::get_api, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id]))];
    GetApis => api::get_apis, |s, _i| demands![apigateway::GET(arn(s, &[]))];
    UpdateApi => api::update_api, |s, i| demands![apigateway::PATCH(arn(s, &[&i.api_id]))];
    DeleteCorsConfiguration => api::delete_cors_configuration,
        |s, i| demands![apigateway::DELETE(arn(s, &[&i.api_id, "cors"]))];
    DeleteApi => api::delete_api, |s, i| demands![apigateway::DELETE(arn(s, &[&i.api_id]))];
    CreateIntegration => integration::create_integration, |s, i| demands![apigateway::POST(arn(s, &[&i.api_id, "integrations"]))];
    GetIntegration => integration::get_integration,
        |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "integrations", &i.integration_id]))];
    GetIntegrations => integration::get_integrations, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "integrations"]))];
    DeleteIntegration => integration::delete_integration,
        |s, i| demands![apigateway::DELETE(arn(s, &[&i.api_id, "integrations", &i.integration_id]))];
    CreateRoute => route::create_route, |s, i| demands![apigateway::POST(arn(s, &[&i.api_id, "routes"]))];
    GetRoute => route::get_route, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "routes", &i.route_id]))];
    GetRoutes => route::get_routes, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "routes"]))];
    DeleteRoute => route::delete_route, |s, i| demands![apigateway::DELETE(arn(s, &[&i.api_id, "routes", &i.route_id]))];
    CreateStage => stage::create_stage, |s, i| demands![apigateway::POST(arn(s, &[&i.api_id, "stages"]))];
    GetStage => stage::get_stage, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "stages", &i.stage_name]))];
    GetStages => stage::get_stages, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "stages"]))];
    DeleteStage => stage::delete_stage, |s, i| demands![apigateway::DELETE(arn(s, &[&i.api_id, "stages", &i.stage_name]))];
    CreateDeployment => deployment::create_deployment, |s, i| demands![apigateway::POST(arn(s, &[&i.api_id, "deployments"]))];
    GetDeployment => deployment::get_deployment,
        |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "deployments", &i.deployment_id]))];
    GetDeployments => deployment::get_deployments, |s, i| demands![apigateway::GET(arn(s, &[&i.api_id, "deployments"]))];
}

/// The service's descriptor.
pub fn service() -> Service {
    Service {
        name: "apigateway",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::RestJson,
        errors: ERRORS,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &["/v2/"],
        resource_policy: None,
        resource_tags: None,
        blob_rows: &[],
        plane: Some((&[PlaneClaim::Host("execute-api"), PlaneClaim::Path(EXECUTE_PATH)], &plane::ExecuteApi)),
    }
}

/// Whether a route with this key takes the request; None where it is no route key. The path is decoded.
pub fn route_takes(route_key: &str, method: &str, path: &str) -> Option<bool> {
    engine::routes::RouteKey::parse(route_key)?;
    Some(engine::routes::find(&[route_key], |key| key, method, path).is_some())
}

/// What permissions are demanded on: the path of the resource, of no account (IAM's service reference).
fn arn(cx: &Cx, below: &[&str]) -> Arn {
    let path = ["/apis"].iter().chain(below).copied().collect::<Vec<_>>().join("/");
    Arn { account: String::new(), ..cx.arn("apigateway", &path) }
}
