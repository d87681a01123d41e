//! Integrations: create, get, list, delete.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{self, Integration, Route, TIMEOUT_MS_MAX};
use crate::ops::api::part_id;
use crate::ops::page::page;
use crate::store;
use crate::wire::{
    self, CreateIntegrationRequest, CreateIntegrationResult, DeleteIntegrationNothing, DeleteIntegrationRequest,
    GetIntegrationRequest, GetIntegrationResult, GetIntegrationsRequest, GetIntegrationsResponse,
};

/// The three shapes that show an integration.
macro_rules! described {
    ($shape:path, $integration:expr) => {{
        let integration: &Integration = $integration;
        $shape {
            api_gateway_managed: integration.managed.then_some(true),
            connection_type: Some("INTERNET".into()),
            description: integration.description.clone(),
            integration_id: Some(integration.id.clone()),
            integration_method: Some("POST".into()),
            integration_type: Some("AWS_PROXY".into()),
            integration_uri: Some(integration.uri.clone()),
            payload_format_version: Some("2.0".into()),
            timeout_in_millis: Some(integration.timeout_ms),
        }
    }};
}

const MISSING: Error = Error::NoSuchPart { noun: "Integration" };

/// Creates an integration with a function.
pub(crate) async fn create_integration(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateIntegrationRequest,
) -> Result<CreateIntegrationResult, Error> {
    // What is not stored can have one value only (support.toml).
    let CreateIntegrationRequest {
        api_id,
        connection_type: _,
        description,
        integration_method: _,
        integration_type: _,
        integration_uri,
        payload_format_version,
        timeout_in_millis,
    } = input;
    store::api(tx, &cx.scope, api_id).await?;
    if payload_format_version.is_none() {
        return Err(Error::bad("PayloadFormatVersion is a required parameter for integration"));
    }
    let uri = integration_uri
        .as_deref()
        .ok_or_else(|| Error::bad("IntegrationUri is a required parameter for integration"))?;
    let integration = Integration {
        id: part_id(cx),
        description: description.clone(),
        uri: uri.to_owned(),
        function: model::function(uri)?,
        timeout_ms: timeout_in_millis.unwrap_or(TIMEOUT_MS_MAX),
        managed: false,
    };
    store::put_part(tx, &keys::parts(&cx.scope, api_id, Part::Integration), &integration)?;
    Ok(described!(CreateIntegrationResult, &integration))
}

pub(crate) async fn get_integration(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetIntegrationRequest,
) -> Result<GetIntegrationResult, Error> {
    let GetIntegrationRequest { api_id, integration_id } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Integration);
    let integration: Integration = store::part(tx, &prefix, integration_id).await?.ok_or(MISSING)?;
    Ok(described!(GetIntegrationResult, &integration))
}

pub(crate) async fn get_integrations(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetIntegrationsRequest,
) -> Result<GetIntegrationsResponse, Error> {
    let GetIntegrationsRequest { api_id, max_results, next_token } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Integration);
    let (items, next_token) = page(cx, tx, &prefix, max_results.as_deref(), next_token.as_deref()).await?;
    let items = items.iter().map(|integration: &Integration| described!(wire::Integration, integration));
    Ok(GetIntegrationsResponse { items: Some(items.collect()), next_token })
}

/// Deletes an integration that no route has as its target.
pub(crate) async fn delete_integration(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteIntegrationRequest,
) -> Result<DeleteIntegrationNothing, Error> {
    let DeleteIntegrationRequest { api_id, integration_id } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Integration);
    let integration: Integration = store::part(tx, &prefix, integration_id).await?.ok_or(MISSING)?;
    let routes: Vec<Route> = store::all(tx, &keys::parts(&cx.scope, api_id, Part::Route)).await?;
    if let Some(route) = routes.iter().find(|route| route.integration.as_ref() == Some(&integration.id)) {
        let text =
            format!("Cannot delete Integration '{integration_id}'. It is the target of the route '{}'.", route.key);
        return Err(Error::Conflict(text));
    }
    store::delete_part(tx, &prefix, integration_id);
    Ok(DeleteIntegrationNothing {})
}
