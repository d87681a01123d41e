//! APIs: create, get, list, update, delete.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{self, Api, Cors, DEFAULT, Integration, Route, Stage, TIMEOUT_MS_MAX};
use crate::ops::page::page;
use crate::ops::route;
use crate::wire::{
    self, CreateApiRequest, CreateApiResponse, DeleteApiNothing, DeleteApiRequest, DeleteCorsConfigurationNothing,
    DeleteCorsConfigurationRequest, GetApiRequest, GetApiResponse, GetApisRequest, GetApisResponse, UpdateApiRequest,
    UpdateApiResponse,
};
use crate::{EXECUTE_PATH, store};

/// The four shapes that show an API; in one of them some members are required.
macro_rules! described {
    ($shape:path, $cx:expr, $api:expr, $required:expr) => {{
        let (cx, api): (&Cx, &Api) = ($cx, $api);
        $shape {
            api_endpoint: Some(format!("{}{EXECUTE_PATH}/{}", cx.base_url, api.id)),
            api_id: Some(api.id.clone()),
            api_key_selection_expression: Some("$request.header.x-api-key".into()),
            cors_configuration: api.cors.as_ref().map(shown),
            created_date: Some(api.created),
            description: api.description.clone(),
            disable_execute_api_endpoint: Some(false),
            ip_address_type: Some("ipv4".into()),
            name: $required(api.name.clone()),
            protocol_type: $required("HTTP".into()),
            route_selection_expression: $required("$request.method $request.path".into()),
            tags: Some(api.tags.clone()),
            version: api.version.clone(),
        }
    }};
}

/// The length of ids of APIs (observed).
const API_ID_CHARS: usize = 10;
/// The length of ids of what belongs to an API (observed).
const PART_ID_CHARS: usize = 7;

/// An id for something that belongs to an API.
pub(crate) fn part_id(cx: &Cx) -> String {
    cx.platform.ids.lower(PART_ID_CHARS)
}

/// Creates an API; with a target also its integration, its route and the stage `$default` (quick create).
pub(crate) async fn create_api(cx: &Cx, tx: &mut Tx, input: &CreateApiRequest) -> Result<CreateApiResponse, Error> {
    // What is not stored can have one value only (support.toml).
    let CreateApiRequest {
        api_key_selection_expression: _,
        cors_configuration,
        description,
        ip_address_type: _,
        name,
        protocol_type: _,
        route_key,
        route_selection_expression: _,
        tags,
        target,
        version,
    } = input;
    let mut id = cx.platform.ids.lower(API_ID_CHARS);
    while store::home(tx, &id).await?.is_some() {
        id = cx.platform.ids.lower(API_ID_CHARS);
    }
    let api = Api {
        id,
        name: name.clone(),
        description: description.clone(),
        version: version.clone(),
        tags: tags.clone().unwrap_or_default(),
        created: cx.now(),
        cors: cors_configuration.as_ref().map(configured).transpose()?,
    };
    store::put_api(tx, &cx.scope, &api)?;
    match (target, route_key) {
        (Some(target), key) => quick_create(cx, tx, &api, target, key.as_deref().unwrap_or(DEFAULT))?,
        (None, Some(_)) => return Err(Error::bad("RouteKey can only be specified with a Target")),
        (None, None) => (),
    }
    Ok(described!(CreateApiResponse, cx, &api, Some))
}

/// A configuration as it is kept.
fn configured(given: &wire::Cors) -> Result<Cors, Error> {
    let wire::Cors { allow_credentials, allow_headers, allow_methods, allow_origins, expose_headers, max_age } = given;
    let list = |given: &Option<Vec<String>>| given.clone().unwrap_or_default();
    let cors = Cors {
        allow_credentials: *allow_credentials,
        allow_headers: list(allow_headers),
        allow_methods: list(allow_methods),
        allow_origins: list(allow_origins),
        expose_headers: list(expose_headers),
        max_age_s: *max_age,
    };
    cors.check()?;
    Ok(cors)
}

/// A configuration as answers show it: what was not given is left out.
fn shown(cors: &Cors) -> wire::Cors {
    let list = |kept: &Vec<String>| Some(kept.clone()).filter(|list| !list.is_empty());
    wire::Cors {
        allow_credentials: cors.allow_credentials,
        allow_headers: list(&cors.allow_headers),
        allow_methods: list(&cors.allow_methods),
        allow_origins: list(&cors.allow_origins),
        expose_headers: list(&cors.expose_headers),
        max_age: cors.max_age_s,
    }
}

fn quick_create(cx: &Cx, tx: &mut Tx, api: &Api, target: &str, key: &str) -> Result<(), Error> {
    route::check_key(key)?;
    let integration = Integration {
        id: part_id(cx),
        description: None,
        uri: target.to_owned(),
        function: model::function(target)?,
        timeout_ms: TIMEOUT_MS_MAX,
        managed: true,
    };
    let route = Route {
        id: part_id(cx),
        key: key.to_owned(),
        integration: Some(integration.id.clone()),
        operation_name: None,
        managed: true,
    };
    let stage = Stage {
        name: DEFAULT.to_owned(),
        description: None,
        auto_deploy: true,
        deployment: None,
        variables: Default::default(),
        tags: Default::default(),
        created: cx.now(),
        updated: cx.now(),
        managed: true,
    };
    let at = |part| keys::parts(&cx.scope, &api.id, part);
    store::put_part(tx, &at(Part::Integration), &integration)?;
    store::put_part(tx, &at(Part::Route), &route)?;
    store::put_part(tx, &at(Part::Stage), &stage)
}

pub(crate) async fn get_api(cx: &Cx, tx: &mut Tx, input: &GetApiRequest) -> Result<GetApiResponse, Error> {
    let GetApiRequest { api_id } = input;
    let api = store::api(tx, &cx.scope, api_id).await?;
    Ok(described!(GetApiResponse, cx, &api, Some))
}

pub(crate) async fn get_apis(cx: &Cx, tx: &mut Tx, input: &GetApisRequest) -> Result<GetApisResponse, Error> {
    let GetApisRequest { max_results, next_token } = input;
    let prefix = keys::apis(&cx.scope);
    let (items, next_token) = page(cx, tx, &prefix, max_results.as_deref(), next_token.as_deref()).await?;
    let items = items.iter().map(|api: &Api| described!(wire::Api, cx, api, std::convert::identity));
    Ok(GetApisResponse { items: Some(items.collect()), next_token })
}

/// Changes what the request names; a CORS configuration is replaced as a whole.
pub(crate) async fn update_api(cx: &Cx, tx: &mut Tx, input: &UpdateApiRequest) -> Result<UpdateApiResponse, Error> {
    // What is not stored can have one value only (support.toml).
    let UpdateApiRequest {
        api_id,
        api_key_selection_expression: _,
        cors_configuration,
        description,
        ip_address_type: _,
        name,
        route_selection_expression: _,
        version,
    } = input;
    let mut api = store::api(tx, &cx.scope, api_id).await?;
    if let Some(name) = name {
        api.name.clone_from(name);
    }
    api.description = description.clone().or(api.description);
    api.version = version.clone().or(api.version);
    api.cors = cors_configuration.as_ref().map(configured).transpose()?.or(api.cors);
    store::put_api(tx, &cx.scope, &api)?;
    Ok(described!(UpdateApiResponse, cx, &api, Some))
}

pub(crate) async fn delete_cors_configuration(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteCorsConfigurationRequest,
) -> Result<DeleteCorsConfigurationNothing, Error> {
    let DeleteCorsConfigurationRequest { api_id } = input;
    let api = store::api(tx, &cx.scope, api_id).await?;
    store::put_api(tx, &cx.scope, &Api { cors: None, ..api })?;
    Ok(DeleteCorsConfigurationNothing {})
}

/// Deletes an API and all that belongs to it.
pub(crate) async fn delete_api(cx: &Cx, tx: &mut Tx, input: &DeleteApiRequest) -> Result<DeleteApiNothing, Error> {
    let DeleteApiRequest { api_id } = input;
    store::api(tx, &cx.scope, api_id).await?;
    store::delete_api(tx, &cx.scope, api_id).await?;
    Ok(DeleteApiNothing {})
}
