//! Layers: PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions, DeleteLayerVersion.

use kv::Tx;
use service::{Cx, Failure, demand};

use crate::errors::Error;
use crate::model::Code;
use crate::model::layer::{LAYERS_MAX, Layer, LayerTarget, LayerVersion, UsedLayer};
use crate::ops::upload::{self, Source};
use crate::ops::version::{after, invalid_marker, limit, shown_sha256};
use crate::plane;
use crate::store;
use crate::wire::{
    DeleteLayerVersionNothing, DeleteLayerVersionRequest, GetLayerVersionByArnRequest, GetLayerVersionRequest,
    GetLayerVersionResponse, LayerVersionContentInput, LayerVersionContentOutput, LayerVersionsListItem,
    LayersListItem, ListLayerVersionsRequest, ListLayerVersionsResponse, ListLayersRequest, ListLayersResponse,
    PublishLayerVersionRequest, PublishLayerVersionResponse,
};

/// Keeps the package, then the record, under the next number.
pub(crate) async fn publish_layer_version(
    cx: &Cx,
    input: &PublishLayerVersionRequest,
) -> Result<PublishLayerVersionResponse, Error> {
    let PublishLayerVersionRequest {
        layer_name,
        description,
        content,
        compatible_architectures,
        compatible_runtimes,
        license_info,
    } = input;
    let LayerVersionContentInput { s3_bucket, s3_key, s3_object_version, zip_file } = content;
    let source = Source {
        zip: zip_file.as_ref(),
        bucket: s3_bucket.as_deref(),
        key: s3_key.as_deref(),
        version: s3_object_version.as_deref(),
    };
    let target = LayerTarget::new(cx, layer_name, None)?;
    let code = upload::judge(cx, source, "PublishLayerVersion").await?.keep(cx).await?;
    let version = LayerVersion {
        name: target.name.clone(),
        number: 0,
        code: code.clone(),
        description: description.clone().unwrap_or_default(),
        license: license_info.clone(),
        runtimes: compatible_runtimes.clone(),
        architectures: compatible_architectures.clone(),
        created: cx.now(),
        permissions: Vec::new(),
        revision: cx.platform.ids.uuid(),
    };
    match add(cx, &target, version).await {
        Ok(version) => Ok(shown(cx, &target, version).into()),
        Err(failure) => {
            upload::discard(cx, &code, &failure).await;
            Err(failure.into())
        }
    }
}

async fn add(cx: &Cx, target: &LayerTarget, version: LayerVersion) -> Result<LayerVersion, Failure> {
    let work = (target.clone(), version);
    let added = cx.transact(move |_, tx| {
        let (target, mut version) = work.clone();
        Box::pin(async move {
            let layer = store::layers::layer(tx, &target.scope, &target.name).await?;
            let last = layer.map_or(0, |layer| layer.last) + 1;
            version.number = last;
            store::layers::save_layer(tx, &target.scope, &Layer { name: target.name.clone(), last })?;
            store::layers::save_layer_version(tx, &target.scope, &version)?;
            Ok(version)
        })
    });
    added.await
}

pub(crate) async fn get_layer_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetLayerVersionRequest,
) -> Result<GetLayerVersionResponse, Error> {
    let GetLayerVersionRequest { layer_name, version_number } = input;
    let target = numbered(cx, layer_name, *version_number)?;
    let version = find(tx, &target).await?.ok_or(Error::NoPolicy)?;
    Ok(shown(cx, &target, version))
}

pub(crate) async fn get_layer_version_by_arn(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetLayerVersionByArnRequest,
) -> Result<GetLayerVersionResponse, Error> {
    let GetLayerVersionByArnRequest { arn } = input;
    let target = LayerTarget::new(cx, arn, None)?;
    let version = find(tx, &target).await?.ok_or(Error::NoPolicy)?;
    Ok(shown(cx, &target, version))
}

/// A layer with a number, which are from 1.
pub(crate) fn numbered(cx: &Cx, name: &str, number: i64) -> Result<LayerTarget, Error> {
    if number < 1 {
        return Err(Error::InvalidParameter("Layer Version Cannot be less than 1.".into()));
    }
    LayerTarget::new(cx, name, Some(number))
}

pub(crate) async fn find(tx: &mut Tx, target: &LayerTarget) -> Result<Option<LayerVersion>, kv::Error> {
    match target.number {
        Some(number) => store::layers::layer_version(tx, &target.scope, &target.name, number).await,
        None => Ok(None),
    }
}

/// Each layer with its newest version that fits; a layer without one is left out.
pub(crate) async fn list_layers(cx: &Cx, tx: &mut Tx, input: &ListLayersRequest) -> Result<ListLayersResponse, Error> {
    let ListLayersRequest { compatible_architecture, compatible_runtime, marker, max_items } = input;
    let wanted = (compatible_runtime.as_deref(), compatible_architecture.as_deref());
    let tokens = cx.page(&format!("ListLayers:{wanted:?}"));
    let last = after(&tokens, marker.as_deref())?.map(String::from_utf8).transpose();
    let mut last = last.map_err(|_| invalid_marker())?;
    let (mut found, limit) = (Vec::new(), limit(*max_items));
    loop {
        let (page, more) = store::layers::layers(tx, &cx.scope, last.as_deref(), limit - found.len()).await?;
        for layer in &page {
            let target = LayerTarget { scope: cx.scope.clone(), name: layer.name.clone(), number: None };
            let (versions, _) = fitting(tx, &target, None, wanted, 1).await?;
            found.extend(versions.into_iter().next().map(|version| LayersListItem {
                layer_name: Some(layer.name.clone()),
                layer_arn: Some(target.arn().to_string()),
                latest_matching_version: Some(item(&target, version)),
            }));
        }
        last = page.last().map(|layer| layer.name.clone());
        if !more || found.len() == limit {
            let next_marker = last.filter(|_| more).map(|name| tokens.after(name.as_bytes()));
            return Ok(ListLayersResponse { next_marker, layers: Some(found) });
        }
    }
}

/// The newest first.
pub(crate) async fn list_layer_versions(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListLayerVersionsRequest,
) -> Result<ListLayerVersionsResponse, Error> {
    let ListLayerVersionsRequest { compatible_architecture, compatible_runtime, layer_name, marker, max_items } = input;
    let wanted = (compatible_runtime.as_deref(), compatible_architecture.as_deref());
    let target = LayerTarget::new(cx, layer_name, None)?;
    let tokens = cx.page(&format!("ListLayerVersions:{}:{wanted:?}", target.name));
    let last = after(&tokens, marker.as_deref())?.map(|bytes| bytes.try_into().map(u32::from_be_bytes)).transpose();
    let last = last.map_err(|_| invalid_marker())?;
    let (versions, more) = fitting(tx, &target, last, wanted, limit(*max_items)).await?;
    let next = versions.last().filter(|_| more).map(|version| tokens.after(&version.number.to_be_bytes()));
    let layer_versions = versions.into_iter().map(|version| item(&target, version)).collect();
    Ok(ListLayerVersionsResponse { next_marker: next, layer_versions: Some(layer_versions) })
}

/// The newest versions below a number that fit, and whether there may be more.
async fn fitting(
    tx: &mut Tx,
    target: &LayerTarget,
    before: Option<u32>,
    (runtime, architecture): (Option<&str>, Option<&str>),
    limit: usize,
) -> Result<(Vec<LayerVersion>, bool), kv::Error> {
    let (mut found, mut before) = (Vec::new(), before);
    loop {
        let room = limit - found.len();
        let (page, more) = store::layers::layer_versions(tx, &target.scope, &target.name, before, room).await?;
        before = page.last().map(|version| version.number);
        found.extend(page.into_iter().filter(|version| version.fits(runtime, architecture)));
        if !more || found.len() == limit {
            return Ok((found, more));
        }
    }
}

/// A version that is not there is as good as deleted. Functions keep the package as long as they use it; then the sweeper
/// sees to it.
pub(crate) async fn delete_layer_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteLayerVersionRequest,
) -> Result<DeleteLayerVersionNothing, Error> {
    let DeleteLayerVersionRequest { layer_name, version_number } = input;
    let target = numbered(cx, layer_name, *version_number)?;
    if let Some(number) = target.number {
        store::layers::remove_layer_version(tx, &target.scope, &target.name, number);
    }
    Ok(DeleteLayerVersionNothing {})
}

/// The layers that a function is to have, as far as the caller may read them.
pub(crate) async fn used(cx: &Cx, arns: &[String]) -> Result<Vec<UsedLayer>, Error> {
    if LAYERS_MAX < arns.len() {
        return Err(Error::InvalidParameter(format!("Cannot reference more than {LAYERS_MAX} layers.")));
    }
    let mut used: Vec<UsedLayer> = Vec::new();
    for arn in arns {
        let missing = || Error::InvalidParameter(format!("Layer version {arn} does not exist."));
        let target = LayerTarget::of_arn(arn).filter(|target| target.number.is_some()).ok_or_else(missing)?;
        let target = LayerTarget::new(cx, &target.version_arn().to_string(), None)?;
        cx.demand(demand!(lambda::GetLayerVersion(target.version_arn()))).await?;
        let version = find(&mut cx.platform.begin().await?, &target).await?.ok_or_else(missing)?;
        let of_it = |other: &&UsedLayer| {
            LayerTarget::of_arn(&other.arn.to_string()).is_some_and(|other| other.arn() == target.arn())
        };
        if let Some(other) = used.iter().find(of_it) {
            return Err(Error::InvalidParameter(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {} and {arn} are versions of the same layer.",
                other.arn
            )));
        }
        used.push(UsedLayer { arn: target.version_arn(), code: version.code });
    }
    Ok(used)
}

fn content(cx: &Cx, code: &Code) -> LayerVersionContentOutput {
    LayerVersionContentOutput {
        location: plane::location(cx, code),
        code_sha256: Some(shown_sha256(code)),
        code_size: i64::try_from(code.bytes).ok(),
    }
}

fn shown(cx: &Cx, target: &LayerTarget, version: LayerVersion) -> GetLayerVersionResponse {
    let content = content(cx, &version.code);
    let LayerVersionsListItem {
        layer_version_arn,
        version,
        description,
        created_date,
        compatible_architectures,
        compatible_runtimes,
        license_info,
    } = item(target, version);
    GetLayerVersionResponse {
        content: Some(content),
        layer_arn: Some(target.arn().to_string()),
        layer_version_arn,
        description,
        created_date,
        version,
        compatible_architectures,
        compatible_runtimes,
        license_info,
    }
}

fn item(target: &LayerTarget, version: LayerVersion) -> LayerVersionsListItem {
    LayerVersionsListItem {
        layer_version_arn: Some(target.numbered(version.number).to_string()),
        version: Some(i64::from(version.number)),
        description: Some(version.description),
        created_date: Some(version.created.iso8601_offset()),
        compatible_architectures: version.architectures,
        compatible_runtimes: version.runtimes,
        license_info: version.license,
    }
}

/// Both answers say the same.
impl From<GetLayerVersionResponse> for PublishLayerVersionResponse {
    fn from(shown: GetLayerVersionResponse) -> Self {
        let GetLayerVersionResponse {
            content,
            layer_arn,
            layer_version_arn,
            description,
            created_date,
            version,
            compatible_architectures,
            compatible_runtimes,
            license_info,
        } = shown;
        Self {
            content,
            layer_arn,
            layer_version_arn,
            description,
            created_date,
            version,
            compatible_architectures,
            compatible_runtimes,
            license_info,
        }
    }
}
