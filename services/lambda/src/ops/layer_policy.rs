//! AddLayerVersionPermission, RemoveLayerVersionPermission, GetLayerVersionPolicy: who may use a layer version.

use kv::Tx;
use serde_json::json;
use service::Cx;

use crate::errors::Error;
use crate::model::layer::{LayerTarget, LayerVersion};
use crate::model::{self, Permission};
use crate::ops::layer::{find, numbered};
use crate::ops::permission::{check_policy, principal};
use crate::store;
use crate::wire::{
    AddLayerVersionPermissionRequest, AddLayerVersionPermissionResponse, GetLayerVersionPolicyRequest,
    GetLayerVersionPolicyResponse, RemoveLayerVersionPermissionNothing, RemoveLayerVersionPermissionRequest,
};

pub(crate) async fn add_layer_version_permission(
    cx: &Cx,
    tx: &mut Tx,
    input: &AddLayerVersionPermissionRequest,
) -> Result<AddLayerVersionPermissionResponse, Error> {
    let AddLayerVersionPermissionRequest {
        layer_name,
        version_number,
        statement_id,
        action,
        principal: who,
        revision_id,
    } = input;
    let target = numbered(cx, layer_name, *version_number)?;
    let mut version = existing(tx, &target, revision_id.as_deref()).await?;
    if version.permissions.iter().any(|permission| permission.sid == *statement_id) {
        return Err(Error::StatementExists(statement_id.clone()));
    }
    let statement = json!({
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": principal(&target.scope, who)?,
        "Action": action,
        "Resource": target.version_arn().to_string(),
    });
    let shown = statement.to_string();
    version.permissions.push(Permission { sid: statement_id.clone(), statement });
    check_policy(&version.permissions)?;
    version.revision = cx.platform.ids.uuid();
    store::layers::save_layer_version(tx, &target.scope, &version)?;
    Ok(AddLayerVersionPermissionResponse { statement: Some(shown), revision_id: Some(version.revision) })
}

pub(crate) async fn remove_layer_version_permission(
    cx: &Cx,
    tx: &mut Tx,
    input: &RemoveLayerVersionPermissionRequest,
) -> Result<RemoveLayerVersionPermissionNothing, Error> {
    let RemoveLayerVersionPermissionRequest { layer_name, version_number, statement_id, revision_id } = input;
    let target = numbered(cx, layer_name, *version_number)?;
    let mut version = existing(tx, &target, revision_id.as_deref()).await?;
    let at = version.permissions.iter().position(|permission| permission.sid == *statement_id);
    version.permissions.remove(at.ok_or_else(|| Error::NoStatement(statement_id.clone()))?);
    version.revision = cx.platform.ids.uuid();
    store::layers::save_layer_version(tx, &target.scope, &version)?;
    Ok(RemoveLayerVersionPermissionNothing {})
}

pub(crate) async fn get_layer_version_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetLayerVersionPolicyRequest,
) -> Result<GetLayerVersionPolicyResponse, Error> {
    let GetLayerVersionPolicyRequest { layer_name, version_number } = input;
    let target = numbered(cx, layer_name, *version_number)?;
    let version = existing(tx, &target, None).await?;
    let policy = model::policy_of(&version.permissions).ok_or(Error::NoPolicyToChange)?;
    Ok(GetLayerVersionPolicyResponse { policy: Some(policy.to_string()), revision_id: Some(version.revision) })
}

async fn existing(tx: &mut Tx, target: &LayerTarget, revision: Option<&str>) -> Result<LayerVersion, Error> {
    let version = find(tx, target).await?;
    let version = version.ok_or_else(|| Error::NoLayerVersion(target.version_arn().to_string()))?;
    match revision {
        Some(wanted) if wanted != version.revision => Err(Error::Revision("GetLayerVersionPolicy")),
        _ => Ok(version),
    }
}
