//! Routes: create, get, list, delete.

use kv::Tx;
use service::Cx;

use crate::engine::routes::RouteKey;
use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{Integration, Route};
use crate::ops::api::part_id;
use crate::ops::page::page;
use crate::store;
use crate::wire::{
    self, CreateRouteRequest, CreateRouteResult, DeleteRouteNothing, DeleteRouteRequest, GetRouteRequest,
    GetRouteResult, GetRoutesRequest, GetRoutesResponse,
};

/// The three shapes that show a route; in one of them its key is required.
macro_rules! described {
    ($shape:path, $route:expr, $required:expr) => {{
        let route: &Route = $route;
        $shape {
            api_gateway_managed: route.managed.then_some(true),
            api_key_required: Some(false),
            authorization_type: Some("NONE".into()),
            operation_name: route.operation_name.clone(),
            route_id: Some(route.id.clone()),
            route_key: $required(route.key.clone()),
            target: route.integration.as_ref().map(|id| format!("{TARGET}{id}")),
        }
    }};
}

const MISSING: Error = Error::NoSuchPart { noun: "Route" };

/// What a route's target starts with; the integration's id follows.
const TARGET: &str = "integrations/";

/// Creates a route to an integration.
pub(crate) async fn create_route(cx: &Cx, tx: &mut Tx, input: &CreateRouteRequest) -> Result<CreateRouteResult, Error> {
    // Routes have no authorisation (support.toml).
    let CreateRouteRequest { api_id, authorization_type: _, operation_name, route_key, target } = input;
    store::api(tx, &cx.scope, api_id).await?;
    check_key(route_key)?;
    let integration = match target {
        Some(target) => Some(integration(cx, tx, api_id, target).await?),
        None => None,
    };
    let prefix = keys::parts(&cx.scope, api_id, Part::Route);
    if store::all(tx, &prefix).await?.iter().any(|route: &Route| route.key == *route_key) {
        return Err(Error::Conflict(format!("Route with key {route_key} already exists for this API")));
    }
    let route = Route {
        id: part_id(cx),
        key: route_key.clone(),
        integration,
        operation_name: operation_name.clone(),
        managed: false,
    };
    store::put_part(tx, &prefix, &route)?;
    Ok(described!(CreateRouteResult, &route, Some))
}

/// Refuses what is no route key of an HTTP API.
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    RouteKey::parse(key).map(|_| ()).ok_or_else(|| {
        Error::bad(
            "The provided route key is not formatted properly for HTTP protocol. \
             Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"",
        )
    })
}

/// The id of the integration that a target names, which must be there.
async fn integration(cx: &Cx, tx: &mut Tx, api: &str, target: &str) -> Result<String, Error> {
    let id = target.strip_prefix(TARGET).ok_or_else(|| Error::bad(format!("Invalid target specified: {target}")))?;
    let found: Option<Integration> = store::part(tx, &keys::parts(&cx.scope, api, Part::Integration), id).await?;
    found.map(|integration| integration.id).ok_or(Error::NoSuchPart { noun: "Integration" })
}

pub(crate) async fn get_route(cx: &Cx, tx: &mut Tx, input: &GetRouteRequest) -> Result<GetRouteResult, Error> {
    let GetRouteRequest { api_id, route_id } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Route);
    let route: Route = store::part(tx, &prefix, route_id).await?.ok_or(MISSING)?;
    Ok(described!(GetRouteResult, &route, Some))
}

pub(crate) async fn get_routes(cx: &Cx, tx: &mut Tx, input: &GetRoutesRequest) -> Result<GetRoutesResponse, Error> {
    let GetRoutesRequest { api_id, max_results, next_token } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Route);
    let (items, next_token) = page(cx, tx, &prefix, max_results.as_deref(), next_token.as_deref()).await?;
    let items = items.iter().map(|route: &Route| described!(wire::Route, route, std::convert::identity));
    Ok(GetRoutesResponse { items: Some(items.collect()), next_token })
}

pub(crate) async fn delete_route(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteRouteRequest,
) -> Result<DeleteRouteNothing, Error> {
    let DeleteRouteRequest { api_id, route_id } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Route);
    let _: Route = store::part(tx, &prefix, route_id).await?.ok_or(MISSING)?;
    store::delete_part(tx, &prefix, route_id);
    Ok(DeleteRouteNothing {})
}
