//! Stages: create, get, list, delete.

use std::collections::BTreeMap;

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::keys::{self, Part};
use crate::model::{DEFAULT, Deployment, Stage};
use crate::ops::page::page;
use crate::store;
use crate::wire::{
    self, CreateStageRequest, CreateStageResponse, DeleteStageNothing, DeleteStageRequest, GetStageRequest,
    GetStageResponse, GetStagesRequest, GetStagesResponse,
};

/// The three shapes that show a stage; in one of them its name is required.
macro_rules! described {
    ($shape:path, $stage:expr, $required:expr) => {{
        let stage: &Stage = $stage;
        $shape {
            api_gateway_managed: stage.managed.then_some(true),
            auto_deploy: Some(stage.auto_deploy),
            created_date: Some(stage.created),
            deployment_id: stage.deployment.clone(),
            description: stage.description.clone(),
            last_updated_date: Some(stage.updated),
            stage_name: $required(stage.name.clone()),
            stage_variables: Some(stage.variables.clone()),
            tags: Some(stage.tags.clone()),
        }
    }};
}

/// A stage of this name is not there.
pub(crate) const MISSING: Error = Error::NoSuchPart { noun: "stage" };

/// Creates a stage, which serves the API as it is at any moment (auto-deploy) or as a deployment keeps it.
pub(crate) async fn create_stage(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateStageRequest,
) -> Result<CreateStageResponse, Error> {
    let CreateStageRequest { api_id, auto_deploy, deployment_id, description, stage_name, stage_variables, tags } =
        input;
    store::api(tx, &cx.scope, api_id).await?;
    check_name(stage_name)?;
    let variables = stage_variables.clone().unwrap_or_default();
    check_variables(&variables)?;
    let auto_deploy = auto_deploy.unwrap_or(false);
    if let Some(id) = deployment_id {
        if auto_deploy {
            return Err(Error::bad("Deployment ID cannot be set for a stage with auto deploy enabled"));
        }
        let found: Option<Deployment> = store::part(tx, &keys::parts(&cx.scope, api_id, Part::Deployment), id).await?;
        found.ok_or(Error::NoSuchPart { noun: "Deployment" })?;
    }
    let prefix = keys::parts(&cx.scope, api_id, Part::Stage);
    if store::part::<Stage>(tx, &prefix, stage_name).await?.is_some() {
        return Err(Error::Conflict("Stage already exists".into()));
    }
    let stage = Stage {
        name: stage_name.clone(),
        description: description.clone(),
        auto_deploy,
        deployment: deployment_id.clone(),
        variables,
        tags: tags.clone().unwrap_or_default(),
        created: cx.now(),
        updated: cx.now(),
        managed: false,
    };
    store::put_part(tx, &prefix, &stage)?;
    Ok(described!(CreateStageResponse, &stage, Some))
}

fn check_name(name: &str) -> Result<(), Error> {
    let valid = name == DEFAULT || name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if valid { Ok(()) } else { Err(Error::bad("Stage name only allows a-zA-Z0-9_- and $default")) }
}

fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), Error> {
    let name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c));
    match variables.iter().find(|(key, text)| !name(key) || !value(text)) {
        Some((key, _)) => Err(Error::bad(format!("Stage variable {key} has an invalid name or value"))),
        None => Ok(()),
    }
}

pub(crate) async fn get_stage(cx: &Cx, tx: &mut Tx, input: &GetStageRequest) -> Result<GetStageResponse, Error> {
    let GetStageRequest { api_id, stage_name } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Stage);
    let stage: Stage = store::part(tx, &prefix, stage_name).await?.ok_or(MISSING)?;
    Ok(described!(GetStageResponse, &stage, Some))
}

pub(crate) async fn get_stages(cx: &Cx, tx: &mut Tx, input: &GetStagesRequest) -> Result<GetStagesResponse, Error> {
    let GetStagesRequest { api_id, max_results, next_token } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Stage);
    let (items, next_token) = page(cx, tx, &prefix, max_results.as_deref(), next_token.as_deref()).await?;
    let items = items.iter().map(|stage: &Stage| described!(wire::Stage, stage, std::convert::identity));
    Ok(GetStagesResponse { items: Some(items.collect()), next_token })
}

pub(crate) async fn delete_stage(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteStageRequest,
) -> Result<DeleteStageNothing, Error> {
    let DeleteStageRequest { api_id, stage_name } = input;
    store::api(tx, &cx.scope, api_id).await?;
    let prefix = keys::parts(&cx.scope, api_id, Part::Stage);
    let _: Stage = store::part(tx, &prefix, stage_name).await?.ok_or(MISSING)?;
    store::delete_part(tx, &prefix, stage_name);
    Ok(DeleteStageNothing {})
}
