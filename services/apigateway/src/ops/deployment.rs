//! Deployments: create, get, list. Each keeps routes and integrations as they were.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{Deployment, Stage};
use crate::ops::api::part_id;
use crate::ops::page::page;
use crate::ops::stage;
use crate::store;
use crate::wire::{
    self, CreateDeploymentRequest, CreateDeploymentResponse, GetDeploymentRequest, GetDeploymentResponse,
    GetDeploymentsRequest, GetDeploymentsResponse,
};

/// The three shapes that show a deployment.
macro_rules! described {
    ($shape:path, $deployment:expr) => {{
        let deployment: &Deployment = $deployment;
        $shape {
            auto_deployed: Some(false),
            created_date: Some(deployment.created),
            deployment_id: Some(deployment.id.clone()),
            deployment_status: Some("DEPLOYED".into()),
            description: deployment.description.clone(),
        }
    }};
}

/// Keeps the API as it is; with a stage, the stage serves that from now on.
pub(crate) async fn create_deployment(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateDeploymentRequest,
) -> Result<CreateDeploymentResponse, Error> {
    let CreateDeploymentRequest { api_id, description, stage_name } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let at = |part| keys::parts(&cx.scope, api_id, part);
    let deployment = Deployment {
        id: part_id(cx),
        description: description.clone(),
        created: cx.now(),
        routes: store::all(tx, &at(Part::Route)).await?,
        integrations: store::all(tx, &at(Part::Integration)).await?,
    };
    if deployment.routes.is_empty() {
        return Err(Error::bad("At least one route is required before deploying the Api."));
    }
    if let Some(name) = stage_name {
        let mut stage: Stage = store::part(tx, &at(Part::Stage), name).await?.ok_or(stage::MISSING)?;
        if stage.auto_deploy {
            return Err(Error::bad("Deployment ID cannot be set for a stage with auto deploy enabled"));
        }
        stage.deployment = Some(deployment.id.clone());
        stage.updated = cx.now();
        store::put_part(tx, &at(Part::Stage), &stage)?;
    }
    store::put_part(tx, &at(Part::Deployment), &deployment)?;
    Ok(described!(CreateDeploymentResponse, &deployment))
}

pub(crate) async fn get_deployment(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetDeploymentRequest,
) -> Result<GetDeploymentResponse, Error> {
    let GetDeploymentRequest { api_id, deployment_id } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let found = store::part(tx, &keys::parts(&cx.scope, api_id, Part::Deployment), deployment_id).await?;
    let deployment: Deployment = found.ok_or(Error::NoSuchPart { noun: "Deployment" })?;
    Ok(described!(GetDeploymentResponse, &deployment))
}

pub(crate) async fn get_deployments(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetDeploymentsRequest,
) -> Result<GetDeploymentsResponse, Error> {
    let GetDeploymentsRequest { api_id, max_results, next_token } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Deployment);
    let (items, next_token) = page(cx, tx, &prefix, max_results.as_deref(), next_token.as_deref()).await?;
    let items = items.iter().map(|deployment: &Deployment| described!(wire::Deployment, deployment));
    Ok(GetDeploymentsResponse { items: Some(items.collect()), next_token })
}
